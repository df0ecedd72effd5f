/* Whether the first line of a CSV file names the columns. Text where numbers belong tells; numbers
 * (pandas names columns 0, 1, ...) are compared with the lines below. */
#include "data/csv_columns.h"
#include "base/text.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SAMPLE_ROWS 200

/* How a field is written: a whole number without a point is not how a column of reals has it. */
typedef enum form { EMPTY, WHOLE, REAL, TEXT } form;

typedef struct sample {
    const tren_csv_settings *want;
    char **first;               /* [n] the fields of the first line, owned */
    size_t n, n_rows, n_rising; /* columns; lines below; those of them whose numbers rise */
    size_t n_below; /* fields of each line below; 0: not all have as many, or an empty last one */
    size_t (*count)[4]; /* [n] fields of each form below, owned */
    int64_t label;      /* the number of the label's column, or 0 */
    char shown[64];     /* the first line, for messages */
} sample;

static form form_of(const char *text, char decimal) {
    double value;
    if (!*text) return EMPTY;
    if (!tren_csv_number(&value, text, decimal)) return TEXT;
    return text[strspn(text, "+-0123456789")] ? REAL : WHOLE;
}

static void sample_close(sample *s) {
    for (size_t i = 0; s->first && i < s->n; i++) free(s->first[i]);
    free(s->first);
    free(s->count);
}

static tren_status take_first(sample *s, const tren_csv *csv) {
    TREN_TRY(tren_alloc(&s->first, csv->n, sizeof *s->first, "the header of a CSV file"));
    TREN_TRY(tren_alloc(&s->count, csv->n, sizeof *s->count, "the header of a CSV file"));
    size_t at = 0;
    for (; s->n < csv->n; s->n++) {
        const char *text = tren_csv_field(csv, s->n);
        if (!(s->first[s->n] = strdup(text))) return tren_fail(TREN_ERR_INTERNAL, "out of memory");
        if (at < sizeof s->shown)
            at += (size_t)snprintf(s->shown + at, sizeof s->shown - at, "%s%s", s->n ? "," : "",
                                   text);
    }
    if (at >= sizeof s->shown) strcpy(s->shown + sizeof s->shown - 4, "...");
    return TREN_OK;
}

/* Five numbers or more that rise from column to column, in the first line (csv NULL) or this one.
 */
static bool is_rising(const sample *s, const tren_csv *csv, char decimal) {
    double last = -INFINITY, value;
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++) {
        const char *text = csv ? (i < csv->n ? tren_csv_field(csv, i) : "") : s->first[i];
        if ((int64_t)i + 1 == s->label || (i == 0 && !*s->first[0])) continue;
        if (!tren_csv_number(&value, text, decimal) || !(value > last)) return false;
        last = value;
        n++;
    }
    return n >= 5;
}

static void count_row(sample *s, const tren_csv *csv) {
    bool ends_empty = !*tren_csv_field(csv, csv->n - 1);
    if (s->n_rows++ == 0) s->n_below = csv->n;
    if (csv->n != s->n_below || ends_empty) s->n_below = 0;
    s->n_rising += is_rising(s, csv, csv->format.decimal);
    for (size_t i = 0; i < csv->n && i < s->n; i++)
        s->count[i][form_of(tren_csv_field(csv, i), csv->format.decimal)]++;
}

static tren_status sample_read(sample *s, tren_csv *csv) {
    bool more;
    tren_csv_sample(csv);
    TREN_TRY(tren_csv_next(csv, &more));
    if (more) TREN_TRY(take_first(s, csv));
    while (more && s->n_rows < SAMPLE_ROWS) {
        TREN_TRY(tren_csv_next(csv, &more));
        if (more) count_row(s, csv);
    }
    return TREN_OK;
}

/* ---- the evidence ---------------------------------------------------------------------------- */

static bool is_number(const char *text) {
    int64_t ignored;
    return tren_text_int64(&ignored, text) == TREN_TEXT_OK;
}

/* An option that names a column by text needs a header. */
static bool names_columns(const tren_csv_settings *want) {
    const tren_texts *list[] = {&want->target, &want->one_hot, &want->ignore};
    if (want->label && !is_number(want->label)) return true;
    for (size_t k = 0; k < sizeof list / sizeof *list; k++)
        for (int i = 0; i < list[k]->n; i++)
            if (!is_number(list[k]->at[i])) return true;
    return false;
}

/* Column i holds numbers only, all with a point (or all without), and the first line has it the
 * other way. */
static bool differs_in_form(const sample *s, size_t i, char decimal) {
    const size_t *count = s->count[i];
    form first = form_of(s->first[i], decimal);
    if (s->n_rows < 2) return false;
    return (first == WHOLE && count[REAL] == s->n_rows) ||
           (first == REAL && count[WHOLE] == s->n_rows);
}

/* Whole numbers that rise by the same step from column to column: 0,1,2 or 400,402,404; without the
 * label's text and an empty first field. Two of them are by chance, unless they are 0,1. */
static bool is_progression(const sample *s, bool first_empty) {
    int64_t last = 0, step = 0, start = 0, n = 0;
    for (size_t i = first_empty; i < s->n; i++) {
        int64_t value;
        if (tren_text_int64(&value, s->first[i]) != TREN_TEXT_OK) {
            if ((int64_t)i + 1 == s->label) continue;
            return false;
        }
        if (n == 0) start = value;
        if (n == 1) step = value - last;
        if (n > 0 && (value - last != step || step <= 0)) return false;
        last = value;
        n++;
    }
    return n >= 3 || (n == 2 && step == 1 && (start == 0 || first_empty));
}

/* ---- the verdict ----------------------------------------------------------------------------- */

static tren_status ask(const sample *s, const tren_csv *csv) {
    return tren_fail(TREN_ERR_USAGE,
                     "%s: the first line, %s, may be names or numbers: give --header yes if it "
                     "names the %zu columns, --header no if it is a row like the others",
                     tren_stream_path(csv->stream), s->shown, s->n);
}

/* A first line of which every field may be a number. */
static tren_status judge_numbers(bool *header, const sample *s, const tren_csv *csv,
                                 tren_source *source) {
    char decimal = csv->format.decimal;
    bool first_empty = !*s->first[0] && s->n > 1;
    size_t odd = s->n, n_odd = 0, n_reals = 0;
    for (size_t i = 0; i < s->n; i++) {
        n_reals += s->n_rows > 0 && s->count[i][REAL] == s->n_rows;
        if (!differs_in_form(s, i, decimal)) continue;
        if (n_odd++ == 0) odd = i;
    }
    bool rises = is_progression(s, first_empty) ||
                 (s->n_rows >= 2 && s->n_rising == 0 && is_rising(s, NULL, decimal));
    bool below_filled = s->n_rows > 0 && s->count[0][EMPTY] == 0;
    *header = rises && (n_odd > 0 || (first_empty && below_filled));
    if (*header && n_odd > 0)
        tren_source_note(source,
                         "%s: the first line, %s, was read as column names: its field %zu is '%s', "
                         "but the fields below it are %s; give --header no if it is a row",
                         tren_stream_path(csv->stream), s->shown, odd + 1, s->first[odd],
                         s->count[odd][REAL] > 0 ? "reals" : "whole numbers");
    if (*header) return TREN_OK;
    bool all_odd = n_odd >= 2 && n_odd >= n_reals && s->n_rows >= 3;
    return rises || all_odd || (first_empty && below_filled) ? ask(s, csv) : TREN_OK;
}

static bool is_known(const sample *s, const tren_csv_columns *columns) {
    size_t skip = columns->n - s->n;
    if (!columns->name || s->n > columns->n || skip > 1) return false;
    for (size_t i = 0; i < s->n; i++)
        if (strcmp(s->first[i], columns->name[i + skip]) != 0) return false;
    return true;
}

/* Columns that are left out by their number may hold text anywhere. */
static bool is_ignored(const tren_csv_settings *want, size_t i) {
    int64_t number;
    for (int k = 0; k < want->ignore.n; k++)
        if (tren_text_int64(&number, want->ignore.at[k]) == TREN_TEXT_OK &&
            number == (int64_t)i + 1)
            return true;
    return false;
}

/* Beside a real in a column of reals, text is a cell that went wrong, not a name. */
static bool has_names(const sample *s, char decimal) {
    bool text = false;
    for (size_t i = 0; i < s->n; i++) {
        form as = form_of(s->first[i], decimal);
        if (as == REAL && s->n_rows >= 2 && s->count[i][REAL] == s->n_rows) return false;
        text |= as == TEXT && (int64_t)i + 1 != s->label && !is_ignored(s->want, i);
    }
    return text;
}

static tren_status judge(bool *header, const sample *s, const tren_csv *csv, tren_source *source,
                         const tren_csv_columns *columns) {
    const tren_csv_settings *want = s->want;
    *header = want->header == TREN_CSV_HEADER_YES;
    if (want->header != TREN_CSV_HEADER_AUTO || s->n == 0) return TREN_OK;
    *header = is_known(s, columns) || names_columns(want) || has_names(s, csv->format.decimal);
    return *header ? TREN_OK : judge_numbers(header, s, csv, source);
}

tren_status tren_csv_head_read(tren_csv_head *head, tren_csv *csv, tren_source *source,
                               const tren_csv_columns *columns) {
    sample s = {.want = columns->want};
    *head = (tren_csv_head){0};
    if (s.want->label) tren_text_int64(&s.label, s.want->label);
    tren_status st = sample_read(&s, csv);
    if (st == TREN_OK) st = judge(&head->has_header, &s, csv, source, columns);
    head->row_names = head->has_header && s.n_below == s.n + 1;
    sample_close(&s);
    tren_csv_rewind(csv);
    return st;
}
