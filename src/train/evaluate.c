/* Evaluation in blocks of fixed size, folded by the tree over blocks: the same bits whoever
 * evaluates which. */
#include "tren/train.h"
#include "train/feed.h"
#include "train/memory.h"

#include <math.h>
#include <stdlib.h>

enum { LOSS, CORRECT, COUNTED, ABS_Z, N_Z, N_LEAF };

struct tren_evaluator {
    const tren_graph *graph; /* not owned */
    tren_rows rows;
    tren_normalizer normalizer;
    tren_token_batch tokens;
    tren_work *work;
    int block;      /* rows of one */
    size_t n;       /* rows of the whole part */
    int n_blocks;   /* of the whole part */
    int lo, hi;     /* my blocks */
    int *first;     /* [size + 1] first block of each rank, times N_LEAF; owned */
    double *leaf;   /* [my blocks][N_LEAF] owned */
    double *all;    /* rank 0: [n_blocks][N_LEAF] owned */
    double *column; /* [n_blocks] scratch; owned */
    bool classes;
};

int tren_eval_rows(const tren_dataset_info *info) {
    enum { TOKENS = 2048 };
    if (info->vocabulary == 0) return TREN_EVAL_ROWS;
    int rows = TOKENS / (info->tokens[0] + info->tokens[1]);
    return rows < 1 ? 1 : rows < TREN_EVAL_ROWS ? rows : TREN_EVAL_ROWS;
}

static tren_status share_out(tren_evaluator *e, const tren_comm *comm, bool shared) {
    TREN_TRY(tren_alloc(&e->first, (size_t)comm->size + 1, sizeof *e->first, "evaluation"));
    for (int q = 1; q <= comm->size; q++)
        e->first[q] = N_LEAF * (shared ? tren_part_first(e->n_blocks, comm->size, q) : e->n_blocks);
    e->lo = e->first[comm->rank] / N_LEAF;
    e->hi = e->first[comm->rank + 1] / N_LEAF;
    TREN_TRY(tren_alloc(&e->leaf, (size_t)(e->hi - e->lo) * N_LEAF, sizeof *e->leaf, "evaluation"));
    TREN_TRY(tren_alloc(&e->column, (size_t)e->n_blocks, sizeof *e->column, "evaluation"));
    size_t all = comm->rank == 0 ? (size_t)e->n_blocks * N_LEAF : 0;
    return tren_alloc(&e->all, all, sizeof *e->all, "evaluation");
}

static tren_status check_memory(const tren_evaluator *e, const tren_comm *comm,
                                const tren_dataset_info *info) {
    char what[64];
    double rows = (double)(e->hi - e->lo) * e->block;
    if (rows > (double)e->n) rows = (double)e->n;
    double row = tren_shape_size(info->shape) * (double)tren_type_size(info->x_type);
    double batch = (double)e->graph->per_row[false] * e->block * sizeof(real);
    snprintf(what, sizeof what, "%.0f rows to evaluate", rows);
    return tren_memory_require(comm, rows * row + (rows > 0 ? batch : 0), what, "the dataset");
}

static tren_status open_rows(tren_evaluator *e, const tren_eval_spec *spec) {
    if (e->hi == e->lo) return TREN_OK;
    const tren_dataset_info *info = tren_dataset_info_of(spec->dataset);
    size_t first = (size_t)e->lo * (size_t)e->block, end = (size_t)e->hi * (size_t)e->block;
    if (end > e->n) end = e->n;
    TREN_TRY(tren_rows_read(&e->rows, spec->dataset, spec->part, first, end - first));
    if (info->vocabulary > 0)
        TREN_TRY(token_batch_open(&e->tokens, info, (size_t)e->block));
    else
        TREN_TRY(tren_normalizer_open(&e->normalizer, spec->trained_on ? spec->trained_on : info));
    e->normalizer.kernels = spec->graph->kernels;
    if (spec->graph->unit_targets) TREN_TRY(tren_rows_check_unit(&e->rows));
    tren_work_spec work = {.max_rows = e->block, .shards = 1, .hi = 1, .value = spec->value};
    return tren_work_open(&e->work, spec->graph, &work);
}

tren_status tren_evaluator_open(tren_evaluator **evaluator, const tren_comm *comm,
                                const tren_eval_spec *spec) {
    *evaluator = NULL;
    tren_evaluator *e = NULL;
    tren_status st = TREN_OK;
    TREN_GOTO(tren_alloc(&e, 1, sizeof *e, "evaluation"));
    const tren_dataset_info *info = tren_dataset_info_of(spec->dataset);
    e->graph = spec->graph;
    e->n = info->rows[spec->part];
    e->block = tren_eval_rows(info);
    e->n_blocks = (int)((e->n + (size_t)e->block - 1) / (size_t)e->block);
    e->classes = info->n_classes > 0;
    TREN_GOTO(share_out(e, comm, spec->shared));
    TREN_GOTO(check_memory(e, comm, info));
    TREN_GOTO(open_rows(e, spec));
done:
    st = tren_comm_agree(comm, st);
    if (st == TREN_OK)
        *evaluator = e;
    else
        tren_evaluator_close(e);
    return st;
}

void tren_evaluator_close(tren_evaluator *e) {
    if (!e) return;
    tren_rows_close(&e->rows);
    tren_normalizer_close(&e->normalizer);
    token_batch_close(&e->tokens);
    tren_work_close(e->work);
    free(e->first);
    free(e->leaf);
    free(e->all);
    free(e->column);
    free(e);
}

/* Writes rows row [n] to the network's inputs. */
static void put_rows(tren_evaluator *e, const uint32_t *row, int n) {
    if (e->rows.x)
        tren_rows_fetch(tren_work_input(e->work), &e->rows, row, n, &e->normalizer);
    else
        token_batch_take(&e->tokens, e->work, e->graph, &e->rows, row, n);
}

/* The labels of my rows from `first` on, which were put. */
static const int32_t *labels_at(const tren_evaluator *e, size_t first) {
    if (e->tokens.label) return e->tokens.label;
    return e->rows.label ? e->rows.label + first : NULL;
}

/* Runs block b (of mine) forward. Returns its rows. */
static int run_block(tren_evaluator *e, int b, bool scored) {
    uint32_t row[TREN_EVAL_ROWS];
    size_t first = (size_t)(b - e->lo) * (size_t)e->block;
    int n = e->rows.n - first < (size_t)e->block ? (int)(e->rows.n - first) : e->block;
    for (int i = 0; i < n; i++) row[i] = (uint32_t)(first + (size_t)i);
    put_rows(e, row, n);
    tren_pass pass = {.n_groups = 1,
                      .row0 = (int[]){0, n},
                      .length = {e->tokens.length[0], e->tokens.length[1]},
                      .stats = scored,
                      .scale = 1};
    if (scored) pass.label = labels_at(e, first);
    if (scored && e->rows.target) pass.target = e->rows.target + first * (size_t)e->rows.n_targets;
    tren_forward(e->work, &pass);
    return n;
}

void tren_evaluate(tren_scores *scores, tren_evaluator *e, const tren_comm *comm) {
    *scores = (tren_scores){0};
    for (int b = e->lo; b < e->hi; b++) {
        run_block(e, b, true);
        if (comm->watch) atomic_fetch_add_explicit(&comm->watch->beat, 1, memory_order_relaxed);
        const tren_group_result *r = tren_work_result(e->work);
        double *leaf = e->leaf + (size_t)(b - e->lo) * N_LEAF;
        leaf[LOSS] = r->loss;
        leaf[CORRECT] = r->correct;
        leaf[COUNTED] = r->counted;
        leaf[ABS_Z] = r->abs_z;
        leaf[N_Z] = r->n_z;
    }
    tren_comm_gather(comm, e->all, e->leaf, e->first);
    if (comm->rank > 0) return;
    double total[N_LEAF];
    for (int i = 0; i < N_LEAF; i++) {
        for (int b = 0; b < e->n_blocks; b++) e->column[b] = e->all[(size_t)b * N_LEAF + i];
        total[i] = tren_tree_sum(e->column, e->n_blocks);
    }
    double n = total[COUNTED]; /* 0 gives NaN: no rows, no score */
    *scores = (tren_scores){.loss = total[LOSS] / n,
                            .accuracy = e->classes ? total[CORRECT] / n : NAN,
                            .mean_abs_z = total[ABS_Z] / total[N_Z],
                            .labels = n,
                            .rows = e->n};
}

tren_status tren_evaluator_each(tren_evaluator *e, tren_block_fn fn, void *ctx) {
    for (int b = e->lo; b < e->hi; b++) {
        int n = run_block(e, b, false);
        size_t at = (size_t)(b - e->lo) * (size_t)e->block;
        const real *target =
            e->rows.target ? e->rows.target + at * (size_t)e->rows.n_targets : NULL;
        TREN_TRY(fn(ctx, (size_t)b * (size_t)e->block, n, tren_work_output(e->work),
                    labels_at(e, at), target));
    }
    return TREN_OK;
}
