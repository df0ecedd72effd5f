/* The launches behind a prediction. */
#include "cli/mpirun.h"
#include "cli/plan.h"
#include "tren/train.h"

#include <math.h>

enum { REPEATS = 3, STEPS = 60, SKIP = 10 };

int tren_planned_nodes(const tren_plan *p, int ranks) {
    int per_node = p->args->per_node;
    return per_node > 0 ? (ranks + per_node - 1) / per_node : 1;
}

/* What the rank with most shards has, of `ranks`. */
static int shards_of(const tren_plan *p, int ranks) {
    return (p->shards + ranks - 1) / ranks;
}
int tren_planned_rows(const tren_plan *p, int ranks) {
    return (int)tren_batch_rows(p->config, p->info->rows[TREN_TRAIN], shards_of(p, ranks));
}

/* One launch of a recipe with these shards and rows; its seconds a step less waiting, and the whole
 * step. */
static tren_status launch(tren_plan *p, int ranks, int shards, int rows, tren_scale_launch *out) {
    char record[TREN_MAX_PATH + 64], config[TREN_MAX_PATH + 32], log[TREN_MAX_PATH + 64],
        number[4][16];
    const int value[4] = {STEPS, SKIP, shards, rows};
    for (int i = 0; i < 4; i++) snprintf(number[i], sizeof number[i], "%d", value[i]);
    snprintf(record, sizeof record, "%s/%d-ranks-%d-shards.csv", p->dir, ranks, shards);
    snprintf(log, sizeof log, "%s/%d-ranks-%d-shards.log", p->dir, ranks, shards);
    snprintf(config, sizeof config, "%s/config.yaml", p->dir);
    const char *arguments[] = {"scale-launch", config,    "--record",     record,    "--mode",
                               "strong",       "--steps", number[0],      "--skip",  number[1],
                               "--shards",     number[2], "--batch_size", number[3], NULL};
    tren_fail(TREN_OK, "%s", "");
    tren_status st = tren_mpirun_run(&(tren_mpirun){
        .ranks = ranks, .nodes = tren_planned_nodes(p, ranks), .arguments = arguments, .log = log});
    if (st != TREN_OK && tren_error_text()[0]) return st;
    if (st != TREN_OK)
        return tren_fail(st, "a launch of %d rank%s failed with exit code %d; see %s", ranks,
                         ranks > 1 ? "s" : "", (int)st, log);
    return tren_scale_launch_read(out, record);
}

/* Of the slowest rank, without waiting, with its part of the update alone. */
static double compute_of(const tren_scale_launch *l, int ranks) {
    double most = 0;
    for (int r = 0; r < l->ranks; r++) {
        double sum = l->phase[r].at[TREN_PHASE_UPDATE] / ranks;
        for (int i = TREN_PHASE_DATA; i <= TREN_PHASE_BACKWARD; i++) sum += l->phase[r].at[i];
        most = fmax(most, sum);
    }
    return most;
}

static void note_spread(tren_plan *p, const double *seconds) {
    double least = seconds[0], most = seconds[0];
    for (int k = 1; k < REPEATS; k++) {
        least = fmin(least, seconds[k]);
        most = fmax(most, seconds[k]);
    }
    p->spread = fmax(p->spread, most / least);
}

/* One rank does what a rank of `ranks` would do. */
static tren_status measure_share(double *compute, tren_plan *p, int ranks) {
    double seconds[REPEATS];
    for (int k = 0; k < REPEATS; k++) {
        tren_scale_launch l;
        TREN_TRY(launch(p, 1, shards_of(p, ranks), tren_planned_rows(p, ranks), &l));
        seconds[k] = compute_of(&l, ranks);
        tren_scale_launch_close(&l);
    }
    *compute = tren_quantile(seconds, REPEATS, 0.5);
    note_spread(p, seconds);
    return TREN_OK;
}

tren_status tren_plan_fail_network(void) {
    return tren_fail(TREN_ERR_USAGE,
                     "--ranks-per-node: the network between the nodes is unknown; give "
                     "--bandwidth, such as --bandwidth 10 for 10 Gbit/s, and --latency");
}

/* Ranks that exchange gradients: seconds of a step, and of the slowest rank without waiting; the
 * links. */
typedef struct exchange {
    double step, compute;
    tren_link node, network; /* NaN: there is none */
} exchange;

static tren_status measure_exchange(exchange *x, tren_plan *p, int ranks) {
    enum { NODE, NETWORK };
    double step[REPEATS], compute[REPEATS], latency[2][REPEATS], per_byte[2][REPEATS];
    for (int k = 0; k < REPEATS; k++) {
        tren_scale_launch l;
        TREN_TRY(launch(p, ranks, p->shards, p->batch, &l));
        step[k] = tren_scale_launch_step(&l);
        compute[k] = compute_of(&l, 1);
        latency[NODE][k] = l.node.latency;
        per_byte[NODE][k] = l.node.per_byte;
        latency[NETWORK][k] = l.network.latency;
        per_byte[NETWORK][k] = l.network.per_byte;
        tren_scale_launch_close(&l);
    }
    tren_link link[2];
    for (int i = NODE; i <= NETWORK; i++)
        link[i] = (tren_link){tren_quantile(latency[i], REPEATS, 0.5),
                              tren_quantile(per_byte[i], REPEATS, 0.5)};
    *x = (exchange){tren_quantile(step, REPEATS, 0.5), tren_quantile(compute, REPEATS, 0.5),
                    link[NODE], link[NETWORK]};
    note_spread(p, step);
    return TREN_OK;
}

/* The ranks of a node: what exchanging costs beside its bound, and how many times as long they
 * compute as one alone. */
static tren_status measure_near(tren_plan *p, int ranks, double *crowd) {
    double alone;
    exchange all;
    TREN_TRY(measure_share(&alone, p, ranks));
    TREN_TRY(measure_exchange(&all, p, ranks));
    p->machine.node = all.node;
    double bound =
        tren_scale_reduce_bound((double)p->graph->n_values, ranks, 1, &all.node, &all.network);
    if (isfinite(bound)) p->machine.reduce_factor = fmax(1, (all.step - alone) / bound);
    *crowd = fmax(1, all.compute / alone);
    return TREN_OK;
}

/* Two nodes, the first of `local` ranks: the network, and the time that each of its bytes takes of
 * a rank's processor. */
static tren_status measure_far(tren_plan *p, int local, double crowd) {
    int ranks = 2 * local < p->shards ? 2 * local : p->shards, lanes = ranks - local;
    double alone, bytes = 2 * (double)p->graph->n_values * (double)sizeof(real) / lanes;
    exchange all;
    TREN_TRY(measure_exchange(&all, p, ranks));
    if (!isfinite(all.network.per_byte)) return tren_plan_fail_network();
    TREN_TRY(measure_share(&alone, p, ranks));
    p->machine.network = all.network;
    p->machine.network_cpu = fmax(0, all.compute - alone * crowd) / bytes;
    return TREN_OK;
}

/* Ranks of a node that are measured together, or 0: none of the launches has two on a node, or
 * there are no cores for them. */
static int near_ranks(const tren_plan *p) {
    int ranks = p->args->per_node > 0 ? p->args->per_node : 2;
    while (ranks > p->shards || ranks > tren_cores()) ranks--;
    return ranks > 1 ? ranks : 0;
}

/* Whether the network between nodes has to be measured. */
static bool needs_network(const tren_plan *p) {
    int most = p->args->ranks[p->args->n_ranks - 1];
    return p->args->bandwidth <= 0 && tren_planned_nodes(p, most) > 1;
}

tren_status tren_plan_measure(tren_plan *p) {
    double flop[TREN_SCALE_RANKS];
    const tren_plan_args *a = p->args;
    int near = near_ranks(p);
    bool far = needs_network(p);
    double crowd = 1;
    fprintf(a->json ? stderr : stdout, "measuring here: %d launches of %d steps\n",
            REPEATS * (a->n_ranks + 2 * (near > 0) + 2 * far), STEPS);
    fflush(stdout);
    p->machine = (tren_scale_machine){NAN, NAN, 1, 0, {NAN, NAN}, {NAN, NAN}};
    for (int i = 0; i < a->n_ranks; i++) {
        TREN_TRY(measure_share(&p->compute[i], p, a->ranks[i]));
        flop[i] = p->flop * tren_planned_rows(p, a->ranks[i]);
    }
    tren_scale_machine_fit(&p->machine, flop, p->compute, a->n_ranks);
    if (near > 0) TREN_TRY(measure_near(p, near, &crowd));
    if (far) TREN_TRY(measure_far(p, a->per_node, crowd));
    char path[TREN_MAX_PATH + 32];
    snprintf(path, sizeof path, "%s/machine.txt", p->dir);
    return tren_scale_machine_write(&p->machine, path);
}
