/* Verdicts: claims with their numbers, in both languages, kept as JSON lines of our own making. */
#include "base/quote.h"
#include "base/whole.h"
#include "tren/lab.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* The claim behind the last one becomes the last. */
static void localize(tren_verdict *v) {
    for (tren_language l = TREN_ENGLISH; l <= TREN_SPANISH; l++)
        tren_localize(v->at[v->n].text[l], TREN_CLAIM_TEXT, l);
    v->n++;
}

static void add(tren_verdict *v, tren_claim claim, const char *en, const char *es, va_list args) {
    if (v->n == TREN_MAX_CLAIMS) return;
    va_list again;
    va_copy(again, args);
    v->at[v->n].claim = claim;
    vsnprintf(v->at[v->n].text[TREN_ENGLISH], TREN_CLAIM_TEXT, en, args);
    vsnprintf(v->at[v->n].text[TREN_SPANISH], TREN_CLAIM_TEXT, es, again);
    va_end(again);
    localize(v);
}

void tren_verdict_add(tren_verdict *v, bool holds, const char *en, const char *es, ...) {
    va_list args;
    va_start(args, es);
    add(v, holds ? TREN_CLAIM_HOLDS : TREN_CLAIM_FAILED, en, es, args);
    va_end(args);
}

void tren_verdict_add_text(tren_verdict *v, bool holds, const char *en, const char *es) {
    if (v->n == TREN_MAX_CLAIMS) return;
    v->at[v->n].claim = holds ? TREN_CLAIM_HOLDS : TREN_CLAIM_FAILED;
    snprintf(v->at[v->n].text[TREN_ENGLISH], TREN_CLAIM_TEXT, "%s", en);
    snprintf(v->at[v->n].text[TREN_SPANISH], TREN_CLAIM_TEXT, "%s", es);
    localize(v);
}

void tren_verdict_tell(tren_verdict *v, const char *en, const char *es, ...) {
    va_list args;
    va_start(args, es);
    add(v, TREN_CLAIM_INFO, en, es, args);
    va_end(args);
}

bool tren_verdict_holds(const tren_verdict *v) {
    int judged = 0;
    for (int i = 0; i < v->n; i++) {
        if (v->at[i].claim == TREN_CLAIM_FAILED) return false;
        judged += v->at[i].claim == TREN_CLAIM_HOLDS;
    }
    return judged > 0;
}

/* Whether a claim lacks its number, as in another form the values that it is about were not run. */
static bool lacks_number(const char *text) {
    return strstr(text, "nan") || strstr(text, " inf ");
}

void tren_verdict_set_form(tren_verdict *v, tren_lab_form form) {
    int n = 0, unknown = 0;
    v->form = form;
    for (int i = 0; i < v->n && form != TREN_LAB_JUDGED; i++) {
        if (lacks_number(v->at[i].text[TREN_ENGLISH])) {
            unknown++;
            continue;
        }
        v->at[n] = v->at[i];
        if (form == TREN_LAB_QUICK && v->at[n].claim != TREN_CLAIM_INFO)
            v->at[n].claim = TREN_CLAIM_UNJUDGED;
        n++;
    }
    if (form != TREN_LAB_JUDGED) v->n = n;
    if (unknown == 0) return;
    tren_verdict_tell(
        v, "claims about values that were not run, or that this setting does not have: %d",
        "afirmaciones sobre valores que no se han ejecutado, o que esta configuración no tiene: %d",
        unknown);
    v->at[n].claim = TREN_CLAIM_UNJUDGED;
}

const char *tren_verdict_words(char out[TREN_VERDICT_WORDS], const tren_verdict *v,
                               tren_language language) {
    static const tren_phrase
        quick = {"not judged in the quick form", "sin juzgar en la forma rápida"},
        none = {"another setting: none judged", "otra configuración: nada que juzgar"},
        own = {"another setting: %d of %d hold", "otra configuración: se cumplen %d de %d"},
        form[2] = {{"NOT reproduced, %d of %d hold", "NO reproducido, se cumplen %d de %d"},
                   {"reproduced, %d of %d hold", "reproducido, se cumplen %d de %d"}};
    int hold = 0, fail = 0;
    for (int i = 0; i < v->n; i++) {
        hold += v->at[i].claim == TREN_CLAIM_HOLDS;
        fail += v->at[i].claim == TREN_CLAIM_FAILED;
    }
    tren_phrase said = v->form == TREN_LAB_QUICK    ? quick
                       : v->form == TREN_LAB_JUDGED ? form[tren_verdict_holds(v)]
                       : hold + fail > 0            ? own
                                                    : none;
    snprintf(out, TREN_VERDICT_WORDS, tren_say_in(language, said), hold, hold + fail);
    return out;
}

/* ---- the file --------------------------------------------------------------------------------
 */

static const char *const claim_name[] = {"failed", "holds", "info", "not judged"};
enum { N_CLAIM_NAMES = sizeof claim_name / sizeof *claim_name };

/* As people see it, so that the only escapes are those that take() knows. */
static void put_quoted(FILE *out, const char *text) {
    char shown[TREN_SHOWN_ROOM * TREN_CLAIM_TEXT];
    tren_put_json(out, tren_shown(shown, sizeof shown, text));
}

static void put_verdict(FILE *out, void *ctx) {
    const tren_verdict *v = ctx;
    static const char *const other[] = {"", "not judged: quick form",
                                        "not judged: another setting"};
    const char *word = v->form != TREN_LAB_JUDGED ? other[v->form]
                       : tren_verdict_holds(v)    ? "reproduced"
                                                  : "not reproduced";
    fprintf(out, "{\n  \"verdict\": \"%s\",\n  \"claims\": [\n", word);
    for (int i = 0; i < v->n; i++) {
        fprintf(out, "    {\"claim\": \"%s\", \"en\": ", claim_name[v->at[i].claim]);
        put_quoted(out, v->at[i].text[TREN_ENGLISH]);
        fputs(", \"es\": ", out);
        put_quoted(out, v->at[i].text[TREN_SPANISH]);
        fprintf(out, "}%s\n", i + 1 < v->n ? "," : "");
    }
    fputs("  ]\n}\n", out);
}

tren_status tren_verdict_write(const tren_verdict *v, const char *path) {
    return tren_whole_write(path, TREN_ERR_ENV, put_verdict, (void *)v);
}

/* The string after `key` in a line, unquoted. */
static bool take(char *out, size_t n, const char *line, const char *key) {
    const char *at = strstr(line, key);
    if (!at || n == 0) return false;
    size_t used = 0;
    for (at += strlen(key); *at && *at != '"' && used + 1 < n; at++) {
        if (*at == '\\' && at[1]) at++;
        out[used++] = *at;
    }
    out[used] = '\0';
    return *at == '"';
}

static void read_claim(tren_verdict *v, const char *line) {
    char word[16];
    if (v->n == TREN_MAX_CLAIMS || !take(word, sizeof word, line, "\"claim\": \"")) return;
    for (int c = 0; c < N_CLAIM_NAMES; c++)
        if (strcmp(word, claim_name[c]) == 0) v->at[v->n].claim = (tren_claim)c;
    if (take(v->at[v->n].text[TREN_ENGLISH], TREN_CLAIM_TEXT, line, "\"en\": \"") &&
        take(v->at[v->n].text[TREN_SPANISH], TREN_CLAIM_TEXT, line, "\"es\": \""))
        v->n++;
}

tren_status tren_verdict_read(tren_verdict *v, const char *path) {
    static const char end[] = "  ]\n}\n";
    char *text = NULL, *rest;
    *v = (tren_verdict){0};
    TREN_TRY(tren_whole_read(&text, path, TREN_ERR_DATA));
    rest = text;
    size_t n = strlen(text);
    bool whole = n >= sizeof end - 1 && strcmp(text + n - (sizeof end - 1), end) == 0;
    for (char *line; (line = strsep(&rest, "\n"));) {
        read_claim(v, line);
    }
    free(text);
    if (whole && v->n > 0) return TREN_OK;
    return tren_fail(TREN_ERR_DATA,
                     "%s: is damaged; 'tren lab run' judges the points of its experiment again",
                     path);
}
