/* Writes scaling.html, one page that needs no other file. */
#include "base/quote.h"
#include "scale/report.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static const char head[] =
    "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<title>Scaling</title>\n<style>\n"
    "body{font:16px/1.5 system-ui,sans-serif;color:#222;max-width:68rem;margin:2rem auto;"
    "padding:0 1rem}\n"
    "svg{width:100%;height:auto;font:13px system-ui,sans-serif}\n"
    "h1{font-size:1.6rem}h2{font-size:1.25rem;margin-top:2.5rem}\n"
    "table{border-collapse:collapse;font-size:.9rem}td,th{padding:.15rem .7rem .15rem 0;"
    "text-align:right;vertical-align:top}\n"
    "th{border-bottom:1px solid #888}td.l,th.l{text-align:left}\n"
    ".good{color:#1a7f37}.bad{color:#fff;background:#b42318;padding:.6rem 1rem;font-weight:bold}\n"
    ".wide{overflow-x:auto}pre{background:#f3f3f3;padding:.8rem;overflow-x:auto}\n"
    "</style>\n</head>\n<body>\n<h1>Scaling</h1>\n";

static void put_html(FILE *out, const char *before, const char *text, const char *after) {
    fputs(before, out);
    tren_put_html(out, text);
    fputs(after, out);
}

/* ---- sentences ------------------------------------------------------------------------------- */

static void put_digests(FILE *out, const tren_scale_summary *s) {
    char words[SCALE_WORDS];
    bool good = s->n_strong_digests == 1;
    put_html(out, good ? "<p class=\"good\">Bits: " : "<p class=\"bad\">Bits: ",
             scale_say_digests(words, s), ".</p>\n");
}

static void put_base(FILE *out, const tren_scale_row *row, const char *what) {
    if (row->n == 0) return;
    fprintf(out, "<p>%s: %.4g ms per step", what, 1e3 * row->step.median);
    if (!isnan(row->step.lo))
        fprintf(out, " (95 %% interval %.4g to %.4g)", 1e3 * row->step.lo, 1e3 * row->step.hi);
    fprintf(out, ", %.0f rows per second; %d launches.</p>\n", row->rate, row->n);
}

static const tren_scale_row *last_strong(const tren_scale_summary *s) {
    const tren_scale_row *last = NULL;
    for (int i = 0; i < s->n_rows; i++)
        if (s->row[i].point->mode == TREN_SCALE_STRONG && s->row[i].n > 0) last = &s->row[i];
    return last;
}

static void put_words(FILE *out, const tren_scale_summary *s) {
    const tren_scale_row *last = last_strong(s);
    put_digests(out, s);
    put_base(out, &s->row[0],
             "Base case, one rank with shards: 1 (the fastest way to train on one rank)");
    if (s->n_rows > 1) {
        char what[96];
        snprintf(what, sizeof what, "Reference of the speed-ups, %d rank%s with shards: %d",
                 s->row[1].point->ranks, s->row[1].point->ranks > 1 ? "s" : "",
                 s->row[1].point->shards);
        put_base(out, &s->row[1], what);
    }
    if (last && last != &s->row[1])
        fprintf(out,
                "<p>%d ranks: speed-up %.3g (%.3g to %.3g), efficiency %.0f %%; bounds of "
                "the speed-up: ideal %.3g, alpha-beta %.3g with all communication hidden and %.3g "
                "with none hidden.</p>\n",
                last->point->ranks, last->speed_up.median, last->speed_up.lo, last->speed_up.hi,
                100 * last->efficiency.median, s->row[1].step.median / last->ideal,
                s->row[1].step.median / last->hidden, s->row[1].step.median / last->exposed);
}

/* ---- tables ---------------------------------------------------------------------------------- */

static void put_interval(FILE *out, double scale, const tren_interval *i) {
    if (isnan(i->lo))
        fprintf(out, "<td>%.4g</td><td></td>", scale * i->median);
    else
        fprintf(out, "<td>%.4g</td><td>%.4g&ndash;%.4g</td>", scale * i->median, scale * i->lo,
                scale * i->hi);
}

static void put_row(FILE *out, const tren_scale_row *row) {
    const tren_scale_point *p = row->point;
    fprintf(out, "<tr><td class=\"l\">%s</td><td>%d</td><td>%d</td><td>%d</td><td>%d</td>",
            tren_scale_mode_name[p->mode], p->ranks, p->nodes, p->shards, p->batch);
    if (row->n == 0) {
        fputs("<td class=\"l\" colspan=\"12\">no result, see below</td></tr>\n", out);
        return;
    }
    fprintf(out, "<td>%d</td>", row->n);
    put_interval(out, 1e3, &row->step);
    fprintf(out, "<td>%.4g</td><td>%.4g</td><td>%.4g</td><td>%.0f</td>", 1e3 * row->p50,
            1e3 * row->p95, 1e3 * row->most, row->rate);
    put_interval(out, 1, &row->speed_up);
    fprintf(out, "<td>%.0f %%</td><td>%.2f</td><td class=\"l\">%s</td><td class=\"l\"><code>",
            100 * row->efficiency.median, row->slowest, scale_say_order(row));
    fprintf(out, "%016" PRIx64 "%s</code></td></tr>\n", row->digest,
            row->n_digests > 1 ? " AND OTHERS" : "");
}

static void put_table(FILE *out, const tren_scale_summary *s) {
    fputs(
        "<h2>Points</h2>\n<div class=\"wide\"><table>\n<tr><th class=\"l\">mode</th><th>ranks"
        "</th><th>nodes</th><th>shards</th><th>batch</th><th>launches</th><th>ms per step</th>"
        "<th>95 % interval</th><th>p50</th><th>p95</th><th>max</th><th>rows/s</th><th>speed-up</th>"
        "<th>90 % interval</th><th>eff.</th><th>slowest rank</th><th class=\"l\">compared with "
        "the row before</th><th class=\"l\">digest</th></tr>\n",
        out);
    for (int i = 0; i < s->n_rows; i++) put_row(out, &s->row[i]);
    fputs(
        "</table></div>\n<p>\"Slowest rank\" is the computing time of the slowest rank divided by "
        "the mean of all ranks.</p>\n",
        out);
}

static void put_missing(void *ctx, const char *text) {
    put_html(ctx, "<li>", text, "</li>\n");
}

static void put_load(FILE *out, const tren_scale *scale) {
    double least = INFINITY, most = 0;
    for (int i = 0; i < scale->n_launches; i++) {
        double load = scale->launch[i].load;
        if (isfinite(load)) least = fmin(least, load), most = fmax(most, load);
    }
    if (isfinite(least))
        fprintf(out,
                "<tr><td class=\"l\">load of the machine at launch</td><td class=\"l\">%.1f to "
                "%.1f</td></tr>\n",
                least, most);
}

static void put_environment(FILE *out, const tren_scale_summary *s) {
    const char *name[TREN_SCALE_FACTS];
    char values[2048];
    int n = scale_fact_names(name, s->scale);
    fputs("<h2>Program and machine</h2>\n<table>\n", out);
    for (int i = 0; i < n; i++) {
        scale_fact_values(values, sizeof values, s->scale, name[i]);
        put_html(out, "<tr><td class=\"l\">", name[i], "</td>");
        put_html(out, "<td class=\"l\">", values, "</td></tr>\n");
    }
    put_load(out, s->scale);
    fprintf(out, "<tr><td class=\"l\">link within a node</td><td class=\"l\">");
    if (isfinite(s->node.latency))
        fprintf(out, "%.3g &micro;s, %.3g GB/s", 1e6 * s->node.latency, 1e-9 / s->node.per_byte);
    fprintf(out, "</td></tr>\n<tr><td class=\"l\">link between nodes</td><td class=\"l\">");
    if (isfinite(s->network.latency))
        fprintf(out, "%.3g &micro;s, %.3g GB/s", 1e6 * s->network.latency,
                1e-9 / s->network.per_byte);
    fputs("</td></tr>\n</table>\n", out);
}

/* ---- how it was measured ----------------------------------------------------------------------
 */

static void put_method(FILE *out, const tren_scale_summary *s) {
    const tren_scale_plan *plan = &s->scale->plan;
    fprintf(
        out,
        "<h2>How this was measured</h2>\n<ul>\n"
        "<li>Each launch starts the program and makes %d steps; the first %d are not counted. Each "
        "rank measures its steps with its monotonic clock; the time of a step is that of the "
        "slowest rank. No barrier is added, because ranks wait for each other in each step "
        "anyway. Reading data, evaluation and checkpoints are not part of a step.</li>\n"
        "<li>The launches have a random order: each round has one launch of every point. A point "
        "has at least %d launches.</li>\n"
        "<li>The value of a launch is its time divided by its steps (an arithmetic mean). Rows per "
        "second are the rows of all steps divided by their time (a harmonic mean). The value "
        "of a point is the median over its launches. The ends of its 95 %% interval are two of "
        "the sorted values, so the interval assumes no distribution.</li>\n"
        "<li>Speed-ups and efficiencies are ratios of medians, never means of ratios. Their "
        "intervals combine the ends of both intervals and hold with a probability of at least "
        "90 %%.</li>\n"
        "<li>\"Not distinguishable\": the 95 %% intervals of two points overlap.</li>\n"
        "<li>Bounds: \"ideal\" is the time of the first point divided by the number of ranks. The "
        "serial share of Amdahl's law is fitted to the medians. \"Alpha-beta\" also counts the "
        "shortest time of an allreduce of all values over the measured links (2 log p "
        "messages, 2 (p-1)/p of the values; between nodes once per node): once completely "
        "hidden behind computing, and once not hidden at all.</li>\n"
        "<li>Strong scaling: the same recipe, and the same bits, on all numbers of ranks. Weak "
        "scaling: batch_size grows with the number of ranks, so each number of ranks has "
        "another recipe.</li>\n</ul>\n",
        plan->steps, plan->skip, plan->repeats > 0 ? plan->repeats : TREN_INTERVAL_LEAST);
}

void scale_put_page(FILE *out, void *summary) {
    const tren_scale_summary *s = summary;
    fputs(head, out);
    put_words(out, s);
    fputs("<h2>Strong scaling</h2>\n", out);
    scale_put_strong(out, s);
    fputs("<h2>Weak scaling</h2>\n", out);
    scale_put_weak(out, s);
    fputs("<h2>Where the time goes</h2>\n", out);
    scale_put_split(out, s);
    fputs("<h2>Distribution of step times</h2>\n", out);
    scale_put_steps(out, s);
    put_table(out, s);
    fputs("<h2>Failed launches and missing points</h2>\n<ul>\n", out);
    scale_each_missing(s, put_missing, out);
    fputs("</ul>\n<p>Nothing else is missing.</p>\n", out);
    put_environment(out, s);
    put_method(out, s);
    put_html(out, "<h2>Recipe</h2>\n<pre>", s->scale->recipe, "</pre>\n");
    fprintf(out, "<p>tren %s</p>\n</body>\n</html>\n", TREN_VERSION);
}
