/* Optim: update rules and learning-rate schedules, as pure functions on flat arrays. Not
 * collective. */
#ifndef TREN_OPTIM_H
#define TREN_OPTIM_H

#include "tren/base.h"
#include "tren/config.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { TREN_MAX_STATES = 2 };

/* The numbers of one update. `decay` is weight_decay = lambda/m where the parameter decays, else 0.
 */
typedef struct tren_update {
    double learning_rate, decay, momentum, beta1, beta2, epsilon;
    double scale; /* of the gradient: 1, or what clipping leaves */
    int64_t t;    /* updates so far, this one included: 1, 2, ... */
} tren_update;

/* One const object per rule. J_R = J + lambda/(2m) sum ||W||^2:
 *   sgd       w <- (1 - a d) w - a g                                   (a: learning rate, d: decay)
 *   momentum  g += d w; v <- mu v + g; w <- w - a v                    (Polyak 1964, as PyTorch)
 *   nesterov  g += d w; v <- mu v + g; w <- w - a (g + mu v)           (Sutskever et al. 2013, as
 * PyTorch) adam      g += d w; Kingma & Ba 2015, bias-corrected adamw     w <- (1 - a d) w, then
 * adam without d                    (Loshchilov & Hutter 2019) */
typedef struct tren_optimizer {
    const char *name;
    int n_states;
    const char *state_name[TREN_MAX_STATES];
    /* w [n], g [n] (read only), state[i] [n] */
    void (*update)(real *w, const real *g, real *const *state, size_t n, const tren_update *u);
    /* Rules that begin with state[0] <- momentum * state[0] + g, which a matrix product can do:
     * what is left to do after that, with scale 1. NULL elsewhere. */
    void (*settle)(real *w, real *state0, size_t n, const tren_update *u);
} tren_optimizer;

/* The rule that a config names. */
const tren_optimizer *tren_optimizer_find(const tren_config *config);
/* All of them, NULL-terminated. */
extern const tren_optimizer *const tren_optimizers[];

/* Learning rate of update t = 0, 1, ... in `epoch`, of `total` updates in all (cosine only). */
double tren_learning_rate(const tren_config *config, int64_t t, int epoch, int64_t total);

/* PyTorch's clip_grad_norm_: min(1, clip / (norm + 1e-6)); 1 when clip = 0. */
double tren_clip_scale(double clip, double norm);

#ifdef __cplusplus
}
#endif
#endif
