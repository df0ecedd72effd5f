/* IDX: the format of MNIST and its kin (Y. LeCun, "The MNIST database", file formats). Two zero
 * bytes, a type code, the number of dimensions, each dimension as a big-endian 32-bit integer, then
 * the elements, big-endian. */
#include "data/schema.h"
#include "data/source.h"
#include <stdlib.h>
#include <string.h>

typedef struct settings {
    tren_texts images, label_files, test_images, test_labels;
    tren_label_settings labels;
    tren_layout_settings layout;
} settings;

#define MAX_DIMS   4
#define FIRST_ROOM ((size_t)4 << 20) /* bytes, before anything has been read */

typedef struct header {
    int code, rank;
    size_t dim[MAX_DIMS];
} header;

/* ---- element types --------------------------------------------------------------------------- */

static uint64_t big_endian(const unsigned char *at, size_t n) {
    uint64_t value = 0;
    for (size_t i = 0; i < n; i++) value = value << 8 | at[i];
    return value;
}

static int64_t read_i8(const unsigned char *at) {
    return (int8_t)at[0];
}
static int64_t read_u8(const unsigned char *at) {
    return at[0];
}
static int64_t read_i16(const unsigned char *at) {
    return (int16_t)big_endian(at, 2);
}
static int64_t read_i32(const unsigned char *at) {
    return (int32_t)big_endian(at, 4);
}

typedef struct element {
    int code;
    size_t size;
    tren_type type;                              /* in memory, before tren_source_set_* */
    int64_t (*integer)(const unsigned char *at); /* NULL for reals */
} element;

static const element elements[] = {
    {0x08, 1, TREN_U8, read_u8},   {0x09, 1, TREN_I64, read_i8}, {0x0B, 2, TREN_I64, read_i16},
    {0x0C, 4, TREN_I64, read_i32}, {0x0D, 4, TREN_F32, NULL},    {0x0E, 8, TREN_F64, NULL},
};

static const element *element_of(int code) {
    for (size_t i = 0; i < sizeof elements / sizeof *elements; i++)
        if (elements[i].code == code) return &elements[i];
    return NULL;
}

static void convert(char *out, const unsigned char *raw, size_t n, const element *e,
                    tren_type type) {
    for (size_t i = 0; i < n; i++) {
        const unsigned char *at = raw + i * e->size;
        if (type == TREN_I64) {
            ((int64_t *)(void *)out)[i] = e->integer(at);
        } else if (type == TREN_F32) {
            uint32_t bits = (uint32_t)big_endian(at, 4);
            memcpy(out + i * 4, &bits, 4);
        } else {
            uint64_t bits = big_endian(at, 8);
            memcpy(out + i * 8, &bits, 8);
        }
    }
}

/* ---- one file -------------------------------------------------------------------------------- */

static tren_status read_header(header *head, tren_stream *stream) {
    const char *path = tren_stream_path(stream);
    unsigned char magic[4], dims[4 * MAX_DIMS];
    TREN_TRY(tren_stream_read_all(stream, magic, 4));
    if (magic[0] != 0 || magic[1] != 0 || !element_of(magic[2]))
        return tren_fail(
            TREN_ERR_DATA,
            "%s: not an IDX file: it begins with %02x %02x %02x %02x; is it the right file?", path,
            magic[0], magic[1], magic[2], magic[3]);
    *head = (header){.code = magic[2], .rank = magic[3]};
    if (head->rank < 1 || head->rank > MAX_DIMS)
        return tren_fail(TREN_ERR_DATA,
                         "%s: has %d dimensions, expected 1 to %d; is it the right file?", path,
                         head->rank, MAX_DIMS);
    TREN_TRY(tren_stream_read_all(stream, dims, 4 * (size_t)head->rank));
    size_t size = 1;
    for (int i = 0; i < head->rank; i++) {
        head->dim[i] = (size_t)big_endian(dims + 4 * i, 4);
        if (i > 0 && (head->dim[i] == 0 || head->dim[i] > INT32_MAX / size))
            return tren_fail(TREN_ERR_DATA,
                             "%s: dimension %d is %zu: the file is damaged, copy or make it again",
                             path, i, head->dim[i]);
        if (i > 0) size *= head->dim[i];
    }
    return TREN_OK;
}

static size_t width_of(const header *head) {
    size_t width = 1;
    for (int i = 1; i < head->rank; i++) width *= head->dim[i];
    return width;
}

/* The elements that have been read so far. */
typedef struct array {
    char *at; /* [room] elements of `size` bytes, owned */
    size_t n, room, size;
    size_t most; /* what the headers say */
} array;

/* Memory follows what a file holds: what its header says is no reason to take it. */
static tren_status make_room(array *a, size_t n) {
    if (a->at && a->n + n <= a->room) return TREN_OK;
    size_t room = a->room ? 2 * a->room : FIRST_ROOM / a->size;
    if (room < a->n + n) room = a->n + n;
    if (room > a->most) room = a->most;
    TREN_TRY(tren_resize(&a->at, room, a->size, "the elements of IDX files"));
    a->room = room;
    return TREN_OK;
}

/* Adds the n elements of a file as `type`: the file's own, or I64. */
static tren_status read_elements(array *out, tren_stream *stream, const element *e, size_t n,
                                 tren_type type) {
    unsigned char raw[32768];
    bool as_is = e->size == 1 && type == TREN_U8;
    for (size_t left = n, here; left > 0; left -= here) {
        size_t room = sizeof raw / e->size, got;
        here = left < room ? left : room;
        TREN_TRY(tren_stream_read(stream, raw, here * e->size, &got));
        if (got < here * e->size) return tren_stream_fail_short(stream, left * e->size - got);
        TREN_TRY(make_room(out, here));
        char *to = out->at + out->n * out->size;
        if (as_is)
            memcpy(to, raw, here);
        else
            convert(to, raw, here, e, type);
        out->n += here;
    }
    return TREN_OK;
}

/* ---- several files as one array ----------------------------------------------------------------
 */

/* The files of one role (images or labels), the pool's first, then the test part's. */
typedef struct pool {
    int n_files, n_pool_files;
    tren_stream **stream; /* [n_files] owned */
    header *head;         /* [n_files] owned */
} pool;

static void pool_close(pool *files) {
    for (int i = 0; files->stream && i < files->n_files; i++) tren_stream_close(files->stream[i]);
    free(files->stream);
    free(files->head);
}

/* "u8 [*, 28, 28]" */
static const char *describe(char out[96], const header *head) {
    const element *e = element_of(head->code);
    size_t n = (size_t)snprintf(out, 96, "%s%zu [*", e->integer ? head->code == 8 ? "u" : "i" : "f",
                                8 * e->size);
    for (int k = 1; k < head->rank; k++)
        n += (size_t)snprintf(out + n, 96 - n, ", %zu", head->dim[k]);
    snprintf(out + n, 96 - n, "]");
    return out;
}

static tren_status check_alike(const pool *files, int i) {
    const header *first = &files->head[0], *head = &files->head[i];
    bool alike = head->code == first->code && head->rank == first->rank;
    for (int k = 1; alike && k < head->rank; k++) alike = head->dim[k] == first->dim[k];
    if (alike) return TREN_OK;
    char one[96], other[96];
    return tren_fail(TREN_ERR_DATA,
                     "%s holds %s, but %s %s: only files of the same type and shape can be "
                     "combined; convert one of them, or import them separately",
                     tren_stream_path(files->stream[0]), describe(one, first),
                     tren_stream_path(files->stream[i]), describe(other, head));
}

static size_t pool_rows(const pool *files, int lo, int hi) {
    size_t n = 0;
    for (int i = lo; i < hi; i++) n += files->head[i].dim[0];
    return n;
}

/* Whatever the headers say, the bytes of all files as the widest type can be counted. */
static tren_status check_rows(const pool *files, int i) {
    const header *head = &files->head[i];
    const char *path = tren_stream_path(files->stream[i]);
    size_t rows = pool_rows(files, 0, i + 1), bytes;
    if (rows > TREN_MAX_ROWS)
        return tren_fail(TREN_ERR_DATA,
                         "%s: its header says %zu rows%s, but at most %u are supported: the file "
                         "is damaged, or import fewer rows",
                         path, head->dim[0], i > 0 ? " in addition to the earlier ones" : "",
                         TREN_MAX_ROWS);
    if (!__builtin_mul_overflow(rows, width_of(head) * sizeof(double), &bytes)) return TREN_OK;
    return tren_fail(TREN_ERR_DATA,
                     "%s: its header says %zu rows of %zu elements, more than any file can hold: "
                     "the file is damaged, copy or make it again",
                     path, head->dim[0], width_of(head));
}

static tren_status pool_open(pool *files, const tren_texts *own, const tren_texts *test,
                             tren_digest_state *digest) {
    *files = (pool){.n_files = own->n + test->n, .n_pool_files = own->n};
    size_t n = (size_t)files->n_files;
    TREN_TRY(tren_alloc(&files->stream, n, sizeof(tren_stream *), "the list of files"));
    TREN_TRY(tren_alloc(&files->head, n, sizeof *files->head, "the list of files"));
    for (int i = 0; i < files->n_files; i++) {
        const char *path = i < own->n ? own->at[i] : test->at[i - own->n];
        TREN_TRY(tren_stream_open(&files->stream[i], path, digest));
        TREN_TRY(read_header(&files->head[i], files->stream[i]));
        TREN_TRY(check_alike(files, i));
        TREN_TRY(check_rows(files, i));
    }
    return TREN_OK;
}

/* All elements of all files, one after the other, as `type`. *out is the caller's, even on failure.
 */
static tren_status pool_read(void **out, const pool *files, tren_type type) {
    const element *e = element_of(files->head[0].code);
    size_t width = width_of(&files->head[0]);
    array all = {.size = tren_type_size(type)};
    tren_status st;
    tren_size_mul(&all.most, pool_rows(files, 0, files->n_files), width);
    TREN_GOTO(make_room(&all, 0));
    for (int i = 0; i < files->n_files; i++) {
        TREN_GOTO(read_elements(&all, files->stream[i], e, files->head[i].dim[0] * width, type));
        TREN_GOTO(tren_stream_expect_end(files->stream[i]));
    }
done:
    *out = all.at;
    return st;
}

/* ---- the source ------------------------------------------------------------------------------ */

static tren_status check_settings(const settings *want) {
    bool given = want->label_files.n + want->test_labels.n > 0;
    if (want->labels.unlabeled && given)
        return tren_fail(TREN_ERR_USAGE, "--unlabeled and --labels cannot be used together");
    if (!want->labels.unlabeled && !want->label_files.n)
        return tren_fail(TREN_ERR_USAGE, "--labels is missing: give the files of the labels or "
                                         "targets; --unlabeled imports rows to predict");
    return TREN_OK;
}

static tren_status check_pairs(const pool *images, const pool *labels) {
    if (images->n_files != labels->n_files || images->n_pool_files != labels->n_pool_files)
        return tren_fail(TREN_ERR_USAGE,
                         "%d image files and %d label files: each image file needs its label file",
                         images->n_files, labels->n_files);
    for (int i = 0; i < images->n_files; i++) {
        if (images->head[i].dim[0] == labels->head[i].dim[0]) continue;
        return tren_fail(TREN_ERR_DATA,
                         "%s has %zu rows, but %s has %zu; give each image file its own labels",
                         tren_stream_path(images->stream[i]), images->head[i].dim[0],
                         tren_stream_path(labels->stream[i]), labels->head[i].dim[0]);
    }
    return TREN_OK;
}

static tren_status read_elements_of(tren_source *source, const pool *images) {
    source->x_type = element_of(images->head[0].code)->type;
    if (source->x_type != TREN_I64) return pool_read(&source->x, images, source->x_type);
    void *wide = NULL;
    tren_status st = pool_read(&wide, images, TREN_I64);
    if (st == TREN_OK) st = tren_source_set_integers(source, wide);
    free(wide);
    return st;
}

static tren_status read_images(tren_source *source, const pool *images,
                               const tren_layout_settings *want) {
    const header *head = &images->head[0];
    tren_h5_shape shape = {.rank = head->rank};
    memcpy(shape.dim, head->dim, sizeof head->dim);
    TREN_TRY(tren_source_set_layout(source, &shape, want, tren_stream_path(images->stream[0])));
    TREN_TRY(read_elements_of(source, images));
    return want->channels_last ? tren_source_put_channels_first(source) : TREN_OK;
}

static tren_status read_labels(tren_source *source, const pool *labels,
                               const tren_label_settings *want) {
    const header *head = &labels->head[0];
    const element *e = element_of(head->code);
    tren_answers answers = {.what = tren_stream_path(labels->stream[0]),
                            .type = e->integer ? TREN_I64 : e->type,
                            .width = width_of(head)};
    if (e->integer && head->rank > 2 && !want->regression)
        return tren_fail(TREN_ERR_DATA,
                         "%s: has %d dimensions, but labels have 1: give --labels another file "
                         "(are the two files swapped?)",
                         answers.what, head->rank);
    tren_status st = pool_read(&answers.value, labels, answers.type);
    if (st == TREN_OK) st = tren_source_set_answers(source, &answers, want);
    free(answers.value);
    return st;
}

static void add_origin(tren_source *source, const pool *images) {
    tren_source_add_origin(source, "idx");
    for (int i = 0; i < images->n_files; i++) {
        tren_source_add_file(source, tren_stream_path(images->stream[i]));
    }
}

static tren_status read_answers(tren_source *source, const pool *images, const settings *want,
                                tren_digest_state *digest) {
    pool labels = {0};
    tren_status st;
    TREN_GOTO(pool_open(&labels, &want->label_files, &want->test_labels, digest));
    TREN_GOTO(check_pairs(images, &labels));
    TREN_GOTO(read_images(source, images, &want->layout));
    st = read_labels(source, &labels, &want->labels);
done:
    pool_close(&labels);
    return st;
}

static tren_status read_source(tren_source *source, const void *context, uint64_t seed) {
    (void)seed;
    const settings *want = context;
    pool images = {0};
    tren_digest_state *digest = NULL;
    tren_status st;
    TREN_GOTO(check_settings(want));
    TREN_GOTO(tren_digest_open(&digest));
    TREN_GOTO(pool_open(&images, &want->images, &want->test_images, digest));
    source->n = pool_rows(&images, 0, images.n_pool_files);
    source->n_test = pool_rows(&images, images.n_pool_files, images.n_files);
    if (want->labels.unlabeled) {
        TREN_GOTO(read_images(source, &images, &want->layout));
        tren_source_set_unlabeled(source);
    } else {
        TREN_GOTO(read_answers(source, &images, want, digest));
    }
    add_origin(source, &images);
    source->digest = tren_digest_value(digest);
done:
    pool_close(&images);
    tren_digest_close(digest);
    return st;
}

static const tren_setting settings_table[] = {
    {"images", TREN_SETTING_TEXTS, offsetof(settings, images), "FILE[,...]",
     .help = "Files of images or rows, plain or gzipped; several files are combined.",
     .required = true, .is_file = true},
    {"labels", TREN_SETTING_TEXTS, offsetof(settings, label_files), "FILE[,...]",
     .help = "Files of their labels (integers) or targets (reals), in the same order.",
     .is_file = true},
    {"test-images", TREN_SETTING_TEXTS, offsetof(settings, test_images), "FILE[,...]",
     .help = "Test part of the source.", .is_file = true},
    {"test-labels", TREN_SETTING_TEXTS, offsetof(settings, test_labels), "FILE[,...]",
     .help = "Labels or targets of that test part.", .is_file = true},
    TREN_LAYOUT_SETTINGS(settings),
    TREN_LABEL_SETTINGS(settings),
};

const tren_source_kind tren_source_idx = {
    .name = "idx",
    .summary = "IDX files, the format of MNIST: images [n,h,w] or [n,c,h,w], tables [n,f]",
    .setting = settings_table,
    .n_settings = TREN_SETTING_COUNT(settings_table),
    .settings_size = sizeof(settings),
    .read = read_source,
};
