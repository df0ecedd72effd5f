/* Lab: many runs as one experiment. Sweeps in sub-communicators, and the figures of a lecture on
 * training and regularization as experiments that judge themselves (docs/lab.md). Part of the
 * program, not of libtren: this header is not installed. */
#ifndef TREN_LAB_H
#define TREN_LAB_H

#include "tren/train.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- tables. Not collective
 * -------------------------------------------------------------------- */

enum { TREN_TABLE_COLUMNS = 32, TREN_TABLE_NAME = 48 };

/* Numbers in named columns; what has none is NaN. */
typedef struct tren_table {
    int n_columns, n_rows, room;
    char column[TREN_TABLE_COLUMNS][TREN_TABLE_NAME];
    double *at; /* [n_rows][n_columns] owned */
} tren_table;

/* An empty table of these columns: "width,seed,test_error". */
tren_status tren_table_open(tren_table *table, const char *columns);
void tren_table_close(tren_table *table); /* accepts the empty value */
tren_status tren_table_add(tren_table *table, const double *row);
/* -1: no such column. */
int tren_table_find(const tren_table *table, const char *column);
/* NaN: no such column. */
double tren_table_get(const tren_table *table, int row, const char *column);
/* The rows as CSV, without the header. Numbers survive reading again. */
void tren_table_print(FILE *out, const tren_table *table);
/* How many cells a line of CSV has; a comma within quotes separates none. */
int tren_table_cells(const char *line);
/* Reads a CSV file; fields that are no numbers give NaN. TREN_ERR_DATA: among others, a row has
 * another number of cells than the header. */
tren_status tren_table_read(tren_table *table, const char *path);
/* By way of a temporary file. TREN_ERR_ENV. */
tren_status tren_table_write(const tren_table *table, const char *path);

/* Which rows: those where every column named has the value; ends with a column NULL. */
typedef struct tren_where {
    const char *column;
    double is;
} tren_where;
#define TREN_WHERE(...)                                                                            \
    (const tren_where[]) {                                                                         \
        __VA_ARGS__, {                                                                             \
            NULL, 0                                                                                \
        }                                                                                          \
    }
/* Of the finite values of a column in these rows; NaN of none. q in [0,1]: 0.5 is the median. */
double tren_table_mean(const tren_table *table, const char *column, const tren_where *where);
double tren_table_sd(const tren_table *table, const char *column, const tren_where *where);
double tren_table_quantile(const tren_table *table, const char *column, const tren_where *where,
                           double q);
int tren_table_count(const tren_table *table, const char *column, const tren_where *where);

/* ---- sweeps -----------------------------------------------------------------------------------
 */

enum { TREN_POINT_NAME = 128 };

/* Points, each computed once by a group of ranks and kept in a file of its own, DIR/NAME.csv. */
typedef struct tren_sweep {
    const char *dir;   /* exists */
    const char *title; /* for messages: "W1" */
    int n_points;
    const char *(*name)(void *ctx, int point);  /* of a file; no two alike */
    const char *(*label)(void *ctx, int point); /* for people; NULL: the name */
    double (*cost)(void *ctx, int point);       /* in any unit: the dearest are begun first */
    /* Computes a point on this group's communicator. Rank 0 of it writes the point's CSV lines to
     * `out`, which is NULL on the others. A run that diverges is a result like another.
     * TREN_REQUEUE: left on a signal, and not written. Collective over the group. */
    tren_status (*run)(void *ctx, tren_comm *group, int point, FILE *out);
    const char *header; /* the names of the columns, in one line */
    /* Columns that stand before those of a point in the table of all, where what they say is no
     * part of the point: their names and their values, each with its comma. Both may be NULL. */
    const char *keys_header;
    void (*keys)(void *ctx, int point, FILE *out);
    /* Whether a line of a point's file is such as `run` writes; may be NULL. */
    bool (*is_row)(const char *line);
    void *ctx;         /* not owned */
    int ranks_per_run; /* R: groups have so many ranks, and what is left over is idle */
    int part, n_parts; /* of a job array: only the points of part 0, 1, ... of n; n_parts 0: all */
    const volatile sig_atomic_t *signal; /* nonzero: no further point is begun; may be NULL */
    const tren_log *log;                 /* every group's first rank has one; may be NULL */
} tren_sweep;

typedef struct tren_sweep_result {
    int n_points, n_before, n_done, n_left; /* all; done by others; done by this call; missing */
    double seconds;
} tren_sweep_result;

/* Runs the points that have no file yet and that no other process computes. Which group begins with
 * which is decided in advance, longest first, so no rank serves a queue; a group that has no more
 * takes what others have not begun. A point is claimed by a lock in DIR/.claims, which a process
 * that is killed does not hold: any number of jobs may share DIR. A file appears whole or not at
 * all. Neither the number of ranks nor R changes what is in it. A failing point does not keep the
 * others from being computed, unless it is for the environment, a full disk; its status is returned
 * at the end. TREN_REQUEUE: left on a signal. Collective. */
tren_status tren_sweep_run(tren_comm *comm, const tren_sweep *sweep, tren_sweep_result *result);
/* All points' lines under one header, in their order, by way of a temporary file. TREN_ERR_DATA:
 * one is missing. Not collective. */
tren_status tren_sweep_table(char **text, const tren_sweep *sweep); /* malloc'ed */
tren_status tren_sweep_collect(const tren_sweep *sweep, const char *path);
/* How many points have their file. Not collective. */
int tren_sweep_count(const tren_sweep *sweep);

/* ---- a user's sweep: a config and a grid ------------------------------------------------------
 */

/* The columns of sweep.csv behind the keys. */
#define TREN_SWEEP_COLUMNS                                                                         \
    "status,epochs,best_epoch,train_loss,train_accuracy,validation_loss,validation_accuracy,"      \
    "test_loss,test_accuracy,parameters,digest"

typedef struct tren_grid_sweep {
    const tren_config *base; /* not owned; base->out is the sweep's folder */
    const tren_grid *grid;   /* not owned */
    int ranks_per_run, part, n_parts;
    bool keep_runs; /* a run folder for each point, from which a killed one goes on */
    const volatile sig_atomic_t *signal;
    const tren_log *log; /* every rank's */
} tren_grid_sweep;

/* TREN_ERR_USAGE, TREN_ERR_DATA: a point that could not be trained, and why. Not collective. */
tren_status tren_grid_sweep_check(const tren_grid_sweep *sweep, FILE *list);
/* Trains every point that is not done; once all are, writes DIR/sweep.csv: a row for each, its keys
 * first. A table there that has other points is kept as DIR/sweep-1.csv. Collective. */
tren_status tren_grid_sweep_run(tren_comm *comm, const tren_grid_sweep *sweep,
                                tren_sweep_result *result);

/* ---- experiments ------------------------------------------------------------------------------
 */

/* What people read, in English and in Spanish. */
typedef struct tren_phrase {
    const char *en, *es;
} tren_phrase;
typedef enum tren_language { TREN_ENGLISH, TREN_SPANISH } tren_language;
static inline const char *tren_say_in(tren_language language, tren_phrase phrase) {
    return language == TREN_SPANISH && phrase.es ? phrase.es : phrase.en;
}

/* What of an experiment was run: the setting that its claims are about, the reduced one of --quick,
 * or one of the user's own. */
typedef enum tren_lab_form { TREN_LAB_JUDGED, TREN_LAB_QUICK, TREN_LAB_OWN } tren_lab_form;

/* The claims of an experiment, each with its numbers. UNJUDGED: told, in a form that is not the one
 * the claim is about. */
typedef enum tren_claim {
    TREN_CLAIM_FAILED,
    TREN_CLAIM_HOLDS,
    TREN_CLAIM_INFO,
    TREN_CLAIM_UNJUDGED
} tren_claim;
enum { TREN_MAX_CLAIMS = 24, TREN_CLAIM_TEXT = 400 };
typedef struct tren_verdict {
    int n;
    struct {
        tren_claim claim;
        char text[2][TREN_CLAIM_TEXT]; /* by tren_language */
    } at[TREN_MAX_CLAIMS];
    tren_lab_form form; /* quick: no claim is judged; own: they hold, or not, for that setting */
} tren_verdict;
/* The same numbers in both languages: the formats take the same arguments in the same order.
 * Spanish gets its decimal comma by itself. */
void tren_verdict_add(tren_verdict *verdict, bool holds, const char *en, const char *es, ...)
    __attribute__((format(printf, 3, 5), format(printf, 4, 5)));
/* Texts that are ready. */
void tren_verdict_add_text(tren_verdict *verdict, bool holds, const char *en, const char *es);
/* A number that is told but not judged. */
void tren_verdict_tell(tren_verdict *verdict, const char *en, const char *es, ...)
    __attribute__((format(printf, 2, 4), format(printf, 3, 4)));
/* Whether every claim that is judged holds, and there is one. */
bool tren_verdict_holds(const tren_verdict *verdict);
/* Makes it one of a form, which may judge nothing. */
void tren_verdict_set_form(tren_verdict *verdict, tren_lab_form form);
/* "NOT reproduced, 2 of 3 hold", counting the claims that are judged; "not judged in the quick
 * form"; "another setting: 2 of 3 hold"; "another setting: none judged". Returns out. */
enum { TREN_VERDICT_WORDS = 64 };
const char *tren_verdict_words(char out[TREN_VERDICT_WORDS], const tren_verdict *verdict,
                               tren_language language);
tren_status tren_verdict_write(const tren_verdict *verdict, const char *path);
tren_status tren_verdict_read(tren_verdict *verdict, const char *path); /* TREN_ERR_DATA: damaged */

/* How a figure is drawn: panels side by side, each of series from curve.csv or points.csv. */
typedef enum tren_mark {
    TREN_MARK_LINE,    /* with a point at each value */
    TREN_MARK_CURVE,   /* a line of many values */
    TREN_MARK_DASHED,  /* what is compared with: published numbers, closed forms */
    TREN_MARK_POINTS,  /* dots */
    TREN_MARK_CIRCLES, /* data to be fitted */
    TREN_MARK_BAND     /* between y and y2 */
} tren_mark;
enum { TREN_MAX_SERIES = 12, TREN_MAX_PANELS = 4 };
typedef struct tren_series {
    const char *x, *y, *y2; /* columns */
    tren_phrase label;      /* of the key; en NULL: not in the key */
    tren_mark mark;
    int colour;       /* 0, 1, ...: the same in all panels */
    bool from_points; /* points.csv */
} tren_series;
typedef struct tren_panel {
    tren_phrase title, x, y;
    bool log_x, log_y;
    double y_low, y_high; /* 0, 0: as the values are */
    tren_series series[TREN_MAX_SERIES];
} tren_panel;

enum { TREN_LAB_VALUES = 48, TREN_LAB_PARAMS = 12, TREN_LAB_SETS = 16, TREN_LAB_TEXT = 2048 };

/* One number, or several in ascending order. */
typedef struct tren_lab_values {
    int n;
    double at[TREN_LAB_VALUES];
} tren_lab_values;
#define TREN_LAB_VALUES_OF(...)                                                                    \
    {                                                                                              \
        sizeof((double[]){__VA_ARGS__}) / sizeof(double), {                                        \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }

/* What of an experiment can be changed, by --set NAME=VALUE,... */
typedef struct tren_lab_param {
    const char *name;            /* also in texts: {epochs} stands for the values of what was run */
    tren_phrase what;            /* "epochs of each training" */
    tren_lab_values full, quick; /* of the judged form and of --quick; quick.n 0: the same */
    double low, high;            /* of each value */
    bool whole, list;            /* no fractions; several values */
    int at_least, at_most;       /* how many; 0: any */
} tren_lab_param;

typedef struct tren_lab_options {
    const char *out;  /* the laboratory's folder: DIR/W1/... */
    const char *data; /* a dataset of images with their classes (Fashion-MNIST) */
    int seeds;        /* first_seed, first_seed + 1, ...; 0: as the experiment has it */
    uint64_t first_seed;
    bool quick; /* a reduced form, for a look and for tests */
    int n_sets;
    const char *set[TREN_LAB_SETS]; /* "epochs=100": other values than the form has */
    int ranks_per_run;              /* R */
    const volatile sig_atomic_t *signal;
    const tren_log *log; /* every rank's */
} tren_lab_options;

/* What an experiment planned: at holds what it wants to know again (a width, a number of rows). */
typedef struct tren_lab_point {
    char name[TREN_POINT_NAME];
    uint64_t seed;
    double cost;
    double at[4];
} tren_lab_point;

typedef struct tren_experiment tren_experiment;

/* What was run, or is to be. */
typedef struct tren_lab_setting {
    tren_lab_form form;
    tren_lab_values value[TREN_LAB_PARAMS]; /* by the experiment's params */
    int seeds;
    uint64_t first_seed;
} tren_lab_setting;

typedef struct tren_lab {
    const tren_experiment *experiment; /* not owned */
    const tren_lab_options *options;   /* not owned; seeds is the number that is run */
    tren_lab_setting setting;
    char dir[TREN_MAX_PATH]; /* DIR/W1 */
    tren_lab_point *point;   /* [n_points] owned */
    int n_points;
} tren_lab;

/* One const object per file; listed in experiments.c. */
struct tren_experiment {
    const char *name;                               /* "W1" */
    tren_phrase figure;                             /* of the lecture */
    tren_phrase title, question, setting, look_for; /* setting and look_for may have {NAME} */
    int revision;                                   /* raise it when the points change */
    tren_lab_param param[TREN_LAB_PARAMS];          /* ends with a name of NULL */
    bool wants_double, wants_data;                  /* tren64; the dataset of images */
    bool wants_pairs;                               /* that dataset is of pairs of sentences */
    int max_ranks;                                  /* per run: its shards */
    int seeds, quick_seeds;                         /* by default; 0: 3 and 1 */
    double seconds, quick_seconds;                  /* expected on two cores, so many seeds */
    /* Whose points it judges, in that one's folder: computed at most once for both. Then the next
     * four are NULL, and precision, data and ranks are that one's. NULL: its own points. */
    const tren_experiment *points_of;
    const char *columns; /* of a point's rows */
    /* Lists the points, by tren_lab_add. Not collective. */
    tren_status (*plan)(tren_lab *lab);
    /* Makes datasets in lab->dir, if they are not there. Rank 0 alone; may be NULL. */
    tren_status (*prepare)(const tren_lab *lab);
    /* Collective over the group; rows are added on its rank 0. */
    tren_status (*point)(const tren_lab *lab, tren_comm *group, const tren_lab_point *point,
                         tren_table *rows);
    /* The curves of the figure and what is to be said of them. Not collective. */
    tren_status (*judge)(const tren_lab *lab, const tren_table *points, tren_table *curve,
                         tren_verdict *verdict);
    const char *curve; /* columns of curve.csv, which judge is given empty */
    tren_panel panel[TREN_MAX_PANELS];
};
extern const tren_experiment *const tren_experiments[]; /* NULL-terminated */
const tren_experiment *tren_experiment_find(const char *name);
/* Whose plan, points and columns it has: mostly its own. */
static inline const tren_experiment *tren_experiment_source(const tren_experiment *experiment) {
    return experiment->points_of ? experiment->points_of : experiment;
}

/* The setting that options ask of an experiment. TREN_ERR_USAGE: a key that it does not have (the
 * message lists those there are), or values that it cannot take. */
tren_status tren_lab_setting_of(tren_lab_setting *setting, const tren_experiment *experiment,
                                const tren_lab_options *options);
/* A text of an experiment with the numbers of a setting: "{epochs} epochs", {noise%} for 0.15 as
 * "15 %", {seeds} for "5 seeds". Returns out. */
char *tren_lab_say(char out[TREN_LAB_TEXT], const tren_experiment *experiment,
                   const tren_lab_setting *setting, tren_phrase text, tren_language language);
/* "epochs=150 (judged: 500); ..." of what differs from the judged setting; "" of nothing. */
char *tren_lab_difference(char out[TREN_LAB_TEXT], const tren_experiment *experiment,
                          const tren_lab_setting *setting, tren_language language);
/* A text with the decimal comma of Spanish, in place. */
void tren_localize(char *text, tren_language language);
/* The values of a parameter of lab's experiment, which has it. */
const tren_lab_values *tren_lab_list(const tren_lab *lab, const char *name);
double tren_lab_number(const tren_lab *lab, const char *name);
int tren_lab_int(const tren_lab *lab, const char *name);

/* What a class makes of an experiment: lessons*.c. */
enum { TREN_MAX_CHOICES = 4, TREN_MAX_CHANGES = 2 };
typedef struct tren_lesson {
    const char *name;                     /* of the experiment */
    tren_phrase slide;                    /* of the lecture */
    tren_phrase predict;                  /* what to ask before it is run */
    tren_phrase choice[TREN_MAX_CHOICES]; /* the answers; ends with en NULL */
    int right;                            /* which is */
    struct {
        const char *command; /* behind "tren lab run NAME"; NULL ends */
        tren_phrase then;    /* what should happen */
    } change[TREN_MAX_CHANGES];
} tren_lesson;
const tren_lesson *tren_lesson_of(const tren_experiment *experiment); /* NULL: it has none */

/* For plans: a point by its seed, what it holds, and a name. */
tren_status tren_lab_add(tren_lab *lab, uint64_t seed, double cost, const double at[4],
                         const char *name, ...) __attribute__((format(printf, 5, 6)));
/* Computes what is missing of an experiment's points, and writes into DIR/NAME: points.csv,
 * curve.csv, verdict.json. TREN_ERR_USAGE: the folder holds points of another setting.
 * TREN_REQUEUE: left on a signal. Collective. */
tren_status tren_lab_run(tren_comm *comm, const tren_experiment *experiment,
                         const tren_lab_options *options, tren_verdict *verdict);
/* How far an experiment is in DIR. Not collective. */
typedef struct tren_lab_state {
    bool begun, judged;
    tren_lab_setting setting;
    tren_verdict verdict; /* where judged */
    double seconds;       /* of all launches that computed its points */
    char command[512];    /* that made it */
} tren_lab_state;
tren_status tren_lab_look(tren_lab_state *state, const tren_experiment *experiment,
                          const char *out);

#ifdef __cplusplus
}
#endif
#endif
