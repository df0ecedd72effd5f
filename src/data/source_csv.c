/* CSV: one row per line, columns of numbers, and columns that hold the class or the targets. */
#include "data/csv_table.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef tren_csv_settings settings;
typedef tren_csv_table table;

enum { TYPE_AUTO, TYPE_F32, TYPE_F64, TYPE_U8 };
static const char *const header_choices[] = {"auto", "yes", "no", NULL};
static const char *const index_choices[] = {"drop", "keep", NULL};
static const char *const type_choices[] = {"auto", "f32", "f64", "u8", NULL};
static const tren_type types[] = {TREN_F64, TREN_F32, TREN_F64, TREN_U8};

/* ---- labels and targets ---------------------------------------------------------------------- */

static void set_targets(tren_source *source, table *t) {
    source->n_targets = (int)t->columns.n_targets;
    source->y_type = TREN_F64;
    source->y = t->y;
    t->y = NULL;
}

/* The classes stand in the order of their columns, those without rows too. */
static tren_status name_hot(tren_source *source, const table *t) {
    const tren_csv_columns *c = &t->columns;
    const char **name;
    int n = 0;
    if (!c->name || !source->class_name) return TREN_OK; /* numbers are in order already */
    TREN_TRY(tren_alloc(&name, c->n_hot, sizeof *name, "class names"));
    for (size_t i = 0; i < c->n; i++)
        if (c->role[i] == TREN_CSV_HOT) name[n++] = c->name[i];
    tren_status st = tren_source_name_classes(source, name, n);
    free(name);
    return st;
}

/* Numbers and names together: the few are a missing label, a remark or a slip, unless all are names
 * of classes, which only the user knows. */
static tren_status doubt_labels(tren_source *source, const table *t) {
    const tren_csv_kind *names = &t->names, *numbers = &t->numbers;
    bool odd_name = names->n <= numbers->n;
    if (names->n == 0 || numbers->n == 0) return TREN_OK;
    int length = asprintf(&source->doubt,
                          "%s is %s number, but %zu other label%s: if its label is missing, remove "
                          "the line, or fix it; if all are names of classes, give --class-names "
                          "with every label exactly as it is written, or rename the numbers",
                          odd_name ? names->first : numbers->first, odd_name ? "no" : "a",
                          odd_name ? numbers->n : names->n,
                          odd_name ? (numbers->n > 1 ? "s are" : " is")
                                   : (names->n > 1 ? "s are not" : " is not"));
    if (length >= 0) return TREN_OK;
    source->doubt = NULL;
    return tren_fail(TREN_ERR_INTERNAL, "out of memory");
}

static tren_status set_answers(tren_source *source, table *t) {
    source->weight = t->weight;
    t->weight = NULL;
    if (t->want->unlabeled) tren_source_set_unlabeled(source);
    if (t->want->target.n > 0) set_targets(source, t);
    if (!tren_csv_has_classes(t)) return TREN_OK;
    TREN_TRY(doubt_labels(source, t));
    TREN_TRY(tren_source_set_text_labels(source, t->label, t->want->file.at[0]));
    return t->columns.n_hot > 0 ? name_hot(source, t) : TREN_OK;
}

/* ---- inputs ---------------------------------------------------------------------------------- */

/* f32 would lose a whole number, or more than a thousandth of what the column spans. */
static bool needs_f64(const tren_csv_seen *s) {
    double largest = fmax(fabs(s->min), fabs(s->max));
    if (s->in_f32 || s->min == s->max) return !s->in_f32 && s->whole;
    return s->whole || largest > 3e38 || s->max - s->min < 0x1p-100 ||
           largest * 0x1p-24 > 1e-3 * (s->max - s->min);
}

static void narrow(char *x, size_t n) {
    for (size_t i = 0; i < n; i++) {
        double value;
        memcpy(&value, x + i * sizeof value, sizeof value);
        float less = (float)value;
        memcpy(x + i * sizeof less, &less, sizeof less);
    }
}

static tren_status check_whole(const table *t, const tren_csv_seen *s, size_t i) {
    char column[TREN_CSV_COLUMN_ROOM], option[TREN_CSV_COLUMN_ROOM];
    if (!s->whole || s->line == 0) return TREN_OK;
    return tren_fail(TREN_ERR_DATA,
                     "%s:%zu: %s: a whole number beyond 2^53 has no exact value in f64: divide the "
                     "column, or ignore it with --ignore %s",
                     t->want->file.at[0], s->line, tren_csv_column(column, &t->columns, i),
                     tren_csv_column_option(option, &t->columns, i));
}

static void say_wide(tren_source *source, const table *t, const tren_csv_seen *s, size_t i) {
    char column[TREN_CSV_COLUMN_ROOM];
    tren_source_note(
        source,
        "%s: its numbers (up to %.17g) are not exact in f32, so the table is stored as f64; --type "
        "f32 rounds them",
        tren_csv_column(column, &t->columns, i), fmax(fabs(s->min), fabs(s->max)));
}

static void say_if_counts(tren_source *source, const table *t, const tren_csv_seen *s, size_t i) {
    char column[TREN_CSV_COLUMN_ROOM], option[TREN_CSV_COLUMN_ROOM];
    bool from_start = s->counts && (s->first == 0 || s->first == 1);
    if (!from_start || t->n < 5 || t->want->index == TREN_CSV_INDEX_KEEP) return;
    tren_source_note(source,
                     "%s: counts the rows from %.0f: if it is an index, ignore it with --ignore %s",
                     tren_csv_column(column, &t->columns, i), s->first,
                     tren_csv_column_option(option, &t->columns, i));
}

static tren_status set_inputs(tren_source *source, table *t) {
    bool wide = false;
    size_t k = 0;
    for (size_t i = 0; i < t->columns.n; i++) {
        if (t->columns.role[i] != TREN_CSV_INPUT) continue;
        const tren_csv_seen *s = &t->seen[k++];
        if (t->type == TREN_F64) TREN_TRY(check_whole(t, s, i));
        say_if_counts(source, t, s, i);
        if (wide || t->want->type != TYPE_AUTO || !needs_f64(s)) continue;
        say_wide(source, t, s, i);
        wide = true;
    }
    source->x_type = t->type;
    if (t->want->type == TYPE_AUTO && !wide) {
        narrow(t->x, t->n * t->columns.n_inputs);
        source->x_type = TREN_F32;
    }
    source->x = t->x;
    t->x = NULL;
    return TREN_OK;
}

/* The names of the n columns of a role, in order; an index without a name has a name of its own. */
static tren_status take_names(char ***name, const tren_csv_columns *c, tren_csv_role role,
                              size_t n) {
    TREN_TRY(tren_alloc(name, n, sizeof **name, "column names"));
    for (size_t i = 0, k = 0; i < c->n; i++) {
        if (c->role[i] != role) continue;
        (*name)[k] = strdup(i == 0 && !c->name[i][0] ? "index" : c->name[i]);
        if (!(*name)[k++]) return tren_fail(TREN_ERR_INTERNAL, "out of memory");
    }
    return TREN_OK;
}

/* Of a table's inputs, and of what it has for targets. */
static tren_status name_columns(tren_source *source, const tren_csv_columns *c) {
    if (!c->name) return TREN_OK;
    if (c->n_targets > 0)
        TREN_TRY(take_names(&source->target_name, c, TREN_CSV_TARGET, c->n_targets));
    if (source->is_image) return TREN_OK;
    return take_names(&source->column_name, c, TREN_CSV_INPUT, c->n_inputs);
}

/* "28x28" or "3x32x32": rows of a table that are images. */
static tren_status set_shape(tren_source *source, const table *t) {
    const char *text = t->want->shape;
    tren_h5_shape shape = {.rank = 2, .dim = {t->n, t->columns.n_inputs}};
    char what[128];
    int c, h, w, end = 0;
    if (text && sscanf(text, "%dx%dx%d%n", &c, &h, &w, &end) == 3 && !text[end]) {
        shape.rank = 4;
    } else if (text) {
        c = 1;
        shape.rank = 3;
        if (sscanf(text, "%dx%d%n", &h, &w, &end) != 2 || text[end]) c = 0;
    }
    if (text && (c < 1 || h < 1 || w < 1))
        return tren_fail(TREN_ERR_USAGE, "--shape: '%s' is not HxW or CxHxW", text);
    if (text && (double)c * h * w != (double)t->columns.n_inputs)
        return tren_fail(TREN_ERR_USAGE,
                         "--shape: %s has %.0f values, but the file has %zu input columns", text,
                         (double)c * h * w, t->columns.n_inputs);
    const size_t dim[] = {(size_t)c, (size_t)h, (size_t)w};
    if (shape.rank == 4) memcpy(shape.dim + 1, dim, sizeof dim);
    if (shape.rank == 3) memcpy(shape.dim + 1, dim + 1, 2 * sizeof *dim);
    snprintf(what, sizeof what, "--shape %s", text ? text : "");
    return tren_source_set_layout(source, &shape, &t->want->layout, what);
}

/* ---- the source ------------------------------------------------------------------------------ */

static tren_status check_roles(const settings *want) {
    int ways =
        (want->label != NULL) + (want->target.n > 0) + (want->one_hot.n > 0) + want->unlabeled;
    if (ways == 0)
        return tren_fail(TREN_ERR_USAGE, "give --label COLUMN (classes) or --target COLUMN,... "
                                         "(numbers); --unlabeled imports rows to predict");
    if (ways > 1)
        return tren_fail(TREN_ERR_USAGE,
                         "--label, --target, --one-hot and --unlabeled cannot be used together");
    if (want->weight && want->unlabeled)
        return tren_fail(TREN_ERR_USAGE, "--weight: rows to predict are not used for training; "
                                         "remove --weight, or give a --label or --target");
    if (want->one_hot.n == 1)
        return tren_fail(
            TREN_ERR_USAGE,
            "--one-hot: '%s' is one column; give the columns of all classes, or use --label",
            want->one_hot.at[0]);
    return TREN_OK;
}

/* Files with decimal commas have semicolons between columns, unless told otherwise. */
static tren_status set_format(table *t) {
    const char *separator = t->want->separator, *decimal = t->want->decimal;
    bool comma = !strcmp(decimal, ",") || !strcmp(decimal, "comma");
    if (!comma && strcmp(decimal, ".") != 0)
        return tren_fail(TREN_ERR_USAGE, "--decimal: '%s' is neither '.' nor ','", decimal);
    if (!separator) separator = comma ? ";" : ",";
    if (!strcmp(separator, "tab") || !strcmp(separator, "\\t")) separator = "\t";
    if (!strcmp(separator, "blanks")) separator = " ";
    if (strlen(separator) != 1 || strchr("\"\r\n", *separator))
        return tren_fail(TREN_ERR_USAGE,
                         "--separator: '%s' is not one character, 'tab' or 'blanks'", separator);
    t->format = (tren_csv_format){*separator, comma ? ',' : '.'};
    return TREN_OK;
}

static tren_status read_files(table *t, tren_digest_state *digest, tren_source *source) {
    const tren_texts *file = &t->want->file, *test = &t->want->test;
    for (int i = 0; i < file->n; i++) TREN_TRY(tren_csv_table_read(t, file->at[i], digest, source));
    t->in_test = true;
    for (int i = 0; i < test->n; i++) TREN_TRY(tren_csv_table_read(t, test->at[i], digest, source));
    return TREN_OK;
}

static tren_status fill(tren_source *source, table *t) {
    source->n = t->n - t->n_test;
    source->n_test = t->n_test;
    if (source->n == 0)
        return tren_fail(TREN_ERR_DATA, "%s: has no rows below its header; is it the right file?",
                         t->want->file.at[0]);
    if (t->n > INT32_MAX || t->columns.n_inputs > INT32_MAX)
        return tren_fail(TREN_ERR_DATA, "%zu rows are too many; import fewer", t->n);
    TREN_TRY(set_shape(source, t));
    TREN_TRY(set_inputs(source, t));
    if (t->want->layout.channels_last) TREN_TRY(tren_source_put_channels_first(source));
    TREN_TRY(name_columns(source, &t->columns));
    return set_answers(source, t);
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
    const settings *want = context;
    table t = {.want = want, .type = types[want->type], .columns.want = want};
    tren_digest_state *digest = NULL;
    tren_status st;
    TREN_GOTO(check_roles(want));
    TREN_GOTO(set_format(&t));
    TREN_GOTO(tren_digest_open(&digest));
    TREN_GOTO(read_files(&t, digest, source));
    TREN_GOTO(fill(source, &t));
    add_origin(source, want);
    source->digest = tren_digest_value(digest);
done:
    tren_csv_table_close(&t);
    tren_digest_close(digest);
    return st;
}

static const tren_setting settings_table[] = {
    {"FILE", TREN_SETTING_TEXTS, offsetof(settings, file), NULL,
     .help = "CSV files, plain or gzipped; several files are combined.", .required = true,
     .is_file = true},
    {"label", TREN_SETTING_TEXT, offsetof(settings, label), "COLUMN",
     .help = "Column of the class, by name or by number from 1. If a name is itself a number, the "
             "name has priority."},
    {"target", TREN_SETTING_TEXTS, offsetof(settings, target), "COLUMN[,...]",
     .help = "Columns to predict, for regression."},
    {"one-hot", TREN_SETTING_TEXTS, offsetof(settings, one_hot), "COLUMN,COLUMN[,...]",
     .help = "Columns of 0 and 1 that give the class: each row has a single 1."},
    {"weight", TREN_SETTING_TEXT, offsetof(settings, weight), "COLUMN",
     .help = "Column with the weight of each row in training: numbers of at least 0."},
    {"unlabeled", TREN_SETTING_FLAG, offsetof(settings, unlabeled), NULL,
     .help = "Import rows to predict: they have no labels, and all go to the test part."},
    {"ignore", TREN_SETTING_TEXTS, offsetof(settings, ignore), "COLUMN[,...]",
     .help = "Columns to ignore."},
    {"index", TREN_SETTING_CHOICE, offsetof(settings, index), "drop|keep",
     .help = "drop or keep a first column that is the index of the rows: one without a name, or "
             "called 'Unnamed: 0' by pandas. Default: drop.",
     .choices = index_choices},
    {"test", TREN_SETTING_TEXTS, offsetof(settings, test), "FILE[,...]",
     .help = "Test part of the source.", .is_file = true},
    {"header", TREN_SETTING_CHOICE, offsetof(settings, header), "auto|yes|no",
     .help = "Whether the first line gives the column names. Default: yes if it cannot be a row.",
     .fallback.integer = TREN_CSV_HEADER_AUTO, .choices = header_choices},
    {"separator", TREN_SETTING_TEXT, offsetof(settings, separator), "CHAR",
     .help = "Separator: one character, 'tab', or 'blanks' for one or more blanks. Default: a "
             "comma, or a semicolon with decimal commas."},
    {"decimal", TREN_SETTING_TEXT, offsetof(settings, decimal), "CHAR",
     .help = "Decimal point, '.' or ','; default: '.'.", .fallback.text = "."},
    {"type", TREN_SETTING_CHOICE, offsetof(settings, type), "auto|f32|f64|u8",
     .help = "Type of the stored inputs. Default: f32, or f64 if f32 would round whole numbers or "
             "the differences within a column.",
     .choices = type_choices},
    {"shape", TREN_SETTING_TEXT, offsetof(settings, shape), "CxHxW",
     .help = "Treat the inputs as the pixels of an image of this shape."},
    TREN_LAYOUT_SETTINGS(settings),
};

const tren_source_kind tren_source_csv = {
    .name = "csv",
    .summary =
        "CSV files: a table of numbers with a column for the class, or columns for the targets",
    .setting = settings_table,
    .n_settings = TREN_SETTING_COUNT(settings_table),
    .settings_size = sizeof(settings),
    .read = read_source,
};
