/* Text files that appear whole or not at all: written under a temporary name, then renamed. */
#ifndef TREN_BASE_WHOLE_H
#define TREN_BASE_WHOLE_H

#include "tren/base.h"

/* What `put` prints becomes the file. On failure, of status `code`, what was there stays. */
tren_status tren_whole_write(const char *path, tren_status code, void (*put)(FILE *out, void *ctx),
                             void *ctx);
/* The same of a text. */
tren_status tren_whole_write_text(const char *path, tren_status code, const char *text);
/* A file's text, malloc'ed: the caller frees. `code` is the status of failures. */
tren_status tren_whole_read(char **text, const char *path, tren_status code);

#endif
