/* JSON for what prints figures. Not collective. */
#ifndef TREN_BASE_JSON_H
#define TREN_BASE_JSON_H

#include "base/quote.h"

/* Whether a text is a number as JSON writes it. */
bool tren_json_is_number(const char *text);
/* Nine digits, as in result.json; null where it is not finite. */
void tren_json_number(FILE *out, double x);
/* A number, true, false or null as it stands; anything else as a string. */
void tren_json_value(FILE *out, const char *text);

/* A document that is written piece by piece:
 *
 *     tren_json j = {.out = stdout};
 *     tren_json_begin(&j, NULL, '{');
 *     tren_json_real(&j, "loss", 0.5);
 *     tren_json_begin(&j, "rows", '[');
 *     tren_json_whole(&j, NULL, 3);
 *     tren_json_end(&j);
 *     tren_json_end(&j);
 *
 * key: NULL in a list. */
enum { TREN_JSON_LEVELS = 16 };
typedef struct tren_json {
    FILE *out;     /* not owned */
    bool one_line; /* no line ends but after the whole document */
    int level;
    char closes[TREN_JSON_LEVELS]; /* what ends each level */
    bool some;                     /* the level has an entry already */
} tren_json;
void tren_json_begin(tren_json *json, const char *key, char bracket); /* { or [ */
void tren_json_end(tren_json *json); /* after the last level a line end */
void tren_json_real(tren_json *json, const char *key, double x);
void tren_json_whole(tren_json *json, const char *key, int64_t x);
void tren_json_bool(tren_json *json, const char *key, bool x);
void tren_json_text(tren_json *json, const char *key, const char *text); /* NULL: null */
void tren_json_digest(tren_json *json, const char *key, uint64_t digest);
void tren_json_reals(tren_json *json, const char *key, const double *x, size_t n);

#endif
