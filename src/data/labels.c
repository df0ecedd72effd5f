/* Labels as text become classes: the distinct ones in order, by value where all are integers. */
#include "data/source.h"
#include "base/quote.h"
#include "base/text.h"
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static int by_bytes(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int by_value(const void *a, const void *b) {
    int64_t x = 0, y = 0;
    tren_text_int64(&x, *(char *const *)a);
    tren_text_int64(&y, *(char *const *)b);
    return x < y ? -1 : x > y;
}

static bool all_integers(char *const *text, size_t n) {
    int64_t ignored;
    for (size_t i = 0; i < n; i++)
        if (tren_text_int64(&ignored, text[i]) != TREN_TEXT_OK) return false;
    return true;
}

/* Whole numbers may be written as reals, as pandas does in a column that had holes: "1.0" is 1.
 * Other reals as labels are more likely targets. */
static tren_status write_whole(tren_source *source, char **text, size_t n, const char *what) {
    bool whole = true;
    double value;
    if (all_integers(text, n)) return TREN_OK;
    for (size_t i = 0; i < n; i++) {
        if (tren_text_real(&value, text[i]) != TREN_TEXT_OK) return TREN_OK;
        whole &= value == floor(value) && fabs(value) < 9007199254740992.0;
    }
    if (!whole)
        tren_source_note(
            source,
            "%s: the labels are numbers with decimals; each different number is used as a class%s",
            what,
            source->corpus ? "; targets need rows of numbers: 'tren data import csv --target'"
                           : "; give --target instead of --label for regression");
    for (size_t i = 0; whole && i < n; i++) {
        char number[32];
        tren_text_real(&value, text[i]);
        snprintf(number, sizeof number, "%lld", (long long)value);
        free(text[i]);
        if (!(text[i] = strdup(number))) return tren_fail(TREN_ERR_INTERNAL, "out of memory");
    }
    return TREN_OK;
}

typedef struct classes {
    char **name; /* distinct labels in order; the texts are the caller's */
    size_t n;
    int (*compare)(const void *, const void *);
} classes;

static tren_status classes_open(classes *all, char *const *label, size_t n) {
    TREN_TRY(tren_alloc(&all->name, n, sizeof *all->name, "class names"));
    if (n > 0) memcpy(all->name, label, n * sizeof *all->name);
    all->compare = all_integers(label, n) ? by_value : by_bytes;
    qsort(all->name, n, sizeof *all->name, all->compare);
    for (size_t i = 0; i < n; i++)
        if (i == 0 || all->compare(&all->name[i], &all->name[all->n - 1]) != 0)
            all->name[all->n++] = all->name[i];
    return TREN_OK;
}

/* The next byte that counts where letter case and blanks do not; 0: the end. */
static int next_seen(const char **at) {
    uint32_t code;
    for (int n; **at; *at += n) {
        n = isspace((unsigned char)**at) ? 1 : tren_utf8_odd(&code, *at);
        if (n == 0) return tolower((unsigned char)*(*at)++);
    }
    return 0;
}

static int by_look(const void *a, const void *b) {
    const char *x = *(char *const *)a, *y = *(char *const *)b;
    int c, d;
    do {
        c = next_seen(&x);
        d = next_seen(&y);
    } while (c && c == d);
    return c - d;
}

/* Leaves the names in another order. */
static void note_alike(tren_source *source, classes *all, const char *what) {
    char one[TREN_ODD_ROOM], two[TREN_ODD_ROOM], more[64] = "";
    size_t first = 0, n = 0;
    qsort(all->name, all->n, sizeof *all->name, by_look);
    for (size_t i = 1; i < all->n; i++)
        if (by_look(&all->name[i - 1], &all->name[i]) == 0 && n++ == 0) first = i;
    if (n == 0) return;
    if (n > 1) snprintf(more, sizeof more, " (and %zu more)", n - 1);
    tren_source_note(
        source,
        "%s: the labels '%s' and '%s' differ only in upper and lower case or in blanks; they are "
        "two classes%s: write them the same way if they are one class",
        what, tren_show_odd(one, all->name[first - 1]), tren_show_odd(two, all->name[first]), more);
}

/* Labels 0, 1, ... K-1 are class numbers already and need no names. */
static bool are_numbers(const classes *all) {
    for (size_t i = 0; i < all->n; i++) {
        int64_t number;
        if (tren_text_int64(&number, all->name[i]) != TREN_TEXT_OK || number != (int64_t)i)
            return false;
    }
    return true;
}

static tren_status set_numbers(tren_source *source, char *const *label, const classes *all,
                               const char *what) {
    size_t n = tren_source_rows(source);
    int64_t *number;
    TREN_TRY(tren_alloc(&number, n, sizeof *number, "labels"));
    for (size_t i = 0; i < n; i++) {
        char **found = bsearch(&label[i], all->name, all->n, sizeof *all->name, all->compare);
        number[i] = found - all->name;
    }
    tren_status st = tren_source_set_labels(source, number, what);
    free(number);
    return st;
}

/* What bytes that are not UTF-8 mostly are: C1 control characters stand in no text of ISO 8859-1.
 */
static const char *encoding_of(const char *name) {
    for (; *name; name++)
        if ((unsigned char)*name >= 0x80 && (unsigned char)*name < 0xa0) return "WINDOWS-1252";
    return "ISO-8859-1";
}

tren_status tren_class_name_check(tren_status code, const char *where, const char *name) {
    if (tren_utf8_valid(name)) return TREN_OK;
    const char *encoding = encoding_of(name);
    return tren_fail(code,
                     "%s: the class name '%.80s' is not UTF-8, but perhaps %s; class names must be "
                     "UTF-8: convert them with 'iconv -f %s -t UTF-8'",
                     where, name, encoding, encoding);
}

tren_status tren_source_set_text_labels(tren_source *source, char **label, const char *what) {
    classes all = {0};
    tren_status st;
    TREN_GOTO(write_whole(source, label, tren_source_rows(source), what));
    TREN_GOTO(classes_open(&all, label, tren_source_rows(source)));
    TREN_GOTO(set_numbers(source, label, &all, what));
    if (!are_numbers(&all))
        TREN_GOTO(tren_source_name_classes(source, (const char *const *)all.name, (int)all.n));
    if (all.compare == by_bytes) note_alike(source, &all, what);
done:
    free(all.name);
    return st;
}
