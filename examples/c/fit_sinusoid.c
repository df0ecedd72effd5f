/* Fits a two-layer network to t = sin(2 pi x) by gradient descent, with the library alone: no MPI,
 * no files. One source for float (tren) and double (tren64): `real` is the library's type. */
#include <tren/nn.h>

#include <math.h>
#include <stdlib.h>

enum { ROWS = 64, HIDDEN = 16, STEPS = 3000 };

typedef struct fit {
    tren_graph *graph;
    tren_work *work;
    tren_arena value, gradient;
    tren_pass pass;
    real x[ROWS], t[ROWS];
    int row0[2];
} fit;

static tren_status build_network(fit *f) {
    tren_init init = {.kind = TREN_DRAW_GLOROT};
    TREN_TRY(tren_graph_open(&f->graph, tren_kernels_best()));
    tren_layer *layer = tren_input(f->graph, (tren_shape){1, 1, 1});
    layer = tren_dense(f->graph, layer, HIDDEN, &tren_tanh, init);
    layer = tren_dense(f->graph, layer, 1, &tren_identity, init);
    tren_add_loss(f->graph, layer, &tren_loss_half_squares, NULL);
    return tren_graph_complete(f->graph); /* the first error of them all */
}

static tren_status open_fit(fit *f) {
    TREN_TRY(build_network(f));
    TREN_TRY(tren_arena_open(&f->value, f->graph->n_values));
    TREN_TRY(tren_arena_open(&f->gradient, f->graph->n_values));
    tren_graph_init(f->graph, f->value.at, 1);
    tren_work_spec spec = {.max_rows = ROWS,
                           .train = true,
                           .shards = 1,
                           .hi = 1,
                           .value = f->value.at,
                           .node = &f->gradient.at};
    TREN_TRY(tren_work_open(&f->work, f->graph, &spec));
    f->row0[1] = ROWS;
    f->pass = (tren_pass){
        .n_groups = 1, .row0 = f->row0, .train = true, .target = f->t, .scale = (real)1 / ROWS};
    return tren_work_pattern(f->work, &f->pass.pattern, 1, f->row0);
}

static void close_fit(fit *f) {
    tren_work_close(f->work);
    tren_arena_close(&f->gradient);
    tren_arena_close(&f->value);
    tren_graph_close(f->graph);
}

static void make_samples(fit *f) {
    const double pi = acos(-1.0);
    for (int i = 0; i < ROWS; i++) {
        double x = (i + 0.5) / ROWS;
        f->x[i] = (real)(2 * x - 1);
        f->t[i] = (real)sin(2 * pi * x);
    }
}

/* One step of gradient descent; returns the mean loss before it. */
static double descend(fit *f, real learning_rate) {
    real *input = tren_work_input(f->work);
    for (int i = 0; i < ROWS; i++) input[i] = f->x[i];
    tren_forward(f->work, &f->pass);
    tren_backward(f->work, &f->pass);
    for (size_t i = 0; i < f->value.len; i++) f->value.at[i] -= learning_rate * f->gradient.at[i];
    return tren_work_result(f->work)->loss / ROWS;
}

int main(void) {
    fit f = {0};
    tren_status st = TREN_OK;
    double first = 0, last = 0;
    make_samples(&f);
    TREN_GOTO(open_fit(&f));
    first = last = descend(&f, (real)0.1);
    for (int step = 1; step < STEPS; step++) last = descend(&f, (real)0.1);
    printf("%s: loss %.4f -> %.6f in %d steps\n", TREN_REAL_NAME, first, last, STEPS);
    if (!(last < first / 20)) st = tren_fail(TREN_ERR_DIVERGED, "the loss did not fall");
done:
    if (st != TREN_OK) fprintf(stderr, "fit_sinusoid: %s\n", tren_error_text());
    close_fit(&f);
    return (int)st;
}
