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

/* A median, and the interval that holds the true one with a probability of at least 95 %, whatever
 * the distribution: two of the sorted values, by the binomial distribution (Le Boudec, Performance
 * Evaluation, 2010, table A.1). Below 6 values there is none: lo and hi are NaN. */
typedef struct tren_interval {
    double median, lo, hi;
} tren_interval;
enum { TREN_INTERVAL_LEAST = 6 };
tren_interval tren_interval_of(const double *x, int n); /* n = 0: all NaN */
/* Whether both ends are within `width` (0.05: 5 %) of the median. */
bool tren_interval_narrow(const tren_interval *interval, double width);
/* a / b: from the ends of both, so that it holds the true ratio of the medians with a probability
 * of at least 90 %. */
tren_interval tren_interval_ratio(const tren_interval *a, const tren_interval *b);

typedef enum tren_relation {
    TREN_UNKNOWN,
    TREN_LESS,
    TREN_NOT_DISTINGUISHABLE,
    TREN_MORE
} tren_relation;
/* Whether a is below or above b: only where the intervals do not overlap. */
tren_relation tren_interval_compare(const tren_interval *a, const tren_interval *b);

/* The q-quantile, 0 <= q <= 1, by linear interpolation between sorted values (type 7 of Hyndman &
 * Fan 1996; numpy's default). NaN for n = 0. Sorts x. */
double tren_quantile(double *x, int n, double q);
double tren_mean(const double *x, int n);

/* ---- the experiment -------------------------------------------------------------------------- */

typedef enum tren_scale_mode {
    TREN_SCALE_BASE,   /* one rank, shards: 1, the fastest that one rank can do */
    TREN_SCALE_STRONG, /* one recipe on more and more ranks: all have the same bits */
    TREN_SCALE_WEAK,   /* batch_size grows with the ranks */
    TREN_SCALE_MODES
} tren_scale_mode;
extern const char *const tren_scale_mode_name[TREN_SCALE_MODES];

typedef struct tren_scale_point {
    tren_scale_mode mode;
    int ranks, nodes, shards, batch;
    int same_as;     /* the point whose launches these are, or -1: weak on the first number of ranks
                        is strong there */
    const char *why; /* why there are no launches of it, or NULL; not owned */
} tren_scale_point;

enum { TREN_SCALE_RANKS = 32, TREN_SCALE_POINTS = 2 * TREN_SCALE_RANKS + 1 };
typedef struct tren_scale_plan {
    int n_ranks, ranks[TREN_SCALE_RANKS]; /* ascending */
    int ranks_per_node;                   /* 0: all on one */
    int steps, skip;          /* steps of each launch; the first `skip` are not measured */
    int repeats, max_repeats; /* launches of a point, at least and at most */
    double width;             /* 0.05: launches go on until the interval is that narrow */
    bool weak;
    uint64_t seed; /* of the order of launches */
    int n_points;
    tren_scale_point point[TREN_SCALE_POINTS];
} tren_scale_plan;
/* The points of n_ranks, from the recipe; rows: of the training part. */
void tren_scale_plan_points(tren_scale_plan *plan, const tren_config *config, size_t rows);

/* ---- launches -------------------------------------------------------------------------------- */

/* Phases of a step, the mean over its steps in seconds. */
typedef struct tren_scale_phases {
    double at[TREN_N_PHASES];
} tren_scale_phases;

enum { TREN_SCALE_TEXT = 320, TREN_SCALE_FACTS = 24 };
typedef struct tren_scale_fact {
    char name[24], text[TREN_SCALE_TEXT];
} tren_scale_fact;

/* One start of the program on some ranks: a file of DIR/launches. */
typedef struct tren_scale_launch {
    tren_scale_mode mode;
    int ranks, repeat;
    int code;                      /* exit code; 0: it is good, and what follows is known */
    uint64_t digest;               /* of the weights at the end */
    double rows;                   /* of a step */
    double values;                 /* that a step reduces */
    double load;                   /* of the machine at the start, or NaN */
    int steps, skip;               /* steps made; the first `skip` are not measured */
    double *seconds;               /* [ranks][steps] of each step; owned */
    tren_scale_phases *phase;      /* [ranks]; owned */
    char (*place)[TREN_COMM_TEXT]; /* [ranks] host and CPUs; owned */
    tren_link node, network;       /* within a node and between nodes; NaN: not measured */
    char said[TREN_SCALE_TEXT];    /* the last line of a failed one */
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
/* Seconds a step: those of the slowest rank, all that count, over their number. */
double tren_scale_launch_step(const tren_scale_launch *launch);

/* ---- a folder of launches ---------------------------------------------------------------------
 */

typedef struct tren_scale {
    char dir[TREN_MAX_PATH];
    tren_scale_plan plan;
    char *recipe; /* config.yaml; owned */
    int n_launches;
    size_t room;  /* of launch */
    int n_before; /* launches of earlier starts: a point that failed there is tried again */
    tren_scale_launch *launch; /* owned */
} tren_scale;
/* Creates a folder or continues one: its recipe and plan must be the same, except for the number of
 * repeats. TREN_ERR_USAGE, TREN_ERR_ENV, TREN_ERR_DATA */
tren_status tren_scale_open(tren_scale *scale, const char *dir, const tren_scale_plan *plan,
                            const char *recipe);
/* A folder to be looked at. TREN_ERR_DATA */
tren_status tren_scale_read(tren_scale *scale, const char *dir);
void tren_scale_close(tren_scale *scale); /* accepts the empty value */
/* The next launch to make: its point and the number of the repeat, from 1; false: none is left. */
bool tren_scale_next(int *point, int *repeat, const tren_scale *scale);
/* DIR/launches/strong-4.03.csv, or with another ending */
void tren_scale_path(char *out, size_t n, const tren_scale *scale, int point, int repeat,
                     const char *ending);
/* Takes the file of a launch that has ended. Without the file it has failed with this code; `log`
 * is what it printed. */
tren_status tren_scale_take(tren_scale *scale, int point, int repeat, int code, const char *log);

/* ---- what came of it ------------------------------------------------------------------------- */

typedef struct tren_scale_row {
    const tren_scale_point *point;
    int n, n_failed; /* launches */
    double *launch;  /* [n] seconds a step; owned */
    tren_interval step;
    double rows;             /* of a step */
    double rate;             /* rows a second: harmonic mean over all steps */
    double p50, p95, most;   /* of all steps that count */
    double slowest;          /* mean step of the slowest rank over that of the mean rank */
    tren_scale_phases phase; /* mean over ranks and launches */
    tren_interval speed_up, efficiency; /* against the first row of its mode */
    tren_relation faster;               /* than the row before it: MORE, LESS */
    uint64_t digest;
    int n_digests;          /* different ones */
    double ideal, amdahl;   /* seconds a step */
    double hidden, exposed; /* alpha-beta: communication wholly hidden, and not at all */
} tren_scale_row;

typedef struct tren_scale_summary {
    const tren_scale *scale; /* not owned */
    int n_rows;
    tren_scale_row row[TREN_SCALE_POINTS];
    int n_strong_digests; /* different ones over all strong launches: 1 is right */
    double serial;        /* the share that Amdahl's law fits to strong scaling; NaN: one point */
    tren_link node, network; /* medians over launches */
    double values;
} tren_scale_summary;
tren_status tren_scale_summarize(tren_scale_summary *summary, const tren_scale *scale);
void tren_scale_summary_close(tren_scale_summary *summary); /* accepts the empty value */

/* The best that T_1 / p of computing and messages along a link allow on p ranks of n nodes: the
 * seconds of 2 log2(p) messages and of 2 (p-1)/p of the values, the lower bounds of an allreduce
 * (Chan et al. 2007). */
double tren_scale_reduce_bound(double values, int ranks, int nodes, const tren_link *node,
                               const tren_link *network);
/* The serial share f that fits T_p = T_1 (f + (1 - f)/p) best to seconds [n] on ranks [n], of which
 * the first is T_1, by least squares of relative errors; within [0, 1]. NaN where n < 2. */
double tren_scale_amdahl(const int *ranks, const double *seconds, int n);

/* ---- before it is measured --------------------------------------------------------------------
 */

/* What a machine does with a recipe, or with any: the numbers behind a prediction. */
typedef struct tren_scale_machine {
    double flop_seconds;     /* of one rank, for each FLOP of a row in training */
    double step_seconds;     /* of a step without rows */
    double reduce_factor;    /* of a reduction within a node over its bound */
    tren_link node, network; /* NaN: not known */
} tren_scale_machine;
/* "name: value" lines. TREN_ERR_ENV; TREN_ERR_DATA */
tren_status tren_scale_machine_write(const tren_scale_machine *machine, const char *path);
tren_status tren_scale_machine_read(tren_scale_machine *machine, const char *path);
/* The line seconds = step_seconds + flop * flop_seconds through n measurements, by least squares of
 * relative errors; neither is negative. */
void tren_scale_machine_fit(tren_scale_machine *machine, const double *flop, const double *seconds,
                            int n);

typedef struct tren_prediction {
    int ranks, nodes;
    double compute, reduce; /* seconds a step */
    double rate;            /* rows a second */
} tren_prediction;
/* Of a step of `rows` rows and `values` values to reduce. compute: seconds, or NaN: by the machine
 * from `flop`, those of the rank with most of them. */
tren_prediction tren_scale_predict(const tren_scale_machine *machine, tren_prediction launch,
                                   double flop, double rows, double values);

/* For people, to a terminal. */
void tren_scale_print(FILE *out, const tren_scale_summary *summary);
/* scaling.csv, scaling.json and scaling.html. TREN_ERR_ENV */
tren_status tren_scale_report(const tren_scale_summary *summary);
/* Rows of both, b against a. Returns how many rows could be compared. */
int tren_scale_compare(FILE *out, const tren_scale_summary *a, const tren_scale_summary *b);
/* The same as JSON. */
int tren_scale_compare_json(FILE *out, const tren_scale_summary *a, const tren_scale_summary *b);

#ifdef __cplusplus
}
#endif
#endif
