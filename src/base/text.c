#include "base/text.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { MAX_WORD = 127 };

static const char *skip_blanks(const char *s) {
    while (isblank((unsigned char)*s)) s++;
    return s;
}

static bool at_end(const char *s) {
    return *skip_blanks(s) == '\0';
}

/* The first character that is not a digit, or NULL when [+-]digits does not stand at `s`. */
static const char *skip_integer(const char *s) {
    if (*s == '+' || *s == '-') s++;
    if (!isdigit((unsigned char)*s)) return NULL;
    while (isdigit((unsigned char)*s)) s++;
    return s;
}

tren_text_result tren_text_int64(int64_t *value, const char *text) {
    const char *s = skip_blanks(text), *end = skip_integer(s);
    if (!end || !at_end(end)) return TREN_TEXT_MALFORMED;
    errno = 0;
    *value = strtoll(s, NULL, 10);
    return errno == ERANGE ? TREN_TEXT_RANGE : TREN_TEXT_OK;
}

tren_text_result tren_text_uint64(uint64_t *value, const char *text) {
    const char *s = skip_blanks(text), *end = skip_integer(s);
    if (!end || !at_end(end)) return TREN_TEXT_MALFORMED;
    errno = 0;
    *value = strtoull(s, NULL, 10);
    /* strtoull takes -1 for the largest value. */
    bool negative = *s == '-' && *value != 0;
    return errno == ERANGE || negative ? TREN_TEXT_RANGE : TREN_TEXT_OK;
}

/* strtod in the C locale: a host program's decimal comma must not change what a file says. */
static double strtod_c(const char *s, char **end) {
    locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (!c) return strtod(s, end);
    double value = strtod_l(s, end, c);
    freelocale(c);
    return value;
}

tren_text_result tren_text_real(double *value, const char *text) {
    const char *s = skip_blanks(text);
    size_t length = strspn(s, "+-.0123456789eE"); /* keeps out inf, nan and hexadecimal */
    if (length == 0 || !at_end(s + length)) return TREN_TEXT_MALFORMED;
    char *end;
    *value = strtod_c(s, &end);
    if (end != s + length) return TREN_TEXT_MALFORMED;
    return isfinite(*value) ? TREN_TEXT_OK : TREN_TEXT_RANGE;
}

tren_text_result tren_text_bool(bool *value, const char *text) {
    static const char *const word[] = {"false", "true", "no", "yes", "off", "on", "0", "1"};
    for (size_t i = 0; i < sizeof word / sizeof *word; i++) {
        if (strcasecmp(text, word[i]) != 0) continue;
        *value = i % 2;
        return TREN_TEXT_OK;
    }
    return TREN_TEXT_MALFORMED;
}

/* MM:SS, H:MM:SS, or behind the days of D-HH, D-HH:MM and D-HH:MM:SS. */
static tren_text_result clock_seconds(double *value, const char *text) {
    static const double unit[] = {86400, 3600, 60, 1};
    const char *s = skip_blanks(text), *dash = strchr(s, '-');
    size_t first = dash ? 0 : strchr(s, ':') == strrchr(s, ':') ? 2 : 1, i = first;
    *value = 0;
    for (;; i++, s++) {
        size_t digits = strspn(s, "0123456789"), most = i == first ? 7 : 2;
        unsigned long number = strtoul(s, NULL, 10);
        bool too_large = i > first && number > (i == 1 ? 23 : 59); /* hours of a day */
        if (digits == 0 || digits > most || too_large) return TREN_TEXT_MALFORMED;
        *value += unit[i] * (double)number;
        s += digits;
        if (at_end(s)) break;
        if (i == 3 || *s != (dash && i == 0 ? '-' : ':')) return TREN_TEXT_MALFORMED;
    }
    return i == 3 || (dash && i > 0) ? TREN_TEXT_OK : TREN_TEXT_MALFORMED;
}

enum { CENTURY = 36525 }; /* in days: more is a slip of the finger */
#define MOST_SECONDS (CENTURY * 86400.0)

tren_text_result tren_text_seconds(double *value, const char *text) {
    const char *dash = strchr(text, '-');
    bool days = dash && dash > text && strspn(text, " \t0123456789") == (size_t)(dash - text);
    if (days || strchr(text, ':')) return clock_seconds(value, text);
    char number[64];
    size_t n = strlen(text);
    while (n > 0 && isblank((unsigned char)text[n - 1])) n--;
    if (n == 0 || n >= sizeof number) return TREN_TEXT_MALFORMED;
    double unit = 1;
    switch (text[n - 1]) {
    case 's':
        n--;
        break;
    case 'm':
        unit = 60, n--;
        break;
    case 'h':
        unit = 3600, n--;
        break;
    case 'd':
        unit = 86400, n--;
        break;
    default:
        break;
    }
    memcpy(number, text, n);
    number[n] = '\0';
    tren_text_result result = tren_text_real(value, number);
    if (result == TREN_TEXT_OK) *value *= unit;
    if (result == TREN_TEXT_OK && *value > MOST_SECONDS) return TREN_TEXT_RANGE;
    return result;
}

int tren_text_from_real(char *out, size_t n, double value) {
    locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    locale_t before = c ? uselocale(c) : (locale_t)0;
    int count = 0;
    for (int digits = 6; digits <= 17; digits++) {
        char text[40];
        snprintf(text, sizeof text, "%.*g", digits, value);
        count = snprintf(out, n, "%s", text);
        if (strtod(text, NULL) == value) break;
    }
    if (c) {
        uselocale(before);
        freelocale(c);
    }
    return count;
}

int tren_text_columns(const char *text, size_t n) {
    int columns = 0;
    for (size_t i = 0; i < n && text[i]; i++) columns += ((unsigned char)text[i] & 0xc0) != 0x80;
    return columns;
}

void tren_text_free_list(char **text, size_t n) {
    for (size_t i = 0; text && i < n; i++) free(text[i]);
    free(text);
}

bool tren_text_starts(const char *text, const char *prefix) {
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static int min3(int a, int b, int c) {
    int ab = a < b ? a : b;
    return ab < c ? ab : c;
}

int tren_text_distance(const char *a, const char *b) {
    size_t m = strlen(a), n = strlen(b);
    if (m > MAX_WORD || n > MAX_WORD) return INT_MAX;
    int rows[3][MAX_WORD + 1];
    int *before = rows[0], *above = rows[1], *row = rows[2]; /* rows i-2, i-1 and i */
    for (size_t j = 0; j <= n; j++) above[j] = (int)j;
    for (size_t i = 1; i <= m; i++) {
        row[0] = (int)i;
        for (size_t j = 1; j <= n; j++) {
            int change = above[j - 1] + (a[i - 1] != b[j - 1]);
            row[j] = min3(above[j] + 1, row[j - 1] + 1, change);
            bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (swapped && before[j - 2] + 1 < row[j]) row[j] = before[j - 2] + 1;
        }
        int *oldest = before;
        before = above, above = row, row = oldest;
    }
    return above[n];
}

int tren_text_near(const char *word) {
    size_t n = strlen(word);
    if (n <= 3) return 1;
    return n < 9 ? 2 : (int)n / 3;
}

/* "val_loss" for "validation_loss": as many words, each the beginning of the other's. */
static bool abbreviates(const char *word, const char *whole) {
    if (strlen(word) < 3) return false;
    while (*word) {
        if (*word == '_') whole += strcspn(whole, "_");
        if (tolower((unsigned char)*word) != tolower((unsigned char)*whole)) return false;
        word++, whole++;
    }
    return !strchr(whole, '_');
}

/* The only candidate that is the word in other letters' case, or is abbreviated by it. */
static const char *completed(const char *word, const char *const *candidate, size_t n) {
    const char *found = NULL;
    for (size_t i = 0; i < n; i++) {
        if (!candidate[i]) continue;
        if (strcasecmp(word, candidate[i]) == 0) return candidate[i];
        if (!abbreviates(word, candidate[i])) continue;
        if (found) return NULL;
        found = candidate[i];
    }
    return found;
}

const char *tren_text_nearest(const char *word, const char *const *candidate, size_t n) {
    const char *nearest = NULL;
    int least = tren_text_near(word) + 1;
    for (size_t i = 0; i < n; i++) {
        if (!candidate[i]) continue;
        int distance = tren_text_distance(word, candidate[i]);
        /* "xy" is within two of every two-letter word: something must remain of what was typed. */
        if (distance >= least || distance >= (int)strlen(word)) continue;
        least = distance;
        nearest = candidate[i];
    }
    return nearest ? nearest : completed(word, candidate, n);
}
