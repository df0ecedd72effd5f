/* The dataset schema's names, shared by the reader and the writer. docs/data-format.md describes
 * it. */
#ifndef TREN_DATA_SCHEMA_H
#define TREN_DATA_SCHEMA_H

#include "tren/data.h"

#define TREN_SCHEMA_NAME    "tren dataset"
#define TREN_SCHEMA_VERSION 1

/* The attribute of /PART/x and /PART/y with the XXH3 digest of its raw bytes. */
#define TREN_SCHEMA_DIGEST "xxh3"

extern const char *const tren_part_x[TREN_N_PARTS]; /* "/train/x", ... */
extern const char *const tren_part_y[TREN_N_PARTS]; /* "/train/y", ... */

struct tren_dataset {
    tren_h5 *file;
    char *path; /* owned */
    tren_dataset_info info;
    tren_type y_type;
    char split[64]; /* as text, for people */
};

#endif
