/* Private to train: a rank that computes slower than the others, epoch after epoch. */
#ifndef TREN_TRAIN_STRAGGLER_H
#define TREN_TRAIN_STRAGGLER_H

#include "tren/comm.h"

/* Slower than the median by more than this share, for so many epochs. */
#define STRAGGLER_SHARE 0.1
enum { STRAGGLER_EPOCHS = 3 };

typedef struct tren_straggler {
    int size;
    double *spent;                /* [size][TREN_N_PHASES] of an epoch; owned */
    double *sorted;               /* [size] owned */
    int *epochs;                  /* [size][TREN_N_PHASES] in a row; owned */
    int *first;                   /* [size + 1] where each rank's times are in spent; owned */
    char (*host)[TREN_COMM_TEXT]; /* [size] owned */
} tren_straggler;

tren_status straggler_open(tren_straggler *s, const tren_comm *comm); /* Collective */
void straggler_close(tren_straggler *s);                              /* accepts the empty value */

/* Who is slowest beside the median of a phase in which ranks compute; found: false: nobody. */
typedef struct tren_straggler_word {
    bool found;
    int rank, phase, epochs;
    double more; /* 0.12: 12 % over the median */
} tren_straggler_word;
/* After an epoch whose times are in s->spent. Phases below 1 % of the epoch, and epochs below 0.1
 * s, do not count. */
tren_straggler_word straggler_judge(tren_straggler *s);
/* Gathers this rank's times of an epoch first. Rank 0 has the answer. Collective */
tren_straggler_word straggler_look(tren_straggler *s, const tren_comm *comm,
                                   const double mine[TREN_N_PHASES]);

#endif
