/* Private to train: how the weights move. A minimiser owns a kind of step, from the rows of a step
 * to new weights on every rank: by the gradient of a batch (descent.c), with any rule of optim, or
 * by scaled conjugate gradients of the whole loss (conjugate.c). */
#ifndef TREN_TRAIN_MINIMISER_H
#define TREN_TRAIN_MINIMISER_H

#include "train/run.h"

typedef struct tren_minimiser tren_minimiser;

/* One const object per kind. Functions that may be NULL have nothing to do. */
typedef struct tren_minimiser_kind {
    /* Every step takes all training rows, and an epoch is one step. Then loss and rows in the
     * position belong to the weights after that step, else they are sums over the epoch so far. */
    bool whole;
    double save_period; /* seconds between checkpoints, where an epoch is too short for one; or 0 */
    /* Not collective. Sets value and states; may set combine. */
    tren_status (*open)(tren_minimiser *m);
    void (*close)(tren_minimiser *m);
    void (*start)(tren_minimiser *m); /* the values are the initial ones, the states zero */
    void (*begin)(tren_minimiser *m); /* to go on from the present values and states */
    /* Collective. Moves the weights, and the position by a step. tail: the sums of what its passes
     * asked for; its loss only tells whether it is finite. Returns the rows it computed. Where it
     * leaves the step `pending`, the new values are on their way, and tail is that of the step
     * before: */
    int64_t (*step)(tren_minimiser *m, tren_position *at, double tail[N_TAIL]);
    /* Collective. Waits for them, and adds the tail that they bring. */
    void (*finish)(tren_minimiser *m, tren_position *at, double tail[N_TAIL]);
    /* Which values the states hold, one span after the other. */
    int (*pieces)(const tren_minimiser *m, const tren_span **piece);
    /* Collective. Rank 0: full [n_values] = a state of all ranks. */
    void (*collect)(const tren_minimiser *m, real *full, int state);
    /* Collective. Exchanges the values with their average, which is to be evaluated, and back. */
    void (*swap_average)(tren_minimiser *m);
    /* The numbers beside the states. */
    void (*put)(const tren_minimiser *m, double scalar[TREN_MAX_SCALARS]);
    void (*get)(tren_minimiser *m, const double scalar[TREN_MAX_SCALARS]);
    bool (*converged)(const tren_minimiser *m);
} tren_minimiser_kind;

struct tren_minimiser {
    const tren_minimiser_kind *kind;
    const tren_optimizer *optimizer;
    tren_run *run; /* not owned */
    double decay;  /* weight_decay = lambda/m */
    real *value;   /* not owned: where passes are made, [n_values] */
    tren_combine_fn combine;
    bool pending; /* the last step is not finished */
    int n_states;
    const char *state_name[TREN_MAX_STATES + 1];
    tren_arena state[TREN_MAX_STATES + 1];
    double learning_rate; /* of the last step; what a remedy names */
    void *own;            /* the kind's */
};

/* Which kind a config asks for. */
const tren_minimiser_kind *minimiser_kind_of(const tren_config *config);
extern const tren_minimiser_kind minimiser_descent, minimiser_conjugate;

tren_status minimiser_open(tren_minimiser *m, tren_run *run); /* Not collective */
void minimiser_close(tren_minimiser *m);                      /* accepts the empty value */
void minimiser_start(tren_minimiser *m); /* the run begins at the present values */
/* Collective. See finish; nothing where no step is pending. */
void minimiser_finish(tren_minimiser *m, tren_position *at, double tail[N_TAIL]);
/* Collective. See swap_average; nothing where no average is kept. */
void minimiser_swap_average(tren_minimiser *m);

#endif
