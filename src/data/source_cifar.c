/* CIFAR-10 and CIFAR-100 in their binary form (A. Krizhevsky, "Learning multiple layers of features
 * from tiny images", 2009). A record is one label byte, of CIFAR-100 two (coarse, fine), then 3072
 * bytes: the red, the green and the blue plane of 32 x 32 pixels. */
#include "data/source.h"
#include <stdlib.h>
#include <string.h>

enum { PIXELS = 3 * 32 * 32, MAX_LABELS = 2, MAX_CLASSES = 100 };

/* What is read before its size is known; five times the largest file of either set. */
#define FIRST_ROOM ((size_t)4 << 20)
#define MAX_ROOM   ((size_t)1 << 30)

enum { CLASSES_AUTO, CLASSES_10, CLASSES_100 };
static const char *const classes_choices[] = {"auto", "10", "100", NULL};
enum { LABELS_FINE, LABELS_COARSE };
static const char *const labels_choices[] = {"fine", "coarse", NULL};

typedef struct settings {
    tren_texts file, test;
    const char *names;
    int classes, labels;
} settings;

typedef struct format {
    const char *name;
    int n_labels, n_classes[MAX_LABELS]; /* of each label byte */
    const char *label[MAX_LABELS];       /* what it is called */
} format;

static const format formats[] = {
    {"CIFAR-10", 1, {10}, {"label"}},
    {"CIFAR-100", 2, {20, 100}, {"coarse label", "fine label"}},
};

static const char *const names_of_10[] = {"airplane", "automobile", "bird",  "cat",  "deer",
                                          "dog",      "frog",       "horse", "ship", "truck"};

static size_t record_bytes(const format *f) {
    return (size_t)f->n_labels + PIXELS;
}

/* ---- files in memory ---------------------------------------------------------------------------
 */

typedef struct content {
    const char *path;     /* not owned */
    unsigned char *bytes; /* [n], and room for a zero; owned */
    size_t n;
} content;

/* The pool's files first, then the test part's. */
typedef struct pool {
    int n_files, n_pool_files;
    content *file; /* [n_files] owned */
} pool;

static void pool_close(pool *files) {
    for (int i = 0; files->file && i < files->n_files; i++) free(files->file[i].bytes);
    free(files->file);
}

static tren_status grow(content *file, size_t *room) {
    size_t wanted = *room ? *room * 2 : FIRST_ROOM;
    if (wanted > MAX_ROOM)
        return tren_fail(TREN_ERR_DATA,
                         "%s: has more than 1 GiB of content: is it the right file? If it is, "
                         "split it into several files",
                         file->path);
    TREN_TRY(tren_resize(&file->bytes, wanted, 1, file->path));
    *room = wanted;
    return TREN_OK;
}

static tren_status read_stream(content *file, tren_stream *stream) {
    for (size_t room = 0; file->n == room;) {
        size_t got;
        TREN_TRY(grow(file, &room));
        TREN_TRY(tren_stream_read(stream, file->bytes + file->n, room - file->n, &got));
        file->n += got;
    }
    return TREN_OK;
}

static tren_status content_read(content *file, const char *path, tren_digest_state *digest) {
    tren_stream *stream;
    *file = (content){.path = path};
    TREN_TRY(tren_stream_open(&stream, path, digest));
    tren_status st = read_stream(file, stream);
    tren_stream_close(stream);
    if (st == TREN_OK && file->n == 0)
        st = tren_fail(TREN_ERR_DATA, "%s: is empty: copy or make it again", path);
    return st;
}

static tren_status pool_read(pool *files, const settings *want, tren_digest_state *digest) {
    *files = (pool){.n_files = want->file.n + want->test.n, .n_pool_files = want->file.n};
    TREN_TRY(
        tren_alloc(&files->file, (size_t)files->n_files, sizeof *files->file, "the list of files"));
    for (int i = 0; i < files->n_files; i++) {
        const char *path = i < want->file.n ? want->file.at[i] : want->test.at[i - want->file.n];
        TREN_TRY(content_read(&files->file[i], path, digest));
    }
    return TREN_OK;
}

/* ---- which of the two --------------------------------------------------------------------------
 */

static bool fits(const content *file, const format *f) {
    return file->n % record_bytes(f) == 0;
}

static bool all_fit(const pool *files, const format *f) {
    for (int i = 0; i < files->n_files; i++)
        if (!fits(&files->file[i], f)) return false;
    return true;
}

static tren_status check_format(const pool *files, const format *f) {
    const format *other = f == &formats[0] ? &formats[1] : &formats[0];
    for (int i = 0; i < files->n_files; i++) {
        const content *file = &files->file[i];
        size_t record = record_bytes(f);
        if (fits(file, f)) continue;
        if (fits(file, other))
            return tren_fail(TREN_ERR_DATA,
                             "%s: its %zu bytes are %zu records of %s, not of %s: remove "
                             "--classes, or give the right file",
                             file->path, file->n, file->n / record_bytes(other), other->name,
                             f->name);
        return tren_fail(TREN_ERR_DATA,
                         "%s: its %zu bytes are %zu records of %s (%zu bytes each) and %zu more "
                         "bytes: the file is cut short, or the wrong file; copy it again",
                         file->path, file->n, file->n / record, f->name, record, file->n % record);
    }
    return TREN_OK;
}

/* No format fits all files. */
static tren_status refuse_sizes(const pool *files) {
    const content *first = &files->file[0];
    for (int i = 0; i < files->n_files; i++) {
        const content *file = &files->file[i];
        if (!fits(file, &formats[0]) && !fits(file, &formats[1]))
            return tren_fail(
                TREN_ERR_DATA,
                "%s: its %zu bytes are not a whole number of records, neither of %s (%zu bytes "
                "each) nor of %s (%zu): the file is cut short, or the wrong file; copy it again",
                file->path, file->n, formats[0].name, record_bytes(&formats[0]), formats[1].name,
                record_bytes(&formats[1]));
    }
    int i = 1;
    while (i < files->n_files - 1 && fits(&files->file[i], &formats[0]) == fits(first, &formats[0]))
        i++;
    return tren_fail(TREN_ERR_DATA,
                     "%s and %s have records of different sizes: CIFAR-10 and CIFAR-100 cannot be "
                     "combined; import them separately",
                     first->path, files->file[i].path);
}

static tren_status find_format(const format **found, const pool *files, int classes) {
    if (classes != CLASSES_AUTO) {
        *found = &formats[classes - CLASSES_10];
        return check_format(files, *found);
    }
    bool fits_10 = all_fit(files, &formats[0]), fits_100 = all_fit(files, &formats[1]);
    if (!fits_10 && !fits_100) return refuse_sizes(files);
    if (fits_10 && fits_100)
        return tren_fail(TREN_ERR_USAGE,
                         "%s: its %zu bytes could be records of CIFAR-10 or of CIFAR-100: choose "
                         "with --classes 10 or --classes 100",
                         files->file[0].path, files->file[0].n);
    *found = &formats[fits_10 ? 0 : 1];
    return TREN_OK;
}

/* ---- records -----------------------------------------------------------------------------------
 */

static tren_status check_labels(const content *file, const format *f, size_t record,
                                const unsigned char *label) {
    for (int k = 0; k < f->n_labels; k++)
        if (label[k] >= f->n_classes[k])
            return tren_fail(TREN_ERR_DATA,
                             "%s: record %zu: the %s %d is outside 0 to %d of %s: the file is "
                             "damaged, or the wrong file; copy it again",
                             file->path, record, f->label[k], label[k], f->n_classes[k] - 1,
                             f->name);
    return TREN_OK;
}

/* The file's records become the rows of the source from `first` on. */
static tren_status decode(tren_source *source, size_t first, const content *file, const format *f,
                          int which) {
    size_t n = file->n / record_bytes(f);
    uint8_t *x = (uint8_t *)source->x + first * PIXELS, *y = (uint8_t *)source->y + first;
    for (size_t i = 0; i < n; i++) {
        const unsigned char *record = file->bytes + i * record_bytes(f);
        TREN_TRY(check_labels(file, f, i, record));
        y[i] = record[which];
        memcpy(x + i * PIXELS, record + f->n_labels, PIXELS);
    }
    return TREN_OK;
}

static tren_status decode_all(tren_source *source, pool *files, const format *f, int which) {
    for (int i = 0; i < files->n_files; i++) {
        size_t n = files->file[i].n / record_bytes(f);
        *(i < files->n_pool_files ? &source->n : &source->n_test) += n;
    }
    size_t rows = tren_source_rows(source), first = 0;
    TREN_TRY(tren_alloc(&source->x, rows, PIXELS, "the images of CIFAR files"));
    TREN_TRY(tren_alloc(&source->y, rows, 1, "the labels of CIFAR files"));
    for (int i = 0; i < files->n_files; i++) {
        content *file = &files->file[i];
        TREN_TRY(decode(source, first, file, f, which));
        first += file->n / record_bytes(f);
        free(file->bytes);
        file->bytes = NULL;
    }
    return TREN_OK;
}

/* ---- class names -------------------------------------------------------------------------------
 */

/* Cuts the text into its lines that are not empty; keeps at most MAX_CLASSES, counts all. */
static int split_lines(const char *line[MAX_CLASSES], char *text) {
    int n = 0;
    for (char *at, *rest = text; (at = strsep(&rest, "\r\n"));)
        if (*at && n++ < MAX_CLASSES) line[n - 1] = at;
    return n;
}

static tren_status name_from(tren_source *source, const content *file) {
    const char *line[MAX_CLASSES];
    if (memchr(file->bytes, 0, file->n))
        return tren_fail(TREN_ERR_DATA,
                         "%s: contains a zero byte: this is not a text with one name per line",
                         file->path);
    file->bytes[file->n] = '\0';
    int n = split_lines(line, (char *)file->bytes);
    if (n != source->n_classes)
        return tren_fail(TREN_ERR_DATA,
                         "%s: has %d names, but the data has %d classes: give one name per line, "
                         "in the order of the labels",
                         file->path, n, source->n_classes);
    for (int i = 0; i < n; i++) TREN_TRY(tren_class_name_check(TREN_ERR_DATA, file->path, line[i]));
    const char *twice = tren_names_repeat(line, n);
    if (twice)
        return tren_fail(TREN_ERR_DATA, "%s: '%s' occurs twice: name each class once", file->path,
                         twice);
    return tren_source_name_classes(source, line, n);
}

static tren_status name_classes(tren_source *source, const char *path) {
    if (!path && source->n_classes == 10)
        return tren_source_name_classes(source, names_of_10, source->n_classes);
    if (!path) return TREN_OK;
    content file;
    tren_status st = content_read(&file, path, NULL);
    if (st == TREN_OK) st = name_from(source, &file);
    free(file.bytes);
    return st;
}

/* ---- the source ------------------------------------------------------------------------------ */

static tren_status find_label(int *which, const format *f, int labels) {
    *which = f->n_labels == 2 && labels == LABELS_FINE;
    if (f->n_labels == 2 || labels == LABELS_FINE) return TREN_OK;
    return tren_fail(TREN_ERR_USAGE,
                     "--labels coarse: %s has one label per image: remove the option", f->name);
}

static void describe(tren_source *source, const pool *files, const format *f, int which) {
    source->shape = (tren_shape){3, 32, 32};
    source->is_image = true;
    source->x_type = source->y_type = TREN_U8;
    source->n_classes = f->n_classes[which];
    source->n_targets = 1;
    tren_source_add_origin(source, f->name);
    if (f->n_labels == 2) tren_source_add_origin(source, which ? "fine" : "coarse");
    for (int i = 0; i < files->n_files; i++) tren_source_add_file(source, files->file[i].path);
}

static tren_status read_source(tren_source *source, const void *context, uint64_t seed) {
    (void)seed;
    const settings *want = context;
    const format *f = NULL;
    int which = 0;
    pool files = {0};
    tren_digest_state *digest = NULL;
    tren_status st;
    TREN_GOTO(tren_digest_open(&digest));
    TREN_GOTO(pool_read(&files, want, digest));
    TREN_GOTO(find_format(&f, &files, want->classes));
    TREN_GOTO(find_label(&which, f, want->labels));
    TREN_GOTO(decode_all(source, &files, f, which));
    describe(source, &files, f, which);
    source->digest = tren_digest_value(digest);
    st = name_classes(source, want->names);
done:
    pool_close(&files);
    tren_digest_close(digest);
    return st;
}

static const tren_setting settings_table[] = {
    {"FILE", TREN_SETTING_TEXTS, offsetof(settings, file), NULL,
     .help = "Binary CIFAR files, plain or gzipped; several files are combined.", .required = true,
     .is_file = true},
    {"test", TREN_SETTING_TEXTS, offsetof(settings, test), "FILE[,...]",
     .help = "Test part of the source: test_batch.bin or test.bin.", .is_file = true},
    {"classes", TREN_SETTING_CHOICE, offsetof(settings, classes), "auto|10|100",
     .help = "Version: CIFAR-10 or CIFAR-100; default: found from the file size.",
     .fallback.integer = CLASSES_AUTO, .choices = classes_choices},
    {"labels", TREN_SETTING_CHOICE, offsetof(settings, labels), "fine|coarse",
     .help = "Labels of CIFAR-100: the 100 fine or the 20 coarse ones; default: fine.",
     .fallback.integer = LABELS_FINE, .choices = labels_choices},
    {"names", TREN_SETTING_TEXT, offsetof(settings, names), "FILE",
     .help = "Text file with one class name per line, such as fine_label_names.txt. The names of "
             "CIFAR-10 are built in.",
     .is_file = true},
};

const tren_source_kind tren_source_cifar = {
    .name = "cifar",
    .summary = "CIFAR-10 and CIFAR-100 in the binary version: colour images of 32 x 32 pixels",
    .setting = settings_table,
    .n_settings = TREN_SETTING_COUNT(settings_table),
    .settings_size = sizeof(settings),
    .read = read_source,
};
