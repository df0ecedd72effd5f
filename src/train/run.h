/* Private to train: what a run is (data, network, reduction), and a pass over the rows of a step.
 * How the weights move is the minimiser's, where the run stands is a tren_position. */
#ifndef TREN_TRAIN_RUN_H
#define TREN_TRAIN_RUN_H

#include "train/clock.h"
#include "train/feed.h"
#include "tren/train.h"

/* The numbers that travel behind the gradients, one of each per shard, folded like them. */
enum { TAIL_LOSS, TAIL_CORRECT, TAIL_OBJECTIVE, TAIL_SIGNAL, TAIL_SAVE, TAIL_TIME, N_TAIL };

/* What may save or end a run from outside. Every rank puts its requests into each sum, and all
 * ranks follow the result. */
typedef struct tren_asks {
    const volatile sig_atomic_t *signal; /* not owned; may be NULL */
    /* of rank 0, in seconds as tren_seconds() counts them: */
    double started, max_time;      /* 0: no end */
    double last_save, save_period; /* INFINITY: none */
} tren_asks;

/* How the dataset was when it was read: see data.c. */
typedef struct tren_data_stamp {
    tren_file_stamp file;
    uint64_t rows[TREN_N_PARTS]; /* sums of row digests of what this rank read */
} tren_data_stamp;

/* How far the reading of rows is; of rank 0 somebody is told. */
typedef struct tren_reading {
    const tren_log *log; /* not owned; NULL: nobody is told */
    double begun, told;  /* as tren_seconds() counts */
    double all, done;    /* bytes of this rank's training rows */
} tren_reading;
/* What there is to tell when it is `now`: every 5 seconds, text; else "". */
enum { READING_TEXT = 128 };
const char *reading_tell(char text[READING_TEXT], tren_reading *reading, double now);

/* The mean gradient of some rows. */
typedef struct tren_small {
    double squares, rows; /* rows: 0: there is none */
} tren_small;

typedef struct tren_run {
    tren_comm *comm;           /* not owned */
    const tren_config *config; /* not owned */
    tren_clock *clock;         /* not owned */
    tren_asks asks;
    tren_dataset *dataset;
    const tren_dataset_info *info; /* not owned */
    tren_data_stamp stamp;
    tren_reading reading;
    tren_feed feed;
    tren_graph *graph;
    size_t n_values;  /* of the graph; the tail lies behind them */
    int64_t n_labels; /* of the training part: rows, or tokens */
    tren_reducer *reducer;
    real *value; /* not owned: [n_values + N_TAIL] */
    tren_work *work;
    int32_t *pattern;     /* [steps_per_epoch] of rows, for the work */
    struct {              /* a pass of my first shard alone, see noise.h */
        int pattern;      /* where it alone has rows */
        bool held;        /* gradients are not sent, and move no weights */
        tren_small small; /* what came of it in this step */
    } alone;
    struct {
        real *leaf;        /* [my shards][N_TAIL] */
        real last[N_TAIL]; /* of the step before; read between its last value and the next sum,
                              which its owner may write over it */
    } tail;
    real *class_weight;        /* [n_classes] NULL: all count alike */
    tren_target_scale targets; /* empty: they are as they are */
    bool dropout;
    const tren_rate_range *rates; /* not owned; may be NULL */
    struct {                      /* what the work calls, by way of us */
        tren_combine_fn call;
        void *ctx;
    } combine;
} tren_run;

/* Whether the dataset has what the config asks of validation. Not collective. */
tren_status run_check(const tren_config *config, const tren_graph *graph,
                      const tren_dataset_info *info);
/* What is known before rows are read is refused first. Collective, in this order. */
tren_status run_open_data(tren_run *run, uint64_t *rows_digest, uint64_t *content);
tren_status run_open_reducer(tren_run *run);
/* The weights at which passes are made, value [n_values]; combine may be NULL. Not collective. */
tren_status run_open_work(tren_run *run, real *value, tren_combine_fn combine, void *ctx);
void run_close(tren_run *run); /* accepts the empty value. Not collective */

/* share.c: opens the dataset: of all ranks that see one file, the first looks into it for the
 * others, which then read nothing but rows. Collective */
tren_status tren_dataset_share(tren_dataset **dataset, const tren_comm *comm, const char *path);
/* *first: the lowest rank that sees the same file as this one; *n: how many files the ranks see.
 * Collective */
tren_status tren_files_seen(int *first, int *n, const tren_comm *comm,
                            const tren_file_stamp *stamp);

/* reading.c: all rows that are read between the two are progress, for the watchdog and the log. Not
 * collective */
void reading_begin(tren_run *run);
void reading_end(tren_run *run);

/* data.c: what was read is as it was, for the digest of all rows where the dataset has none. */
tren_status run_stamp_rows(tren_run *run); /* Not collective */
void run_pin_rows(const tren_run *run, uint64_t *rows_digest, uint64_t *content);
/* Has the dataset stayed what it was? TREN_ERR_DATA. Collective */
tren_status run_confirm_data(const tren_run *run);

/* Rows, forward as the last step's values come, backward, and the wait for what my pieces of the
 * sum are made of. */
void run_pass(tren_run *run, const tren_position *at, tren_take_up take_up);
/* Rows, forward and backward of one of my shards: its gradient, in my first node, and nothing else
 * happens. Not collective; nobody may be reading my nodes. */
void run_pass_of_shard(tren_run *run, const tren_position *at, int shard);
/* Where a sum of gradients belongs that is not used at once. */
void run_keep_sum(const tren_run *run, tren_span at, const real *left, const real *right);
/* Steps that the run has made before this position. */
static inline int64_t run_steps(const tren_run *run, const tren_position *at) {
    return at->epoch * run->feed.steps_per_epoch + at->step;
}

#endif
