#include "base/json.h"

#include <math.h>
#include <string.h>

static const char *digits(const char *at) {
    return at + strspn(at, "0123456789");
}

bool tren_json_is_number(const char *text) {
    const char *at = text + (*text == '-'), *end = digits(at);
    if (end == at || (*at == '0' && end > at + 1)) return false;
    if (*end == '.') {
        at = end + 1;
        end = digits(at);
        if (end == at) return false;
    }
    if (*end != 'e' && *end != 'E') return !*end;
    at = end + 1;
    at += *at == '+' || *at == '-';
    return *at && !*digits(at);
}

void tren_json_number(FILE *out, double x) {
    if (isfinite(x))
        fprintf(out, "%.9g", x);
    else
        fputs("null", out);
}

void tren_json_value(FILE *out, const char *text) {
    bool word = strcmp(text, "true") == 0 || strcmp(text, "false") == 0;
    if (word || strcmp(text, "null") == 0 || tren_json_is_number(text))
        fputs(text, out);
    else
        tren_put_json(out, text);
}

/* ---- a document ------------------------------------------------------------------------------ */

static void new_line(const tren_json *j) {
    if (!j->one_line) fprintf(j->out, "\n%*s", 2 * j->level, "");
}

static void entry(tren_json *j, const char *key) {
    if (j->some) fputs(j->one_line ? ", " : ",", j->out);
    if (j->level > 0) new_line(j);
    j->some = true;
    if (!key) return;
    tren_put_json(j->out, key);
    fputs(": ", j->out);
}

void tren_json_begin(tren_json *j, const char *key, char bracket) {
    entry(j, key);
    fputc(bracket, j->out);
    j->closes[j->level++] = bracket == '{' ? '}' : ']';
    j->some = false;
}

void tren_json_end(tren_json *j) {
    j->level--;
    if (j->some) new_line(j);
    fputc(j->closes[j->level], j->out);
    j->some = true;
    if (j->level == 0) fputc('\n', j->out);
}

void tren_json_real(tren_json *j, const char *key, double x) {
    entry(j, key);
    tren_json_number(j->out, x);
}

void tren_json_whole(tren_json *j, const char *key, int64_t x) {
    entry(j, key);
    fprintf(j->out, "%lld", (long long)x);
}

void tren_json_bool(tren_json *j, const char *key, bool x) {
    entry(j, key);
    fputs(x ? "true" : "false", j->out);
}

void tren_json_text(tren_json *j, const char *key, const char *text) {
    entry(j, key);
    if (text)
        tren_put_json(j->out, text);
    else
        fputs("null", j->out);
}

void tren_json_digest(tren_json *j, const char *key, uint64_t digest) {
    entry(j, key);
    fprintf(j->out, "\"%016llx\"", (unsigned long long)digest);
}

void tren_json_reals(tren_json *j, const char *key, const double *x, size_t n) {
    entry(j, key);
    fputc('[', j->out);
    for (size_t i = 0; i < n; i++) {
        if (i) fputs(", ", j->out);
        tren_json_number(j->out, x[i]);
    }
    fputc(']', j->out);
}
