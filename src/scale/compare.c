/* Two folders of launches, such as before and after an upgrade. */
#include "base/json.h"
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

static const char *const judged[] = {"too few launches", "faster", "not distinguishable", "slower"};

static bool same_bits(const tren_scale_row *a, const tren_scale_row *b) {
    return a->digest == b->digest && a->n_digests == 1 && b->n_digests == 1;
}

static void print_row(FILE *out, const tren_scale_row *a, const tren_scale_row *b) {
    tren_interval ratio = tren_interval_ratio(&b->step, &a->step);
    char interval[48] = "-";
    if (!isnan(ratio.lo)) snprintf(interval, sizeof interval, "%.3f-%.3f", ratio.lo, ratio.hi);
    fprintf(out, "%-6s %5d %10.4g %10.4g %8.3f %14s  %-20s %s\n",
            tren_scale_mode_name[a->point->mode], a->point->ranks, 1e3 * a->step.median,
            1e3 * b->step.median, ratio.median, interval,
            judged[tren_interval_compare(&b->step, &a->step)],
            same_bits(a, b) ? "same bits" : "OTHER BITS");
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

/* ---- JSON ------------------------------------------------------------------------------------ */

static void json_row(tren_json *j, const tren_scale_row *a, const tren_scale_row *b) {
    tren_interval ratio = tren_interval_ratio(&b->step, &a->step);
    tren_json_begin(j, NULL, '{');
    tren_json_text(j, "mode", tren_scale_mode_name[a->point->mode]);
    tren_json_whole(j, "ranks", a->point->ranks);
    tren_json_whole(j, "shards", a->point->shards);
    tren_json_whole(j, "batch", a->point->batch);
    tren_json_real(j, "a_seconds", a->step.median);
    tren_json_real(j, "b_seconds", b->step.median);
    tren_json_real(j, "ratio", ratio.median);
    tren_json_real(j, "ratio_low", ratio.lo);
    tren_json_real(j, "ratio_high", ratio.hi);
    tren_json_text(j, "b_is", judged[tren_interval_compare(&b->step, &a->step)]);
    tren_json_bool(j, "same_bits", same_bits(a, b));
    tren_json_end(j);
}

static void json_only(tren_json *j, const char *key, const tren_scale_summary *a,
                      const tren_scale_summary *b) {
    tren_json_begin(j, key, '[');
    for (int i = 0; i < a->n_rows; i++) {
        const tren_scale_point *p = a->row[i].point;
        if (a->row[i].n == 0 || find(b, p)) continue;
        tren_json_begin(j, NULL, '{');
        tren_json_text(j, "mode", tren_scale_mode_name[p->mode]);
        tren_json_whole(j, "ranks", p->ranks);
        tren_json_whole(j, "shards", p->shards);
        tren_json_whole(j, "batch", p->batch);
        tren_json_end(j);
    }
    tren_json_end(j);
}

static void json_facts(tren_json *j, const tren_scale *a, const tren_scale *b) {
    const char *name[TREN_SCALE_FACTS];
    char before[1024], after[1024];
    int n = scale_fact_names(name, a);
    tren_json_begin(j, "changed", '{');
    for (int i = 0; i < n; i++) {
        scale_fact_values(before, sizeof before, a, name[i]);
        scale_fact_values(after, sizeof after, b, name[i]);
        if (strcmp(before, after) == 0) continue;
        tren_json_begin(j, name[i], '[');
        tren_json_text(j, NULL, before);
        tren_json_text(j, NULL, after);
        tren_json_end(j);
    }
    tren_json_end(j);
}

int tren_scale_compare_json(FILE *out, const tren_scale_summary *a, const tren_scale_summary *b) {
    tren_json j = {.out = out};
    int n = 0;
    tren_json_begin(&j, NULL, '{');
    tren_json_text(&j, "a", a->scale->dir);
    tren_json_text(&j, "b", b->scale->dir);
    tren_json_begin(&j, "points", '[');
    for (int i = 0; i < a->n_rows; i++) {
        const tren_scale_row *other = find(b, a->row[i].point);
        if (a->row[i].n == 0 || !other) continue;
        json_row(&j, &a->row[i], other);
        n++;
    }
    tren_json_end(&j);
    json_only(&j, "only_in_a", a, b);
    json_only(&j, "only_in_b", b, a);
    json_facts(&j, a->scale, b->scale);
    tren_json_end(&j);
    return n;
}
