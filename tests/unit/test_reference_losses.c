/* Losses against values computed elsewhere in float64. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "support/reference.h"
#include "tren/kernels.h"

/* The file's losses are means over rows, or over all entries; scale is that of the gradient. */
static void compare(const char *group, real *dy, double loss, double scale) {
    real mean = (real)(loss * scale);
    test_agrees(&mean, group, "loss");
    test_agrees(dy, group, "dlogits");
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
    compare(group, dz, loss, 1 / sum);
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

typedef void (*of_targets)(real *y, double *loss, const real *t, int n, int m, real scale);

static void check_targets(const char *group, of_targets loss_of) {
    test_values y = test_reference(group, "logits");
    real *t = test_reference_real(group, "target"), *dy = test_reference_real(group, "logits");
    double loss = 0, scale = 1.0 / (y.dim[0] * y.dim[1]);
    loss_of(dy, &loss, t, y.dim[0], y.dim[1], (real)scale);
    compare(group, dy, loss, scale);
    free(y.at);
    free(t);
}

static void huber(real *y, double *loss, const real *t, int n, int m, real scale) {
    tren_kernels_best()->huber(y, loss, t, n, m, scale, 1);
}

static void binary(real *y, double *loss, const real *t, int n, int m, real scale) {
    real *weight = test_reference_real("bce_with_logits", "pos_weight");
    tren_kernels_best()->binary_cross_entropy(y, loss, t, weight, n, m, scale);
    free(weight);
}

Test(reference_losses, huber) {
    check_targets("huber", huber);
}

Test(reference_losses, absolute_error) {
    check_targets("mean_absolute_error", tren_kernels_best()->absolute_error);
}

Test(reference_losses, binary_cross_entropy) {
    check_targets("bce_with_logits", binary);
}

Test(reference_losses, far_logits_have_finite_losses) {
    real y[] = {500, -500, 500, -500}, weight[] = {1, 1};
    double loss = 0;
    tren_kernels_best()->binary_cross_entropy(y, &loss, (const real[]){1, 0, 0, 1}, weight, 2, 2,
                                              1);
    cr_expect_float_eq(loss, 1000, 1e-9);
    cr_expect_float_eq((double)y[0], 0, 1e-30);
    cr_expect_float_eq((double)y[2], 1, 1e-30);
    cr_expect_float_eq((double)y[3], -1, 1e-30);
}
