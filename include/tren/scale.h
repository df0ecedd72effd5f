/* Scale: experiments on speed. One recipe is trained for some steps on 1, 2, 4 ... ranks, several
 * times each, and the results are reported as Hoefler & Belli recommend ("Scientific benchmarking
 * of parallel computing systems: twelve ways to tell the masses when reporting performance
 * results", SC15). Nothing here is collective; launches are started by the caller. */
#ifndef TREN_SCALE_H
#define TREN_SCALE_H

#include "tren/comm.h"
#include "tren/config.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- statistics ------------------------------------------------------------------------------ */

/* A median and its confidence interval, which contains the true median with a probability of at
 * least 95 % for any distribution: two of the sorted values, chosen by the binomial distribution
 * (Le Boudec, Performance Evaluation, 2010, table A.1). With fewer than 6 values there is no
 * interval: lo and hi are NaN. */
typedef struct tren_interval {
    double median, lo, hi;
} tren_interval;
enum { TREN_INTERVAL_LEAST = 6 };
tren_interval tren_interval_of(const double *x, int n); /* n = 0: all NaN */
/* Whether both ends are within `width` (0.05: 5 %) of the median. */
bool tren_interval_narrow(const tren_interval *interval, double width);
/* a / b. The interval is computed from the ends of both, so that it contains the true ratio of the
 * medians with a probability of at least 90 %. */
tren_interval tren_interval_ratio(const tren_interval *a, const tren_interval *b);

typedef enum tren_relation {
    TREN_UNKNOWN,
    TREN_LESS,
    TREN_NOT_DISTINGUISHABLE,
    TREN_MORE
} tren_relation;
/* Whether a is less or more than b, which is decided only if the intervals do not overlap.
 * TREN_UNKNOWN: one has no interval. */
tren_relation tren_interval_compare(const tren_interval *a, const tren_interval *b);

/* The q-quantile, 0 <= q <= 1, by linear interpolation between sorted values (type 7 of Hyndman &
 * Fan 1996; numpy's default). NaN for n = 0. Sorts x. */
double tren_quantile(double *x, int n, double q);
double tren_mean(const double *x, int n);

/* ---- the experiment -------------------------------------------------------------------------- */

typedef enum tren_scale_mode {
    TREN_SCALE_BASE,   /* one rank with shards: 1, the fastest way to train on one rank */
    TREN_SCALE_STRONG, /* one recipe on increasing numbers of ranks: all give the same bits */
    TREN_SCALE_WEAK,   /* batch_size grows with the ranks */
    TREN_SCALE_MODES
} tren_scale_mode;
extern const char *const tren_scale_mode_name[TREN_SCALE_MODES];

typedef struct tren_scale_point {
    tren_scale_mode mode;
    int ranks, nodes, shards, batch;
    int same_as;     /* the point whose launches this one uses, too, or -1: on the first number of
                        ranks, weak scaling is strong scaling */
    const char *why; /* why this point is never launched, or NULL; not owned */
} tren_scale_point;

enum { TREN_SCALE_RANKS = 32, TREN_SCALE_POINTS = 2 * TREN_SCALE_RANKS + 1 };
typedef struct tren_scale_plan {
    int n_ranks, ranks[TREN_SCALE_RANKS]; /* ascending */
    int ranks_per_node;                   /* 0: all ranks on one node */
    int steps, skip;          /* steps of each launch; the first `skip` are not measured */
    int repeats, max_repeats; /* launches of a point, at least and at most */
    double width; /* 0.05: launches are repeated until the interval is within 5 % of the median */
    bool weak;
    uint64_t seed;            /* of the order of launches */
    uint64_t data, init_from; /* digests of the dataset and of the checkpoint; 0: there is none */
    int n_points;
    tren_scale_point point[TREN_SCALE_POINTS];
} tren_scale_plan;
/* Fills in the points for plan->ranks, from the recipe. rows: of the training part. */
void tren_scale_plan_points(tren_scale_plan *plan, const tren_config *config, size_t rows);

/* ---- launches -------------------------------------------------------------------------------- */

/* Seconds of each phase, the mean over the steps. */
typedef struct tren_scale_phases {
    double at[TREN_N_PHASES];
} tren_scale_phases;

enum { TREN_SCALE_TEXT = 320, TREN_SCALE_FACTS = 24 };
typedef struct tren_scale_fact {
    char name[24], text[TREN_SCALE_TEXT];
} tren_scale_fact;

/* One start of the program on some ranks, stored in one file in DIR/launches. */
typedef struct tren_scale_launch {
    tren_scale_mode mode;
    int ranks, repeat;
    int code;                      /* exit code; 0: success, and the fields below are known */
    uint64_t digest;               /* of the weights at the end */
    double rows;                   /* of a step */
    double values;                 /* reduced in each step */
    double load;                   /* of the machine at the start, or NaN */
    int steps, skip;               /* steps made; the first `skip` are not measured */
    double *seconds;               /* [ranks][steps] of each step; owned */
    tren_scale_phases *phase;      /* [ranks]; owned */
    char (*place)[TREN_COMM_TEXT]; /* [ranks] host and CPUs; owned */
    tren_link node, network;       /* within a node and between nodes; NaN: not measured */
    char said[TREN_SCALE_TEXT];    /* the last line that a failed launch printed */
    int n_facts;
    tren_scale_fact fact[TREN_SCALE_FACTS]; /* about program and machine */
} tren_scale_launch;
tren_status tren_scale_launch_open(tren_scale_launch *launch, int ranks, int steps);
void tren_scale_launch_close(tren_scale_launch *launch); /* accepts the empty value */
void tren_scale_launch_note(tren_scale_launch *launch, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Text that begins with '#', then CSV: step,rank0,rank1,... in seconds. TREN_ERR_ENV */
tren_status tren_scale_launch_write(const tren_scale_launch *launch, const char *path);
/* TREN_ERR_DATA */
tren_status tren_scale_launch_read(tren_scale_launch *launch, const char *path);
/* Mean seconds of a measured step, of the slowest rank. */
double tren_scale_launch_step(const tren_scale_launch *launch);

/* ---- a folder of launches ---------------------------------------------------------------------
 */

typedef struct tren_scale {
    char dir[TREN_MAX_PATH];
    tren_scale_plan plan;
    char *recipe; /* config.yaml; owned */
    int lock;     /* of .lock in the folder; 0: not locked */
    int n_launches;
    size_t room;  /* of launch */
    int n_before; /* launches of earlier starts of 'tren scale': points that failed then are tried
                     again */
    tren_scale_launch *launch; /* owned */
} tren_scale;
/* Creates a folder or continues one: its recipe and plan must be the same, except for the number of
 * repeats. The folder is locked until tren_scale_close. TREN_ERR_USAGE, TREN_ERR_ENV, TREN_ERR_DATA
 */
tren_status tren_scale_open(tren_scale *scale, const char *dir, const tren_scale_plan *plan,
                            const char *recipe);
/* Reads a folder, to report on it only. TREN_ERR_DATA */
tren_status tren_scale_read(tren_scale *scale, const char *dir);
void tren_scale_close(tren_scale *scale); /* accepts the empty value */
/* The next launch to make: its point and the number of the repeat, from 1; false: none is left. */
bool tren_scale_next(int *point, int *repeat, const tren_scale *scale);
/* DIR/launches/strong-4.03.csv, or with another ending */
void tren_scale_path(char *out, size_t n, const tren_scale *scale, int point, int repeat,
                     const char *ending);
/* Adds a launch that has ended with exit code `code`. Code 0: reads the file of the launch. Else
 * writes the file of a failed launch, with the last line of its output; `log` is the path of the
 * output. */
tren_status tren_scale_take(tren_scale *scale, int point, int repeat, int code, const char *log);

/* ---- results --------------------------------------------------------------------------------- */

typedef struct tren_scale_row {
    const tren_scale_point *point;
    int n, n_failed; /* good and failed launches */
    double *launch;  /* [n] seconds a step; owned */
    tren_interval step;
    double rows;             /* of a step */
    double rate;             /* rows a second: harmonic mean over all measured steps */
    double p50, p95, most;   /* of all measured steps, in seconds */
    double slowest;          /* computing time of the slowest rank over that of the mean rank */
    tren_scale_phases phase; /* mean over ranks and launches */
    tren_interval speed_up, efficiency; /* relative to the first row of its mode */
    tren_relation faster;               /* than the row before it: MORE; slower: LESS */
    uint64_t digest;
    int n_digests;          /* number of different digests */
    double ideal, amdahl;   /* seconds a step */
    double hidden, exposed; /* alpha-beta model: all communication hidden, and none hidden */
} tren_scale_row;

typedef struct tren_scale_summary {
    const tren_scale *scale; /* not owned */
    int n_rows;
    tren_scale_row row[TREN_SCALE_POINTS];
    int n_strong_digests; /* different digests of all strong launches; must be 1 */
    double serial; /* serial share of Amdahl's law, fitted to strong scaling; NaN: one point */
    tren_link node, network; /* medians over launches */
    double values;
} tren_scale_summary;
tren_status tren_scale_summarize(tren_scale_summary *summary, const tren_scale *scale);
void tren_scale_summary_close(tren_scale_summary *summary); /* accepts the empty value */

/* Lower bound of the seconds of an allreduce of `values` values (Chan et al. 2007): 2 log2(p)
 * messages, and 2 (p-1)/p of the bytes. The sum of this time for the p ranks of a node and, over
 * the network, for p nodes. */
double tren_scale_reduce_bound(double values, int ranks, int nodes, const tren_link *node,
                               const tren_link *network);
/* The serial share f that fits T_p = T_1 (f + (1 - f)/p) best to seconds [n] on ranks [n], of which
 * the first is T_1, by least squares of relative errors; within [0, 1]. NaN where n < 2. */
double tren_scale_amdahl(const int *ranks, const double *seconds, int n);

/* ---- predictions ----------------------------------------------------------------------------- */

/* The speed of a machine, measured for one recipe or for any. Predictions use these numbers. */
typedef struct tren_scale_machine {
    double flop_seconds;     /* seconds that one rank needs for each FLOP in training */
    double step_seconds;     /* seconds of a step without rows */
    double reduce_factor;    /* seconds of a reduction within a node, over its lower bound */
    double network_cpu;      /* seconds of a rank's processor for each byte that it sends to another
                                node or receives from there */
    tren_link node, network; /* NaN: not known */
} tren_scale_machine;
/* "name: value" lines. TREN_ERR_ENV; TREN_ERR_DATA */
tren_status tren_scale_machine_write(const tren_scale_machine *machine, const char *path);
tren_status tren_scale_machine_read(tren_scale_machine *machine, const char *path);
/* Fits the line seconds = step_seconds + flop * flop_seconds to n measurements, by least squares of
 * relative errors; neither result is negative. */
void tren_scale_machine_fit(tren_scale_machine *machine, const double *flop, const double *seconds,
                            int n);

/* A layer of the network, in the order of the forward pass. */
typedef struct tren_scale_layer {
    double forward, backward; /* FLOP of a row */
    double values;            /* that are exchanged */
} tren_scale_layer;

/* What a step does. */
typedef struct tren_scale_work {
    double rows;
    double flop;                   /* of the rank with the most rows */
    const tren_scale_layer *layer; /* not owned */
    int n_layers;
    size_t bucket; /* as tren_longest_bucket returns it */
    bool at_once;  /* all values travel after backward, and nothing is hidden */
} tren_scale_work;

typedef struct tren_prediction {
    int ranks, nodes;
    double compute, reduce; /* seconds a step */
    double hidden;          /* of reduce: while the rank computes */
    double step;            /* compute + reduce - hidden */
    double rate;            /* rows a second */
} tren_prediction;
/* Predicts a step from launch.ranks, nodes and compute. compute NaN: it is computed from the
 * machine and work->flop. */
tren_prediction tren_scale_predict(const tren_scale_machine *machine, tren_prediction launch,
                                   const tren_scale_work *work);

/* Prints the summary for people. */
void tren_scale_print(FILE *out, const tren_scale_summary *summary);
/* scaling.csv, scaling.json and scaling.html. TREN_ERR_ENV */
tren_status tren_scale_report(const tren_scale_summary *summary);
/* Compares the rows that both summaries have, b relative to a. Returns the number of compared
 * rows. */
int tren_scale_compare(FILE *out, const tren_scale_summary *a, const tren_scale_summary *b);
/* The same as JSON. */
int tren_scale_compare_json(FILE *out, const tren_scale_summary *a, const tren_scale_summary *b);

#ifdef __cplusplus
}
#endif
#endif
