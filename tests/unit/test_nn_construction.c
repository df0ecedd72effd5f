/* Construction: errors are kept, and what a failed function returned is accepted by the others. */
#include <criterion/criterion.h>
#include <string.h>

#include "nn/work.h"

static const tren_init no_init = {.kind = TREN_DRAW_HE};

/* Every function that takes a layer. */
static tren_layer *add(tren_graph *g, int which, tren_layer *x) {
    switch (which) {
    case 0:
        return tren_dense(g, x, 3, &tren_relu, no_init);
    case 1:
        return tren_activate(g, x, &tren_tanh);
    case 2:
        return tren_dropout(g, x, 0.5);
    case 3:
        return tren_add_loss(g, x, &tren_loss_cross_entropy,
                             &(tren_loss_options){.label_smoothing = 0.1});
    case 4:
        return tren_add_loss(g, x, &tren_loss_half_squares, NULL);
    case 5:
        return tren_conv2d(g, x, (tren_conv_spec){.channels = 2, .kernel = 3, .stride = 1},
                           no_init);
    case 6:
        return tren_batch_norm(g, x, true);
    case 7:
        return tren_max_pool(g, x, 2, 2);
    case 8:
        return tren_average_pool(g, x, 2, 2);
    case 9:
        return tren_global_max_pool(g, x);
    case 10:
        return tren_global_average_pool(g, x);
    case 11:
        return tren_add_layers(g, x, x);
    case 12:
        return tren_flatten(g, x);
    case 13:
        return tren_as_lanes(g, x);
    case 14:
        return tren_layer_norm(g, x);
    case 16:
        return tren_positions(g, x, no_init);
    case 15:
        return tren_embedding(g, x, (tren_embedding_spec){.vocabulary = 3, .width = 2});
    case 17:
        return tren_group_norm(g, x, 2);
    case 18:
        return tren_concat(g, x, x);
    default:
        return NULL;
    }
}
enum { N_KINDS = 19 };

Test(construction, a_shared_weight_must_fit) {
    tren_graph *g = NULL;
    cr_assert_eq(tren_graph_open(&g, tren_kernels_best()), TREN_OK);
    tren_layer *x = tren_dense(g, tren_input(g, (tren_shape){4, 1, 1}), 6, &tren_relu, no_init);
    tren_dense_with(g, x, (tren_dense_spec){.out = 6, .f = &tren_relu, .tied = x});
    cr_assert_eq(tren_graph_complete(g), TREN_ERR_USAGE);
    cr_expect_str_eq(tren_error_text(),
                     "dense2: a weight of 6 x 6 cannot be dense1/weight, which is 6 x 4; give it 6 "
                     "units and 4 inputs, or remove tied");
    tren_graph_close(g);
}

Test(construction, accepts_what_a_failed_function_returned) {
    for (int which = 0; which < N_KINDS; which++) {
        tren_graph *g = NULL;
        cr_assert_eq(tren_graph_open(&g, tren_kernels_best()), TREN_OK);
        tren_layer *rows = tren_input(g, (tren_shape){2, 6, 6}), *lanes = tren_as_lanes(g, rows);
        cr_assert_null(tren_dropout(g, rows, 1.5));
        cr_expect_null(add(g, which, NULL), "kind %d", which);
        tren_layer *a = add(g, which, rows), *b = add(g, which, lanes);
        cr_expect(a == NULL || a == rows, "kind %d adds to a graph that has failed", which);
        cr_expect(b == NULL || b == lanes, "kind %d adds to a graph that has failed", which);
        cr_expect_eq(g->n_layers, 2);
        cr_expect_eq(tren_graph_complete(g), TREN_ERR_USAGE);
        cr_expect_str_eq(tren_error_text(), "a dropout rate must lie in [0, 1), not 1.5");
        tren_graph_close(g);
    }
}
