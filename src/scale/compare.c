/* Two folders of launches, such as before and after an upgrade. */
#include "base/quote.h"
#include "scale/report.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static const tren_scale_row *find(const tren_scale_summary *s, const tren_scale_point *p) {
    for (int i = 0; i < s->n_rows; i++) {
        const tren_scale_point *q = s->row[i].point;
        if (q->mode == p->mode && q->ranks == p->ranks && q->batch == p->batch &&
            q->shards == p->shards)
            return s->row[i].n > 0 ? &s->row[i] : NULL;
    }
    return NULL;
}

static void print_row(FILE *out, const tren_scale_row *a, const tren_scale_row *b) {
    static const char *const text[] = {"too few launches", "faster", "not distinguishable",
                                       "slower"};
    tren_interval ratio = tren_interval_ratio(&b->step, &a->step);
    char interval[48] = "-";
    if (!isnan(ratio.lo)) snprintf(interval, sizeof interval, "%.3f-%.3f", ratio.lo, ratio.hi);
    fprintf(out, "%-6s %5d %10.4g %10.4g %8.3f %14s  %-20s %s\n",
            tren_scale_mode_name[a->point->mode], a->point->ranks, 1e3 * a->step.median,
            1e3 * b->step.median, ratio.median, interval,
            text[tren_interval_compare(&b->step, &a->step)],
            a->digest == b->digest && a->n_digests == 1 && b->n_digests == 1 ? "same bits"
                                                                             : "OTHER BITS");
}

static void print_facts(FILE *out, const tren_scale *a, const tren_scale *b) {
    const char *name[TREN_SCALE_FACTS];
    char before[1024], after[1024];
    int n = scale_fact_names(name, a);
    for (int i = 0; i < n; i++) {
        scale_fact_values(before, sizeof before, a, name[i]);
        scale_fact_values(after, sizeof after, b, name[i]);
        if (strcmp(before, after) == 0) continue;
        fprintf(out, "%s: ", name[i]);
        tren_put_shown(out, before);
        fputs(" -> ", out);
        tren_put_shown(out, after);
        fputc('\n', out);
    }
}

static void print_only(FILE *out, const tren_scale_summary *a, const tren_scale_summary *b) {
    for (int i = 0; i < a->n_rows; i++) {
        const tren_scale_point *p = a->row[i].point;
        if (a->row[i].n == 0 || find(b, p)) continue;
        fputs("only in ", out);
        tren_put_shown(out, a->scale->dir);
        fprintf(out, ": %s on %d rank%s (shards %d, batch %d)\n", tren_scale_mode_name[p->mode],
                p->ranks, p->ranks > 1 ? "s" : "", p->shards, p->batch);
    }
}

int tren_scale_compare(FILE *out, const tren_scale_summary *a, const tren_scale_summary *b) {
    int n = 0;
    fprintf(out, "%-6s %5s %10s %10s %8s %14s  %-20s %s\n", "mode", "ranks", "A: ms", "B: ms",
            "B / A", "at least 90 %", "B is", "");
    for (int i = 0; i < a->n_rows; i++) {
        const tren_scale_row *other = find(b, a->row[i].point);
        if (a->row[i].n == 0 || !other) continue;
        print_row(out, &a->row[i], other);
        n++;
    }
    print_only(out, a, b);
    print_only(out, b, a);
    print_facts(out, a->scale, b->scale);
    return n;
}
