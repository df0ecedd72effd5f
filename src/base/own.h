/* Files that are opened to be written: none but the file of this name itself. Whoever may write in
 * the folder could otherwise have a link there lead to a file that only we may write. */
#ifndef TREN_BASE_OWN_H
#define TREN_BASE_OWN_H

#include "tren/base.h"

/* How the file is opened; it is made where it is missing. */
typedef enum tren_own_mode {
    TREN_OWN_NEW,     /* it must be missing */
    TREN_OWN_REPLACE, /* what is in it is lost */
    TREN_OWN_APPEND,
    TREN_OWN_KEEP /* as it is, for reading and writing */
} tren_own_mode;

/* A descriptor, or -1 with *why: the reason, with its remedy where it is not the system's. Refuses
 * symbolic links, pipes and devices (none of which it opens), and files that have a second name. */
int tren_own_open(const char *path, tren_own_mode mode, const char **why);
/* The same as a stream, or NULL. */
FILE *tren_own_fopen(const char *path, tren_own_mode mode, const char **why);

#endif
