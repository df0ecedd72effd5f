/* Private to train: the trainer. One file per concern: trainer (set-up), step, epoch, save, folder,
 * metrics. */
#ifndef TREN_TRAIN_TRAINER_H
#define TREN_TRAIN_TRAINER_H

#include "train/clock.h"
#include "train/folder.h"
#include "train/watchdog.h"
#include "tren/train.h"

/* The numbers that travel behind the gradients, one of each per shard, folded like them. */
enum { TAIL_LOSS, TAIL_CORRECT, TAIL_SIGNAL, TAIL_SAVE, TAIL_TIME, N_TAIL };

/* A stretch of my pieces with one decay. */
typedef struct trainer_segment {
    tren_span at;
    size_t state; /* offset in the compact states */
    bool decay, statistic;
} trainer_segment;

/* How the dataset was when it was read: see data.c. */
typedef struct trainer_data_stamp {
    tren_file_stamp file;
    uint64_t rows[TREN_N_PARTS]; /* sums of row digests of what this rank read */
} trainer_data_stamp;

typedef struct tren_trainer {
    tren_comm *comm;                   /* not owned */
    const tren_config *config;         /* not owned */
    const tren_train_options *options; /* not owned */
    tren_result *result;               /* not owned */
    tren_log log;                      /* rank 0 only */
    tren_watch watch;
    tren_watchdog *watchdog;
    tren_clock clock;
    tren_folder folder;
    /* data */
    tren_dataset *dataset;
    const tren_dataset_info *info; /* not owned */
    trainer_data_stamp stamp;
    tren_rows rows;
    tren_normalizer normalizer;
    tren_augment augment;
    tren_order order;
    int lo, hi;   /* my shards */
    size_t batch; /* rows of a step; the last of an epoch may have fewer */
    int64_t steps_per_epoch;
    /* the batch of one step, my rows */
    uint32_t *row, *sample;
    int32_t *label;
    real *target;
    int *row0;
    real *leaf;       /* [shards][N_TAIL] */
    int32_t *pattern; /* [steps_per_epoch] */
    /* network and update */
    tren_graph *graph;
    size_t n_values;
    tren_reducer *reducer;
    tren_work *work;
    real *value; /* not owned: [n_values + N_TAIL] */
    const tren_optimizer *optimizer;
    tren_arena state[TREN_MAX_STATES]; /* my pieces, one after the other; scg: all, on every rank */
    tren_scg scg;
    tren_arena accepted, point, gradient; /* of scg: [n_values + N_TAIL] */
    trainer_segment *segment;
    int n_segments;
    int n_waiting; /* segments [0, n_waiting) are not updated yet in this step */
    bool at_once;  /* update each layer as backward leaves it: one rank, no clipping */
    bool fused;    /* gradient products take part in the update: see tren_take_up */
    tren_update step_update;
    double decay; /* weight_decay = lambda/m */
    bool dropout;
    /* evaluation, position */
    tren_evaluator *validation;
    bool validation_shared;
    tren_checkpoint state_of; /* position, history, metrics: what a checkpoint holds */
    tren_arena best;          /* rank 0: without a folder, or when best.h5 could not be written */
    bool best_waits;          /* best.h5 is still to be written, from `best` */
    bool told_gone;           /* the loss of the run folder was said */
    bool has_saved;           /* there is a checkpoint of this run */
    bool save_due;            /* the end of this epoch saves */
    bool last_damaged;      /* previous.h5 is the good one, which the next save must not replace */
    double resumed_seconds; /* of earlier launches */
    double last_save;       /* tren_seconds() */
    double trained_seconds; /* spent in steps, this launch */
    int64_t trained_rows;
    char *config_text;
} tren_trainer;

/* trainer.c */
tren_status trainer_open(tren_trainer *t);
void trainer_close(tren_trainer *t);
void trainer_initial_values(tren_trainer *t); /* Collective. Not for init_from */

/* data.c: reads my rows, and looks at those that are read later, so that what is wrong with them
 * does not come out after the training. */
tren_status trainer_read_data(tren_trainer *t);
/* The digest of all rows, for datasets without digests. Collective */
tren_status trainer_pin_rows(tren_trainer *t);
/* Has the file stayed what it was? TREN_ERR_DATA. Collective */
tren_status trainer_confirm_data(tren_trainer *t);

/* step.c: one step at the present position. Returns the folded tail. */
void trainer_step(tren_trainer *t, double tail[N_TAIL]);
/* What a step begins with: rows, forward, backward, and the wait for what my pieces are made of. */
void trainer_pass(tren_trainer *t);
void trainer_combine(tren_trainer *t, int param, tren_span at, const real *left, const real *right);
void trainer_rows_of_step(const tren_trainer *t, int64_t step, int *row0);

/* iterate.c: scg, in place of a step. Sets the weights, the position and the sums of the epoch. */
static inline bool trainer_iterates(const tren_trainer *t) {
    return t->optimizer->update == NULL;
}
tren_status trainer_iterate_open(tren_trainer *t);
void trainer_iterate_begin(tren_trainer *t); /* from the present values */
/* Tail: the sums of what the evaluations asked for; its loss only tells whether it is finite. */
void trainer_iterate(tren_trainer *t, double tail[N_TAIL]);

/* epoch.c: from the present position to the end. */
tren_status trainer_run(tren_trainer *t);
bool trainer_is_over(tren_trainer *t); /* Collective. Was it resumed where it had ended? */
tren_status trainer_check_without_dropout(tren_trainer *t);
/* What to do about weights or losses that are not finite. */
enum { TRAINER_REMEDY = 192 };
const char *trainer_remedy(char out[TRAINER_REMEDY], const tren_trainer *t);

/* save.c */
/* Rank 0: where the run folder was moved, this goes on there; true: just now. */
bool trainer_follow_folder(tren_trainer *t);
tren_status trainer_save(tren_trainer *t, bool must);
tren_status trainer_save_best(tren_trainer *t);
/* *missing: best.h5 is from an epoch that a killed launch had reached and this one has not. */
tren_status trainer_restore_best(tren_trainer *t, bool *missing);
/* *from: what the run goes on from, without its arrays. Rank 0 */
tren_status trainer_resume(tren_trainer *t, tren_checkpoint *from, bool *resumed);
tren_status trainer_init_from(tren_trainer *t);

/* arithmetic.c: says where the CPU or OpenBLAS is another one than before, which is allowed, and
 * keeps which there were. Rank 0 */
void trainer_go_on_with(tren_trainer *t, const tren_checkpoint *before);

/* metrics.c: rank 0 */
tren_status metrics_begin(tren_trainer *t);
/* Writes metrics.csv from the checkpoint where its rows are not in the file. */
tren_status metrics_restore(tren_trainer *t);
/* The same for a file that is open. */
void metrics_check(tren_trainer *t);
tren_status metrics_row(tren_trainer *t, const tren_scores *validation, bool best, uint64_t digest,
                        const double spent[TREN_N_PHASES]);

/* result.c */
void trainer_fill_result(tren_trainer *t);
bool trainer_has_result(const tren_trainer *t); /* rank 0: result.json is of these very weights */
tren_status trainer_write_result(tren_trainer *t, tren_status st);

/* The log is rank 0's; others have none. */
#define trainer_say(t, ...) tren_log_line(&(t)->log, __VA_ARGS__)

#endif
