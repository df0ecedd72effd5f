/* Data: our dataset format (docs/data-format.md), its makers and importers, and the rows that a
 * rank keeps in memory. Can be compiled and tested without MPI. Nothing here is collective. */
#ifndef TREN_DATA_H
#define TREN_DATA_H

#include "tren/base.h"
#include "tren/config.h"
#include "tren/kernels.h"
#include "tren/io.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

typedef enum tren_part { TREN_TRAIN, TREN_VALIDATION, TREN_TEST, TREN_N_PARTS } tren_part;
extern const char *const tren_part_name[TREN_N_PARTS]; /* "train", "validation", "test" */

enum { TREN_SEQUENCES = 2 }; /* sequences of tokens in a row, at most: source and target */

typedef struct tren_dataset_info {
    tren_shape shape; /* of one sample; {f, 1, 1} for a table of f columns, and for f stored tokens
                         per row */
    bool is_image;    /* normalised per channel; else per column */
    int n_classes;    /* 0: regression */
    int n_targets;    /* regression: width of y; classification: 1; 0: rows without labels */
    tren_type x_type; /* type of x in the file and in memory: U8, F32 or F64; I32: tokens */
    size_t rows[TREN_N_PARTS];
    size_t n_stats;    /* shape.c for images and tables alike */
    double *mean, *sd; /* [n_stats] of the training part, in the file's units (u8: 0..255). Owned by
                          the dataset */
    double *target_mean, *target_sd; /* [n_targets] of the training part, for a network that was
                                        trained on normalised targets (in a checkpoint, never in a
                                        dataset); NULL: targets are not normalised. Owned */
    char **class_name;               /* [n_classes], or NULL. Owned by the dataset */
    char **column_name;              /* of a table: [shape.c], or NULL. Owned by the dataset */
    char **target_name;              /* [n_targets], or NULL. Owned by the dataset */
    uint64_t source_digest;          /* of the source files' bytes, or of a maker's settings */
    uint64_t digest; /* identifies the dataset: of its shape, rows, statistics, source, split and
                        noise. A run continues only with the same data */
    /* Of tokens (layouts text, pairs and labeled): */
    int vocabulary;             /* tokens are 0 to vocabulary - 1; 0: inputs are real numbers */
    int tokens[TREN_SEQUENCES]; /* maximum that a network reads from a row along each axis: [0] of
                                   the text or source (axis 1 of tren_tensor), [1] of the target
                                   (axis 2); 0: there is no such axis */
    uint64_t tokenizer;         /* tren_tokenizer_digest of its tokenizer */
    int label_axis;   /* 1 or 2: the label of each token along this axis is the next token, and
                         n_classes = vocabulary; 0: a row has one label, as rows of numbers have */
    bool has_weights; /* training rows have weights */
    bool has_digests; /* the file has digests of all rows: rows are verified whenever they are read,
                         and `digest` changes if a row changes */
} tren_dataset_info;

typedef struct tren_dataset tren_dataset;
/* Opens and checks a dataset: schema version, shapes, types, empty training part. TREN_ERR_DATA. */
tren_status tren_dataset_open(tren_dataset **dataset, const char *path);
/* The same, but rows without labels are accepted, too: then n_classes and n_targets are 0, and all
 * rows are in the test part. */
tren_status tren_dataset_open_rows(tren_dataset **dataset, const char *path);
void tren_dataset_close(tren_dataset *dataset); /* accepts NULL */
const tren_dataset_info *tren_dataset_info_of(const tren_dataset *dataset);
/* *bytes [*n] <- everything that opening the dataset has read, for another process of the same
 * program that can read the same file. malloc'ed: the caller frees. TREN_ERR_INTERNAL: out of
 * memory. */
tren_status tren_dataset_pack(char **bytes, size_t *n, const tren_dataset *dataset);
/* Opens a dataset from such bytes. Only rows are read from the file at `path`; without HDF5, if
 * they are stored in it as in memory. TREN_ERR_DATA: the file has changed. */
tren_status tren_dataset_unpack(tren_dataset **dataset, const char *path, const char *bytes,
                                size_t n);
/* Calls fn while rows are read, after about every 16 MiB. NULL: no calls. */
typedef void (*tren_read_fn)(void *ctx, size_t bytes);
void tren_dataset_watch(tren_dataset *dataset, tren_read_fn fn, void *ctx);
tren_file_stamp tren_dataset_stamp(const tren_dataset *dataset);
/* The shape of a row as text: "64 columns" or "3 x 32 x 32". */
enum { TREN_SHAPE_TEXT = 48 };
const char *tren_dataset_shape(char out[TREN_SHAPE_TEXT], const tren_dataset_info *info);

/* The tokens of rows along one axis. */
typedef struct tren_sequence {
    int width;       /* maximum number of stored tokens per row */
    bool labeled;    /* the label of each is the next one; the last one is only a label */
    int32_t *token;  /* [n, width] owned; TREN_TOKEN_PAD after a row's tokens */
    int32_t *length; /* [n] number of stored tokens; owned */
} tren_sequence;

/* Contiguous rows of one part, in memory in the file's type. */
typedef struct tren_rows {
    size_t first, n;
    int width;     /* elements of x per row */
    int n_targets; /* regression: width of y */
    tren_type x_type;
    void *x;                                /* [n, width] owned; NULL where rows are tokens */
    tren_sequence sequence[TREN_SEQUENCES]; /* of tokens, by axis */
    int32_t *label; /* [n] owned; NULL for regression, without labels, and if tokens are labeled */
    double *target; /* [n, n_targets] owned; NULL for classification and without labels */
    double *weight; /* [n] weights of training rows in the loss, finite, >= 0; owned; NULL: all 1 */
} tren_rows;

/* Reads rows [first, first + n) and compares them with their digests in the file. TREN_ERR_DATA,
 * with part and row in the text: the rows have changed, a label is out of range, or a value is not
 * finite. */
tren_status tren_rows_read(tren_rows *rows, const tren_dataset *dataset, tren_part part,
                           size_t first, size_t n);
/* Checks that all targets lie in [0, 1], as this loss needs. TREN_ERR_DATA. */
tren_status tren_rows_check_unit(const tren_rows *rows, const char *loss);
void tren_rows_close(tren_rows *rows); /* accepts the empty value */
/* Number of tokens that a network reads from a row. */
static inline int tren_sequence_length(const tren_sequence *sequence, size_t row) {
    return sequence->length[row] - sequence->labeled;
}
/* token <- the tokens that a network reads from the rows row [n], one row after the other; length
 * [n] <- the number of tokens of each row. Returns the total number. */
size_t tren_sequence_fetch(int32_t *token, int *length, const tren_sequence *sequence,
                           const uint32_t *row, int n);
/* label <- the next token of each of these tokens. Returns their number. Only for labeled
 * tokens. */
size_t tren_sequence_fetch_next(int32_t *label, const tren_sequence *sequence, const uint32_t *row,
                                int n);
/* Reads the training targets: mean [n_targets], sd [n_targets]. They are not finite if the sum of
 * squares overflows; this is not an error. */
tren_status tren_target_statistics(double *mean, double *sd, const tren_dataset *dataset);
/* How many rows of a part each class has: n [n_classes]. Labels out of range are TREN_ERR_DATA. */
tren_status tren_dataset_count_classes(size_t *n, const tren_dataset *dataset, tren_part part);
/* The sum, modulo 2^64, of a digest of each row with its row number. The total over all ranks does
 * not depend on how the rows are distributed. */
uint64_t tren_rows_digest(const tren_rows *rows);
/* The digest of the names of classes, columns and targets; 0 if there are none. */
uint64_t tren_dataset_names_digest(const tren_dataset_info *info);
/* *sum <- tren_rows_digest of rows [first, first + n) of a part, which are read in blocks and not
 * kept. */
tren_status tren_dataset_digest_rows(uint64_t *sum, const tren_dataset *dataset, tren_part part,
                                     size_t first, size_t n);
/* One digest of the names and of all rows; sum: tren_rows_digest of each part. */
uint64_t tren_dataset_digest_of(const tren_dataset_info *info, const uint64_t sum[TREN_N_PARTS]);
/* The same; reads all rows. */
tren_status tren_dataset_digest_all(uint64_t *digest, const tren_dataset *dataset);
/* A digest that changes with the dataset: info->digest if all rows have recorded digests, else a
 * digest of info->digest and all_rows (tren_dataset_digest_of). */
uint64_t tren_dataset_content_of(const tren_dataset_info *info, uint64_t all_rows);
/* The same; reads the rows if they have no digests. */
tren_status tren_dataset_content(uint64_t *digest, const tren_dataset *dataset);

/* A mean is far when it is more than this many standard deviations from zero. */
#define TREN_FAR 256

/* Normalisation: x' = (x - mean) / sd per statistic, and 0 where sd = 0. If no mean is far,
 * computed as x * scale + shift with scale = 1/sd, with an error of at most 2^-14 in float; else as
 * (x - mean) / sd in double. */
typedef struct tren_normalizer {
    const tren_kernels *kernels;  /* not owned; at first the best level of this CPU */
    int width, n_stats, per_stat; /* width = n_stats * per_stat; row = [n_stats, per_stat] */
    real *scale, *shift;          /* [width] expanded, owned */
    double *mean, *sd; /* [width] expanded, owned, sd infinite for 0; NULL if no mean is far */
} tren_normalizer;
tren_status tren_normalizer_open(tren_normalizer *normalizer, const tren_dataset_info *info);
void tren_normalizer_close(tren_normalizer *normalizer);

/* x [n, width] = the normalised rows row [n]; 0 is the row rows->first of the part. */
void tren_rows_fetch(real *x, const tren_rows *rows, const uint32_t *row, int n,
                     const tren_normalizer *normalizer);

/* Random changes of training images (the config's augment section): one affine map and noise. The
 * change of an image depends only on seed, epoch and sample. The empty value changes nothing. */
typedef struct tren_augment {
    const tren_kernels *kernels; /* not owned; at first the best level of this CPU */
    const tren_config *config;   /* not owned */
    uint32_t epoch;              /* the caller sets it before each epoch */
    tren_shape shape;
    bool warps;   /* an affine map is applied */
    double noise; /* sd, in the file's units */
    real *room;   /* owned: one image with its margin */
    real *unit;   /* [2, width] owned: scale 1 and shift 0, for rows that are normalised already */
} tren_augment;
/* TREN_ERR_USAGE: the dataset is a table, or its images are too small. Keeps the pointer
 * `config`. */
tren_status tren_augment_open(tren_augment *augment, const tren_config *config,
                              const tren_dataset_info *info);
void tren_augment_close(tren_augment *augment); /* accepts the empty value */
/* As tren_rows_fetch, but changes each image, depending on the epoch and on its place in the part.
 * Two threads must not use one augment at the same time. */
void tren_rows_fetch_augmented(real *x, const tren_rows *rows, const uint32_t *row, int n,
                               const tren_normalizer *normalizer, const tren_augment *augment);

/* ---- text and tokens --------------------------------------------------------------------------
 *
 * A text is a sequence of any bytes. Tokens 0 to 2 stand for no bytes. Token TREN_TOKEN_BYTE + b is
 * the byte b. Each token from TREN_TOKEN_MERGE on stands for two earlier tokens, its merge
 * (byte-pair encoding, Sennrich et al. 2016). Merges never cross the border of a piece. A piece is
 * white space, or a run of letters, of digits or of other signs with the blank before it.
 * Characters above 127 are letters, except for some signs. A piece has at most 64 bytes; longer
 * ones are cut between UTF-8 characters. */
enum {
    TREN_TOKEN_PAD,   /* fills a row after its tokens in a file; no network reads it */
    TREN_TOKEN_BEGIN, /* before a document, or a target */
    TREN_TOKEN_END,   /* after it */
    TREN_TOKEN_BYTE,
    TREN_TOKEN_MERGE = TREN_TOKEN_BYTE + 256
};
typedef struct tren_merge {
    int32_t left, right;
} tren_merge;

typedef struct tren_bytes {
    const char *at; /* not owned */
    size_t n;
} tren_bytes;
/* Reads a text file, plain or gzipped, and appends its bytes to the first `have` bytes of *memory,
 * which is reallocated. A byte order mark is removed. *n: the number of appended bytes. digest: the
 * file's bytes are added to it; NULL: not wanted. TREN_ERR_DATA, with line and column: the bytes
 * are not UTF-8 text. */
tren_status tren_text_read(char **memory, size_t have, size_t *n, const char *path,
                           tren_digest_state *digest);
/* *line <- the next line of *left, without its line end; *left <- the rest. False: no line is
 * left. */
bool tren_text_line(tren_bytes *line, tren_bytes *left);

typedef struct tren_tokenizer tren_tokenizer;
/* merge [n], copied: each consists of two earlier tokens and has at most 2^20 bytes, else
 * TREN_ERR_DATA. n = 0: every token is one byte. */
tren_status tren_tokenizer_open(tren_tokenizer **tokenizer, const tren_merge *merge, int n);
/* The tokenizer of a dataset. TREN_ERR_USAGE: the dataset has no vocabulary. */
tren_status tren_tokenizer_open_of(tren_tokenizer **tokenizer, const tren_dataset *dataset);
void tren_tokenizer_close(tren_tokenizer *tokenizer); /* accepts NULL */
int tren_tokenizer_vocabulary(const tren_tokenizer *tokenizer);
/* Digest of the merges: tokenizers with the same digest are the same. */
uint64_t tren_tokenizer_digest(const tren_tokenizer *tokenizer);
/* token [room for n]: the tokens of n bytes, without begin and end; returns their number. In each
 * piece, the merge with the lowest number is applied first, from left to right. */
size_t tren_tokenizer_encode(const tren_tokenizer *tokenizer, int32_t *token, const char *text,
                             size_t n);
/* The bytes of a token, and their number; none for tokens 0 to 2 and for tokens out of range. */
const char *tren_tokenizer_bytes(const tren_tokenizer *tokenizer, int32_t token, size_t *n);
/* text [room] <- the bytes of n tokens, at most `room`; returns the number of bytes of the tokens,
 * which may be larger. No zero byte is added. */
size_t tren_tokenizer_decode(const tren_tokenizer *tokenizer, char *text, size_t room,
                             const int32_t *token, size_t n);

/* ---- shards ---------------------------------------------------------------------------------- */

/* The training part [0, m) cut into n contiguous shards; the first m mod n have one row more. */
typedef struct tren_sharding {
    size_t m;
    int n;
} tren_sharding;
size_t tren_shard_first(tren_sharding sharding, int shard); /* shard = n gives m */
static inline size_t tren_shard_size(tren_sharding sharding, int shard) {
    return tren_shard_first(sharding, shard + 1) - tren_shard_first(sharding, shard);
}
/* The positions in the order of shard s that belong to step t of batch size b: [*lo, *hi). Position
 * j of the epoch is row j div n of shard j mod n, and step t covers [t*b, min((t+1)*b, m)). */
void tren_shard_step(size_t *lo, size_t *hi, tren_sharding sharding, int shard, size_t batch,
                     size_t step);

/* The order of this rank's shards in one epoch. */
typedef struct tren_order {
    tren_sharding sharding;
    int lo, hi; /* my shards */
    uint64_t seed;
    bool shuffle;
    uint32_t *perm; /* [rows of my shards]: shard s at perm + first(s) - first(lo), indices relative
                       to first(lo) */
    const int32_t *length;  /* tokens of my rows, not owned; NULL: no grouping by length */
    size_t batch;           /* rows of a step */
    struct tren_keyed *key; /* owned: room to sort a shard */
} tren_order;
tren_status tren_order_open(tren_order *order, tren_sharding sharding, int lo, int hi,
                            uint64_t seed, bool shuffle);
/* From now on, groups rows of similar length. The shuffled order is cut into pools of
 * TREN_POOL_STEPS steps of `batch` rows. In each pool, each shard gives its shortest rows to one
 * step, the next ones to another step, and so on. The order of these steps depends on seed, epoch
 * and pool, and is the same in every shard. Does nothing if the order is not shuffled. length [rows
 * of my shards] must stay valid. */
enum { TREN_POOL_STEPS = 64 };
tren_status tren_order_by_length(tren_order *order, const int32_t *length, size_t batch);
void tren_order_epoch(tren_order *order, uint32_t epoch);
void tren_order_close(tren_order *order);

/* ---- the file (docs/data-format.md) ------------------------------------------------------------
 */

/* Larger numbers are refused. Classes and targets: a layer cannot have more units. Rows of a part:
 * they have 32-bit numbers. */
#define TREN_MAX_CLASSES (1 << 20)
#define TREN_MAX_ROWS    0x7fffffffu
#define TREN_MAX_TOKENS  (1 << 20) /* in a row */

/* The training part's labels before label noise. A file without noise does not have it. */
#define TREN_SCHEMA_CLEAN "/train/y_clean"

/* The weight of each training row, f32 or f64 [rows]. A file without it: all weights are 1. */
#define TREN_SCHEMA_WEIGHTS "/train/weights"

extern const char *const tren_part_x[TREN_N_PARTS];      /* "/train/x", ... */
extern const char *const tren_part_y[TREN_N_PARTS];      /* "/train/y", ... */
extern const char *const tren_part_length[TREN_N_PARTS]; /* "/train/length", ... */

/* Whether the file has /PART/y: labels, targets, or target tokens. */
static inline bool tren_dataset_has_y(const tren_dataset_info *info) {
    return info->n_targets > 0 && info->label_axis != 1;
}

/* How the dataset was made, for people; "" and 0 if the file does not say. Training does not need
 * this: TREN_ERR_DATA describes the first wrong attribute, but all others are read. */
typedef struct tren_provenance {
    char origin[256], split[128];
    uint64_t seed;
    bool shuffle, stratify, keep_test;
    int64_t take;       /* 0: all rows of the pool */
    int64_t skipped;    /* rows that had too many tokens */
    double label_noise; /* 0: none, and the fields below have no meaning */
    char noise_kind[16];
    int64_t n_changed; /* labels that noise made wrong */
} tren_provenance;
tren_status tren_dataset_provenance(tren_provenance *provenance, const tren_dataset *dataset);

/* The sum of the weights of all training rows. TREN_ERR_DATA: a weight is wrong, all are 0, or the
 * sum is not finite. Only if info->has_weights. */
tren_status tren_dataset_weights_sum(double *sum, const tren_dataset *dataset);

/* ---- checking a dataset: faults that stop training, or harm it silently ---------------------- */

/* Whether the bytes of an array have the digest that was written with them. */
typedef enum tren_intact { TREN_INTACT_UNKNOWN, TREN_INTACT, TREN_DAMAGED } tren_intact;

typedef struct tren_part_check {
    size_t n_rows;
    size_t not_finite;        /* values of x and of targets */
    size_t first_bad_row;     /* if not_finite > 0 */
    size_t labels_outside;    /* labels outside 0 to n_classes - 1 */
    size_t first_bad_label;   /* its row */
    size_t *class_rows;       /* [n_classes] owned */
    size_t duplicates;        /* rows of x equal to an earlier row of this part */
    tren_intact x, y, length; /* length: of tokens */
    char bad_tokens[512];  /* why the first invalid row of tokens is invalid; "": all are valid */
    tren_h5_shape x_chunk; /* rank 0: contiguous */
} tren_part_check;

typedef struct tren_dataset_check {
    int n_classes;
    tren_part_check part[TREN_N_PARTS];
    bool normalization; /* mean and sd have a digest, which was verified */
    /* [a][b]: rows of part b whose x also occurs in the earlier part a. */
    size_t shared[TREN_N_PARTS][TREN_N_PARTS];
    /* The training labels before noise, if the file has them. In `clean`, only y and the fields
     * about labels are used. */
    bool has_clean;
    tren_part_check clean;
    /* The weights of the training rows, if the file has them. */
    bool has_weights;
    tren_intact weights;
    char bad_weights[512]; /* why training cannot use them; "": they are good */
    size_t n_changed;      /* labels that noise changed */
    /* [n_stats] computed from the training rows, owned. Only if the file's mean and sd have no
     * digest and are not all 0 and 1 (no normalisation); else NULL. */
    double *mean, *sd;
} tren_dataset_check;

/* Reads the whole dataset. Faults are reported in *check; fails only if reading is impossible. */
tren_status tren_dataset_check_open(tren_dataset_check *check, const tren_dataset *dataset);
void tren_dataset_check_close(tren_dataset_check *check);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
