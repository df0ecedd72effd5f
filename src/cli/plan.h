/* What 'tren plan' works with. Not collective. */
#ifndef TREN_CLI_PLAN_H
#define TREN_CLI_PLAN_H

#include "base/json.h"
#include "tren/models.h"
#include "tren/scale.h"

typedef struct tren_plan_args {
    const char *ranks_text, *machine, *score, *noise, *out;
    double latency, bandwidth; /* of the network: microseconds, Gbit/s; 0: as measured */
    bool help, json;
    int n_ranks, ranks[TREN_SCALE_RANKS], per_node;
} tren_plan_args;

typedef struct tren_plan {
    const tren_plan_args *args; /* not owned */
    const tren_config *config;  /* not owned */
    char dir[TREN_MAX_PATH];
    tren_dataset *dataset;
    tren_graph *graph;
    const tren_dataset_info *info; /* not owned */
    int shards, batch;
    double flop;             /* of a row */
    tren_scale_layer *layer; /* [graph->n_layers]; owned */
    tren_scale_machine machine;
    double compute[TREN_SCALE_RANKS]; /* of each number of ranks; NaN: by the machine */
    double spread; /* the slowest of equal launches over the fastest; 0: nothing was measured */
} tren_plan;

/* Of number i of ranks, if a step had `times` as many rows. */
tren_prediction tren_plan_predict(const tren_plan *p, int i, double times);
/* plan_noise.c: what the gradient noise of a run says about the batch and the ranks.
 * TREN_ERR_DATA: --noise names no run. */
tren_status tren_plan_check_noise(const tren_plan *p); /* before anything is measured */
tren_status tren_plan_tell_noise(const tren_plan *p, tren_json *j);
/* Nodes that so many ranks fill. */
int tren_planned_nodes(const tren_plan *p, int ranks);
/* Rows of a step that the rank with most shards has, of `ranks`. */
int tren_planned_rows(const tren_plan *p, int ranks);
/* Launches here: fills `compute` and `machine`, and writes DIR/machine.txt. TREN_ERR_USAGE: nodes
 * are planned, but the network between them is neither given nor found. */
tren_status tren_plan_measure(tren_plan *p);
tren_status tren_plan_fail_network(void); /* says so */

#endif
