/* The summary as a table for people, as scaling.csv and as scaling.json. */
#include "base/quote.h"
#include "base/whole.h"
#include "scale/report.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* ---- for people ------------------------------------------------------------------------------ */

static void print_row(FILE *out, const tren_scale_row *row) {
    const tren_scale_point *p = row->point;
    fprintf(out, "%-6s %5d %5d %7d", tren_scale_mode_name[p->mode], p->ranks, p->nodes, p->batch);
    if (row->n == 0) {
        fputs("  no launch\n", out);
        return;
    }
    char interval[48] = "-", digest[24];
    if (!isnan(row->step.lo))
        snprintf(interval, sizeof interval, "%.4g-%.4g", 1e3 * row->step.lo, 1e3 * row->step.hi);
    snprintf(digest, sizeof digest, "%016" PRIx64, row->digest);
    fprintf(out, " %9.4g %17s %10.0f %8.2f %5.0f%% %8.3g %8.3g %4d  %-16s %s\n",
            1e3 * row->step.median, interval, row->rate, row->speed_up.median,
            100 * row->efficiency.median, 1e3 * row->p95, 1e3 * row->most, row->n,
            row->n_digests > 1 ? "SEVERAL" : digest, scale_say_order(row));
}

static void print_missing(void *ctx, const char *text) {
    fputs("warning: ", ctx);
    tren_put_shown(ctx, text);
    fputc('\n', ctx);
}

void tren_scale_print(FILE *out, const tren_scale_summary *s) {
    fprintf(out, "%-6s %5s %5s %7s %9s %17s %10s %8s %6s %8s %8s %4s  %-16s %s\n", "mode", "ranks",
            "nodes", "batch", "ms a step", "95 % interval", "rows/s", "speed-up", "eff.", "p95",
            "max", "n", "digest", "compared with the row before");
    for (int i = 0; i < s->n_rows; i++) print_row(out, &s->row[i]);
    scale_each_missing(s, print_missing, out);
}

/* ---- CSV ------------------------------------------------------------------------------------- */

static void put_cell(FILE *out, double x) {
    if (isfinite(x))
        fprintf(out, ",%.9g", x);
    else
        fputc(',', out);
}

static void put_interval(FILE *out, const tren_interval *i) {
    put_cell(out, i->median);
    put_cell(out, i->lo);
    put_cell(out, i->hi);
}

static void put_row(FILE *out, const tren_scale_row *row) {
    const tren_scale_point *p = row->point;
    fprintf(out, "%s,%d,%d,%d,%d,%d,%d", tren_scale_mode_name[p->mode], p->ranks, p->nodes,
            p->shards, p->batch, row->n, row->n_failed);
    put_interval(out, &row->step);
    put_cell(out, row->p50);
    put_cell(out, row->p95);
    put_cell(out, row->most);
    put_cell(out, row->rate);
    put_interval(out, &row->speed_up);
    put_interval(out, &row->efficiency);
    const double bounds[] = {row->ideal, row->amdahl, row->hidden, row->exposed};
    for (int i = 0; i < 4; i++) put_cell(out, bounds[i]);
    for (int i = TREN_PHASE_DATA; i <= TREN_PHASE_UPDATE; i++)
        put_cell(out, row->n ? row->phase.at[i] : NAN);
    put_cell(out, row->slowest);
    fprintf(out, ",%s,", scale_say_order(row));
    if (row->n == 0)
        fputc('\n', out);
    else
        fprintf(out, row->n_digests > 1 ? "several\n" : "%016" PRIx64 "\n", row->digest);
}

void scale_put_csv(FILE *out, void *summary) {
    const tren_scale_summary *s = summary;
    fputs("mode,ranks,nodes,shards,batch,launches,failed,step_seconds,step_lo,step_hi,p50,p95,max,"
          "rows_per_second,speed_up,speed_up_lo,speed_up_hi,efficiency,efficiency_lo,"
          "efficiency_hi,ideal,amdahl,alpha_beta_hidden,alpha_beta_exposed,data,forward,backward,"
          "reduce,update,slowest_rank,beside_before,digest\n",
          out);
    for (int i = 0; i < s->n_rows; i++) put_row(out, &s->row[i]);
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static void put_value(FILE *out, const char *key, double x) {
    if (isfinite(x))
        fprintf(out, "\"%s\": %.9g, ", key, x);
    else
        fprintf(out, "\"%s\": null, ", key);
}

static void put_triple(FILE *out, const char *key, const tren_interval *i) {
    fprintf(out, "\"%s\": {", key);
    put_value(out, "median", i->median);
    put_value(out, "lo", i->lo);
    if (isfinite(i->hi))
        fprintf(out, "\"hi\": %.9g}, ", i->hi);
    else
        fputs("\"hi\": null}, ", out);
}

static void put_launch(FILE *out, const tren_scale_launch *l) {
    fprintf(out, "    {\"mode\": \"%s\", \"ranks\": %d, \"repeat\": %d, \"code\": %d, ",
            tren_scale_mode_name[l->mode], l->ranks, l->repeat, l->code);
    if (l->code) {
        fputs("\"said\": ", out);
        tren_put_json(out, l->said);
        fputs("}", out);
        return;
    }
    put_value(out, "step_seconds", tren_scale_launch_step(l));
    put_value(out, "load", l->load);
    for (int i = 0; i < l->n_facts; i++) {
        tren_put_json(out, l->fact[i].name);
        fputs(": ", out);
        tren_put_json(out, l->fact[i].text);
        fputs(", ", out);
    }
    fputs("\"places\": [", out);
    for (int r = 0; r < l->ranks; r++) {
        fputs(r ? ", " : "", out);
        tren_put_json(out, l->place[r]);
    }
    fprintf(out, "], \"digest\": \"%016" PRIx64 "\"}", l->digest);
}

static void put_point(FILE *out, const tren_scale_row *row) {
    const tren_scale_point *p = row->point;
    fprintf(out,
            "    {\"mode\": \"%s\", \"ranks\": %d, \"nodes\": %d, \"shards\": %d, \"batch\": %d, "
            "\"failed\": %d, ",
            tren_scale_mode_name[p->mode], p->ranks, p->nodes, p->shards, p->batch, row->n_failed);
    put_triple(out, "step_seconds", &row->step);
    put_triple(out, "speed_up", &row->speed_up);
    put_triple(out, "efficiency", &row->efficiency);
    put_value(out, "p50", row->p50);
    put_value(out, "p95", row->p95);
    put_value(out, "max", row->most);
    put_value(out, "rows_per_second", row->rate);
    put_value(out, "ideal", row->ideal);
    put_value(out, "amdahl", row->amdahl);
    put_value(out, "alpha_beta_hidden", row->hidden);
    put_value(out, "alpha_beta_exposed", row->exposed);
    put_value(out, "slowest_rank", row->slowest);
    for (int i = 0; i < TREN_N_PHASES; i++)
        put_value(out, tren_phase_name[i], row->n ? row->phase.at[i] : NAN);
    fputs("\"launches\": [", out);
    for (int i = 0; i < row->n; i++) fprintf(out, "%s%.9g", i ? ", " : "", row->launch[i]);
    fprintf(out, "], \"beside_before\": \"%s\"}", scale_say_order(row));
}

void scale_put_json(FILE *out, void *summary) {
    const tren_scale_summary *s = summary;
    const tren_scale_plan *plan = &s->scale->plan;
    fprintf(out, "{\n  \"tren\": \"%s\",\n  \"steps\": %d,\n  \"skip\": %d,\n  ", TREN_VERSION,
            plan->steps, plan->skip);
    put_value(out, "serial_share", s->serial);
    put_value(out, "node_latency", s->node.latency);
    put_value(out, "node_per_byte", s->node.per_byte);
    put_value(out, "network_latency", s->network.latency);
    put_value(out, "network_per_byte", s->network.per_byte);
    fprintf(out, "\n  \"strong_digests\": %d,\n  \"recipe\": ", s->n_strong_digests);
    tren_put_json(out, s->scale->recipe);
    fputs(",\n  \"points\": [\n", out);
    for (int i = 0; i < s->n_rows; i++) {
        fputs(i ? ",\n" : "", out);
        put_point(out, &s->row[i]);
    }
    fputs("\n  ],\n  \"launches\": [\n", out);
    for (int i = 0; i < s->scale->n_launches; i++) {
        fputs(i ? ",\n" : "", out);
        put_launch(out, &s->scale->launch[i]);
    }
    fputs("\n  ]\n}\n", out);
}

/* ---- files ----------------------------------------------------------------------------------- */

tren_status tren_scale_report(const tren_scale_summary *s) {
    const struct {
        const char *name;
        void (*put)(FILE *out, void *summary);
    } file[] = {{"scaling.csv", scale_put_csv},
                {"scaling.json", scale_put_json},
                {"scaling.html", scale_put_page}};
    for (size_t i = 0; i < sizeof file / sizeof *file; i++) {
        char path[TREN_MAX_PATH + 32];
        snprintf(path, sizeof path, "%s/%s", s->scale->dir, file[i].name);
        TREN_TRY(tren_whole_write(path, TREN_ERR_ENV, file[i].put, (void *)s));
    }
    return TREN_OK;
}
