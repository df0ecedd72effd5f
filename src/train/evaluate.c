/* Evaluation in blocks of fixed size, folded by the tree over blocks: the same bits whoever
 * evaluates which. */
#include "tren/train.h"
#include "train/feed.h"
#include "train/memory.h"
#include "train/tally.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>

enum { LOSS, COUNTED, CORRECT, ABS_Z, N_Z, N_LEAF }; /* of a block; then those of the tally */

struct tren_evaluator {
    const tren_graph *graph; /* not owned */
    tren_rows rows;
    tren_normalizer normalizer;
    tren_token_batch tokens;
    tren_target_scale targets; /* as the network was trained */
    real *target;              /* [block, n_targets] what it learns of them; owned */
    double *predicted;         /* [block, n_targets] in the units of the data; owned */
    tren_work *work;
    int n_targets;  /* of a row that is predicted */
    int block;      /* rows of one */
    size_t n;       /* rows of the whole part */
    int n_blocks;   /* of the whole part */
    int lo, hi;     /* my blocks */
    int n_leaf;     /* doubles of a block */
    int *first;     /* [size + 1] first block of each rank, times n_leaf; owned */
    int *first_row; /* [size + 1] owned */
    double *leaf;   /* [my blocks][n_leaf] owned */
    double *all;    /* rank 0: [n_blocks][n_leaf] owned */
    double *column; /* [n_blocks] scratch; owned */
    bool classes;
    int label_axis; /* of tokens that are labeled; 0: rows are */
    tally tally;
};

int tren_eval_rows(const tren_dataset_info *info) {
    enum { TOKENS = 2048 };
    if (info->vocabulary == 0) return TREN_EVAL_ROWS;
    int rows = TOKENS / (info->tokens[0] + info->tokens[1]);
    return rows < 1 ? 1 : rows < TREN_EVAL_ROWS ? rows : TREN_EVAL_ROWS;
}

static int first_block(const tren_evaluator *e, const tren_comm *comm, int rank, bool shared) {
    if (rank == 0) return 0;
    return shared ? tren_part_first(e->n_blocks, comm->size, rank) : e->n_blocks;
}

static tren_status share_out(tren_evaluator *e, const tren_comm *comm, bool shared) {
    size_t ends = (size_t)comm->size + 1;
    TREN_TRY(tren_alloc(&e->first, ends, sizeof *e->first, "evaluation"));
    TREN_TRY(tren_alloc(&e->first_row, ends, sizeof *e->first_row, "evaluation"));
    for (int q = 0; q <= comm->size; q++) {
        size_t block = (size_t)first_block(e, comm, q, shared), row = block * (size_t)e->block;
        e->first[q] = (int)block;
        e->first_row[q] = (int)(row < e->n ? row : e->n);
    }
    e->lo = e->first[comm->rank];
    e->hi = e->first[comm->rank + 1];
    return TREN_OK;
}

static tren_status open_leaves(tren_evaluator *e, const tren_comm *comm,
                               const tren_eval_spec *spec) {
    const tren_dataset_info *info = tren_dataset_info_of(spec->dataset);
    size_t mine = (size_t)(e->first_row[comm->rank + 1] - e->first_row[comm->rank]);
    size_t labels = e->label_axis > 0 ? (size_t)info->tokens[e->label_axis - 1] : 1;
    TREN_TRY(tally_open(&e->tally, spec, mine, (size_t)e->block * labels));
    e->n_leaf = N_LEAF + e->tally.n_leaf;
    if (e->n_blocks > INT_MAX / e->n_leaf)
        return tren_fail(TREN_ERR_USAGE,
                         "metrics: %d blocks of rows with %d targets are too many; remove the "
                         "metrics, or use fewer rows",
                         e->n_blocks, info->n_targets);
    for (int q = 0; q <= comm->size; q++) e->first[q] *= e->n_leaf;
    size_t row = (size_t)e->n_leaf * sizeof *e->leaf;
    TREN_TRY(tren_alloc(&e->leaf, (size_t)(e->hi - e->lo), row, "evaluation"));
    TREN_TRY(tren_alloc(&e->column, (size_t)e->n_blocks, sizeof *e->column, "evaluation"));
    return tren_alloc(&e->all, comm->rank == 0 ? (size_t)e->n_blocks : 0, row, "evaluation");
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

static tren_status open_targets(tren_evaluator *e, const tren_dataset_info *trained_on) {
    if (trained_on->n_classes > 0) return TREN_OK;
    e->n_targets = trained_on->n_targets;
    size_t n = (size_t)e->block * (size_t)e->n_targets;
    TREN_TRY(tren_alloc(&e->target, n, sizeof *e->target, "evaluation"));
    TREN_TRY(tren_alloc(&e->predicted, n, sizeof *e->predicted, "evaluation"));
    return target_scale_open(&e->targets, trained_on->target_mean, trained_on->target_sd,
                             trained_on->target_sd ? trained_on->n_targets : 0);
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
    TREN_TRY(open_targets(e, spec->trained_on ? spec->trained_on : info));
    e->normalizer.kernels = spec->graph->kernels;
    const tren_loss *loss = spec->graph->loss;
    if (loss->takes == TREN_TAKES_SHARES) TREN_TRY(tren_rows_check_unit(&e->rows, loss->name));
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
    e->label_axis = info->label_axis;
    TREN_GOTO(share_out(e, comm, spec->shared));
    TREN_GOTO(open_leaves(e, comm, spec));
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
    target_scale_close(&e->targets);
    free(e->target);
    free(e->predicted);
    tren_work_close(e->work);
    tally_close(&e->tally);
    free(e->first);
    free(e->first_row);
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

static const double *targets_at(const tren_evaluator *e, size_t first) {
    return e->rows.target ? e->rows.target + first * (size_t)e->rows.n_targets : NULL;
}

/* The tally looks at this pass over block b of n rows. */
static void watch_block(tren_evaluator *e, tren_pass *pass, int b, int n) {
    size_t mine = (size_t)(b - e->lo);
    e->tally.now =
        (tally_block){.first = mine * (size_t)e->block,
                      .rows = n,
                      .length = e->label_axis ? e->tokens.length[e->label_axis - 1] : NULL,
                      .label = pass->label,
                      .target = targets_at(e, mine * (size_t)e->block),
                      .targets = &e->targets,
                      .leaf = e->leaf + mine * (size_t)e->n_leaf + N_LEAF};
    pass->row_loss = e->tally.row_loss;
    pass->look = tally_look;
    pass->look_ctx = &e->tally;
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
    if (scored && e->tally.wanted) watch_block(e, &pass, b, n);
    if (scored && e->rows.target) {
        target_scale_learned(e->target, &e->targets, targets_at(e, first),
                             (size_t)n * (size_t)e->rows.n_targets);
        pass.target = e->target;
        pass.target_unit = e->targets.unit;
    }
    tren_forward(e->work, &pass);
    if (scored && e->tally.wanted) tally_end_block(&e->tally);
    return n;
}

static void evaluate_block(tren_evaluator *e, int b) {
    run_block(e, b, true);
    const tren_group_result *r = tren_work_result(e->work);
    double *leaf = e->leaf + (size_t)(b - e->lo) * (size_t)e->n_leaf;
    leaf[LOSS] = r->loss;
    leaf[CORRECT] = r->correct;
    leaf[COUNTED] = r->counted;
    leaf[ABS_Z] = r->abs_z;
    leaf[N_Z] = r->n_z;
}

static void fold_scores(tren_scores *scores, const tren_evaluator *e) {
    double total[N_LEAF];
    for (int i = 0; i < N_LEAF; i++) {
        for (int b = 0; b < e->n_blocks; b++)
            e->column[b] = e->all[(size_t)b * (size_t)e->n_leaf + (size_t)i];
        total[i] = tren_tree_sum(e->column, e->n_blocks);
    }
    double n = total[COUNTED]; /* 0 gives NaN: no rows, no score */
    *scores = (tren_scores){.loss = total[LOSS] / n,
                            .accuracy = e->classes ? total[CORRECT] / n : NAN,
                            .mean_abs_z = total[ABS_Z] / total[N_Z],
                            .labels = n,
                            .rows = e->n};
}

static void fill_metrics(tren_scores *scores, const tally *t) {
    for (int k = 0; k < TREN_N_METRICS; k++) {
        const tren_metric *m = &tren_metric_table[k];
        scores->metric[k] = NAN;
        if (t->metrics & 1u << k)
            scores->metric[k] = m->value ? m->value(&t->told) : t->told.row_mean[k];
    }
}

tren_status tren_evaluate(tren_scores *scores, tren_evaluator *e, const tren_comm *comm) {
    *scores = (tren_scores){0};
    tally_begin(&e->tally);
    for (int b = e->lo; b < e->hi; b++) {
        evaluate_block(e, b);
        if (comm->watch) atomic_fetch_add_explicit(&comm->watch->beat, 1, memory_order_relaxed);
    }
    tren_comm_gather(comm, e->all, e->leaf, e->first);
    if (comm->rank == 0) fold_scores(scores, e);
    tally_leaves leaves = {.all = e->all,
                           .column = e->column,
                           .n_blocks = e->n_blocks,
                           .stride = e->n_leaf,
                           .at = N_LEAF,
                           .block = e->block,
                           .n = e->n};
    TREN_TRY(tally_finish(&e->tally, comm, &leaves, e->first_row, scores));
    if (comm->rank == 0) fill_metrics(scores, &e->tally);
    return TREN_OK;
}

const tren_tally *tren_evaluator_tally(const tren_evaluator *e) {
    return &e->tally.told;
}

tren_status tren_evaluator_each(tren_evaluator *e, tren_block_fn fn, void *ctx) {
    for (int b = e->lo; b < e->hi; b++) {
        int n = run_block(e, b, false);
        size_t at = (size_t)(b - e->lo) * (size_t)e->block;
        tren_eval_block block = {.first = (size_t)b * (size_t)e->block,
                                 .n = n,
                                 .output = tren_work_output(e->work),
                                 .predicted = e->predicted,
                                 .label = labels_at(e, at),
                                 .target = targets_at(e, at)};
        if (e->predicted)
            target_scale_undo(e->predicted, &e->targets, block.output,
                              (size_t)n * (size_t)e->n_targets);
        TREN_TRY(fn(ctx, &block));
    }
    return TREN_OK;
}
