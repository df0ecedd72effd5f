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
#define TREN_MAX_TOKENS  (1 << 20) /* of a row */

/* The attribute of /PART/x and /PART/y with the XXH3 digest of its raw bytes. */
#define TREN_SCHEMA_DIGEST "xxh3"

/* The attribute of the file with the XXH3 digest of mean and sd. */
#define TREN_SCHEMA_STATS "normalization_xxh3"

/* The attribute of NAME_xxh3, the digests of blocks of rows of NAME, with the rows of a block. */
#define TREN_SCHEMA_ROWS "rows"

/* The training part's labels before noise; where there is none, the dataset is not there. */
#define TREN_SCHEMA_CLEAN "/train/y_clean"

/* How much each training row counts, f32 or f64 [rows]; where it is not there, all count alike. */
#define TREN_SCHEMA_WEIGHTS "/train/weights"

extern const char *const tren_part_x[TREN_N_PARTS];      /* "/train/x", ... */
extern const char *const tren_part_y[TREN_N_PARTS];      /* "/train/y", ... */
extern const char *const tren_part_length[TREN_N_PARTS]; /* "/train/length", ... */

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

/* /PART/y is there: labels, targets, or target tokens. */
static inline bool tren_dataset_has_y(const tren_dataset_info *info) {
    return info->n_targets > 0 && info->label_axis != 1;
}

/* identity.c: sets info.digest and info.has_digests, when all else is read. */
tren_status tren_dataset_identify(tren_dataset *dataset);

/* Label i of an array of integers. */
int64_t tren_label_at(const void *block, tren_type type, size_t i);

/* How the dataset came to be, for people; "" and 0 where the file does not say. What a wrong
 * attribute says is no reason not to train: TREN_ERR_DATA tells of the first one, and the others
 * are read. */
typedef struct tren_provenance {
    char origin[256], split[128];
    uint64_t seed;
    bool shuffle, stratify, keep_test;
    int64_t take;       /* 0: all rows of the pool */
    int64_t skipped;    /* rows that had too many tokens */
    double label_noise; /* 0: none, and the rest says nothing */
    char noise_kind[16];
    int64_t n_changed; /* labels that noise made wrong */
} tren_provenance;
tren_status tren_dataset_provenance(tren_provenance *provenance, const tren_dataset *dataset);

#endif
