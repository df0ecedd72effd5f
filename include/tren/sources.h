/* Sources: where the rows of a dataset come from, and how they become one. A source is one const
 * object in one file, listed in source.c; its options are a table, so `tren data import NAME` and
 * `tren data make NAME` need to know nothing of it. Not collective. */
#ifndef TREN_SOURCES_H
#define TREN_SOURCES_H

#include "tren/data.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* ---- rows on their way into a dataset ----------------------------------------------------------
 */

/* A source in memory: what every importer and maker produces. */
typedef struct tren_source {
    size_t n; /* rows of the pool, then n_test rows of the source's own test part */
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
    struct tren_corpus *corpus; /* of text: what becomes rows of tokens, x stays NULL; owned */
    char origin[256];           /* for people: "idx train-images-idx3-ubyte.gz ..." */
    char notes[4096]; /* for people: what was decided for them, a line each; cut where full */
} tren_source;
void tren_source_close(tren_source *source);
/* Adds a line to source->notes, which the importer prints. */
void tren_source_note(tren_source *source, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Class names are UTF-8: fails with `code`, naming `where`, the name and the encoding it may have.
 */
tren_status tren_class_name_check(tren_status code, const char *where, const char *name);
/* Names the classes; all n must differ (tren_names_repeat). Where the source named them itself
 * (text labels), the given names say the order. */
tren_status tren_source_name_classes(tren_source *source, const char *const *name, int n);
/* The first of n names that stands earlier too, or NULL. For lists that people write: n^2. */
const char *tren_names_repeat(const char *const *name, int n);

/* What a noisy label is drawn from, evenly: the classes that are wrong, or all of them. */
typedef enum tren_noise_kind { TREN_NOISE_INCORRECT, TREN_NOISE_ANY } tren_noise_kind;
extern const char *const tren_noise_kind_name[]; /* "incorrect", "any"; NULL-terminated */
tren_status tren_noise_kind_parse(tren_noise_kind *kind, const char *text);

typedef struct tren_split {
    double percent[TREN_N_PARTS]; /* 96, 2, 2; sums to 100 */
    bool keep_test; /* the source's own test part is /test; the rest is split by the first two */
    bool stratify;  /* shares hold within each class */
    bool shuffle;
    bool as_is;  /* no normalisation: mean 0 and standard deviation 1 are kept */
    size_t take; /* keep so many rows of the pool, each class its share; 0: all */
    double
        label_noise; /* the probability that a label of the training part is drawn anew; 0: none */
    tren_noise_kind noise_kind;
    uint64_t seed;
} tren_split;
tren_status tren_split_parse(tren_split *split, const char *text); /* "96/2/2" */

/* Shuffles, splits and writes PATH (by way of a temporary file beside it and rename; an existing
 * PATH is kept unless overwrite). */
tren_status tren_dataset_write(const char *path, const tren_source *source, const tren_split *split,
                               bool overwrite);
/* Fails with TREN_ERR_USAGE when `path` exists and is not to be replaced. */
tren_status tren_dataset_check_absent(const char *path, bool overwrite);
/* Pairs of texts out of a dataset of pairs, for a smaller one: `train` of its training rows, in an
 * order drawn from the seed, and as its own test part `test` from the end of that order. So smaller
 * ones are parts of larger ones and have the same test part. TREN_ERR_USAGE: it holds no pairs, or
 * not so many. */
tren_status tren_source_take_pairs(tren_source *source, const char *path, size_t train, size_t test,
                                   uint64_t seed);

/* ---- settings of a source, as a table: the command line makes its options, their defaults and
 * --help from it, and fills the source's own struct */

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
    /* "images" stands for --images; a name in capitals ("FILE") for the arguments that are no
     * options: one, or for TREN_SETTING_TEXTS all. A source has at most one such setting. */
    const char *name;
    tren_setting_type type;
    size_t at; /* offset within the settings struct */
    const char
        *value; /* what --help calls the value ("NAME"); NULL for flags and positional arguments */
    const char *help; /* one sentence */
    union {
        int integer; /* also the index of a choice */
        double number;
        const char *text;
    } fallback; /* the default; lists and flags are empty */
    bool required;
    double min, max;            /* of numbers; no limits when both are 0 */
    const char *const *choices; /* NULL-terminated, for TREN_SETTING_CHOICE */
    bool is_file;               /* its texts are paths of files that are read */
    const char *too_many;       /* what to do where there are more than TREN_MAX_TEXTS, or NULL */
} tren_setting;

#define TREN_SETTING_COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* ---- kinds of sources --------------------------------------------------------------------------
 */

#define TREN_MAX_SOURCE_SETTINGS 16384

/* An option of all sources that has no meaning for one, and why. */
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
    /* Fills *source, which is empty before, and may be half filled when it fails. seed is for
     * makers. */
    tren_status (*read)(tren_source *source, const void *settings, uint64_t seed);
} tren_source_kind;

/* Every source, NULL-terminated. */
extern const tren_source_kind *const tren_source_kinds[];
/* The source of this name; TREN_ERR_USAGE naming the nearest when there is none. */
tren_status tren_source_find(const tren_source_kind **kind, const char *name, bool is_maker);

/* The defaults of all settings, into the struct that kind->setting describes. */
void tren_settings_default(void *settings, const tren_source_kind *kind);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
