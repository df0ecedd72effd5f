/* Of logits and labels, with label smoothing and class weights. */
#include "nn/loss.h"

static void rows(const tren_loss_rows *x) {
    real smoothing = x->train ? (real)x->options->label_smoothing : 0;
    if (x->class_weight)
        x->kernels->weighted_cross_entropy(x->y, x->loss, x->correct, x->label, x->class_weight,
                                           x->n, x->m, smoothing, x->scale);
    else
        x->kernels->softmax_cross_entropy(x->y, x->loss, x->correct, x->label, x->n, x->m,
                                          smoothing, x->scale);
}

const tren_loss tren_loss_cross_entropy = {
    .name = "cross_entropy", .takes = TREN_TAKES_LABELS, .rows = rows};
