/* tren plan: how long a step will take on so many ranks, from quick measurements. */
#include "cli/cmd.h"
#include "cli/console.h"
#include "base/folders.h"
#include "base/json.h"
#include "cli/own_args.h"
#include "cli/plan.h"
#include "cli/plan_jobs.h"
#include "cli/rank_list.h"
#include "cli/runs.h"
#include "tren/train.h"
#include "tren/models.h"
#include "base/why.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char summary[] =
    "Predict the step time on 1, 2, 4 ... ranks, its parts, the memory per rank, and from where on "
    "more ranks do not help. It measures with launches of a few seconds: one rank does the work of "
    "one of P ranks, ranks of a node exchange gradients, and ranks of two nodes where the launcher "
    "has two. --score compares the prediction with a measurement. Every key of the config is also "
    "an option here ('tren train --help').";

/* ---- arguments ------------------------------------------------------------------------------- */

static tren_status check(tren_plan_args *a, int shards) {
    for (int n = 1; !a->ranks_text && n <= shards && a->n_ranks < TREN_SCALE_RANKS; n *= 2)
        a->ranks[a->n_ranks++] = n;
    if (a->bandwidth < 0 || a->latency < 0)
        return tren_fail(TREN_ERR_USAGE, "--bandwidth and --latency must be above 0");
    return TREN_OK;
}

static tren_status read_args(tren_plan_args *a, tren_config *config, int argc, char **argv) {
    const tren_arg own[] = {
        {"ranks", TREN_ARG_TEXT, &a->ranks_text, "1,2,4",
         .help = "Numbers of ranks; default: 1, 2, 4 ... up to shards."},
        {"ranks-per-node", TREN_ARG_INT, &a->per_node, "R",
         .help = "Number of ranks per node; default: all on one node.", .min = 1, .max = 65536},
        {"machine", TREN_ARG_TEXT, &a->machine, "FILE",
         .help = "Use the measurements of another machine instead of measuring here: the file "
                 "DIR/machine.txt that 'tren plan' wrote there."},
        {"bandwidth", TREN_ARG_REAL, &a->bandwidth, "GBIT",
         .help = "Bandwidth of the network between nodes, in Gbit/s; default: it is measured.",
         .min = 0.001, .max = 100000},
        {"latency", TREN_ARG_REAL, &a->latency, "US",
         .help = "Latency of the network between nodes, in microseconds; default: 10.", .min = 0,
         .max = 1e6},
        {"score", TREN_ARG_TEXT, &a->score, "DIR",
         .help = "Compare with a measurement by 'tren scale' of the same recipe, in this folder."},
        {"noise", TREN_ARG_TEXT, &a->noise, "DIR",
         .help = "Run whose gradient noise shows how many rows a step can use; default: the run "
                 "folder of the config (out)."},
        {"out", TREN_ARG_TEXT, &a->out, "DIR",
         .help = "Folder for the measurements; default: runs/plan-NAME."},
        {"json", TREN_ARG_FLAG, &a->json, NULL, .help = "Print JSON; times are in seconds."},
        {.name = NULL}};
    tren_args args = {.command = "plan",
                      .synopsis = "[CONFIG.yaml] [--ranks 1,2,4] [--ranks-per-node R] "
                                  "[--machine FILE] [--score DIR] [--json] [--KEY VALUE ...]",
                      .summary = summary,
                      .options = own};
    tren_own_args sorted = {0};
    tren_cli_run run = {0};
    a->help = tren_args_ask_help(argc, argv);
    if (a->help) return tren_args_parse(&args, argc, argv);
    tren_status st = tren_own_args_parse(&sorted, &args, config, &run, argc, argv);
    tren_own_args_close(&sorted);
    TREN_TRY(st);
    if (a->ranks_text) TREN_TRY(tren_rank_list(a->ranks, &a->n_ranks, a->ranks_text));
    return check(a, config->shards);
}

/* ---- the plan -------------------------------------------------------------------------------- */

static tren_status write_config(tren_plan *p) {
    char path[TREN_MAX_PATH + 32], *text;
    tren_config alone = *p->config;
    alone.out[0] = '\0';
    TREN_TRY(tren_config_format(&text, &alone));
    snprintf(path, sizeof path, "%s/config.yaml", p->dir);
    FILE *file = fopen(path, "we");
    bool good = file && fputs(text, file) >= 0;
    if (file) good = fclose(file) == 0 && good;
    free(text);
    return good ? TREN_OK : tren_fail(TREN_ERR_ENV, "cannot write %s: %s", path, tren_why(errno));
}

/* Values of a shared parameter belong to the first layer that uses it: it is complete last. */
static tren_status list_layers(tren_plan *p) {
    const tren_graph *g = p->graph;
    TREN_TRY(tren_alloc(&p->layer, (size_t)g->n_layers, sizeof *p->layer, "the layers"));
    for (int i = 0; i < g->n_layers; i++) {
        const tren_layer *l = g->layer[i];
        if (l->ops->cost) l->ops->cost(l, &p->layer[i].forward, &p->layer[i].backward);
    }
    for (int k = 0; k < g->n_params; k++)
        p->layer[g->param[k].owner].values += (double)g->param[k].at.len;
    return TREN_OK;
}

static tren_status open_plan(tren_plan *p, const tren_config *config) {
    double evaluate;
    TREN_TRY(tren_dataset_open(&p->dataset, config->data));
    p->info = tren_dataset_info_of(p->dataset);
    TREN_TRY(tren_model_build(&p->graph, config, p->info));
    tren_graph_cost(p->graph, &p->flop, &evaluate);
    TREN_TRY(list_layers(p));
    int most = p->args->ranks[p->args->n_ranks - 1];
    p->shards = config->shards;
    p->batch = (int)tren_config_batch(config, p->info->rows[TREN_TRAIN]);
    for (int i = 0; i < TREN_SCALE_RANKS; i++) p->compute[i] = NAN;
    if (most > p->shards)
        return tren_fail(TREN_ERR_USAGE,
                         "--ranks: %d ranks are more than the %d shards; give at most %d, or "
                         "--shards %d",
                         most, p->shards, p->shards, most);
    return TREN_OK;
}

/* What the launches need must be known: the network between nodes, and the link between the ranks
 * of one. */
static tren_status check_links(const tren_plan *p) {
    const tren_plan_args *a = p->args;
    for (int i = 0; i < a->n_ranks; i++) {
        int nodes = tren_planned_nodes(p, a->ranks[i]);
        if (nodes > 1 && !isfinite(p->machine.network.per_byte)) return tren_plan_fail_network();
        if (a->ranks[i] > nodes && !isfinite(p->machine.node.per_byte))
            return tren_fail(TREN_ERR_USAGE,
                             "the link between two ranks of a node is unknown; measure where a "
                             "node has cores for two, or give --ranks-per-node 1 and --bandwidth");
    }
    return TREN_OK;
}

static tren_status find_numbers(tren_plan *p) {
    const tren_plan_args *a = p->args;
    if (a->machine)
        TREN_TRY(tren_scale_machine_read(&p->machine, a->machine));
    else {
        TREN_TRY(tren_make_folders(p->dir));
        TREN_TRY(write_config(p));
        TREN_TRY(tren_plan_measure(p));
    }
    if (a->bandwidth > 0)
        p->machine.network =
            (tren_link){1e-6 * (a->latency > 0 ? a->latency : 10), 8e-9 / a->bandwidth};
    return check_links(p);
}

/* An engine for small models, or a minimiser that needs the whole sum. */
static bool reduces_at_once(const tren_plan *p, int ranks, int nodes) {
    int engine = p->config->reduction;
    return engine == TREN_ENGINE_DOUBLING || engine == TREN_ENGINE_SCATTER ||
           engine == TREN_ENGINE_RABENSEIFNER || p->config->optimizer.name == TREN_SCG ||
           tren_reduces_at_once(p->graph->n_values, ranks, nodes);
}

tren_prediction tren_plan_predict(const tren_plan *p, int i, double times) {
    int ranks = p->args->ranks[i];
    size_t bucket = tren_longest_bucket(p->graph->n_values,
                                        (size_t)p->config->bucket_kib * 1024 / sizeof(real));
    tren_prediction launch = {
        .ranks = ranks, .nodes = tren_planned_nodes(p, ranks), .compute = p->compute[i] * times};
    return tren_scale_predict(
        &p->machine, launch,
        &(tren_scale_work){.rows = p->batch * times,
                           .flop = p->flop * times * tren_planned_rows(p, ranks),
                           .layer = p->layer,
                           .n_layers = p->graph->n_layers,
                           .bucket = bucket,
                           .at_once = reduces_at_once(p, ranks, launch.nodes)});
}

static void json_plan(tren_json *j, const tren_plan *p) {
    tren_json_whole(j, "shards", p->shards);
    tren_json_whole(j, "batch_size", p->batch);
    tren_json_real(j, "exchange_over_bound", p->machine.reduce_factor);
    tren_json_real(j, "slowest_over_fastest",
                   p->spread > 0 ? p->spread : NAN); /* of equal launches */
    tren_json_begin(j, "predicted", '[');
    for (int i = 0; i < p->args->n_ranks; i++) {
        tren_prediction t = tren_plan_predict(p, i, 1), first = tren_plan_predict(p, 0, 1);
        tren_memory m = tren_memory_needed(p->config, p->graph, p->info, t.ranks, t.nodes);
        tren_json_begin(j, NULL, '{');
        tren_json_whole(j, "ranks", t.ranks);
        tren_json_whole(j, "nodes", t.nodes);
        tren_json_real(j, "step_seconds", t.step);
        tren_json_real(j, "compute_seconds", t.compute);
        tren_json_real(j, "exchange_seconds", t.reduce);
        tren_json_real(j, "hidden_seconds", t.hidden);
        tren_json_real(j, "rows_per_second", t.rate);
        tren_json_real(j, "speed_up", t.rate / first.rate);
        tren_json_real(j, "memory_bytes", tren_memory_sum(&m));
        tren_json_end(j);
    }
    tren_json_end(j);
}

static void print_plan(const tren_plan *p) {
    const double steady = 1.5;
    double before = 0;
    int best = 0;
    printf("%5s %5s %6s %9s %9s %9s %9s %10s %8s %10s\n", "ranks", "nodes", "shards", "ms a step",
           "compute", "exchange", "hidden", "rows/s", "speed-up", "MiB a rank");
    for (int i = 0; i < p->args->n_ranks; i++) {
        tren_prediction t = tren_plan_predict(p, i, 1), first = tren_plan_predict(p, 0, 1);
        tren_memory m = tren_memory_needed(p->config, p->graph, p->info, t.ranks, t.nodes);
        if (t.rate > 1.05 * before) best = t.ranks;
        before = fmax(before, t.rate);
        printf("%5d %5d %6d %9.4g %9.4g %9.4g %9.4g %10.0f %8.2f %10.1f\n", t.ranks, t.nodes,
               p->shards, 1e3 * t.step, 1e3 * t.compute, 1e3 * t.reduce, 1e3 * t.hidden, t.rate,
               t.rate / first.rate, tren_memory_sum(&m) / 0x1p20);
    }
    int most = p->args->ranks[p->args->n_ranks - 1];
    if (best < most)
        printf("beyond %d rank%s, more ranks gain less than 5 %%\n", best, best > 1 ? "s" : "");
    else if (p->args->n_ranks > 1)
        printf("each of these numbers of ranks gains more than 5 %% over the previous one\n");
    printf(
        "assumed exchange: within a node %.2g times its bound, between nodes the bound; hidden "
        "is what travels between nodes during computing; memory bandwidth shared by ranks is not "
        "counted\n",
        p->machine.reduce_factor);
    if (p->spread > steady)
        printf(
            "note: of equal launches the slowest took %.1f times as long as the fastest, so these "
            "numbers are unsteady; try again when no other program runs\n",
            p->spread);
}

/* The strong row of so many ranks that is this recipe, or NULL. */
static const tren_scale_row *find_row(const tren_scale_summary *s, const tren_plan *p, int ranks) {
    for (int k = 0; k < s->n_rows; k++) {
        const tren_scale_point *point = s->row[k].point;
        if (point->mode == TREN_SCALE_STRONG && point->ranks == ranks &&
            point->shards == p->shards && point->batch == p->batch && s->row[k].n > 0)
            return &s->row[k];
    }
    return NULL;
}

static void print_error(const tren_prediction *t, const tren_scale_row *row) {
    char interval[48] = "-";
    double told = t->step;
    if (!isnan(row->step.lo))
        snprintf(interval, sizeof interval, "%.4g-%.4g", 1e3 * row->step.lo, 1e3 * row->step.hi);
    printf("%5d %10.4g %10.4g %17s %+6.0f%%\n", t->ranks, 1e3 * told, 1e3 * row->step.median,
           interval, 100 * (told / row->step.median - 1));
}

/* Points have shards of their own. */
static tren_status check_recipe(const tren_plan *p, const tren_scale *scale) {
    static const char key[] = "\nshards: ";
    char *text;
    const char *shards = strstr(scale->recipe, key);
    tren_config alone = *p->config;
    alone.out[0] = '\0';
    if (shards) alone.shards = (int)strtol(shards + strlen(key), NULL, 10);
    TREN_TRY(tren_config_format(&text, &alone));
    bool same = strcmp(text, scale->recipe) == 0;
    free(text);
    if (same) return TREN_OK;
    return tren_fail(
        TREN_ERR_USAGE,
        "--score: %s has measured another config (its config.yaml); measure this config with 'tren "
        "scale', or plan that one: tren plan %s/config.yaml --score %s",
        scale->dir, scale->dir, scale->dir);
}

static void json_error(tren_json *j, const tren_prediction *t, const tren_scale_row *row) {
    double told = t->step;
    tren_json_begin(j, NULL, '{');
    tren_json_whole(j, "ranks", t->ranks);
    tren_json_real(j, "predicted_seconds", told);
    tren_json_real(j, "measured_seconds", row->step.median);
    tren_json_real(j, "measured_low", row->step.lo);
    tren_json_real(j, "measured_high", row->step.hi);
    tren_json_real(j, "error", told / row->step.median - 1);
    tren_json_end(j);
}

static tren_status read_score(tren_scale *scale, const tren_plan *p) {
    TREN_TRY(tren_scale_read(scale, p->args->score));
    return check_recipe(p, scale);
}

/* Before anything is measured. */
static tren_status check_score(const tren_plan *p) {
    tren_scale scale = {.n_launches = 0};
    tren_status st = p->args->score ? read_score(&scale, p) : TREN_OK;
    tren_scale_close(&scale);
    return st;
}

/* Prediction, measurement and error of each number of ranks that both have; j NULL: as a table. */
static tren_status print_score(const tren_plan *p, tren_json *j) {
    tren_scale scale = {.n_launches = 0};
    tren_scale_summary s = {.n_rows = 0};
    int n = 0;
    tren_status st = read_score(&scale, p);
    if (st == TREN_OK) st = tren_scale_summarize(&s, &scale);
    if (j) tren_json_begin(j, "score", '[');
    for (int i = 0; st == TREN_OK && i < p->args->n_ranks; i++) {
        const tren_scale_row *row = find_row(&s, p, p->args->ranks[i]);
        tren_prediction t = tren_plan_predict(p, i, 1);
        if (!row) continue;
        if (n++ == 0 && !j)
            printf("\n%5s %10s %10s %17s %7s\n", "ranks", "predicted", "measured", "95 % interval",
                   "error");
        if (j)
            json_error(j, &t, row);
        else
            print_error(&t, row);
    }
    if (j) tren_json_end(j);
    if (st == TREN_OK && n == 0)
        st = tren_fail(TREN_ERR_USAGE, "--score: %s has no strong-scaling point with these ranks",
                       p->args->score);
    tren_scale_summary_close(&s);
    tren_scale_close(&scale);
    return st;
}

static tren_status show(const tren_plan *p) {
    tren_json j = {.out = stdout};
    tren_json *to = p->args->json ? &j : NULL;
    if (to) {
        tren_json_begin(to, NULL, '{');
        json_plan(to, p);
    } else {
        print_plan(p);
    }
    tren_status st = tren_plan_tell_noise(p, to);
    if (st == TREN_OK && p->args->score) st = print_score(p, to);
    if (to) tren_json_end(to);
    return st;
}

static void name_folder(tren_plan *p, const tren_config *config) {
    const char *slash = strrchr(config->out, '/'), *name = slash ? slash + 1 : config->out;
    if (p->args->out)
        snprintf(p->dir, sizeof p->dir, "%s", p->args->out);
    else
        snprintf(p->dir, sizeof p->dir, "%.*splan-%s", (int)(name - config->out), config->out,
                 name);
}

int tren_cmd_plan(int argc, char **argv) {
    tren_plan_args a = {.per_node = 0};
    tren_config config;
    if (argc > 1 && strcmp(argv[1], "jobs") == 0) return tren_plan_jobs(argc - 1, argv + 1);
    tren_status st = read_args(&a, &config, argc, argv);
    if (st != TREN_OK || a.help) return tren_cli_fail("plan", st);
    tren_plan p = {.args = &a, .config = &config};
    name_folder(&p, &config);
    st = tren_runs_keep(p.dir);
    if (st == TREN_OK) st = open_plan(&p, &config);
    if (st == TREN_OK) st = tren_plan_check_noise(&p);
    if (st == TREN_OK) st = check_score(&p);
    if (st == TREN_OK) st = find_numbers(&p);
    if (st == TREN_OK) st = show(&p);
    free(p.layer);
    tren_graph_close(p.graph);
    tren_dataset_close(p.dataset);
    return tren_cli_fail("plan", st);
}
