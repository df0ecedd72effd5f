/* Opening files that users name. Every input is opened here, so that none of them hangs. */
#ifndef TREN_BASE_INPUT_H
#define TREN_BASE_INPUT_H

#include "tren/base.h"

/* Opens a file for reading: *fd is the caller's to close. Fails with `code` where the path is
 * empty, nothing is there, it is a folder, a pipe, a device or a socket (which could block or never
 * end), or it cannot be read. The message says that `wanted` ("an HDF5 file") is expected. */
tren_status tren_input_open(int *fd, const char *path, tren_status code, const char *wanted);
/* The same for a stream: *file is the caller's to close. */
tren_status tren_input_fopen(FILE **file, const char *path, tren_status code, const char *wanted);

#endif
