/* What each column of a CSV table is for. */
#include "data/csv_columns.h"
#include "base/text.h"
#include <stdlib.h>
#include <string.h>

void tren_csv_columns_close(tren_csv_columns *c) {
    for (size_t i = 0; c->name && i < c->n; i++) free(c->name[i]);
    free(c->name);
    free(c->role);
    *c = (tren_csv_columns){0};
}

/* ---- names ----------------------------------------------------------------------------------- */

/* The first column of this name from `from` on, or n. */
static size_t next_named(const tren_csv_columns *c, size_t from, const char *name) {
    if (!c->name) return c->n;
    while (from < c->n && strcmp(c->name[from], name) != 0) from++;
    return from;
}

const char *tren_csv_column(char out[TREN_CSV_COLUMN_ROOM], const tren_csv_columns *c, size_t i) {
    bool named = c->name && c->name[i][0];
    snprintf(out, TREN_CSV_COLUMN_ROOM, "column %zu%s%.80s%s", i + 1, named ? " (" : "",
             named ? c->name[i] : "", named ? ")" : "");
    return out;
}

const char *tren_csv_column_option(char out[TREN_CSV_COLUMN_ROOM], const tren_csv_columns *c,
                                   size_t i) {
    bool by_name = c->name && c->name[i][0] && strlen(c->name[i]) < 80 &&
                   !strpbrk(c->name[i], ", '") && next_named(c, 0, c->name[i]) == i &&
                   next_named(c, i + 1, c->name[i]) == c->n;
    if (by_name)
        snprintf(out, TREN_CSV_COLUMN_ROOM, "%s", c->name[i]);
    else
        snprintf(out, TREN_CSV_COLUMN_ROOM, "%zu", i + 1);
    return out;
}

static tren_status set_names(tren_csv_columns *c, const tren_csv *csv, tren_csv_head head) {
    TREN_TRY(tren_alloc(&c->name, c->n, sizeof *c->name, "the columns of a CSV file"));
    for (size_t i = 0; i < c->n; i++) {
        const char *text = i < head.row_names ? "" : tren_csv_field(csv, i - head.row_names);
        if (!(c->name[i] = strdup(text))) return tren_fail(TREN_ERR_INTERNAL, "out of memory");
    }
    return TREN_OK;
}

tren_status tren_csv_columns_check(const tren_csv_columns *c, const tren_csv *csv,
                                   tren_csv_head head) {
    for (size_t i = head.row_names; c->name && i - head.row_names < csv->n && i < c->n; i++) {
        const char *name = tren_csv_field(csv, i - head.row_names);
        if (strcmp(c->name[i], name) != 0)
            return tren_csv_fail(csv,
                                 "column %zu is '%s', but in %s it is '%s': give files with the "
                                 "same columns in the same order",
                                 i + 1, name, c->want->file.at[0], c->name[i]);
    }
    return TREN_OK;
}

/* ---- columns that options name --------------------------------------------------------------- */

/* ": a, b, c", as far as there is room. */
static void list_names(char *out, size_t n, const tren_csv_columns *c) {
    size_t at = 0;
    for (size_t i = 0; i < c->n; i++) {
        size_t more = strlen(c->name[i]) + 2;
        if (at + more + 5 >= n) {
            strcpy(out + at, ", ...");
            return;
        }
        at += (size_t)snprintf(out + at, n - at, "%s%s", i ? ", " : ": ",
                               c->name[i][0] ? c->name[i] : "''");
    }
}

/* As in a first row that is no header. */
static bool all_numbers(const tren_csv_columns *c) {
    double x;
    size_t i = 0;
    while (i < c->n && tren_text_real(&x, c->name[i]) == TREN_TEXT_OK) i++;
    return i == c->n;
}

static tren_status not_found(const tren_csv_columns *c, const char *option, const char *text) {
    const char *nearest =
        c->name ? tren_text_nearest(text, (const char *const *)c->name, c->n) : NULL;
    if (nearest)
        return tren_fail(TREN_ERR_USAGE, "--%s: there is no column '%s': did you mean '%s'?",
                         option, text, nearest);
    char names[256] = " (the file has no header)";
    if (c->name) list_names(names, sizeof names, c);
    return tren_fail(
        TREN_ERR_USAGE,
        "--%s: there is no column '%s': give one of %zu columns, numbered from 1%s%s", option, text,
        c->n, names,
        c->name && all_numbers(c) ? "; if these are values and not names, give --header no" : "");
}

/* Where the names are numbers too, which column is meant is said. */
static void say_which(const tren_csv_columns *c, const char *option, const char *text,
                      size_t column, bool by_name, tren_source *source) {
    int64_t number;
    bool same = tren_text_int64(&number, text) != TREN_TEXT_OK || number == (int64_t)column + 1;
    if (by_name && !same)
        tren_source_note(source,
                         "--%s %s: there is a column with this name, which is used: column %zu",
                         option, text, column + 1);
    else if (!by_name && c->name && tren_text_int64(&number, c->name[column]) == TREN_TEXT_OK)
        tren_source_note(source,
                         "--%s %s: no column has this name; the number is used: column %zu, '%s'",
                         option, text, column + 1, c->name[column]);
}

/* A column by the name in the header, or by its number from 1. */
static tren_status find_column(size_t *column, const tren_csv_columns *c, const char *option,
                               const char *text, tren_source *source) {
    *column = next_named(c, 0, text);
    size_t again = *column < c->n ? next_named(c, *column + 1, text) : c->n;
    if (again < c->n)
        return tren_fail(TREN_ERR_USAGE,
                         "--%s: columns %zu and %zu are both called '%s': give the number", option,
                         *column + 1, again + 1, text);
    bool by_name = *column < c->n;
    int64_t number;
    if (!by_name) {
        if (tren_text_int64(&number, text) != TREN_TEXT_OK || number < 1 || (uint64_t)number > c->n)
            return not_found(c, option, text);
        *column = (size_t)number - 1;
    }
    say_which(c, option, text, *column, by_name, source);
    return TREN_OK;
}

static tren_status assign(tren_csv_columns *c, const char *option, const tren_texts *list,
                          tren_csv_role as, tren_source *source) {
    for (int i = 0; i < list->n; i++) {
        size_t column;
        TREN_TRY(find_column(&column, c, option, list->at[i], source));
        if (c->role[column] != TREN_CSV_INPUT)
            return tren_fail(TREN_ERR_USAGE, "--%s: column '%s' is given for two purposes", option,
                             list->at[i]);
        c->role[column] = as;
    }
    return TREN_OK;
}

/* pandas and R write the index of the rows first, under no name; pandas reads that back under
 * another. */
static void set_index(tren_csv_columns *c, tren_source *source) {
    bool is_index = c->name && c->n > 1 && c->role[0] == TREN_CSV_INPUT &&
                    (!c->name[0][0] || !strcmp(c->name[0], "Unnamed: 0"));
    if (!is_index) return;
    if (c->want->index == TREN_CSV_INDEX_KEEP) return;
    c->role[0] = TREN_CSV_IGNORED;
    tren_source_note(source,
                     "column 1 (%s) is the index of the rows and is ignored; give --index keep to "
                     "use it as an input",
                     c->name[0][0] ? c->name[0] : "without a name");
}

/* A name that stands twice among the inputs tells nobody which column is meant. */
static tren_status check_names(const tren_csv_columns *c, const tren_csv *csv) {
    for (size_t i = 0; c->name && i < c->n; i++) {
        if (c->role[i] != TREN_CSV_INPUT || !c->name[i][0]) continue;
        size_t again = next_named(c, i + 1, c->name[i]);
        while (again < c->n && c->role[again] != TREN_CSV_INPUT)
            again = next_named(c, again + 1, c->name[i]);
        if (again < c->n)
            return tren_csv_fail(csv,
                                 "columns %zu and %zu are both called '%.80s': rename one, or "
                                 "ignore it with --ignore %zu",
                                 i + 1, again + 1, c->name[i], again + 1);
    }
    return TREN_OK;
}

static tren_status assign_all(tren_csv_columns *c, const tren_csv *csv, tren_source *source) {
    const tren_csv_settings *want = c->want;
    tren_texts label = {.n = want->label ? 1 : 0, .at = {want->label}};
    tren_texts weight = {.n = want->weight ? 1 : 0, .at = {want->weight}};
    TREN_TRY(assign(c, "label", &label, TREN_CSV_LABEL, source));
    TREN_TRY(assign(c, "target", &want->target, TREN_CSV_TARGET, source));
    TREN_TRY(assign(c, "one-hot", &want->one_hot, TREN_CSV_HOT, source));
    TREN_TRY(assign(c, "weight", &weight, TREN_CSV_WEIGHT, source));
    TREN_TRY(assign(c, "ignore", &want->ignore, TREN_CSV_IGNORED, source));
    set_index(c, source);
    for (size_t i = 0; i < c->n; i++) {
        c->n_inputs += c->role[i] == TREN_CSV_INPUT;
        c->n_targets += c->role[i] == TREN_CSV_TARGET;
        c->n_hot += c->role[i] == TREN_CSV_HOT;
    }
    if (c->n_inputs > 0) return check_names(c, csv);
    return tren_csv_fail(csv, "no column is left for the inputs: use fewer columns in the options "
                              "(--index keep uses an index as input)");
}

/* One column is no table; a character that separates columns in other files tells why. */
static tren_status check_separator(const tren_csv *csv, bool unlabeled) {
    char separator = csv->format.separator;
    const char *text = tren_csv_field(csv, 0), *found = csv->n == 1 ? strpbrk(text, ";\t|,") : NULL;
    if (!found && csv->n == 1 && !unlabeled) found = strchr(text, ' ');
    if (!found || *found == separator) return TREN_OK;
    if (csv->hash)
        return tren_csv_fail(
            csv, "the line begins with '#' and has one column: if it is a comment, remove it");
    char other[] = {'\'', *found, '\'', '\0'};
    const char *name = *found == '\t' ? "tab" : *found == ' ' ? "blanks" : other;
    return tren_fail(
        TREN_ERR_USAGE,
        "%s: line %zu has one column when split at '%c', but it contains a %s: give --separator %s",
        tren_stream_path(csv->stream), csv->line, separator, *found == ' ' ? "blank" : name, name);
}

tren_status tren_csv_columns_set(tren_csv_columns *c, const tren_csv *csv, tren_csv_head head,
                                 tren_source *source) {
    TREN_TRY(check_separator(csv, c->want->unlabeled));
    c->n = csv->n + head.row_names;
    TREN_TRY(tren_alloc(&c->role, c->n, sizeof *c->role, "the columns of a CSV file"));
    if (head.has_header) TREN_TRY(set_names(c, csv, head));
    return assign_all(c, csv, source);
}
