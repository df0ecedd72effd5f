/* What the files of src/io share: the handle, quiet calls, and HDF5's error stack as one message.
 */
#ifndef TREN_IO_H5_INTERNAL_H
#define TREN_IO_H5_INTERNAL_H

#include <hdf5.h>
#include "tren/io.h"

struct tren_h5 {
    hid_t id;
    char *path;       /* owned */
    tren_status code; /* of every failure on this file */
    bool writing;
    /* Text of the first failed write, or "": HDF5 may still report success when it closes the file.
     */
    char failure[1024];
};

/* Silences HDF5's own printing in this thread. Every entry point calls it: the setting is per
 * thread. */
void tren_h5_quiet(void);

/* Fails with file->code and the text "PATH: OBJECT: what: HDF5's reasons". object may be NULL.
 * Consumes the error stack, and remembers that a file being written has failed. */
tren_status tren_h5_error(tren_h5 *file, const char *object, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The same without asking HDF5, for what it did right and we refuse. */
tren_status tren_h5_refuse(tren_h5 *file, const char *object, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* That there is no such dataset, and which there are. */
tren_status tren_h5_refuse_missing(tren_h5 *file, const char *name);

/* The type in memory. Not to be closed. */
hid_t tren_h5_native(tren_type type);
/* The type in the file: little-endian everywhere, so that files are the same bytes on every
 * machine. */
hid_t tren_h5_stored(tren_type type);
/* The nearest type of ours that holds every value of an HDF5 type; false when it is not a number.
 */
bool tren_h5_ours(tren_type *type, hid_t stored);

#endif
