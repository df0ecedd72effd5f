/* Making folders. */
#ifndef TREN_BASE_FOLDERS_H
#define TREN_BASE_FOLDERS_H

#include "tren/base.h"

/* Makes a folder that --out names, with those that lead there; one that is there is fine.
 * TREN_ERR_ENV. */
tren_status tren_make_folders(const char *path);

#endif
