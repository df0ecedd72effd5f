/* Who brings which nodes of the tree, and how they fold into larger ones. */
#include "comm/reduce.h"

#include <stdlib.h>

tren_status tren_plan_open(tren_plan *plan, int shards, const int *first_shard, int n) {
    plan->n = n;
    TREN_TRY(tren_alloc(&plan->first, (size_t)n + 1, sizeof *plan->first, "the shard plan"));
    for (int q = 0; q < n; q++)
        plan->first[q + 1] =
            plan->first[q] + tren_tree_nodes(NULL, shards, first_shard[q], first_shard[q + 1]);
    size_t n_all = (size_t)plan->first[n];
    TREN_TRY(tren_alloc(&plan->all, n_all, sizeof *plan->all, "the shard plan"));
    TREN_TRY(tren_alloc(&plan->program, 2 * n_all, sizeof *plan->program, "the shard plan"));
    for (int q = 0; q < n; q++)
        tren_tree_nodes(plan->all + plan->first[q], shards, first_shard[q], first_shard[q + 1]);
    tren_plan_fold(plan->program, plan, (tren_node){0, shards}, 0);
    return TREN_OK;
}

void tren_plan_close(tren_plan *plan) {
    free(plan->first);
    free(plan->all);
    free(plan->program);
    *plan = (tren_plan){0};
}

static int fold(int *step, int n, const tren_plan *plan, tren_node x, int *next) {
    tren_node here = plan->all[*next];
    if (here.a == x.a && here.b == x.b) {
        step[n] = (*next)++;
        return n + 1;
    }
    int mid = tren_node_mid(x);
    n = fold(step, n, plan, (tren_node){x.a, mid}, next);
    n = fold(step, n, plan, (tren_node){mid, x.b}, next);
    step[n] = TREN_FOLD;
    return n + 1;
}

/* Nodes come up in their order from left to right, so none has to be looked for. */
int tren_plan_fold(int *step, const tren_plan *plan, tren_node x, int from) {
    int next = from;
    return fold(step, 0, plan, x, &next);
}

int tren_plan_nodes(const tren_plan *plan, int party) {
    return plan->first[party + 1] - plan->first[party];
}

static bool perfect(const tren_plan *plan, int *step, int lo, int hi) {
    if (hi - lo == 1) return plan->program[(*step)++] == lo;
    int mid = (lo + hi) / 2;
    return perfect(plan, step, lo, mid) && perfect(plan, step, mid, hi) &&
           plan->program[(*step)++] == TREN_FOLD;
}

bool tren_plan_is_perfect(const tren_plan *plan) {
    int step = 0;
    return (plan->n & (plan->n - 1)) == 0 && plan->first[plan->n] == plan->n &&
           perfect(plan, &step, 0, plan->n);
}

int tren_small_engine(double n, double lanes, int parties, bool perfect) {
    enum { ALWAYS = 1 << 14, IF_UNEVEN = 1 << 16 };   /* at most so many values */
    enum { FOR_A_SLICE = 100, FOR_HALVES = 1 << 12 }; /* at least so many */
    enum { MANY = 32 };                               /* parties */
    bool uneven = n < lanes * parties * TREN_REDUCE_GRAIN;
    if (n > (uneven ? IF_UNEVEN : ALWAYS)) return TREN_ENGINE_AUTO;
    if (perfect && parties >= MANY && n / lanes >= FOR_HALVES) return TREN_ENGINE_RABENSEIFNER;
    if (parties > 2 && n / lanes >= (double)FOR_A_SLICE * parties) return TREN_ENGINE_SCATTER;
    return TREN_ENGINE_DOUBLING;
}
