/* The dataset schema's names, shared by the reader and the writer. docs/data-format.md describes
 * it. */
#ifndef TREN_DATA_SCHEMA_H
#define TREN_DATA_SCHEMA_H

#include "tren/sources.h"

#define TREN_SCHEMA_NAME    "tren dataset"
#define TREN_SCHEMA_VERSION 1

/* The attribute of /PART/x and /PART/y with the XXH3 digest of its raw bytes. */
#define TREN_SCHEMA_DIGEST "xxh3"

/* The attribute of the file with the XXH3 digest of mean and sd. */
#define TREN_SCHEMA_STATS "normalization_xxh3"

/* The attribute of NAME_xxh3, the digests of blocks of rows of NAME, with the rows of a block. */
#define TREN_SCHEMA_ROWS "rows"

/* Of datasets of tokens: what made text tokens. */
#define TREN_SCHEMA_TOKENIZER "/tokenizer"
#define TREN_SCHEMA_MERGES    "/tokenizer/merges"

/* Digests of blocks of rows of one array: see data/row_digests.h. */
typedef struct tren_row_digests {
    size_t rows;  /* of a block, the last one may have fewer; 0: the file has no digests */
    size_t n;     /* blocks */
    uint64_t *at; /* [n] owned */
} tren_row_digests;

/* The arrays of a part. */
enum { TREN_SET_X, TREN_SET_Y, TREN_SET_LENGTH, TREN_SET_WEIGHT, TREN_N_SETS };

struct tren_dataset {
    tren_h5 *file;                                  /* NULL: rows alone are read, from fd */
    int fd;                                         /* of the same file, or -1 */
    char *path;                                     /* owned */
    tren_h5_place place[TREN_N_SETS][TREN_N_PARTS]; /* where there is no `file` */
    bool elsewhere;                                 /* see tren_file_stamp; the same */
    tren_read_fn read;                              /* see tren_dataset_watch */
    void *read_ctx;
    tren_dataset_info info;
    tren_type y_type;
    bool has_stats_digest; /* of mean and sd, which are what it says */
    bool has_clean;        /* /train/y_clean is there */
    tren_type weights_type;
    /* weights: of /train/weights, where it is there; the other parts have none */
    tren_row_digests x[TREN_N_PARTS], y[TREN_N_PARTS], length[TREN_N_PARTS], weights[TREN_N_PARTS];
};

/* identity.c: sets info.digest and info.has_digests, when all else is read. */
tren_status tren_dataset_identify(tren_dataset *dataset);

/* Label i of an array of integers. */
int64_t tren_label_at(const void *block, tren_type type, size_t i);

#endif
