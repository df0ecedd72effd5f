/* CSV: one row per line, columns of numbers, and columns that hold the class or the targets. */
#include "data/csv.h"
#include "base/text.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { HEADER_AUTO, HEADER_YES, HEADER_NO };
static const char *const header_choices[] = {"auto", "yes", "no", NULL};
static const char *const type_choices[] = {"f32", "f64", "u8", NULL};
static const tren_type types[] = {TREN_F32, TREN_F64, TREN_U8};

typedef struct settings {
    tren_texts file, test, target, ignore;
    const char *label, *separator, *shape;
    int header, type;
} settings;

typedef enum role { INPUT, LABEL, TARGET, IGNORED } role;

/* Everything read so far. Labels stay text until all are known. */
typedef struct table {
    const settings *want;
    char separator;
    size_t n_columns, n_inputs, n_targets;
    role *role;  /* [n_columns] owned */
    char **name; /* [n_columns] of the first header, owned, or NULL */
    size_t n, room, n_test;
    char *x;      /* [n, n_inputs] of types[want->type], owned */
    double *y;    /* [n, n_targets] owned */
    char **label; /* [n] owned, or NULL */
    bool in_test;
} table;

static void texts_free(char **text, size_t n) {
    for (size_t i = 0; text && i < n; i++) free(text[i]);
    free(text);
}

static void table_close(table *t) {
    texts_free(t->name, t->n_columns);
    texts_free(t->label, t->n);
    free(t->role);
    free(t->x);
    free(t->y);
}

/* ---- columns --------------------------------------------------------------------------------- */

/* The first column of this name from `from` on, or n_columns. */
static size_t next_named(const table *t, size_t from, const char *name) {
    if (!t->name) return t->n_columns;
    while (from < t->n_columns && strcmp(t->name[from], name) != 0) from++;
    return from;
}

/* A column by the name in the header, or by its number from 1. */
static tren_status find_column(size_t *column, const table *t, const char *option,
                               const char *text) {
    *column = next_named(t, 0, text);
    size_t again = next_named(t, *column + 1, text);
    if (again < t->n_columns)
        return tren_fail(TREN_ERR_USAGE,
                         "--%s: columns %zu and %zu are both called '%s': give the number", option,
                         *column + 1, again + 1, text);
    if (*column < t->n_columns) return TREN_OK;
    int64_t number;
    if (tren_text_int64(&number, text) == TREN_TEXT_OK && number >= 1 &&
        (uint64_t)number <= t->n_columns) {
        *column = (size_t)number - 1;
        return TREN_OK;
    }
    const char *nearest =
        t->name ? tren_text_nearest(text, (const char *const *)t->name, t->n_columns) : NULL;
    if (nearest)
        return tren_fail(TREN_ERR_USAGE, "--%s: there is no column '%s': did you mean '%s'?",
                         option, text, nearest);
    return tren_fail(TREN_ERR_USAGE,
                     "--%s: there is no column '%s' (%zu columns, numbered from 1%s)", option, text,
                     t->n_columns, t->name ? "" : "; the file has no header");
}

static tren_status assign(table *t, const char *option, const tren_texts *list, role as) {
    for (int i = 0; i < list->n; i++) {
        size_t column;
        TREN_TRY(find_column(&column, t, option, list->at[i]));
        if (t->role[column] != INPUT)
            return tren_fail(TREN_ERR_USAGE, "--%s: column '%s' is given two roles", option,
                             list->at[i]);
        t->role[column] = as;
    }
    return TREN_OK;
}

static tren_status assign_roles(table *t, const tren_csv *csv) {
    const settings *want = t->want;
    tren_texts label = {.n = want->label ? 1 : 0, .at = {want->label}};
    TREN_TRY(assign(t, "label", &label, LABEL));
    TREN_TRY(assign(t, "target", &want->target, TARGET));
    TREN_TRY(assign(t, "ignore", &want->ignore, IGNORED));
    for (size_t i = 0; i < t->n_columns; i++) {
        t->n_inputs += t->role[i] == INPUT;
        t->n_targets += t->role[i] == TARGET;
    }
    return t->n_inputs ? TREN_OK : tren_csv_fail(csv, "no column is left for the inputs");
}

/* A first line is a header when a field that should be a number is not one. */
static bool looks_like_header(const table *t, const tren_csv *csv) {
    int64_t label = 0;
    if (t->want->label && tren_text_int64(&label, t->want->label) != TREN_TEXT_OK) return true;
    for (size_t i = 0; i < csv->n; i++) {
        double ignored;
        const char *field = tren_csv_field(csv, i);
        if ((int64_t)i + 1 != label && *field && !tren_csv_number(&ignored, field)) return true;
    }
    return false;
}

static bool has_header(const table *t, const tren_csv *csv) {
    return t->want->header == HEADER_YES ||
           (t->want->header == HEADER_AUTO && looks_like_header(t, csv));
}

/* One column is no table; a character that separates columns in other files tells why. */
static tren_status check_separator(const table *t, const tren_csv *csv) {
    const char *found = csv->n == 1 ? strpbrk(tren_csv_field(csv, 0), ";\t|,") : NULL;
    if (!found || *found == t->separator) return TREN_OK;
    char other[] = {'\'', *found, '\'', '\0'};
    const char *name = *found == '\t' ? "tab" : other;
    return tren_fail(TREN_ERR_USAGE,
                     "%s: line %zu is one column when cut at '%c', and has a %s in it: give "
                     "--separator %s",
                     tren_stream_path(csv->stream), csv->line, t->separator, name, name);
}

/* From the first record of the first file. */
static tren_status set_columns(table *t, const tren_csv *csv, bool header) {
    t->n_columns = csv->n;
    TREN_TRY(check_separator(t, csv));
    TREN_TRY(tren_alloc(&t->role, csv->n, sizeof *t->role, "the columns of a CSV file"));
    if (header) {
        TREN_TRY(tren_alloc(&t->name, csv->n, sizeof *t->name, "the columns of a CSV file"));
        for (size_t i = 0; i < csv->n; i++)
            if (!(t->name[i] = strdup(tren_csv_field(csv, i))))
                return tren_fail(TREN_ERR_INTERNAL, "out of memory");
    }
    return assign_roles(t, csv);
}

static tren_status check_header(const table *t, const tren_csv *csv) {
    for (size_t i = 0; t->name && i < csv->n && i < t->n_columns; i++)
        if (strcmp(t->name[i], tren_csv_field(csv, i)) != 0)
            return tren_csv_fail(csv, "column %zu is '%s', in %s it is '%s'", i + 1,
                                 tren_csv_field(csv, i), t->want->file.at[0], t->name[i]);
    return TREN_OK;
}

/* ---- rows ------------------------------------------------------------------------------------ */

static tren_status resize(void *array, size_t count, size_t size) {
    void *old, *at;
    memcpy(&old, array, sizeof old);
    at = realloc(old, count * size + 1);
    if (!at)
        return tren_fail(TREN_ERR_INTERNAL, "out of memory: %zu x %zu bytes for a CSV table", count,
                         size);
    memcpy(array, &at, sizeof at);
    return TREN_OK;
}

static tren_status table_grow(table *t) {
    if (t->n < t->room) return TREN_OK;
    t->room = t->room ? t->room * 2 : 1024;
    TREN_TRY(resize(&t->x, t->room * t->n_inputs, tren_type_size(types[t->want->type])));
    TREN_TRY(resize(&t->y, t->room * t->n_targets, sizeof *t->y));
    return t->want->label ? resize(&t->label, t->room, sizeof *t->label) : TREN_OK;
}

static tren_status bad_field(const table *t, const tren_csv *csv, size_t i, const char *expected) {
    return tren_csv_fail(csv, "column %zu%s%s%s: '%s' is not %s: mend or remove this line", i + 1,
                         t->name ? " (" : "", t->name ? t->name[i] : "", t->name ? ")" : "",
                         tren_csv_field(csv, i), expected);
}

static tren_status read_number(double *value, const table *t, const tren_csv *csv, size_t i) {
    if (!tren_csv_number(value, tren_csv_field(csv, i))) return bad_field(t, csv, i, "a number");
    if (!isfinite(*value)) return bad_field(t, csv, i, "a finite number");
    return TREN_OK;
}

/* The value of column i, as element k of x. */
static tren_status put_input(table *t, const tren_csv *csv, size_t i, size_t k) {
    double value;
    TREN_TRY(read_number(&value, t, csv, i));
    switch (types[t->want->type]) {
    case TREN_U8:
        if (!(value >= 0 && value <= 255) || value != floor(value))
            return bad_field(t, csv, i, "a whole number from 0 to 255");
        ((uint8_t *)t->x)[k] = (uint8_t)value;
        break;
    case TREN_F32:
        if (fabs(value) > 3.4028234663852886e38)
            return bad_field(t, csv, i, "within the range of f32: use --type f64");
        ((float *)(void *)t->x)[k] = (float)value;
        break;
    default:
        ((double *)(void *)t->x)[k] = value;
    }
    return TREN_OK;
}

static tren_status put_label(table *t, const tren_csv *csv, size_t i) {
    const char *text = tren_csv_field(csv, i);
    if (!*text) return bad_field(t, csv, i, "a label");
    if (tren_class_name_check(TREN_ERR_DATA, "the label", text) != TREN_OK)
        return tren_csv_fail(csv, "%s", tren_error_text());
    t->label[t->n] = strdup(text);
    return t->label[t->n] ? TREN_OK : tren_fail(TREN_ERR_INTERNAL, "out of memory");
}

static tren_status add_fields(table *t, const tren_csv *csv) {
    size_t x = t->n * t->n_inputs, y = t->n * t->n_targets;
    for (size_t i = 0; i < csv->n; i++) {
        if (t->role[i] == INPUT) TREN_TRY(put_input(t, csv, i, x++));
        if (t->role[i] == TARGET) TREN_TRY(read_number(&t->y[y++], t, csv, i));
    }
    for (size_t i = 0; i < csv->n; i++)
        if (t->role[i] == LABEL) TREN_TRY(put_label(t, csv, i));
    return TREN_OK;
}

static tren_status add_row(table *t, const tren_csv *csv) {
    if (csv->n != t->n_columns)
        return tren_csv_fail(
            csv, "has %zu fields, the first line has %zu (separator '%c'): mend or remove it",
            csv->n, t->n_columns, t->separator);
    TREN_TRY(table_grow(t));
    TREN_TRY(add_fields(t, csv));
    t->n++;
    t->n_test += t->in_test;
    return TREN_OK;
}

static tren_status read_rows(table *t, tren_csv *csv) {
    bool more;
    TREN_TRY(tren_csv_next(csv, &more));
    if (!more) return tren_fail(TREN_ERR_DATA, "%s: holds no rows", tren_stream_path(csv->stream));
    bool header = has_header(t, csv);
    if (!t->role)
        TREN_TRY(set_columns(t, csv, header));
    else if (header)
        TREN_TRY(check_header(t, csv));
    if (header) TREN_TRY(tren_csv_next(csv, &more));
    while (more) {
        TREN_TRY(add_row(t, csv));
        TREN_TRY(tren_csv_next(csv, &more));
    }
    return TREN_OK;
}

static tren_status read_file(table *t, const char *path, tren_digest_state *digest) {
    tren_stream *stream = NULL;
    tren_csv csv = {0};
    tren_status st;
    TREN_GOTO(tren_stream_open(&stream, path, digest));
    TREN_GOTO(tren_csv_open(&csv, stream, t->separator));
    st = read_rows(t, &csv);
done:
    tren_csv_close(&csv);
    tren_stream_close(stream);
    return st;
}

/* ---- the source ------------------------------------------------------------------------------ */

static tren_status set_targets(tren_source *source, table *t) {
    source->n_targets = (int)t->n_targets;
    source->y_type = TREN_F64;
    source->y = t->y;
    t->y = NULL;
    return TREN_OK;
}

/* "28x28" or "3x32x32": rows of a table that are images. */
static tren_status set_shape(tren_source *source, const table *t) {
    source->shape = (tren_shape){(int)t->n_inputs, 1, 1};
    const char *text = t->want->shape;
    if (!text) return TREN_OK;
    int c = 1, h, w, end = 0;
    bool right = sscanf(text, "%dx%dx%d%n", &c, &h, &w, &end) == 3 && !text[end];
    if (!right) {
        c = 1;
        right = sscanf(text, "%dx%d%n", &h, &w, &end) == 2 && !text[end];
    }
    if (!right || c < 1 || h < 1 || w < 1)
        return tren_fail(TREN_ERR_USAGE, "--shape: '%s' is not HxW or CxHxW", text);
    if ((double)c * h * w != (double)t->n_inputs)
        return tren_fail(TREN_ERR_USAGE,
                         "--shape: %s has %.0f values, the file has %zu input columns", text,
                         (double)c * h * w, t->n_inputs);
    source->shape = (tren_shape){c, h, w};
    source->is_image = true;
    return TREN_OK;
}

static tren_status check_settings(table *t) {
    const settings *want = t->want;
    const char *separator = want->separator;
    if (!strcmp(separator, "tab") || !strcmp(separator, "\\t")) separator = "\t";
    if (strlen(separator) != 1 || strchr("\"\r\n", *separator))
        return tren_fail(TREN_ERR_USAGE, "--separator: '%s' is not one character or 'tab'",
                         want->separator);
    t->separator = *separator;
    if (!want->label == !want->target.n)
        return tren_fail(
            TREN_ERR_USAGE,
            want->label ? "--label and --target exclude each other"
                        : "--label COLUMN (classes) or --target COLUMN,... (numbers) is missing");
    return TREN_OK;
}

static tren_status read_files(table *t, tren_digest_state *digest) {
    for (int i = 0; i < t->want->file.n; i++) TREN_TRY(read_file(t, t->want->file.at[i], digest));
    t->in_test = true;
    for (int i = 0; i < t->want->test.n; i++) TREN_TRY(read_file(t, t->want->test.at[i], digest));
    return TREN_OK;
}

static tren_status fill(tren_source *source, table *t) {
    source->n = t->n - t->n_test;
    source->n_test = t->n_test;
    if (source->n == 0)
        return tren_fail(TREN_ERR_DATA, "%s: holds no rows below its header", t->want->file.at[0]);
    if (t->n > INT32_MAX || t->n_inputs > INT32_MAX)
        return tren_fail(TREN_ERR_DATA, "%zu rows are too many", t->n);
    TREN_TRY(set_shape(source, t));
    source->x_type = types[t->want->type];
    source->x = t->x;
    t->x = NULL;
    if (!t->want->label) return set_targets(source, t);
    return tren_source_set_text_labels(source, t->label, t->want->file.at[0]);
}

static void add_origin(tren_source *source, const settings *want) {
    tren_source_add_origin(source, "csv");
    for (int i = 0; i < want->file.n + want->test.n; i++) {
        const char *path = i < want->file.n ? want->file.at[i] : want->test.at[i - want->file.n];
        tren_source_add_file(source, path);
    }
}

static tren_status read_source(tren_source *source, const void *context, uint64_t seed) {
    (void)seed;
    table t = {.want = context};
    tren_digest_state *digest = NULL;
    tren_status st;
    TREN_GOTO(check_settings(&t));
    TREN_GOTO(tren_digest_open(&digest));
    TREN_GOTO(read_files(&t, digest));
    TREN_GOTO(fill(source, &t));
    add_origin(source, t.want);
    source->digest = tren_digest_value(digest);
done:
    table_close(&t);
    tren_digest_close(digest);
    return st;
}

static const tren_setting settings_table[] = {
    {"FILE", TREN_SETTING_TEXTS, offsetof(settings, file), NULL,
     .help = "CSV files, plain or gzipped; several are pooled.", .required = true, .is_file = true},
    {"label", TREN_SETTING_TEXT, offsetof(settings, label), "COLUMN",
     .help = "The column with the class, by name or by number from 1."},
    {"target", TREN_SETTING_TEXTS, offsetof(settings, target), "COLUMN[,...]",
     .help = "The columns to be predicted, for regression."},
    {"ignore", TREN_SETTING_TEXTS, offsetof(settings, ignore), "COLUMN[,...]",
     .help = "Columns to leave out."},
    {"test", TREN_SETTING_TEXTS, offsetof(settings, test), "FILE[,...]",
     .help = "The source's own test part.", .is_file = true},
    {"header", TREN_SETTING_CHOICE, offsetof(settings, header), "auto|yes|no",
     .help = "Whether the first line names the columns; auto by default.",
     .fallback.integer = HEADER_AUTO, .choices = header_choices},
    {"separator", TREN_SETTING_TEXT, offsetof(settings, separator), "CHAR",
     .help = "One character, or 'tab'; a comma by default.", .fallback.text = ","},
    {"type", TREN_SETTING_CHOICE, offsetof(settings, type), "f32|f64|u8",
     .help = "How the inputs are stored; f32 by default.", .choices = type_choices},
    {"shape", TREN_SETTING_TEXT, offsetof(settings, shape), "CxHxW",
     .help = "The inputs are the pixels of an image of this shape."},
};

const tren_source_kind tren_source_csv = {
    .name = "csv",
    .summary =
        "CSV files: a table of numbers with a column for the class or columns for the targets",
    .setting = settings_table,
    .n_settings = TREN_SETTING_COUNT(settings_table),
    .settings_size = sizeof(settings),
    .read = read_source,
};
