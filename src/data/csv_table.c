/* Rows of CSV files: every cell is checked, and its line and column named where it is wrong. */
#include "data/csv_table.h"
#include "base/quote.h"
#include "base/text.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void tren_csv_table_close(tren_csv_table *t) {
    for (size_t i = 0; t->label && i < t->n; i++) free(t->label[i]);
    free(t->label);
    free(t->names.first);
    free(t->numbers.first);
    free(t->seen);
    free(t->x);
    free(t->y);
    free(t->weight);
    tren_csv_columns_close(&t->columns);
    *t = (tren_csv_table){0};
}

/* ---- cells ----------------------------------------------------------------------------------- */

static bool is_missing(const char *text) {
    static const char *const word[] = {"", "NA", "N/A", "null", "None", "?", "-", "nan", "-nan"};
    for (size_t i = 0; i < sizeof word / sizeof *word; i++)
        if (strcasecmp(text, word[i]) == 0) return true;
    return false;
}

/* What to do about a cell that is no number. */
static const char *remedy_of(const tren_csv_table *t, const char *text) {
    double ignored;
    char other = t->format.decimal == '.' ? ',' : '.';
    if (is_missing(text)) return "fill it, or remove this line";
    if (strchr(text, other) && tren_csv_number(&ignored, text, other))
        return other == ','
                   ? "give --decimal ',' if this is a decimal comma, remove the comma if it "
                     "marks thousands"
                   : "remove --decimal if this is a decimal point";
    return "fix or remove this line";
}

static tren_status bad_field(const tren_csv_table *t, const tren_csv *csv, size_t i,
                             const char *expected) {
    char column[TREN_CSV_COLUMN_ROOM], option[TREN_CSV_COLUMN_ROOM], shown[TREN_ODD_ROOM];
    const char *text = tren_csv_field(csv, i);
    tren_csv_column_option(option, &t->columns, i);
    return tren_csv_fail(
        csv, "%s: '%s' is not %s: %s%s%s%s", tren_csv_column(column, &t->columns, i),
        tren_show_odd(shown, text), expected, remedy_of(t, text),
        t->columns.role[i] == TREN_CSV_INPUT ? ", or ignore the column with --ignore " : "",
        t->columns.role[i] == TREN_CSV_INPUT ? option : "", *text ? "" : " (the cell is empty)");
}

static tren_status read_number(double *value, const tren_csv_table *t, const tren_csv *csv,
                               size_t i) {
    const char *text = tren_csv_field(csv, i);
    if (!tren_csv_number(value, text, t->format.decimal)) return bad_field(t, csv, i, "a number");
    if (!isfinite(*value)) return bad_field(t, csv, i, "a finite number");
    return TREN_OK;
}

/* Plain digits that f64 rounds. */
static bool is_rounded(const char *text, double value) {
    if (fabs(value) < 9007199254740992.0 || text[strspn(text, "+-0123456789")]) return false;
    int64_t integer;
    return tren_text_int64(&integer, text) != TREN_TEXT_OK || fabs(value) >= 9.2e18 ||
           (int64_t)value != integer;
}

static void see(tren_csv_seen *s, const tren_csv_table *t, const tren_csv *csv, const char *text,
                double value) {
    if (t->n == t->first) s->first = value;
    if (t->n == 0) {
        s->min = s->max = value;
        s->whole = s->in_f32 = s->counts = true;
    }
    if (value < s->min) s->min = value;
    if (value > s->max) s->max = value;
    s->whole &= value == floor(value);
    s->in_f32 &= (double)(float)value == value;
    s->counts &= value - s->first == (double)(t->n - t->first);
    if (s->line == 0 && is_rounded(text, value)) s->line = csv->line;
}

/* The value of column i, as input k of this row. */
static tren_status put_input(tren_csv_table *t, const tren_csv *csv, size_t i, size_t k) {
    double value;
    size_t at = t->n * t->columns.n_inputs + k;
    TREN_TRY(read_number(&value, t, csv, i));
    see(&t->seen[k], t, csv, tren_csv_field(csv, i), value);
    switch (t->type) {
    case TREN_U8:
        if (!(value >= 0 && value <= 255) || value != floor(value))
            return bad_field(t, csv, i, "a whole number from 0 to 255");
        ((uint8_t *)t->x)[at] = (uint8_t)value;
        break;
    case TREN_F32:
        if (fabs(value) > 3.4028234663852886e38)
            return bad_field(t, csv, i, "in the range of f32 (--type f64 has a larger range)");
        ((float *)(void *)t->x)[at] = (float)value;
        break;
    default:
        ((double *)(void *)t->x)[at] = value;
    }
    return TREN_OK;
}

static tren_status see_label(tren_csv_table *t, const tren_csv *csv, size_t i) {
    char column[TREN_CSV_COLUMN_ROOM], shown[TREN_ODD_ROOM];
    const char *text = tren_csv_field(csv, i);
    double value;
    bool number = tren_csv_number(&value, text, t->format.decimal) && isfinite(value);
    tren_csv_kind *kind = number ? &t->numbers : &t->names;
    if (kind->n++ > 0) return TREN_OK;
    int length =
        asprintf(&kind->first, "%s:%zu: %s: '%s'", tren_stream_path(csv->stream), csv->line,
                 tren_csv_column(column, &t->columns, i), tren_show_odd(shown, text));
    if (length >= 0) return TREN_OK;
    kind->first = NULL;
    return tren_fail(TREN_ERR_INTERNAL, "out of memory");
}

static tren_status put_label(tren_csv_table *t, const tren_csv *csv, size_t i) {
    const char *text = tren_csv_field(csv, i);
    if (!*text) return bad_field(t, csv, i, "a label");
    if (tren_class_name_check(TREN_ERR_DATA, "the label", text) != TREN_OK)
        return tren_csv_fail(csv, "%s", tren_error_text());
    TREN_TRY(see_label(t, csv, i));
    t->label[t->n] = strdup(text);
    double ignored; /* "1,0" may be a whole number */
    char *comma = t->label[t->n] ? strchr(t->label[t->n], t->format.decimal) : NULL;
    if (comma && tren_csv_number(&ignored, text, t->format.decimal)) *comma = '.';
    return t->label[t->n] ? TREN_OK : tren_fail(TREN_ERR_INTERNAL, "out of memory");
}

/* ---- one-hot --------------------------------------------------------------------------------- */

/* 1 or 0, as pandas writes them; else -1. */
static int hot_value(const tren_csv_table *t, const char *text) {
    double value;
    if (tren_csv_number(&value, text, t->format.decimal))
        return value == 1 ? 1 : value == 0 ? 0 : -1;
    bool yes;
    return tren_text_bool(&yes, text) == TREN_TEXT_OK ? yes : -1;
}

/* The label is the name of the column with the 1. */
static tren_status put_hot(tren_csv_table *t, const tren_csv *csv) {
    char one[TREN_CSV_COLUMN_ROOM], two[TREN_CSV_COLUMN_ROOM];
    size_t hot = csv->n;
    for (size_t i = 0; i < csv->n; i++) {
        if (t->columns.role[i] != TREN_CSV_HOT) continue;
        int value = hot_value(t, tren_csv_field(csv, i));
        if (value < 0) return bad_field(t, csv, i, "0 or 1, as required by --one-hot");
        if (value && hot < csv->n)
            return tren_csv_fail(csv,
                                 "%s and %s are both 1, but --one-hot allows one 1 in a row: fix "
                                 "or remove this line",
                                 tren_csv_column(one, &t->columns, hot),
                                 tren_csv_column(two, &t->columns, i));
        if (value) hot = i;
    }
    if (hot == csv->n)
        return tren_csv_fail(csv, "no column of --one-hot is 1: fix or remove this line, or give "
                                  "the columns of all classes");
    snprintf(one, sizeof one, "%zu", hot + 1);
    t->label[t->n] = strdup(t->columns.name ? t->columns.name[hot] : one);
    return t->label[t->n] ? TREN_OK : tren_fail(TREN_ERR_INTERNAL, "out of memory");
}

/* ---- rows ------------------------------------------------------------------------------------ */

static tren_status table_grow(tren_csv_table *t) {
    if (t->n < t->room) return TREN_OK;
    t->room = t->room ? t->room * 2 : 1024;
    const char *what = "a CSV table";
    TREN_TRY(tren_resize(&t->x, t->room * t->columns.n_inputs, tren_type_size(t->type), what));
    TREN_TRY(tren_resize(&t->y, t->room * t->columns.n_targets, sizeof *t->y, what));
    if (t->want->weight) TREN_TRY(tren_resize(&t->weight, t->room, sizeof *t->weight, what));
    if (!tren_csv_has_classes(t)) return TREN_OK;
    return tren_resize(&t->label, t->room, sizeof *t->label, what);
}

static tren_status put_weight(tren_csv_table *t, const tren_csv *csv, size_t i) {
    TREN_TRY(read_number(&t->weight[t->n], t, csv, i));
    return t->weight[t->n] >= 0 ? TREN_OK : bad_field(t, csv, i, "a weight of at least 0");
}

static tren_status add_fields(tren_csv_table *t, const tren_csv *csv) {
    const tren_csv_role *role = t->columns.role;
    size_t x = 0, y = t->n * t->columns.n_targets;
    for (size_t i = 0; i < csv->n; i++) {
        if (role[i] == TREN_CSV_INPUT) TREN_TRY(put_input(t, csv, i, x++));
        if (role[i] == TREN_CSV_WEIGHT) TREN_TRY(put_weight(t, csv, i));
        if (role[i] == TREN_CSV_TARGET) TREN_TRY(read_number(&t->y[y++], t, csv, i));
    }
    if (t->columns.n_hot > 0) return put_hot(t, csv);
    for (size_t i = 0; i < csv->n; i++)
        if (role[i] == TREN_CSV_LABEL) TREN_TRY(put_label(t, csv, i));
    return TREN_OK;
}

static tren_status add_row(tren_csv_table *t, const tren_csv *csv) {
    if (csv->n != t->columns.n) {
        bool ends = csv->n == t->columns.n + 1 && !*tren_csv_field(csv, csv->n - 1);
        bool comment = csv->hash || tren_csv_field(csv, 0)[0] == '#';
        return tren_csv_fail(csv, "has %zu fields, but the first line has %zu (separator '%c'): %s",
                             csv->n, t->columns.n, csv->format.separator,
                             ends      ? "do not end lines with a separator"
                             : comment ? "remove comments, which begin with '#'"
                                       : "fix or remove it");
    }
    TREN_TRY(table_grow(t));
    TREN_TRY(add_fields(t, csv));
    t->n++;
    t->n_test += t->in_test;
    return TREN_OK;
}

static tren_status read_rows(tren_csv_table *t, tren_csv *csv, tren_source *source) {
    bool more;
    tren_csv_head head;
    tren_csv_columns *columns = &t->columns;
    TREN_TRY(tren_csv_head_read(&head, csv, source, columns));
    TREN_TRY(tren_csv_next(csv, &more));
    if (!more)
        return tren_fail(TREN_ERR_DATA, "%s: has no rows; is it the right file?",
                         tren_stream_path(csv->stream));
    if (!columns->role) {
        TREN_TRY(tren_csv_columns_set(columns, csv, head, source));
        TREN_TRY(tren_alloc(&t->seen, columns->n_inputs, sizeof *t->seen, "the columns"));
    } else if (head.has_header) {
        TREN_TRY(tren_csv_columns_check(columns, csv, head));
    }
    t->first = t->n;
    if (head.has_header) TREN_TRY(tren_csv_next(csv, &more));
    while (more) {
        TREN_TRY(add_row(t, csv));
        TREN_TRY(tren_csv_next(csv, &more));
    }
    return TREN_OK;
}

tren_status tren_csv_table_read(tren_csv_table *t, const char *path, tren_digest_state *digest,
                                tren_source *source) {
    tren_stream *stream = NULL;
    tren_csv csv = {0};
    tren_status st;
    TREN_GOTO(tren_stream_open(&stream, path, digest));
    TREN_GOTO(tren_csv_open(&csv, stream, t->format));
    st = read_rows(t, &csv, source);
done:
    tren_csv_close(&csv);
    tren_stream_close(stream);
    return st;
}
