/* Names for files that are being written and will take the place of others by a rename. */
#ifndef TREN_BASE_TEMPORARY_H
#define TREN_BASE_TEMPORARY_H

#include "tren/base.h"

enum { TREN_TEMPORARY_ROOM = 32 }; /* what the name is longer than the path, and its zero */

/* name: "PATH.PID.tmp", or "PATH.PID-K.tmp" where that is taken. An empty file of this name is
 * made, which was not there before: it is neither another program's nor left by a killed one. The
 * caller writes it by way of tren_own_open or tren_h5_create, and renames or removes it. `code` is
 * the status of failures. */
tren_status tren_temporary_make(char *name, size_t room, const char *path, tren_status code);
/* The same with the name "PATH.tmp", in a folder that nobody else writes in: what a killed run left
 * under this name, or somebody put there, is removed first. */
tren_status tren_temporary_take(char *name, size_t room, const char *path, tren_status code);

#endif
