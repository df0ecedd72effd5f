#include "cli/json.h"

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
