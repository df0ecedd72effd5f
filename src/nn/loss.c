/* The last layer: forward computes each microbatch's sum of a loss and leaves dL/dx in y. */
#include "nn/loss.h"
#include "nn/work.h"

#include <string.h>

#define ADDRESS(name, keys, help) &tren_loss_##name,
const tren_loss *const tren_losses[] = {TREN_LOSSES(ADDRESS) NULL};

typedef struct loss_layer {
    tren_layer layer;
    const tren_loss *loss;
    tren_loss_options options;
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

/* The weight of a row of a microbatch is a factor of its loss, and of its gradient. */
static double weight_of(const tren_pass *pass, int row) {
    return pass->row_weight ? (double)pass->row_weight[row] : 1;
}

/* x: rows from `first` on. Row by row, which is asked for by row_loss, a sum over rows has the same
 * bits. */
static void compute(const tren_loss *loss, const tren_pass *pass, tren_loss_rows x, int first,
                    double *row_loss) {
    if (!pass->row_weight && !row_loss) {
        loss->rows(&x);
        return;
    }
    double *sum = x.loss, row;
    int end = first + x.n;
    x.n = 1;
    x.loss = &row;
    for (int i = first; i < end; i++, x.y += x.m) {
        double weight = weight_of(pass, i);
        x.scale = pass->scale * (real)weight;
        row = 0;
        loss->rows(&x);
        *sum += weight * row;
        if (row_loss) row_loss[i] = row;
        if (x.label) x.label++;
        if (x.target) x.target += x.m;
    }
}

/* So many labels are counted, or are not, like the first one. */
static int alike(const int32_t *label, int most) {
    int n = 1;
    while (n < most && (label[n] < 0) == (label[0] < 0)) n++;
    return n;
}

/* x: all rows of a microbatch, from `first` on. Returns how many are counted. */
static int of_labels(const tren_loss *loss, const tren_pass *pass, tren_loss_rows x, int first) {
    int counted = 0, rest = x.n;
    for (; rest > 0; first += x.n, rest -= x.n, x.y += (size_t)x.n * x.m) {
        x.label = pass->label + first;
        x.n = alike(x.label, rest);
        if (*x.label >= 0) {
            compute(loss, pass, x, first, pass->row_loss);
            counted += x.n;
            continue;
        }
        memset(x.y, 0, (size_t)x.n * x.m * sizeof *x.y);
        if (pass->row_loss) memset(pass->row_loss + first, 0, (size_t)x.n * sizeof(double));
    }
    return counted;
}

/* The losses of rows in the units of the data, and their weighted sum, from y. */
static double tell_rows(const tren_loss *loss, const tren_pass *pass, const tren_loss_rows *x,
                        int first) {
    double sum = 0, slope;
    for (int i = 0; i < x->n; i++) {
        const real *y = x->y + (size_t)i * x->m, *t = x->target + (size_t)i * x->m;
        double row = 0;
        for (int j = 0; j < x->m; j++) {
            double unit = pass->target_unit ? (double)pass->target_unit[j] : 1;
            tren_loss_point at = {(double)y[j], (double)t[j], unit, j};
            row += loss->of_one(x->options, at, &slope);
        }
        if (pass->row_loss) pass->row_loss[first + i] = row;
        sum += weight_of(pass, first + i) * row;
    }
    return sum;
}

/* Of whole microbatches, whose sums are those of all their numbers in order. */
static void of_targets(tren_group_result *r, const tren_loss *loss, const tren_pass *pass,
                       tren_loss_rows x, int first) {
    double told = 0;
    x.target = pass->target + (size_t)first * x.m;
    if (pass->row_loss || pass->target_unit) told = tell_rows(loss, pass, &x, first);
    compute(loss, pass, x, first, NULL);
    r->loss = pass->target_unit ? told : r->objective;
    r->counted += x.n;
}

static void forward(const tren_layer *l, tren_work *w, const tren_pass *pass) {
    const tren_loss *loss = loss_of(l)->loss;
    bool labels = loss->takes == TREN_TAKES_LABELS;
    if (labels ? !pass->label : !pass->target) return;
    real *y = copy_input(l, w, pass);
    int m = tren_tensor_width(l->out);
    for (int g = 0; g < pass->n_groups; g++) {
        tren_group_result *r = &w->result[g];
        int first = rows_of(l, w, pass)[g];
        tren_loss_rows x = {.kernels = kernels_of(w),
                            .options = &loss_of(l)->options,
                            .train = pass->train,
                            .n = group_rows(l, w, pass, g),
                            .m = m,
                            .scale = pass->scale,
                            .y = y + (size_t)first * m,
                            .class_weight = pass->class_weight,
                            .loss = &r->objective,
                            .correct = &r->correct};
        if (!labels) {
            of_targets(r, loss, pass, x, first);
            continue;
        }
        r->counted += of_labels(loss, pass, x, first);
        r->loss = r->objective;
    }
}

static const tren_layer_ops ops = {.name = "loss", .forward = forward, .in_place = true};

/* mean |z| is about hidden units; a network without any keeps its only layer. */
static void mark_hidden(tren_graph *graph, tren_layer *output) {
    int dense = 0;
    for (int i = 0; i < graph->n_layers; i++) dense += graph->layer[i]->hidden;
    if (dense > 1) output->hidden = false;
}

tren_layer *tren_add_loss(tren_graph *graph, tren_layer *input, const tren_loss *loss,
                          const tren_loss_options *options) {
    static const tren_loss_options usual = {.huber_delta = 1};
    input = tren_as_rows(graph, input);
    if (!options) options = &usual;
    if (input && loss->check) loss->check(graph, tren_tensor_width(input->out), options);
    tren_layer *l =
        input ? tren_graph_add(graph, sizeof(loss_layer), &ops, input, input->out) : NULL;
    if (!l) return NULL;
    mark_hidden(graph, input);
    graph->loss = loss;
    ((loss_layer *)l)->loss = loss;
    ((loss_layer *)l)->options = *options;
    return l;
}
