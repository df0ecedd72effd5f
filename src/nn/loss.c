/* The losses, as last layers: forward computes each microbatch's sum and leaves dL/dx in y. */
#include "nn/work.h"
#include "base/series.h"

#include <string.h>

typedef struct loss_layer {
    tren_layer layer;
    double smoothing, delta;
    real weight[]; /* [columns] of positive labels */
} loss_layer;

static const loss_layer *loss_of(const tren_layer *l) {
    return (const loss_layer *)l;
}

static real *copy_input(const tren_layer *l, tren_work *w, const tren_pass *pass) {
    real *y = layer_y(w, l);
    const real *x = layer_y(w, l->input);
    if (y != x) memcpy(y, x, layer_elements(l, w, pass) * sizeof *y);
    return y;
}

/* So many labels are counted, or are not, like the first one. */
static int alike(const int32_t *label, int most) {
    int n = 1;
    while (n < most && (label[n] < 0) == (label[0] < 0)) n++;
    return n;
}

/* Rows [first, first + n) of a microbatch, which all have labels; z: of all rows. */
typedef struct run {
    int group, first, n;
    real scale; /* of their gradient */
} run;
typedef struct sums {
    double *loss, *correct;
} sums;

/* The weight of a row of a microbatch is a factor of its loss, and of its gradient. */
static double weight_of(const tren_pass *pass, int row) {
    return pass->row_weight ? (double)pass->row_weight[row] : 1;
}

static void cross_entropy_of(const tren_layer *l, const tren_work *w, const tren_pass *pass,
                             real *z, sums to, run rows) {
    int m = tren_tensor_width(l->out);
    real smoothing = pass->train ? (real)loss_of(l)->smoothing : 0;
    const int32_t *label = pass->label + rows.first;
    z += (size_t)rows.first * m;
    if (pass->class_weight)
        kernels_of(w)->weighted_cross_entropy(z, to.loss, to.correct, label, pass->class_weight,
                                              rows.n, m, smoothing, rows.scale);
    else
        kernels_of(w)->softmax_cross_entropy(z, to.loss, to.correct, label, rows.n, m, smoothing,
                                             rows.scale);
}

/* Row by row the sum has the same bits. */
static void cross_entropy(const tren_layer *l, tren_work *w, const tren_pass *pass, real *z,
                          run rows) {
    tren_group_result *r = &w->result[rows.group];
    r->counted += rows.n;
    if (!pass->row_weight && !pass->row_loss) {
        cross_entropy_of(l, w, pass, z, (sums){&r->loss, &r->correct}, rows);
        return;
    }
    for (int i = rows.first; i < rows.first + rows.n; i++) {
        double loss = 0, weight = weight_of(pass, i);
        run row = {rows.group, i, 1, rows.scale * (real)weight};
        cross_entropy_of(l, w, pass, z, (sums){&loss, &r->correct}, row);
        r->loss += weight * loss;
        if (pass->row_loss) pass->row_loss[i] = loss;
    }
}

static void skip(const tren_pass *pass, real *z, run rows, size_t m) {
    memset(z + (size_t)rows.first * m, 0, (size_t)rows.n * m * sizeof *z);
    if (pass->row_loss)
        memset(pass->row_loss + rows.first, 0, (size_t)rows.n * sizeof *pass->row_loss);
}

static void softmax_forward(const tren_layer *l, tren_work *w, const tren_pass *pass) {
    if (!pass->label) return;
    real *z = copy_input(l, w, pass);
    const int *row0 = rows_of(l, w, pass);
    size_t m = (size_t)tren_tensor_width(l->out);
    for (int g = 0; g < pass->n_groups; g++)
        for (int i = row0[g], n; i < row0[g + 1]; i += n) {
            n = alike(pass->label + i, row0[g + 1] - i);
            if (pass->label[i] < 0)
                skip(pass, z, (run){g, i, n, 0}, m);
            else
                cross_entropy(l, w, pass, z, (run){g, i, n, pass->scale});
        }
    for (int g = 0; g < pass->n_groups; g++) w->result[g].objective = w->result[g].loss;
}

/* One microbatch: y [n,m] becomes the gradient. */
typedef struct outputs {
    real *y;
    double *loss;
    const real *target;
    int n, m;
    real scale;
} outputs;
typedef struct of_targets {
    void (*rows)(const loss_layer *l, const tren_kernels *k, const outputs *x);
    /* Of one number, d = y - t; unit: of the data in one of the network. */
    double (*element)(const loss_layer *l, double y, double t, int column, double unit);
} of_targets;

/* The losses of rows in the units of the data, and their weighted sum, from y. */
static double tell_rows(const loss_layer *l, const tren_pass *pass, const of_targets *loss,
                        const outputs *x, int first) {
    double sum = 0;
    for (int i = 0; i < x->n; i++) {
        const real *y = x->y + (size_t)i * x->m, *t = x->target + (size_t)i * x->m;
        double row = 0;
        for (int j = 0; j < x->m; j++) {
            double unit = pass->target_unit ? (double)pass->target_unit[j] : 1;
            row += loss->element(l, (double)y[j], (double)t[j], j, unit);
        }
        if (pass->row_loss) pass->row_loss[first + i] = row;
        sum += weight_of(pass, first + i) * row;
    }
    return sum;
}

static void weighted_rows(const loss_layer *l, const tren_kernels *k, const tren_pass *pass,
                          const of_targets *loss, outputs x, int first) {
    double *sum = x.loss, row;
    for (int i = 0, n = x.n; i < n; i++, x.y += x.m, x.target += x.m) {
        double weight = weight_of(pass, first + i);
        x.n = 1;
        x.scale = pass->scale * (real)weight;
        x.loss = &row;
        row = 0;
        loss->rows(l, k, &x);
        *sum += weight * row;
    }
}

static void targets_forward(const tren_layer *l, tren_work *w, const tren_pass *pass,
                            of_targets loss) {
    if (!pass->target) return;
    real *y = copy_input(l, w, pass);
    int m = tren_tensor_width(l->out);
    for (int g = 0; g < pass->n_groups; g++) {
        tren_group_result *r = &w->result[g];
        int first = rows_of(l, w, pass)[g], n = group_rows(l, w, pass, g);
        size_t off = (size_t)first * m;
        outputs x = {y + off, &r->objective, pass->target + off, n, m, pass->scale};
        double told = 0;
        if (pass->row_loss || pass->target_unit)
            told = tell_rows(loss_of(l), pass, &loss, &x, first);
        if (pass->row_weight)
            weighted_rows(loss_of(l), kernels_of(w), pass, &loss, x, first);
        else
            loss.rows(loss_of(l), kernels_of(w), &x);
        r->loss = pass->target_unit ? told : r->objective;
        r->counted += n;
    }
}

static void squares(const loss_layer *l, const tren_kernels *k, const outputs *x) {
    (void)l;
    k->half_squares(x->y, x->loss, x->target, x->n, x->m, x->scale);
}
static void huber(const loss_layer *l, const tren_kernels *k, const outputs *x) {
    k->huber(x->y, x->loss, x->target, x->n, x->m, x->scale, (real)l->delta);
}
static void absolute(const loss_layer *l, const tren_kernels *k, const outputs *x) {
    (void)l;
    k->absolute_error(x->y, x->loss, x->target, x->n, x->m, x->scale);
}
static void binary(const loss_layer *l, const tren_kernels *k, const outputs *x) {
    k->binary_cross_entropy(x->y, x->loss, x->target, l->weight, x->n, x->m, x->scale);
}

static double square_of(const loss_layer *l, double y, double t, int column, double unit) {
    (void)l, (void)column;
    double d = unit * (y - t);
    return 0.5 * d * d;
}
/* delta is in the units of the network. */
static double huber_of(const loss_layer *l, double y, double t, int column, double unit) {
    (void)column;
    double d = y - t, size = d < 0 ? -d : d, most = (double)(real)l->delta;
    return unit * unit * (size <= most ? 0.5 * d * d : most * (size - 0.5 * most));
}
static double absolute_of(const loss_layer *l, double y, double t, int column, double unit) {
    (void)l, (void)column;
    double d = unit * (y - t);
    return d < 0 ? -d : d;
}
static double binary_of(const loss_layer *l, double y, double t, int column, double unit) {
    (void)unit;
    double e = series_exp(y < 0 ? y : -y), yes = series_log(1 + e) + (y < 0 ? -y : 0);
    return (double)l->weight[column] * t * yes + (1 - t) * (yes + y);
}

static void squares_forward(const tren_layer *l, tren_work *w, const tren_pass *pass) {
    targets_forward(l, w, pass, (of_targets){squares, square_of});
}
static void huber_forward(const tren_layer *l, tren_work *w, const tren_pass *pass) {
    targets_forward(l, w, pass, (of_targets){huber, huber_of});
}
static void absolute_forward(const tren_layer *l, tren_work *w, const tren_pass *pass) {
    targets_forward(l, w, pass, (of_targets){absolute, absolute_of});
}
static void binary_forward(const tren_layer *l, tren_work *w, const tren_pass *pass) {
    targets_forward(l, w, pass, (of_targets){binary, binary_of});
}

static const tren_layer_ops softmax_ops = {
    .name = "softmax_cross_entropy", .forward = softmax_forward, .in_place = true};
static const tren_layer_ops squares_ops = {
    .name = "half_squares", .forward = squares_forward, .in_place = true};
static const tren_layer_ops huber_ops = {
    .name = "huber", .forward = huber_forward, .in_place = true};
static const tren_layer_ops absolute_ops = {
    .name = "absolute_error", .forward = absolute_forward, .in_place = true};
static const tren_layer_ops binary_ops = {
    .name = "binary_cross_entropy", .forward = binary_forward, .in_place = true};

/* mean |z| is about hidden units; a network without any keeps its only layer. */
static void mark_hidden(tren_graph *graph, tren_layer *output) {
    int dense = 0;
    for (int i = 0; i < graph->n_layers; i++) dense += graph->layer[i]->hidden;
    if (dense > 1) output->hidden = false;
}

static loss_layer *add_loss(tren_graph *graph, tren_layer *input, const tren_layer_ops *ops,
                            size_t weights) {
    input = tren_as_rows(graph, input);
    if (!input) return NULL;
    size_t size = sizeof(loss_layer) + weights * sizeof(real);
    tren_layer *l = tren_graph_add(graph, size, ops, input, input->out);
    if (l) mark_hidden(graph, input);
    return (loss_layer *)l;
}

tren_layer *tren_softmax_loss(tren_graph *graph, tren_layer *input, double label_smoothing) {
    loss_layer *l = add_loss(graph, input, &softmax_ops, 0);
    if (!l) return NULL;
    l->smoothing = label_smoothing;
    return &l->layer;
}

tren_layer *tren_half_squares_loss(tren_graph *graph, tren_layer *input) {
    return (tren_layer *)add_loss(graph, input, &squares_ops, 0);
}

tren_layer *tren_huber_loss(tren_graph *graph, tren_layer *input, double delta) {
    loss_layer *l = add_loss(graph, input, &huber_ops, 0);
    if (!l) return NULL;
    l->delta = delta;
    return &l->layer;
}

tren_layer *tren_absolute_loss(tren_graph *graph, tren_layer *input) {
    return (tren_layer *)add_loss(graph, input, &absolute_ops, 0);
}

tren_layer *tren_binary_loss(tren_graph *graph, tren_layer *input, const double *positive_weight,
                             int n) {
    if (!input) return NULL;
    int m = tren_tensor_width(input->out);
    if (n > 1 && n != m)
        return tren_graph_fail(graph,
                               "loss.positive_weights: %d weights for %d columns of targets; give "
                               "none, one for all, or one for each",
                               n, m);
    loss_layer *l = add_loss(graph, input, &binary_ops, (size_t)m);
    if (!l) return NULL;
    graph->unit_targets = true;
    for (int j = 0; j < m; j++) l->weight[j] = n == 0 ? 1 : (real)positive_weight[n > 1 ? j : 0];
    return &l->layer;
}
