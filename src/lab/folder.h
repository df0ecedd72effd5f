/* Private to lab: paths in folders. */
#ifndef TREN_LAB_FOLDER_H
#define TREN_LAB_FOLDER_H

#include "tren/lab.h"

/* DIR/NAME. TREN_ERR_USAGE: too long. */
tren_status lab_path(char path[TREN_MAX_PATH], const char *dir, const char *name);

#endif
