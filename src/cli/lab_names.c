#include "cli/lab_names.h"
#include "base/text.h"

#include <string.h>

tren_status tren_lab_language(tren_language *language, const char *text) {
    *language = text && strcmp(text, "es") == 0 ? TREN_SPANISH : TREN_ENGLISH;
    if (!text || *language == TREN_SPANISH || strcmp(text, "en") == 0) return TREN_OK;
    return tren_fail(TREN_ERR_USAGE, "--lang: '%s' is neither en nor es; give one of these", text);
}

static tren_status unknown(const char *name) {
    const char *names[64];
    size_t n = 0;
    for (; tren_experiments[n] && n < 64; n++) names[n] = tren_experiments[n]->name;
    const char *nearest = tren_text_nearest(name, names, n);
    if (nearest)
        return tren_fail(TREN_ERR_USAGE, "no experiment is called '%s'; did you mean '%s'?", name,
                         nearest);
    return tren_fail(TREN_ERR_USAGE,
                     "no experiment is called '%s'; 'tren lab list' shows all experiments", name);
}

/* The experiments that were asked for. */
tren_status tren_lab_choose(const tren_experiment *chosen[TREN_LAB_NAMES], int *n,
                            const char *const name[], int n_names) {
    *n = 0;
    if (n_names == 0)
        return tren_fail(TREN_ERR_USAGE, "the name of an experiment is missing: give NAME ..., or "
                                         "all; 'tren lab list' shows the names");
    for (int i = 0; i < n_names; i++) {
        bool all = strcmp(name[i], "all") == 0;
        for (int k = 0; all && tren_experiments[k]; k++)
            if (*n < TREN_LAB_NAMES) chosen[(*n)++] = tren_experiments[k];
        if (all) continue;
        const tren_experiment *e = tren_experiment_find(name[i]);
        if (!e) return unknown(name[i]);
        if (*n < TREN_LAB_NAMES) chosen[(*n)++] = e;
    }
    return TREN_OK;
}

static void put_cell(const char *text, int width) {
    int blank = width - tren_text_columns(text, strlen(text));
    printf("%s%*s", text, blank > 0 ? blank : 0, "");
}

/* Of numbers: right. */
static void put_right(const char *text) {
    enum { WIDTH = 8 };
    printf("%*s%s  ", WIDTH - tren_text_columns(text, strlen(text)), "", text);
}

static int figure_width(tren_language language) {
    int width = 0;
    for (int i = 0; tren_experiments[i]; i++) {
        const char *figure = tren_say_in(language, tren_experiments[i]->figure);
        int n = tren_text_columns(figure, strlen(figure));
        if (n > width) width = n;
    }
    return width;
}

static void put_seconds(double seconds) {
    char text[32];
    snprintf(text, sizeof text, "%.0f s", seconds);
    put_right(text);
}

void tren_lab_print_head(tren_language language) {
    static const char *const title[][2] = {{"name", "nombre"},
                                           {"figure", "figura"},
                                           {"in full", "completo"},
                                           {"quick", "rápido"},
                                           {"verdict", "veredicto"}};
    put_cell(title[0][language], 7);
    put_cell(title[1][language], figure_width(language) + 1);
    put_right(title[2][language]);
    put_right(title[3][language]);
    printf("%s\n", title[4][language]);
}

/* *status: what came of it, in `words` or a text of its own. */
static tren_status look(tren_lab_state *s, const char **status, char words[TREN_VERDICT_WORDS],
                        const tren_experiment *e, const char *out, tren_language language) {
    tren_status st = tren_lab_look(s, e, out);
    if (st != TREN_OK && st != TREN_ERR_DATA) return st;
    *status = st != TREN_OK ? tren_say_in(language, (tren_phrase){"damaged", "dañado"})
              : s->judged   ? tren_verdict_words(words, &s->verdict, language)
              : s->begun    ? tren_say_in(language, (tren_phrase){"begun", "empezado"})
                            : "-";
    return TREN_OK;
}

tren_status tren_lab_json_row(tren_json *j, const tren_experiment *e, const char *out,
                              tren_language language) {
    char words[TREN_VERDICT_WORDS];
    const char *status;
    tren_lab_state s;
    TREN_TRY(look(&s, &status, words, e, out, language));
    tren_json_begin(j, NULL, '{');
    tren_json_text(j, "name", e->name);
    tren_json_text(j, "figure", tren_say_in(language, e->figure));
    tren_json_text(j, "title", tren_say_in(language, e->title));
    tren_json_real(j, "full_seconds", e->seconds);
    tren_json_real(j, "quick_seconds", e->quick_seconds);
    tren_json_text(j, "verdict", strcmp(status, "-") == 0 ? NULL : status);
    tren_json_end(j);
    return TREN_OK;
}

tren_status tren_lab_print_row(const tren_experiment *e, const char *out, tren_language language) {
    char words[TREN_VERDICT_WORDS];
    const char *status;
    tren_lab_state s;
    TREN_TRY(look(&s, &status, words, e, out, language));
    put_cell(e->name, 7);
    put_cell(tren_say_in(language, e->figure), figure_width(language) + 1);
    put_seconds(e->seconds);
    put_seconds(e->quick_seconds);
    put_cell(status, language == TREN_SPANISH ? 38 : 30);
    printf("%s\n", tren_say_in(language, e->title));
    return TREN_OK;
}
