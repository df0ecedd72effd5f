/* The dataset schema's names, shared by the reader and the writer. docs/data-format.md describes
 * it. */
#ifndef TREN_DATA_SCHEMA_H
#define TREN_DATA_SCHEMA_H

#include "tren/data.h"

#define TREN_SCHEMA_NAME    "tren dataset"
#define TREN_SCHEMA_VERSION 1

/* More classes or targets than any layer may have units, and more rows in a part than their 32-bit
 * numbers reach, are refused. */
#define TREN_MAX_CLASSES (1 << 20)
#define TREN_MAX_ROWS    0x7fffffffu

/* The attribute of /PART/x and /PART/y with the XXH3 digest of its raw bytes. */
#define TREN_SCHEMA_DIGEST "xxh3"

extern const char *const tren_part_x[TREN_N_PARTS]; /* "/train/x", ... */
extern const char *const tren_part_y[TREN_N_PARTS]; /* "/train/y", ... */

struct tren_dataset {
    tren_h5 *file;
    char *path; /* owned */
    tren_dataset_info info;
    tren_type y_type;
};

/* How the dataset came to be, for people; "" and 0 where the file does not say. */
typedef struct tren_provenance {
    char origin[256], split[128];
    uint64_t seed;
    bool shuffle, stratify, keep_test;
} tren_provenance;
void tren_dataset_provenance(tren_provenance *provenance, const tren_dataset *dataset);

#endif
