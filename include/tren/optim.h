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

/* The numbers of one update. `decay` is weight_decay = lambda/m where the parameter decays, else 0.
 */
typedef struct tren_update {
    const tren_kernels *kernels; /* not owned */
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
    int n_scalars; /* numbers that a checkpoint keeps beside the states */
    /* w [n], g [n] (read only), state[i] [n]. NULL: scg, which does more than that; see below */
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
/* Whether they are such as tren_scg_put gives. */
bool tren_scg_valid(const double scalar[TREN_SCG_SCALARS]);
void tren_scg_get(tren_scg *scg, const double scalar[TREN_SCG_SCALARS]);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
