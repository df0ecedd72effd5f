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
    const tren_optimizer_options *options; /* not owned; of these learning_rate is the schedule's */
    double learning_rate;
    double decay; /* weight_decay = lambda/m where the parameter decays, else 0 */
    double scale; /* of the gradient: 1, or what clipping leaves */
    double trust; /* rules with `measure`: of this parameter */
    int64_t t;    /* updates so far, this one included: 1, 2, ... */
} tren_update;

/* x <- beta x + alpha g: where a rule begins so, a matrix product that computes g can do it. */
typedef struct tren_blend {
    int state; /* x is state[state]; TREN_WEIGHTS: the weights */
    real alpha, beta;
} tren_blend;
enum { TREN_WEIGHTS = -1 };

/* clang-format off */
/* One const object per optimizer: what it keeps between steps, and, where it is a rule that takes
 * the gradient step by step, how it updates any part of a parameter. w [n], g [n] (read only),
 * state[i] [n]. The bits of an update do not depend on how a parameter is cut into parts.
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
 * |.| are Euclidean norms of a whole parameter. Where one is 0, and for parameters that do not decay
 * (biases), the factor that they make is 1. */
/* clang-format on */
typedef struct tren_optimizer {
    const char *name; /* in checkpoints and logs */
    int n_states;
    const char *state_name[TREN_MAX_STATES]; /* "square" is nowhere negative */
    int n_scalars;                           /* numbers that a checkpoint keeps beside the states */
    bool (*valid)(const double *scalar);     /* whether they are such as training leaves */
    /* Of an optimizer.name with several objects, the first that serves is taken. NULL: always. */
    bool (*serves)(const tren_optimizer_options *options);
    void (*update)(real *w, const real *g, real *const *state, size_t n, const tren_update *u);
    /* How the rule begins, for scale 1, and what is left to do then. NULL: not so; nothing. */
    tren_blend (*blend)(const tren_update *u);
    void (*settle)(real *w, real *const *state, size_t n, const tren_update *u);
    /* Layer-wise rules: called once a step for each part of a parameter, before `update` is for
     * any; adds what `trust` wants to know of it to sum[0], sum[1]. lamb moves its states here, so
     * that its `update` makes no use of g. NULL: not such. */
    void (*measure)(double sum[2], const real *w, const real *g, real *const *state, size_t n,
                    const tren_update *u);
    double (*trust)(const double sum[2], const tren_update *u);
} tren_optimizer;

/* The one that a config names. */
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
 * Pattern Recognition", 2002). It minimises a smooth f of n variables with no step length to
 * choose: the curvature along the direction d comes from a second gradient close by, and the scale
 * beta, added to it, grows where the quadratic model of f fails.
 *
 * By reverse communication: the algorithm never calls f. It says where it wants f and its gradient
 * next, is told them, and goes on:
 *     tren_scg_begin(&scg);
 *     do evaluate f and g at scg.point; while (!tren_scg_tell(&scg, f, g));      one iteration
 * An iteration asks for the gradient near x where the last one succeeded, and for f and the
 * gradient at the point to be tried; the first one for both at the initial x before. It succeeds
 * if f does not rise there. Every sum is one of all n elements in a fixed order: who calls it on
 * the same numbers gets the same bits. */

typedef enum tren_scg_stage {
    TREN_SCG_START,     /* wants f and g at the initial x */
    TREN_SCG_CURVATURE, /* wants g at x + sigma d */
    TREN_SCG_TRIAL      /* wants f and g at x + alpha d */
} tren_scg_stage;

typedef struct tren_scg {
    const tren_kernels *kernels; /* not owned */
    size_t n;
    real *x, *g, *d; /* [n] not owned: the accepted point, the gradient there, the direction */
    real *point;     /* [n] not owned: where f and its gradient are wanted */
    /* An iteration that moves no element by tolerance_x and f by less than tolerance_f is the
     * last. 0: that is never so. A gradient of squared length below 2.2e-16 ends in any case. */
    double tolerance_x, tolerance_f;
    /* between iterations, beside x, g and d, these are all that decides how it goes on */
    tren_scg_stage stage;
    double f, beta, mu, kappa, theta; /* mu = d.g, kappa = d.d, theta = d.Hd */
    int64_t n_success;                /* since the direction was -g */
    bool converged;                   /* there is nothing left to do */
    /* of the present iteration */
    double sigma, alpha;
    bool accepted; /* what was told last is of what is x now */
} tren_scg;

enum { TREN_SCG_VECTORS = 5 }; /* x, g, d, point, and the caller's gradient */

/* Sets the scalars to begin at x; d and g need no values. */
void tren_scg_reset(tren_scg *scg);
/* Begins an iteration, unless it has converged: sets `point`. */
void tren_scg_begin(tren_scg *scg);
/* f and its gradient [n] at `point`. True: the iteration is complete, x the best point so far;
 * false: `point` is another. A trial where they are not finite is one that failed. */
bool tren_scg_tell(tren_scg *scg, double f, const real *gradient);

/* The scalars between iterations, exactly, for a checkpoint. */
enum { TREN_SCG_SCALARS = TREN_MAX_SCALARS };
void tren_scg_put(double scalar[TREN_SCG_SCALARS], const tren_scg *scg);
void tren_scg_get(tren_scg *scg, const double scalar[TREN_SCG_SCALARS]);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
