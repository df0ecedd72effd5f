/* Private to lab: folders and paths in them. */
#ifndef TREN_LAB_FOLDER_H
#define TREN_LAB_FOLDER_H

#include "tren/lab.h"

/* DIR/NAME. TREN_ERR_USAGE: too long. */
tren_status lab_path(char path[TREN_MAX_PATH], const char *dir, const char *name);
/* With the folders that lead there; one that is there is fine. TREN_ERR_ENV. */
tren_status lab_make_folder(const char *path);

#endif
