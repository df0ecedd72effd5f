/* Text: reading numbers, writing them so that they read back, and finding the word a user meant.
 * Independent of the locale. */
#ifndef TREN_BASE_TEXT_H
#define TREN_BASE_TEXT_H

#include "tren/base.h"

typedef enum tren_text_result {
    TREN_TEXT_OK,
    TREN_TEXT_MALFORMED, /* not a number, or something follows it */
    TREN_TEXT_RANGE      /* a number the type cannot hold */
} tren_text_result;

/* Decimal, with an optional sign; surrounding blanks are allowed, anything else is not. */
tren_text_result tren_text_int64(int64_t *value, const char *text);
tren_text_result tren_text_uint64(uint64_t *value, const char *text);
tren_text_result tren_text_real(double *value, const char *text); /* finite */
tren_text_result tren_text_bool(bool *value, const char *text); /* true yes on 1, false no off 0 */
/* 90, 90s, 15m, 2h, 1d, or as SLURM writes times: MM:SS, H:MM:SS, D-HH, D-HH:MM, D-HH:MM:SS; in
 * seconds. A number alone is seconds, where SLURM takes minutes. More than a hundred years are out
 * of range. */
tren_text_result tren_text_seconds(double *value, const char *text);
/* Its forms, for messages and help: "a time such as " TREN_TEXT_TIMES. */
#define TREN_TEXT_TIMES "90, 90s, 15m, 2h, 1d, 1:30:00 or 1-12:00:00"

/* The shortest decimal that reads back as `value`. Returns snprintf's count. */
int tren_text_from_real(char *out, size_t n, double value);

/* How many columns of a terminal the first n bytes take, at one for each character of UTF-8. */
int tren_text_columns(const char *text, size_t n);

/* Frees n texts and their list. text may be NULL. */
void tren_text_free_list(char **text, size_t n);

bool tren_text_starts(const char *text, const char *prefix);

/* Edit distance: insertions, deletions, substitutions and swaps of neighbours (optimal string
 * alignment). Words longer than 127 bytes are infinitely far from all others. */
int tren_text_distance(const char *a, const char *b);
/* How far a word may be from what was meant: one edit for three letters, then two, then a third of
 * its length. */
int tren_text_near(const char *word);
/* The candidate nearest to `word`, else the only one that it abbreviates ("val_loss" for
 * "validation_loss"), or the one in letters of the other case; NULL when there is none. Candidates
 * that are NULL are skipped. */
const char *tren_text_nearest(const char *word, const char *const *candidate, size_t n);

#endif
