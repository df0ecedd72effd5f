/* Losses against values computed elsewhere in float64. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "support/reference.h"
#include "nn/loss.h"

/* The file's losses are means over rows, or over all entries; scale is that of the gradient. */
static void compare(const char *group, const char *gradient, real *dy, double loss, double scale) {
    real mean = (real)(loss * scale);
    test_agrees(&mean, group, "loss");
    test_agrees(dy, group, gradient);
    free(dy);
}

static void check_weighted(const char *group, double smoothing) {
    test_values z = test_reference(group, "logits");
    int32_t *label = test_reference_labels(group, "target");
    real *weight = test_reference_real(group, "class_weight"),
         *dz = test_reference_real(group, "logits");
    double loss = 0, correct = 0, sum = 0;
    for (int i = 0; i < z.dim[0]; i++) sum += (double)weight[label[i]];
    tren_kernels_best()->weighted_cross_entropy(dz, &loss, &correct, label, weight, z.dim[0],
                                                z.dim[1], (real)smoothing, (real)(1 / sum));
    compare(group, "dlogits", dz, loss, 1 / sum);
    free(z.at);
    free(label);
    free(weight);
}

Test(reference_losses, weighted_cross_entropy) {
    check_weighted("weighted_softmax_cross_entropy", 0);
}

Test(reference_losses, weighted_cross_entropy_with_label_smoothing) {
    check_weighted("weighted_softmax_cross_entropy_smooth", 0.1);
}

static void check_targets(const char *group, const tren_loss *loss,
                          const tren_loss_options *options) {
    bool squares = loss == &tren_loss_half_squares;
    const char *output = squares ? "y" : "logits";
    test_values y = test_reference(group, output);
    real *t = test_reference_real(group, "target"), *dy = test_reference_real(group, output);
    double sum = 0, n = y.dim[0] * (squares ? 1 : y.dim[1]);
    tren_loss_rows x = {.options = options, .n = y.dim[0], .m = y.dim[1], .y = dy, .target = t};
    x.scale = (real)(1 / n);
    x.loss = &sum;
    loss->rows(&x);
    compare(group, squares ? "dy" : "dlogits", dy, sum, 1 / n);
    free(y.at);
    free(t);
}

Test(reference_losses, half_sum_of_squares) {
    check_targets("half_sum_of_squares", &tren_loss_half_squares, NULL);
}

Test(reference_losses, huber) {
    check_targets("huber", &tren_loss_huber, &(tren_loss_options){.huber_delta = 1});
}

Test(reference_losses, absolute_error) {
    check_targets("mean_absolute_error", &tren_loss_absolute, NULL);
}

Test(reference_losses, binary_cross_entropy) {
    tren_loss_options options = {.name = 0};
    test_values weight = test_reference("bce_with_logits", "pos_weight");
    options.positive_weights.n = weight.dim[0];
    memcpy(options.positive_weights.at, weight.at, (size_t)weight.dim[0] * sizeof *weight.at);
    check_targets("bce_with_logits", &tren_loss_binary_cross_entropy, &options);
    free(weight.at);
}

Test(reference_losses, far_logits_have_finite_losses_that_are_added) {
    real y[] = {500, -500, 500, -500};
    double loss = 10;
    tren_loss_rows x = {.options = &(tren_loss_options){0}, .n = 2, .m = 2, .scale = 1, .y = y};
    x.target = (const real[]){1, 0, 0, 1};
    x.loss = &loss;
    tren_loss_binary_cross_entropy.rows(&x);
    cr_expect_float_eq(loss, 1010, 1e-9);
    cr_expect_float_eq((double)y[0], 0, 1e-30);
    cr_expect_float_eq((double)y[2], 1, 1e-30);
    cr_expect_float_eq((double)y[3], -1, 1e-30);
}
