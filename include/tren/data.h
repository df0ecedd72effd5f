/* Data: our dataset schema (docs/data-format.md), the makers and importers that write it, and what
 * a rank keeps of it in memory. Compiles and tests without MPI; nothing here is collective. */
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

enum { TREN_SEQUENCES = 2 }; /* of tokens that a row may have: source and target */

typedef struct tren_dataset_info {
    tren_shape shape; /* of one sample; a table of f columns is {f, 1, 1}, and so are f tokens that
                         are stored of a row */
    bool is_image;    /* normalised per channel; else per column */
    int n_classes;    /* 0: regression */
    int n_targets;    /* regression: width of y; classification: 1; 0: rows without labels */
    tren_type x_type; /* U8, F32 or F64: how x lies in the file and in memory; I32: tokens */
    size_t rows[TREN_N_PARTS];
    size_t n_stats;    /* shape.c for images and tables alike */
    double *mean, *sd; /* [n_stats] of the training part, in the file's units (u8: 0..255). Owned by
                          the dataset */
    double *target_mean, *target_sd; /* [n_targets] of the training part: of what a network with
                                        normalised targets was trained on (a checkpoint has them, a
                                        dataset has not); NULL: targets are as they are. Owned */
    char **class_name;               /* [n_classes], or NULL. Owned by the dataset */
    char **column_name;              /* of a table: [shape.c], or NULL. Owned by the dataset */
    char **target_name;              /* [n_targets], or NULL. Owned by the dataset */
    uint64_t source_digest;          /* of the source files' bytes, or of a maker's settings */
    uint64_t digest; /* of this schema's identity: shape, rows, stats, source, split, noise: pins a
                        run to its data */
    /* Of tokens (layouts text, pairs and labeled): */
    int vocabulary;             /* tokens are 0 to vocabulary - 1; 0: inputs are real numbers */
    int tokens[TREN_SEQUENCES]; /* that a network reads of a row at most, along each axis: [0] of
                                   the text or source (axis 1 of tren_tensor), [1] of the target
                                   (axis 2); 0: there is no such axis */
    uint64_t tokenizer;         /* the digest of what makes text tokens, see tren_tokenizer */
    int label_axis;   /* 1, 2: every token along this axis is labeled, by the token after it, and
                         n_classes = vocabulary; 0: a row has one label, as rows of numbers have */
    bool has_weights; /* a training row has a weight */
    bool has_digests; /* of all rows' bytes, which are verified whenever they are read, and so that
                         `digest` tells when they change */
} tren_dataset_info;

typedef struct tren_dataset tren_dataset;
/* Opens and checks a dataset: schema version, shapes, types, empty training part. TREN_ERR_DATA. */
tren_status tren_dataset_open(tren_dataset **dataset, const char *path);
/* The same, and takes rows without labels too: n_classes and n_targets are 0, all in the test part.
 */
tren_status tren_dataset_open_rows(tren_dataset **dataset, const char *path);
void tren_dataset_close(tren_dataset *dataset); /* accepts NULL */
const tren_dataset_info *tren_dataset_info_of(const tren_dataset *dataset);
/* All that opening a dataset has found out, as bytes for another process of the same program that
 * sees the same file: *bytes [*n], malloc'ed. TREN_ERR_INTERNAL: out of memory. */
tren_status tren_dataset_pack(char **bytes, size_t *n, const tren_dataset *dataset);
/* A dataset from such bytes; of the file at `path` nothing but rows is read any more, without HDF5
 * where rows lie in it as they do in memory. TREN_ERR_DATA: it is another file now. */
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
    bool labeled;    /* each is labeled by the next: the last one is only a label */
    int32_t *token;  /* [n, width] owned; behind a row's tokens TREN_TOKEN_PAD */
    int32_t *length; /* [n] tokens that are stored; owned */
} tren_sequence;

/* Contiguous rows of one part, in memory in the file's type. */
typedef struct tren_rows {
    size_t first, n;
    int width;     /* elements of x per row */
    int n_targets; /* regression: width of y */
    tren_type x_type;
    void *x;                                /* [n, width] owned; NULL where rows are tokens */
    tren_sequence sequence[TREN_SEQUENCES]; /* of tokens, by axis */
    int32_t *label; /* [n] owned; NULL for regression, without labels, and where tokens are
                       labeled */
    double *target; /* [n, n_targets] owned; NULL for classification and without labels */
    real *weight;   /* [n] how much training rows count, finite and >= 0; owned; NULL: alike */
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
 * [n] <- their numbers; returns the total. */
size_t tren_sequence_fetch(int32_t *token, int *length, const tren_sequence *sequence,
                           const uint32_t *row, int n);
/* label <- the next token of each of these tokens. Only for labeled tokens. */
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
/* Of the names of classes and columns; 0 where there are none. */
uint64_t tren_dataset_names_digest(const tren_dataset_info *info);
/* The same of rows [first, first + n) of a part, which are read in blocks and not kept. */
tren_status tren_dataset_digest_rows(uint64_t *sum, const tren_dataset *dataset, tren_part part,
                                     size_t first, size_t n);
/* One digest of names and of all rows, by the sums of the parts. */
uint64_t tren_dataset_digest_of(const tren_dataset_info *info, const uint64_t sum[TREN_N_PARTS]);
/* The same, of rows that are read. */
tren_status tren_dataset_digest_all(uint64_t *digest, const tren_dataset *dataset);
/* A digest that changes with the dataset: info->digest if all rows have recorded digests, else a
 * digest of info->digest and of all rows. */
uint64_t tren_dataset_content_of(const tren_dataset_info *info, uint64_t all_rows);
/* The same; rows without digests are read. */
tren_status tren_dataset_content(uint64_t *digest, const tren_dataset *dataset);

/* A mean is far when it is more than this many standard deviations from zero. */
#define TREN_FAR 256

/* Normalisation: x' = (x - mean) / sd per statistic, and 0 where sd = 0. Computed as
 * x * scale + shift, scale = 1/sd, which loses at most 2^-14 in float unless a mean is far; where
 * one is, as (x - mean) / sd in double. */
typedef struct tren_normalizer {
    const tren_kernels *kernels;  /* not owned; the best there are, until it is set */
    int width, n_stats, per_stat; /* width = n_stats * per_stat; row = [n_stats, per_stat] */
    real *scale, *shift;          /* [width] expanded, owned */
    double *mean, *sd; /* [width] expanded, owned, sd infinite for 0; NULL where no mean is far */
} tren_normalizer;
tren_status tren_normalizer_open(tren_normalizer *normalizer, const tren_dataset_info *info);
void tren_normalizer_close(tren_normalizer *normalizer);

/* x [n, width] = normalised rows row[0..n) (indices relative to rows->first... rows->n). */
void tren_rows_fetch(real *x, const tren_rows *rows, const uint32_t *row, int n,
                     const tren_normalizer *normalizer);

/* Random changes of training images (the config's augment section): one affine map and noise. What
 * happens to an image is a function of seed, epoch and sample alone. The empty value changes
 * nothing. */
typedef struct tren_augment {
    const tren_kernels *kernels; /* not owned; the best there are, until it is set */
    const tren_config *config;   /* not owned */
    uint32_t epoch;              /* set it before each epoch */
    tren_shape shape;
    bool warps;   /* images are moved in some way */
    double noise; /* sd, in the file's units */
    real *room;   /* owned: one image with its margin */
    real *unit;   /* [2, width] owned: ones and zeros, the map of what is normalised already */
} tren_augment;
/* TREN_ERR_USAGE: the dataset is a table, or its images are too small. Keeps `config`. */
tren_status tren_augment_open(tren_augment *augment, const tren_config *config,
                              const tren_dataset_info *info);
void tren_augment_close(tren_augment *augment); /* accepts the empty value */
/* As tren_rows_fetch, each image changed as its epoch and its place in the part have it. Not by two
 * threads with one augment. */
void tren_rows_fetch_augmented(real *x, const tren_rows *rows, const uint32_t *row, int n,
                               const tren_normalizer *normalizer, const tren_augment *augment);

/* ---- text and tokens --------------------------------------------------------------------------
 *
 * Text is any bytes. Tokens 0 to 2 stand for no text; token TREN_TOKEN_BYTE + b is the byte b; each
 * further one is the two tokens of a merge, one after the other (byte-pair encoding, Sennrich et
 * al. 2016). Merges are made within pieces: a run of letters (all characters above 127 among them
 * but for some signs), of digits or of other signs, with the blank before it, or white space; of 64
 * bytes at most, cut between characters of UTF-8. */
enum {
    TREN_TOKEN_PAD,   /* fills a row behind its tokens in a file; no network reads it */
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
/* Appends the bytes of a file to the first `have` bytes of *memory, which is reallocated; without a
 * byte order mark. Plain or gzipped. Bytes that are not UTF-8 text are TREN_ERR_DATA, with line and
 * column. *n: how many came. digest: of the file's bytes; NULL: none is wanted. */
tren_status tren_text_read(char **memory, size_t have, size_t *n, const char *path,
                           tren_digest_state *digest);
/* The next line of what is left, without its end; false: there is none. */
bool tren_text_line(tren_bytes *line, tren_bytes *left);

typedef struct tren_tokenizer tren_tokenizer;
/* merge [n]: each of tokens before it, and of 2^20 bytes at most; copied. n = 0: bytes only.
 * TREN_ERR_DATA. */
tren_status tren_tokenizer_open(tren_tokenizer **tokenizer, const tren_merge *merge, int n);
/* That of a dataset with a vocabulary. TREN_ERR_USAGE: it has none. */
tren_status tren_tokenizer_open_of(tren_tokenizer **tokenizer, const tren_dataset *dataset);
void tren_tokenizer_close(tren_tokenizer *tokenizer); /* accepts NULL */
int tren_tokenizer_vocabulary(const tren_tokenizer *tokenizer);
/* Digest of the merges: tokenizers with the same digest are the same. */
uint64_t tren_tokenizer_digest(const tren_tokenizer *tokenizer);
/* token [room for n]: the tokens of n bytes, without begin and end; returns how many. In each piece
 * the earliest merge that applies is made first, from left to right. */
size_t tren_tokenizer_encode(const tren_tokenizer *tokenizer, int32_t *token, const char *text,
                             size_t n);
/* The bytes of a token, and their number; none for tokens 0 to 2 and for tokens out of range. */
const char *tren_tokenizer_bytes(const tren_tokenizer *tokenizer, int32_t token, size_t *n);
/* text [room] <- the bytes of n tokens, at most `room`; returns how many bytes the tokens have,
 * which may be more. No zero byte is added. */
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
/* Which positions of shard s's own order fall into step t of batch size b: [*lo, *hi). Position j
 * of the epoch is row j div n of shard j mod n, and step t covers [t*b, min((t+1)*b, m)). */
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
    const int32_t *length;  /* of my rows, not owned; NULL: they are not sorted */
    size_t batch;           /* rows of a step */
    struct tren_keyed *key; /* owned: room to sort a shard */
} tren_order;
tren_status tren_order_open(tren_order *order, tren_sharding sharding, int lo, int hi,
                            uint64_t seed, bool shuffle);
/* Groups rows of similar length from now on: the shuffle gives a pool of rows to TREN_POOL_STEPS
 * steps of `batch` rows; each shard then gives its shortest rows of the pool to one step, the next
 * to another, and so on. The order of these steps is a function of seed, epoch and pool, the same
 * in every shard. Does nothing if the order is not shuffled. length [rows of my shards] must stay
 * valid. */
enum { TREN_POOL_STEPS = 64 };
tren_status tren_order_by_length(tren_order *order, const int32_t *length, size_t batch);
void tren_order_epoch(tren_order *order, uint32_t epoch);
void tren_order_close(tren_order *order);

/* ---- the file (docs/data-format.md) ------------------------------------------------------------
 */

/* More classes or targets than any layer may have units, and more rows in a part than their 32-bit
 * numbers reach, are refused. */
#define TREN_MAX_CLASSES (1 << 20)
#define TREN_MAX_ROWS    0x7fffffffu
#define TREN_MAX_TOKENS  (1 << 20) /* of a row */

/* The training part's labels before noise; where there is none, the dataset is not there. */
#define TREN_SCHEMA_CLEAN "/train/y_clean"

/* How much each training row counts, f32 or f64 [rows]; where it is not there, all count alike. */
#define TREN_SCHEMA_WEIGHTS "/train/weights"

extern const char *const tren_part_x[TREN_N_PARTS];      /* "/train/x", ... */
extern const char *const tren_part_y[TREN_N_PARTS];      /* "/train/y", ... */
extern const char *const tren_part_length[TREN_N_PARTS]; /* "/train/length", ... */

/* /PART/y is there: labels, targets, or target tokens. */
static inline bool tren_dataset_has_y(const tren_dataset_info *info) {
    return info->n_targets > 0 && info->label_axis != 1;
}

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

/* The sum of the weights of all training rows, which are read one after the other. All 0, or a sum
 * that is not finite: TREN_ERR_DATA. Only where info->has_weights. */
tren_status tren_dataset_weights_sum(double *sum, const tren_dataset *dataset);

/* ---- looking a dataset over: what training would stumble on, or quietly suffer from ------------
 */

/* Whether the bytes of an array are those that were written. */
typedef enum tren_intact { TREN_INTACT_UNKNOWN, TREN_INTACT, TREN_DAMAGED } tren_intact;

typedef struct tren_part_check {
    size_t n_rows;
    size_t not_finite;        /* values of x and of targets */
    size_t first_bad_row;     /* where not_finite > 0 */
    size_t labels_outside;    /* labels outside 0 to n_classes - 1 */
    size_t first_bad_label;   /* its row */
    size_t *class_rows;       /* [n_classes] owned */
    size_t duplicates;        /* rows of x equal to an earlier row of this part */
    tren_intact x, y, length; /* length: of tokens */
    char bad_tokens[512];     /* why the first row of tokens that cannot be is none; "": all can */
    tren_h5_shape x_chunk;    /* rank 0: contiguous */
} tren_part_check;

typedef struct tren_dataset_check {
    int n_classes;
    tren_part_check part[TREN_N_PARTS];
    bool normalization; /* mean and sd have a digest, and are what it says */
    /* Rows of the second part whose x also stands in the first. */
    size_t shared[TREN_N_PARTS][TREN_N_PARTS];
    /* The labels of the training part before noise, where they are kept: y and what labels have. */
    bool has_clean;
    tren_part_check clean;
    /* The weights of the training rows, where there are some. */
    bool has_weights;
    tren_intact weights;
    char bad_weights[512]; /* why they are none that can be trained with; "": they are good */
    size_t n_changed;      /* differ from those that are trained on */
    /* Of the training rows, where nothing recorded says that the file's are theirs, and they are
     * not 0 and 1 throughout, which is no normalisation: [n_stats] each, owned; else NULL. */
    double *mean, *sd;
} tren_dataset_check;

/* Reads every byte once. Fails only when that is impossible. */
tren_status tren_dataset_check_open(tren_dataset_check *check, const tren_dataset *dataset);
void tren_dataset_check_close(tren_dataset_check *check);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
