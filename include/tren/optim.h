/* Optim: update rules and learning-rate schedules, as functions on flat arrays. Not collective. */
#ifndef TREN_OPTIM_H
#define TREN_OPTIM_H

#include "tren/base.h"
#include "tren/config.h"
#include "tren/kernels.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

enum { TREN_MAX_STATES = 2, TREN_MAX_SCALARS = 8 };

/* The numbers of one update of one parameter. */
typedef struct tren_update {
    const tren_kernels *kernels;           /* not owned */
    const tren_optimizer_options *options; /* not owned; use learning_rate below, not theirs */
    double learning_rate;
    double decay; /* weight_decay = lambda/m where the parameter decays, else 0 */
    double scale; /* factor on the gradient: 1, or less by clipping */
    double trust; /* rules with `measure`: the factor of this parameter */
    int64_t t;    /* updates so far, this one included: 1, 2, ... */
} tren_update;

/* x <- beta x + alpha g. If a rule begins with this, the matrix product that computes g can do it.
 */
typedef struct tren_blend {
    int state; /* x is state[state]; TREN_WEIGHTS: the weights */
    real alpha, beta;
} tren_blend;
enum { TREN_WEIGHTS = -1 };

/* clang-format off */
/* One const object per optimizer: the states that it keeps between steps and, for rules that use one
 * gradient per step, the update of any part of a parameter. w [n], g [n] (read only), state[i] [n].
 * The bits of an update do not depend on how a parameter is cut into parts.
 *
 * J_R = J + lambda/(2m) sum ||W||^2, a the learning rate, d the decay, mu the momentum:
 *   sgd       w <- (1 - a d) w - a g
 *   momentum  g += d w; v <- mu v + g; w <- w - a v              (Polyak 1964, as PyTorch)
 *   nesterov  g += d w; v <- mu v + g; w <- w - a (g + mu v)     (Sutskever et al. 2013, as PyTorch)
 *   adam      g += d w; bias-corrected                           (Kingma & Ba 2015)
 *   adamw     w <- (1 - a d) w, then adam without d              (Loshchilov & Hutter 2019)
 *   rmsprop   g += d w; s <- b2 s + (1 - b2) g^2;
 *             v <- mu v + g / (sqrt(s) + epsilon); w <- w - a v  (Tieleman & Hinton 2012, as PyTorch)
 *   lars      r = eta |w| / (|g| + d |w|);
 *             v <- mu v + a r (g + d w); w <- w - v              (You et al. 2017)
 *   lamb      u = adam's direction + d w; w <- w - a |w|/|u| u   (You et al. 2020)
 * |.| are Euclidean norms of a whole parameter. If one of them is 0, and for parameters that do not
 * decay (biases), the factor computed from the norms is 1. */
/* clang-format on */
typedef struct tren_optimizer {
    const char *name; /* in checkpoints and logs */
    int n_states;
    const char *state_name[TREN_MAX_STATES]; /* values of "square" are never negative */
    int n_scalars; /* numbers that a checkpoint stores in addition to the states */
    bool (*valid)(const double *scalar); /* whether training can produce these scalars */
    /* Whether this object implements these options: if several objects have the same
     * optimizer.name, the first that serves is used. NULL: always. */
    bool (*serves)(const tren_optimizer_options *options);
    void (*update)(real *w, const real *g, real *const *state, size_t n, const tren_update *u);
    /* For scale 1: the blend with which the rule begins (NULL: it does not), and the rest of the
     * update (NULL: nothing remains). */
    tren_blend (*blend)(const tren_update *u);
    void (*settle)(real *w, real *const *state, size_t n, const tren_update *u);
    /* Layer-wise rules: called once per step for each part of a parameter, before any call of
     * `update`. Adds the sums that `trust` needs to sum[0], sum[1]. lamb updates its states here,
     * so its `update` does not use g. NULL: the rule is not layer-wise. */
    void (*measure)(double sum[2], const real *w, const real *g, real *const *state, size_t n,
                    const tren_update *u);
    double (*trust)(const double sum[2], const tren_update *u);
} tren_optimizer;

/* The optimizer of a config. */
const tren_optimizer *tren_optimizer_find(const tren_config *config);
/* By the name in a checkpoint. NULL: there is none. */
const tren_optimizer *tren_optimizer_named(const char *name);
/* The objects of each optimizer.name, by tren_optimizer_id; each list ends with NULL. */
extern const tren_optimizer *const *const tren_optimizers[TREN_N_OPTIMIZERS];

/* Learning rate of update t = 0, 1, ... in `epoch`, of `total` updates in all (cosine only). */
double tren_learning_rate(const tren_config *config, int64_t t, int epoch, int64_t total);

/* PyTorch's clip_grad_norm_: min(1, clip / (norm + 1e-6)); 1 when clip = 0. */
double tren_clip_scale(double clip, double norm);

/* ---- scaled conjugate gradients ---------------------------------------------------------------
 *
 * M. F. Moller, "A scaled conjugate gradient algorithm for fast supervised learning", Neural
 * Networks 6 (1993), with the constants of Netlab's scg (I. T. Nabney, "NETLAB: Algorithms for
 * Pattern Recognition", 2002). It minimises a smooth f of n variables; no step length has to be
 * chosen. A second gradient, at a point close to x, gives the curvature along the direction d. The
 * scale beta is added to the curvature; it grows when the quadratic model of f fails.
 *
 * By reverse communication: the algorithm never calls f. It sets the point at which it needs f and
 * its gradient, receives them, and continues:
 *     tren_scg_begin(&scg);
 *     do evaluate f and g at scg.point; while (!tren_scg_tell(&scg, f, g));      one iteration
 * The first iteration begins by asking for f and its gradient at the initial x. Each iteration asks
 * for the gradient near x, if the last one succeeded, and then for f and the gradient at the trial
 * point. It succeeds if f does not rise at the trial point. Every sum is over all n elements in a
 * fixed order: the same input gives the same bits. */

typedef enum tren_scg_stage {
    TREN_SCG_START,     /* wants f and g at the initial x */
    TREN_SCG_CURVATURE, /* wants g at x + sigma d */
    TREN_SCG_TRIAL      /* wants f and g at x + alpha d */
} tren_scg_stage;

typedef struct tren_scg {
    const tren_kernels *kernels; /* not owned */
    size_t n;
    real *x, *g, *d; /* [n] not owned: the accepted point, the gradient there, the direction */
    real *point;     /* [n] not owned: evaluate f and its gradient here */
    /* The algorithm stops after an iteration that changes every element by less than tolerance_x
     * and f by less than tolerance_f. 0: never for this reason. It always stops at a gradient of
     * squared length below 2.2e-16. */
    double tolerance_x, tolerance_f;
    /* together with x, g and d, these are the complete state between iterations */
    tren_scg_stage stage;
    double f, beta, mu, kappa, theta; /* mu = d.g, kappa = d.d, theta = d.Hd */
    int64_t n_success;                /* successful iterations since the direction was -g */
    bool converged;                   /* the minimum is found: begin does nothing */
    /* of the current iteration */
    double sigma, alpha;
    bool accepted; /* the last evaluation was at the current x */
} tren_scg;

enum { TREN_SCG_VECTORS = 5 }; /* x, g, d, point, and the caller's gradient */

/* Sets the scalars to begin at x; d and g need no values. */
void tren_scg_reset(tren_scg *scg);
/* Begins an iteration, unless it has converged: sets `point`. */
void tren_scg_begin(tren_scg *scg);
/* Gives f and its gradient [n] at `point`. True: the iteration is complete, and x is the best point
 * so far. False: `point` has changed; evaluate there. Values that are not finite make the trial
 * fail. */
bool tren_scg_tell(tren_scg *scg, double f, const real *gradient);

/* The exact scalars between iterations, for a checkpoint. */
enum { TREN_SCG_SCALARS = TREN_MAX_SCALARS };
void tren_scg_put(double scalar[TREN_SCG_SCALARS], const tren_scg *scg);
void tren_scg_get(tren_scg *scg, const double scalar[TREN_SCG_SCALARS]);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
