/* What is said about an experiment, on a terminal and in the page. */
#include "scale/report.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static int n_strong(const tren_scale *scale) {
    int n = 0;
    for (int i = 0; i < scale->n_launches; i++)
        n += scale->launch[i].mode == TREN_SCALE_STRONG && scale->launch[i].code == 0;
    return n;
}

/* "1 rank: 827c..., 2 ranks: beef..." of the strong rows. */
static void list_digests(char *out, size_t n, const tren_scale_summary *s) {
    int k = 0;
    for (int i = 0; i < s->n_rows && k < (int)n; i++) {
        const tren_scale_row *row = &s->row[i];
        if (row->point->mode != TREN_SCALE_STRONG || row->n == 0) continue;
        k += snprintf(out + k, n - (size_t)k, "%s%d rank%s: %016" PRIx64 "%s", k ? ", " : "",
                      row->point->ranks, row->point->ranks > 1 ? "s" : "", row->digest,
                      row->n_digests > 1 ? " and others" : "");
    }
}

char *scale_say_digests(char out[SCALE_WORDS], const tren_scale_summary *s) {
    char list[SCALE_WORDS / 2] = "";
    int n = n_strong(s->scale);
    list_digests(list, sizeof list, s);
    if (n == 0)
        snprintf(out, SCALE_WORDS, "no strong-scaling launch has finished, so no digest is known");
    else if (s->n_strong_digests == 1)
        snprintf(out, SCALE_WORDS,
                 "all %d strong-scaling launches have the same digest: %016" PRIx64, n,
                 s->row[1].digest);
    else
        snprintf(out, SCALE_WORDS,
                 "the strong-scaling launches do NOT have the same digest (%s); with reduction: "
                 "mpi this is expected, otherwise nodes, libraries or CPUs differ",
                 list);
    return out;
}

const char *scale_say_order(const tren_scale_row *row) {
    static const char *const text[] = {"", "slower", "not distinguishable", "faster"};
    return row->n > 0 ? text[row->faster] : "";
}

/* ---- facts ----------------------------------------------------------------------------------- */

static const tren_scale_fact *find_fact(const tren_scale_launch *l, const char *name) {
    for (int i = 0; i < l->n_facts; i++)
        if (strcmp(l->fact[i].name, name) == 0) return &l->fact[i];
    return NULL;
}

int scale_fact_names(const char *name[TREN_SCALE_FACTS], const tren_scale *scale) {
    int n = 0;
    for (int i = 0; i < scale->n_launches; i++)
        for (int k = 0; k < scale->launch[i].n_facts; k++) {
            const char *one = scale->launch[i].fact[k].name;
            bool new = n < TREN_SCALE_FACTS;
            for (int j = 0; new &&j < n; j++) new = strcmp(name[j], one) != 0;
            if (new) name[n++] = one;
        }
    return n;
}

static bool is_first_with(const tren_scale *scale, int i, const char *name, const char *text) {
    for (int k = 0; k < i; k++) {
        const tren_scale_fact *fact = find_fact(&scale->launch[k], name);
        if (fact && strcmp(fact->text, text) == 0) return false;
    }
    return true;
}

int scale_fact_values(char *out, size_t n, const tren_scale *scale, const char *name) {
    int values = 0;
    size_t k = 0;
    out[0] = '\0';
    for (int i = 0; i < scale->n_launches; i++) {
        const tren_scale_fact *fact = find_fact(&scale->launch[i], name);
        if (!fact || !is_first_with(scale, i, name, fact->text)) continue;
        if (k < n) k += (size_t)snprintf(out + k, n - k, "%s%s", values ? "; " : "", fact->text);
        values++;
    }
    return values;
}

/* ---- what is missing ------------------------------------------------------------------------- */

void scale_each_missing(const tren_scale_summary *s, void (*fn)(void *ctx, const char *text),
                        void *ctx) {
    char text[SCALE_WORDS + TREN_SCALE_TEXT];
    const tren_scale *scale = s->scale;
    for (int i = 0; i < s->n_rows; i++) {
        const tren_scale_point *p = s->row[i].point;
        const char *why = p->why ? p->why : "no launch of this point has finished";
        if (s->row[i].n > 0) continue;
        snprintf(text, sizeof text, "%s scaling on %d rank%s is left out: %s",
                 tren_scale_mode_name[p->mode], p->ranks, p->ranks > 1 ? "s" : "", why);
        fn(ctx, text);
    }
    for (int i = 0; i < scale->n_launches; i++) {
        const tren_scale_launch *l = &scale->launch[i];
        if (!l->code) continue;
        snprintf(text, sizeof text, "launch %d of %s on %d rank%s failed with exit code %d: %s",
                 l->repeat, tren_scale_mode_name[l->mode], l->ranks, l->ranks > 1 ? "s" : "",
                 l->code, l->said[0] ? l->said : "it said nothing");
        fn(ctx, text);
    }
}
