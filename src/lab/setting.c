/* The setting of an experiment: its parameters, other values for them, and texts that tell them. */
#include "base/text.h"
#include "tren/lab.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static int n_params(const tren_experiment *e) {
    int n = 0;
    while (n < TREN_LAB_PARAMS && e->param[n].name) n++;
    return n;
}

static int find(const tren_experiment *e, const char *name, size_t length) {
    for (int i = 0; i < n_params(e); i++)
        if (strlen(e->param[i].name) == length && strncmp(e->param[i].name, name, length) == 0)
            return i;
    return -1;
}

/* ---- reading --set --------------------------------------------------------------------------- */

static tren_status unknown_key(const tren_experiment *e, const char *set) {
    char names[512] = "";
    if (strchr(set, ' '))
        return tren_fail(TREN_ERR_USAGE, "--set '%s': write it without blanks, as KEY=VALUE,VALUE",
                         set);
    for (int i = 0; i < n_params(e); i++) {
        size_t at = strlen(names);
        snprintf(names + at, sizeof names - at, "%s%s", i ? ", " : "", e->param[i].name);
    }
    return tren_fail(TREN_ERR_USAGE, "--set %s: %s has no such parameter; it has %s", set, e->name,
                     names);
}

static tren_status refuse(const tren_experiment *e, const tren_lab_param *p, const char *set,
                          const char *why) {
    char low[32], high[32];
    tren_text_from_real(low, sizeof low, p->low);
    tren_text_from_real(high, sizeof high, p->high);
    return tren_fail(TREN_ERR_USAGE, "--set %s: %s; %s of %s (%s) takes %s%s from %s to %s%s", set,
                     why, p->name, e->name, p->what.en, p->list ? "" : "one ",
                     p->whole ? (p->list ? "whole numbers" : "whole number")
                              : (p->list ? "numbers" : "number"),
                     low, high, p->list ? ", in ascending order, separated by commas" : "");
}

/* A word about a value that cannot be taken, or NULL. */
static const char *fault(const tren_lab_param *p, const tren_lab_values *v, const char *text,
                         double *x) {
    if (tren_text_real(x, text) != TREN_TEXT_OK) return "this is not a number";
    if (*x < p->low || *x > p->high) return "a value is out of range";
    if (p->whole && *x != floor(*x)) return "a value is not whole";
    if (v->n > 0 && !p->list) return "there is more than one value";
    if (v->n > 0 && *x <= v->at[v->n - 1]) return "the values are not in ascending order";
    return v->n == TREN_LAB_VALUES ? "there are too many values" : NULL;
}

static tren_status read_values(tren_lab_values *v, const tren_experiment *e,
                               const tren_lab_param *p, const char *set) {
    char text[1024], *rest = text;
    const char *why;
    *v = (tren_lab_values){0};
    snprintf(text, sizeof text, "%s", strchr(set, '=') + 1);
    for (char *one; (one = strsep(&rest, ","));) {
        double x = 0;
        if ((why = fault(p, v, one, &x))) return refuse(e, p, set, why);
        v->at[v->n++] = x;
    }
    if (p->at_least > 0 && (v->n < p->at_least || v->n > p->at_most))
        return refuse(e, p, set, "the number of values is wrong");
    return TREN_OK;
}

static bool same(const tren_lab_values *a, const tren_lab_values *b) {
    return a->n == b->n && memcmp(a->at, b->at, (size_t)a->n * sizeof *a->at) == 0;
}

static const tren_lab_values *values_of(const tren_lab_param *p, bool quick) {
    return quick && p->quick.n > 0 ? &p->quick : &p->full;
}

/* The quick form is judged where it is as large as the full one. */
static tren_lab_form form_of(const tren_lab_setting *s, const tren_experiment *e, bool quick) {
    bool judged = true, as_quick = true;
    for (int i = 0; i < n_params(e); i++) {
        judged = judged && same(&s->value[i], &e->param[i].full);
        as_quick = as_quick && same(&s->value[i], values_of(&e->param[i], true));
    }
    return judged ? TREN_LAB_JUDGED : quick && as_quick ? TREN_LAB_QUICK : TREN_LAB_OWN;
}

tren_status tren_lab_setting_of(tren_lab_setting *s, const tren_experiment *experiment,
                                const tren_lab_options *o) {
    const tren_experiment *e = tren_experiment_source(experiment);
    int own = o->quick ? e->quick_seeds : e->seeds, usual = o->quick ? 1 : 3;
    *s = (tren_lab_setting){.seeds = o->seeds > 0 ? o->seeds
                                     : own > 0    ? own
                                                  : usual,
                            .first_seed = o->first_seed};
    for (int i = 0; i < n_params(e); i++) s->value[i] = *values_of(&e->param[i], o->quick);
    for (int k = 0; k < o->n_sets; k++) {
        const char *equals = strchr(o->set[k], '=');
        if (!equals)
            return tren_fail(TREN_ERR_USAGE, "--set %s: give KEY=VALUE, or KEY=VALUE,VALUE,...",
                             o->set[k]);
        int i = find(e, o->set[k], (size_t)(equals - o->set[k]));
        if (i < 0) return unknown_key(e, o->set[k]);
        TREN_TRY(read_values(&s->value[i], e, &e->param[i], o->set[k]));
    }
    s->form = form_of(s, e, o->quick);
    return TREN_OK;
}

/* ---- asking ---------------------------------------------------------------------------------- */

const tren_lab_values *tren_lab_list(const tren_lab *lab, const char *name) {
    static const tren_lab_values none;
    const tren_experiment *e = tren_experiment_source(lab->experiment);
    int i = find(e, name, strlen(name));
    return i < 0 ? &none : &lab->setting.value[i];
}

double tren_lab_number(const tren_lab *lab, const char *name) {
    return tren_lab_list(lab, name)->at[0];
}

int tren_lab_int(const tren_lab *lab, const char *name) {
    return (int)tren_lab_number(lab, name);
}

/* ---- telling --------------------------------------------------------------------------------- */

typedef struct writer {
    char *at;
    size_t left;
    tren_language language;
} writer;

static void put(writer *w, const char *text, size_t n) {
    if (n >= w->left) n = w->left - 1;
    memcpy(w->at, text, n);
    w->at += n;
    w->left -= n;
    *w->at = '\0';
}

static void put_text(writer *w, const char *text) {
    put(w, text, strlen(text));
}

static void put_number(writer *w, double x) {
    char digits[40];
    put(w, digits, (size_t)tren_text_from_real(digits, sizeof digits, x));
}

/* "1 seed", "5 semillas". */
static void put_seeds(writer *w, int n) {
    put_number(w, n);
    put_text(w, w->language == TREN_SPANISH ? " semilla" : " seed");
    if (n != 1) put_text(w, "s");
}

/* 0.15 as "15 %", with a space that does not break. */
static void put_percent(writer *w, double share) {
    char digits[40];
    snprintf(digits, sizeof digits, "%.4g", 100 * share);
    put_text(w, digits);
    put_text(w, "\u202f%");
}

/* "4, 12 and 27". Where commas are in the numbers themselves, semicolons part them. */
static void put_values(writer *w, const tren_lab_values *v) {
    bool spanish = w->language == TREN_SPANISH, fractions = false;
    for (int i = 0; i < v->n; i++) fractions = fractions || v->at[i] != floor(v->at[i]);
    for (int i = 0; i < v->n; i++) {
        bool last = i + 1 == v->n;
        if (i > 0)
            put_text(w, last ? (spanish ? " y " : " and ") : spanish && fractions ? "; " : ", ");
        put_number(w, v->at[i]);
    }
}

static void group_digits(char *text, size_t size, const char *mark) {
    size_t wide = strlen(mark), len = strlen(text);
    for (char *c = text; *c;) {
        size_t n = strspn(c, "0123456789"), left = n > 4 && (c == text || c[-1] != '.') ? n : 0;
        char *end = c + n;
        for (char *at = end; left > 3 && len + wide < size; left -= 3) {
            at -= 3;
            memmove(at + wide, at, (size_t)(text + len - at) + 1);
            for (size_t i = 0; i < wide; i++) at[i] = mark[i];
            len += wide;
            end += wide;
        }
        c = *end ? end + 1 : end;
    }
}

void tren_localize(char *text, size_t size, tren_language language) {
    bool fraction = false; /* in the number at c, or before it */
    group_digits(text, size, language == TREN_SPANISH ? "\u202f" : ",");
    if (language != TREN_SPANISH) return;
    for (char *c = text; *c; c++) {
        bool after = c > text && isdigit((unsigned char)c[-1]);
        if (*c == '.' && after && isdigit((unsigned char)c[1])) {
            *c = ',';
            fraction = true;
        } else if (*c == ',' && after && fraction && c[1] == ' ' && isdigit((unsigned char)c[2]))
            *c = ';';
        else if (!isdigit((unsigned char)*c) && *c != ',')
            fraction = false;
    }
}

static void put_named(writer *w, const tren_experiment *e, const tren_lab_setting *s,
                      const char *name, size_t n) {
    bool percent = n > 0 && name[n - 1] == '%';
    const char *index = memchr(name, '[', n);
    int i = find(e, name, index ? (size_t)(index - name) : n - percent);
    int k = index ? atoi(index + 1) : 0;
    if (i >= 0 && percent)
        put_percent(w, s->value[i].at[0]);
    else if (i >= 0 && index)
        put_number(w, k < s->value[i].n ? s->value[i].at[k] : NAN);
    else if (i >= 0)
        put_values(w, &s->value[i]);
    else if (n == 5 && strncmp(name, "seeds", 5) == 0)
        put_seeds(w, s->seeds);
    else
        put(w, name - 1, n + 2); /* as it stands */
}

char *tren_lab_say(char out[TREN_LAB_TEXT], const tren_experiment *experiment,
                   const tren_lab_setting *s, tren_phrase text, tren_language language) {
    const tren_experiment *e = tren_experiment_source(experiment);
    writer w = {out, TREN_LAB_TEXT, language};
    *out = '\0';
    for (const char *c = tren_say_in(language, text); *c;) {
        size_t n = strcspn(c, "{");
        put(&w, c, n);
        c += n;
        if (!*c) break;
        size_t name = strcspn(c + 1, "}");
        put_named(&w, e, s, c + 1, name);
        c += name + 1 + (c[name + 1] == '}');
    }
    tren_localize(out, TREN_LAB_TEXT, language);
    return out;
}

char *tren_lab_difference(char out[TREN_LAB_TEXT], const tren_experiment *experiment,
                          const tren_lab_setting *s, tren_language language) {
    const tren_experiment *e = tren_experiment_source(experiment);
    writer w = {out, TREN_LAB_TEXT, language};
    *out = '\0';
    for (int i = 0; i < n_params(e); i++) {
        const tren_lab_param *p = &e->param[i];
        if (same(&s->value[i], &p->full)) continue;
        if (*out) put_text(&w, "; ");
        put_text(&w, tren_say_in(language, p->what));
        put_text(&w, ": ");
        put_values(&w, &s->value[i]);
        put_text(&w, language == TREN_SPANISH ? " en lugar de " : " instead of ");
        put_values(&w, &p->full);
    }
    tren_localize(out, TREN_LAB_TEXT, language);
    return out;
}
