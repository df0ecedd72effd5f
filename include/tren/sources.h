/* Sources: importers and makers of datasets, and how their rows become a dataset. A source is one
 * const object in one file, listed in source.c. Its options are a table, so `tren data import NAME`
 * and `tren data make NAME` need no code for it. Not collective. */
#ifndef TREN_SOURCES_H
#define TREN_SOURCES_H

#include "tren/data.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* ---- rows before they are written to a dataset ----------------------------------------------- */

/* A source in memory: what every importer and maker produces. */
typedef struct tren_source {
    size_t n; /* rows of the pool; the arrays have n_test rows of the source's own test part after
                 them */
    size_t n_test;
    tren_shape shape;
    bool is_image;
    int n_classes, n_targets; /* n_targets 0: rows without labels */
    tren_type x_type;         /* as stored */
    void *x;                  /* [n + n_test, shape] owned */
    tren_type y_type;         /* U8, I32 or I64 labels; F32 or F64 targets */
    void *y;                  /* [n + n_test, n_targets] owned */
    double *weight;           /* [n + n_test] owned; NULL: all rows count alike */
    char **class_name;        /* [n_classes] owned, or NULL */
    char **column_name;       /* [shape.c] of tables, owned, or NULL */
    char **target_name;       /* [n_targets] owned, or NULL */
    uint64_t digest;          /* of the source bytes or settings */
    char *doubt; /* why the labels may be wrong: an error unless all classes are named; owned, or
                    NULL */
    struct tren_corpus *corpus; /* for text: becomes rows of tokens, and x is NULL; owned */
    char origin[256];           /* for people: "idx train-images-idx3-ubyte.gz ..." */
    char notes[4096]; /* for people: what the importer decided, one decision a line; cut if full */
} tren_source;
void tren_source_close(tren_source *source);
/* Adds a line to source->notes, which the importer prints. */
void tren_source_note(tren_source *source, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Class names are UTF-8: fails with `code`, naming `where`, the name and the encoding it may have.
 */
tren_status tren_class_name_check(tren_status code, const char *where, const char *name);
/* Sets the names of the classes; all n must differ (tren_names_repeat). If the source has names
 * already (text labels), the given names set their order. */
tren_status tren_source_name_classes(tren_source *source, const char *const *name, int n);
/* The first of n names that is equal to an earlier one, or NULL. O(n^2): for short lists. */
const char *tren_names_repeat(const char *const *name, int n);

/* The classes from which a noisy label is drawn with equal probability: the wrong ones, or all. */
typedef enum tren_noise_kind { TREN_NOISE_INCORRECT, TREN_NOISE_ANY } tren_noise_kind;
extern const char *const tren_noise_kind_name[]; /* "incorrect", "any"; NULL-terminated */
tren_status tren_noise_kind_parse(tren_noise_kind *kind, const char *text);

typedef struct tren_split {
    double percent[TREN_N_PARTS]; /* 96, 2, 2; sums to 100 */
    bool keep_test; /* the source's own test part becomes /test; `percent` of the first two parts
                       splits the rest */
    bool stratify;  /* split each class separately by `percent` */
    bool shuffle;
    bool as_is;         /* no normalisation: stores mean 0 and standard deviation 1 */
    size_t take;        /* rows of the pool to keep, each class in proportion; 0: all */
    double label_noise; /* probability that a training label is replaced by a random one */
    tren_noise_kind noise_kind;
    uint64_t seed;
} tren_split;
tren_status tren_split_parse(tren_split *split, const char *text); /* "96/2/2" */

/* Shuffles, splits and writes PATH: first a temporary file in the same folder, which is then
 * renamed. An existing PATH is replaced only if overwrite. */
tren_status tren_dataset_write(const char *path, const tren_source *source, const tren_split *split,
                               bool overwrite);
/* Fails with TREN_ERR_USAGE if `path` exists and overwrite is false. */
tren_status tren_dataset_check_absent(const char *path, bool overwrite);
/* Takes pairs of texts from a dataset of pairs, to make a smaller one. The seed determines a random
 * order of its training rows: the first `train` rows become the pool, the last `test` rows the test
 * part. So with one seed, a smaller dataset is a part of a larger one, and both have the same test
 * part. TREN_ERR_USAGE: the dataset has no pairs, or too few. */
tren_status tren_source_take_pairs(tren_source *source, const char *path, size_t train, size_t test,
                                   uint64_t seed);

/* ---- settings of a source, as a table: from it the command line makes the options, their defaults
 * and --help, and it fills the source's own struct */

typedef enum tren_setting_type {
    TREN_SETTING_FLAG,  /* bool */
    TREN_SETTING_TEXT,  /* const char *, NULL when not given */
    TREN_SETTING_TEXTS, /* tren_texts: separated by commas, or the option repeated */
    TREN_SETTING_INT,   /* int */
    TREN_SETTING_REAL,  /* double */
    TREN_SETTING_CHOICE /* int, index into choices */
} tren_setting_type;

#define TREN_MAX_TEXTS 128
typedef struct tren_texts {
    int n;
    const char *at[TREN_MAX_TEXTS]; /* not owned */
} tren_texts;

typedef struct tren_setting {
    /* "images" is the option --images. A name in capitals ("FILE") is the positional argument, or
     * with TREN_SETTING_TEXTS all positional arguments; a source has at most one such setting. */
    const char *name;
    tren_setting_type type;
    size_t at;         /* offset within the settings struct */
    const char *value; /* the name of the value in --help ("NAME"); NULL: flag or positional */
    const char *help;  /* one sentence */
    union {
        int integer; /* also the index of a choice */
        double number;
        const char *text;
    } fallback; /* the default; lists and flags are empty */
    bool required;
    double min, max;            /* of numbers; no limits when both are 0 */
    const char *const *choices; /* NULL-terminated, for TREN_SETTING_CHOICE */
    bool is_file;               /* its texts are paths of files that are read */
    const char *too_many;       /* advice if there are more than TREN_MAX_TEXTS texts, or NULL */
} tren_setting;

#define TREN_SETTING_COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* ---- kinds of sources --------------------------------------------------------------------------
 */

#define TREN_MAX_SOURCE_SETTINGS 16384

/* A common option of all sources that this source refuses, and why. */
typedef struct tren_refusal {
    const char *option, *why;
} tren_refusal;

typedef struct tren_source_kind {
    const char *name;            /* "idx" */
    const char *summary;         /* for --help */
    bool is_maker;               /* "tren data make", else "tren data import" */
    const tren_setting *setting; /* its options */
    size_t n_settings;
    const tren_refusal *without; /* ends with a row without an option; or NULL */
    size_t settings_size;        /* of the struct that `setting` describes, at most
                                    TREN_MAX_SOURCE_SETTINGS */
    /* Fills the empty *source; after a failure it may be partly filled. Only makers use the
     * seed. */
    tren_status (*read)(tren_source *source, const void *settings, uint64_t seed);
} tren_source_kind;

/* Every source, NULL-terminated. */
extern const tren_source_kind *const tren_source_kinds[];
/* The source of this name; TREN_ERR_USAGE naming the nearest when there is none. */
tren_status tren_source_find(const tren_source_kind **kind, const char *name, bool is_maker);

/* Writes the defaults of all settings to the struct that kind->setting describes. */
void tren_settings_default(void *settings, const tren_source_kind *kind);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
