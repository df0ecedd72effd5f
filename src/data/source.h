/* Private to data: the sources, and what they share. */
#ifndef TREN_DATA_SOURCE_H
#define TREN_DATA_SOURCE_H

#include "tren/sources.h"

/* In the order in which docs show them. */
/* clang-format off */
#define TREN_SOURCES(X)                                                                            \
    X(idx) X(cifar) X(csv) X(hdf5)                                                                 \
    X(text) X(pairs) X(labeled)                                                                    \
    X(sinusoid) X(bishop_sinusoid) X(mnist1d) X(interpolation) X(isotropic) X(two_scales)
/* clang-format on */
#define TREN_DECLARE_SOURCE(name) extern const tren_source_kind tren_source_##name;
TREN_SOURCES(TREN_DECLARE_SOURCE)

size_t tren_source_rows(const tren_source *source);  /* the pool and the test part */
size_t tren_source_width(const tren_source *source); /* elements of x per row */

/* Labels from any integers: stored as u8 where they fit, n_classes = largest + 1. Negative ones
 * fail, naming `what` and the row. */
tren_status tren_source_set_labels(tren_source *source, const int64_t *label, const char *what);
/* Labels from text: the distinct ones become classes with these names, in order of value where all
 * are integers and of bytes otherwise. Labels that are 0, 1, ... K-1 already stay what they are,
 * without names. Whole numbers that are reals ("1.0") are
 * written anew. label [rows], each of malloc. */
tren_status tren_source_set_text_labels(tren_source *source, char **label, const char *what);

/* How an importer is to take its labels, for sources whose files do not say what they are. */
typedef struct tren_label_settings {
    bool classification, regression, unlabeled;
    int relabel; /* TREN_RELABEL_... */
} tren_label_settings;
enum { TREN_RELABEL_ASK, TREN_RELABEL_YES, TREN_RELABEL_NO };
extern const char *const tren_relabel_choices[]; /* "ask", "yes", "no"; NULL-terminated */

/* The options of tren_label_settings, in the table of a source whose struct has them as `labels`.
 */
#define TREN_LABEL_SETTINGS(settings)                                                              \
    {"classification", TREN_SETTING_FLAG, offsetof(settings, labels.classification), NULL,         \
     .help = "The labels are classes, although they are stored as reals: whole numbers or "        \
             "one-hot rows."},                                                                     \
        {"regression", TREN_SETTING_FLAG, offsetof(settings, labels.regression), NULL,             \
         .help = "The labels are targets, although they look like classes."},                      \
        {"relabel",                                                                                \
         TREN_SETTING_CHOICE,                                                                      \
         offsetof(settings, labels.relabel),                                                       \
         "ask|yes|no",                                                                             \
         .help = "yes: number the labels in order from 0 and keep the old numbers as class "       \
                 "names. Without this option, labels that do not begin at 0 are an error.",        \
         .choices = tren_relabel_choices},                                                         \
    {                                                                                              \
        "unlabeled", TREN_SETTING_FLAG, offsetof(settings, labels.unlabeled), NULL,                \
            .help = "Import rows to predict: they have no labels, and all go to the test part."    \
    }

/* Labels or targets as a file has them. */
typedef struct tren_answers {
    const char *what; /* for messages */
    void *value;      /* [rows, width], owned; taken where it is stored as it is */
    tren_type type;   /* I64, F32 or F64 */
    size_t width;
} tren_answers;
/* Integers are classes, reals are targets, and one-hot rows are classes, which is said; whole reals
 * that may be classes are TREN_ERR_USAGE with both readings, unless `want` decides. */
tren_status tren_source_set_answers(tren_source *source, tren_answers *answers,
                                    const tren_label_settings *want);
/* There are none. */
void tren_source_set_unlabeled(tren_source *source);

/* Which dimension holds the channels. */
typedef struct tren_layout_settings {
    bool channels_last, channels_first;
} tren_layout_settings;
#define TREN_LAYOUT_SETTINGS(settings)                                                             \
    {"channels-last", TREN_SETTING_FLAG, offsetof(settings, layout.channels_last), NULL,           \
     .help = "The images have the shape [n,h,w,c]."},                                              \
    {                                                                                              \
        "channels-first", TREN_SETTING_FLAG, offsetof(settings, layout.channels_first), NULL,      \
            .help =                                                                                \
                "The images have the shape [n,c,h,w], although their sizes look like [n,h,w,c]."   \
    }
/* Sets shape and is_image from the dimensions of an array, [n], [n,f], [n,h,w] or [n,c,h,w].
 * TREN_ERR_USAGE with both readings where the sizes look like [n,h,w,c]. */
tren_status tren_source_set_layout(tren_source *source, const tren_h5_shape *shape,
                                   const tren_layout_settings *want, const char *what);
/* Puts images that were read as [n,h,w,c] into the order of their shape. */
tren_status tren_source_put_channels_first(tren_source *source);

/* Values from integers wider than u8: f32 where every one is exact, else f64. Sets x and x_type. */
tren_status tren_source_set_integers(tren_source *source, const int64_t *value);
/* Adds to source->origin, which is cut where it is full. */
void tren_source_add_origin(tren_source *source, const char *text);
void tren_source_add_file(tren_source *source, const char *path); /* its name without folders */

/* What a file that is no UTF-8 is by its first bytes, and what to do: "is text in UTF-16; ...";
 * NULL: nothing that is known. */
const char *tren_text_foreign(const char *text, size_t n);

/* A reader of plain or gzipped files that digests what it delivers. */
typedef struct tren_stream tren_stream;
tren_status tren_stream_open(tren_stream **stream, const char *path, tren_digest_state *digest);
void tren_stream_close(tren_stream *stream); /* accepts NULL */
const char *tren_stream_path(const tren_stream *stream);
/* Reads up to n bytes; *got < n only at the end. */
tren_status tren_stream_read(tren_stream *stream, void *out, size_t n, size_t *got);
/* Reads exactly n bytes, or fails as truncated. */
tren_status tren_stream_read_all(tren_stream *stream, void *out, size_t n);
/* Fails because so many bytes are missing. */
tren_status tren_stream_fail_short(const tren_stream *stream, size_t missing);
/* Fails unless everything has been read. */
tren_status tren_stream_expect_end(tren_stream *stream);

#endif
