/* What several trained networks say together. */
#include "base/series.h"
#include "lab/training.h"

typedef struct adding {
    double *sum;
    size_t classes;
} adding;

static double highest(const real *z, int n) {
    double most = (double)z[0];
    for (int k = 1; k < n; k++)
        if ((double)z[k] > most) most = (double)z[k];
    return most;
}

/* sum += softmax(z) */
static void add_row(double *sum, const real *z, int n) {
    double most = highest(z, n), total = 0;
    for (int k = 0; k < n; k++) total += series_exp((double)z[k] - most);
    for (int k = 0; k < n; k++) sum[k] += series_exp((double)z[k] - most) / total;
}

static tren_status add_block(void *ctx, const tren_eval_block *block) {
    adding *a = ctx;
    for (size_t i = 0; i < (size_t)block->n; i++)
        add_row(a->sum + (block->first + i) * a->classes, block->output + i * a->classes,
                (int)a->classes);
    return TREN_OK;
}

tren_status lab_add_probabilities(double *sum, const char *data, tren_part part,
                                  const tren_graph *graph, const real *value) {
    tren_comm self;
    tren_dataset *dataset = NULL;
    tren_evaluator *evaluator = NULL;
    tren_status st = TREN_OK;
    TREN_TRY(tren_comm_self(&self));
    TREN_GOTO(tren_dataset_open(&dataset, data));
    adding a = {sum, (size_t)tren_dataset_info_of(dataset)->n_classes};
    tren_eval_spec spec = {
        .dataset = dataset, .part = part, .graph = graph, .value = (real *)value};
    TREN_GOTO(tren_evaluator_open(&evaluator, &self, &spec));
    st = tren_evaluator_each(evaluator, add_block, &a);
done:
    tren_evaluator_close(evaluator);
    tren_dataset_close(dataset);
    tren_comm_close(&self);
    return st;
}

static int largest(const double *x, int n) {
    int best = 0;
    for (int k = 1; k < n; k++)
        if (x[k] > x[best]) best = k;
    return best;
}

tren_status lab_error_of(double *error, const double *sum, const char *data, tren_part part) {
    tren_dataset *dataset = NULL;
    tren_rows rows = {0};
    TREN_TRY(tren_dataset_open(&dataset, data));
    const tren_dataset_info *info = tren_dataset_info_of(dataset);
    tren_status st = tren_rows_read(&rows, dataset, part, 0, info->rows[part]);
    size_t wrong = 0;
    for (size_t i = 0; i < rows.n && st == TREN_OK; i++)
        wrong += largest(sum + i * (size_t)info->n_classes, info->n_classes) != rows.label[i];
    *error = (double)wrong / (double)rows.n;
    tren_rows_close(&rows);
    tren_dataset_close(dataset);
    return st;
}
