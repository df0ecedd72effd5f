/* Private to train: a run on its way. What it is, how its weights move, where it stands, what it
 * reports and what it keeps are five objects; most functions need one or two of them. */
#ifndef TREN_TRAIN_TRAINER_H
#define TREN_TRAIN_TRAINER_H

#include "train/folder.h"
#include "train/minimiser.h"
#include "train/straggler.h"
#include "train/tensorboard.h"
#include "train/watchdog.h"

/* The running loss of the epoch at the last report. */
typedef struct tren_told {
    double loss, mean;
    int64_t rows, epoch;
} tren_told;

/* What people and scripts are told. */
typedef struct tren_report {
    tren_log log; /* rank 0 only */
    tren_clock clock;
    tren_trace trace;
    tren_straggler straggler;
    tren_watch watch;
    tren_watchdog *watchdog;
    tren_result *result;    /* not owned */
    double resumed_seconds; /* of earlier launches */
    double trained_seconds; /* spent in steps, this launch */
    int64_t trained_rows, trained_labels;
    tren_told told;
} tren_report;

/* What stays. */
typedef struct tren_saver {
    tren_folder folder;
    tren_events events; /* rank 0: with tensorboard: true */
    tren_arena best;    /* rank 0: without a folder, or when best.h5 could not be written */
    bool best_waits;    /* best.h5 is still to be written, from `best` */
    bool best_lost;     /* rank 0: on resuming, best.h5 did not hold the best weights */
    bool has_saved;     /* there is a checkpoint of this run */
    bool told_gone;     /* the loss of the run folder was said */
    bool due;           /* the end of this epoch saves */
    bool last_damaged;  /* previous.h5 is the good one, which the next save must not replace */
} tren_saver;

typedef struct tren_trainer {
    const tren_train_options *options; /* not owned */
    tren_run run;
    tren_minimiser minimiser;
    tren_checkpoint stands; /* position, history, metrics: what a checkpoint holds */
    tren_report report;
    tren_saver saver;
    tren_evaluator *validation;
} tren_trainer;

/* trainer.c */
tren_status trainer_open(tren_trainer *t);
void trainer_close(tren_trainer *t);
/* The initial weights, those of init_from where it is given. Collective */
tren_status trainer_start(tren_trainer *t);

/* What rank 0 decides at the end of an epoch. */
typedef struct tren_verdict {
    double loss, accuracy, mean_abs_z;
    double metric; /* that is shown */
    bool best, stop;
    uint64_t digest;
} tren_verdict;
/* progress.c: tells options->progress, if it is given. v: at the end of an epoch, else NULL. */
void trainer_report(tren_trainer *t, const tren_verdict *v);

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
/* Whether a file could not be written because the folder was moved meanwhile, which costs this one
 * time, or is gone, which is said once. */
bool trainer_folder_explains(tren_trainer *t);
tren_status trainer_save(tren_trainer *t, bool must);
/* The values as they are now, those that were evaluated. */
tren_status trainer_save_best(tren_trainer *t);
/* *missing: best.h5 is from an epoch that a killed launch had reached and this one has not. */
tren_status trainer_restore_best(tren_trainer *t, bool *missing);
/* Rank 0, before the values are read: warns where best.h5 does not hold what a checkpoint at that
 * position calls the best weights. */
void trainer_check_best(tren_trainer *t, const tren_position *at);

/* resume.c */
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
/* Which metric lines of training show: a tren_metric_id; -1: none. */
int metrics_shown(const tren_config *config);
/* Metrics that metrics.csv has columns for, a bit of each. */
unsigned metrics_wanted(const tren_config *config);
tren_status metrics_row(tren_trainer *t, const tren_scores *validation, bool best, uint64_t digest,
                        const double spent[TREN_N_PHASES]);

/* result.c */
void trainer_fill_result(tren_trainer *t);
bool trainer_has_result(const tren_trainer *t); /* rank 0: result.json is of these very weights */
bool trainer_has_status(const tren_trainer *t, tren_status st); /* rank 0: it says so */
tren_status trainer_write_result(tren_trainer *t, tren_status st);

/* The log is rank 0's; others have none. */
#define trainer_say(t, ...) tren_log_line(&(t)->report.log, __VA_ARGS__)

#endif
