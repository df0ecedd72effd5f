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

/* Numbers in named columns; NaN: no value. */
typedef struct tren_table {
    int n_columns, n_rows;
    size_t room; /* rows */
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
/* The rows as CSV, without the header. Reading them gives the same numbers. */
void tren_table_print(FILE *out, const tren_table *table);
/* The number of cells in a line of CSV; a comma within quotes does not separate cells. */
int tren_table_cells(const char *line);
/* Reads a CSV file; a field that is not a number becomes NaN. TREN_ERR_DATA: for example, a row has
 * more or fewer cells than the header. */
tren_status tren_table_read(tren_table *table, const char *path);
/* Writes a temporary file first. TREN_ERR_ENV. */
tren_status tren_table_write(const tren_table *table, const char *path);

/* Selects the rows in which each named column has its value; ends with a column NULL. */
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
/* Over the finite values of a column in the selected rows; NaN if there are none. q in [0,1]: 0.5
 * is the median. */
double tren_table_mean(const tren_table *table, const char *column, const tren_where *where);
double tren_table_sd(const tren_table *table, const char *column, const tren_where *where);
double tren_table_quantile(const tren_table *table, const char *column, const tren_where *where,
                           double q);
int tren_table_count(const tren_table *table, const char *column, const tren_where *where);

/* ---- sweeps -----------------------------------------------------------------------------------
 */

enum { TREN_POINT_NAME = 128 };

/* Points: each is computed once, by a group of ranks, and has its own file, DIR/NAME.csv. */
typedef struct tren_sweep {
    const char *dir;   /* exists */
    const char *title; /* for messages: "W1" */
    int n_points;
    const char *(*name)(void *ctx, int point);  /* of a file; all different */
    const char *(*label)(void *ctx, int point); /* for people; NULL: the name */
    double (*cost)(void *ctx, int point); /* in any unit: the most expensive are started first */
    /* Computes a point on this group's communicator. Rank 0 of it writes the point's CSV lines to
     * `out`, which is NULL on the others. A run that diverges is a result, too.
     * TREN_REQUEUE: stopped by a signal, nothing was written. Collective over the group. */
    tren_status (*run)(void *ctx, tren_comm *group, int point, FILE *out);
    const char *header; /* the names of the columns, in one line */
    /* More columns of the table of all points, before those of `run`: their names and their values,
     * each followed by a comma. Both may be NULL. */
    const char *keys_header;
    void (*keys)(void *ctx, int point, FILE *out);
    /* Whether `run` could have written this line of a point's file; may be NULL. */
    bool (*is_row)(const char *line);
    void *ctx;         /* not owned */
    int ranks_per_run; /* R: the size of a group; ranks that are left over do nothing */
    int part, n_parts; /* of a job array: only the points of part 0, 1, ... of n; n_parts 0: all */
    const volatile sig_atomic_t *signal; /* nonzero: start no further point; may be NULL */
    const tren_log *log;                 /* every group's first rank has one; may be NULL */
} tren_sweep;

typedef struct tren_sweep_result {
    int n_points, n_before, n_done, n_left; /* all; done by others; done by this call; missing */
    double seconds;
} tren_sweep_result;

/* Computes the points that have no file yet and that no other process computes now. Points are
 * dealt to the groups in advance, longest first, so no rank has to serve a queue; a group that has
 * finished takes points that others have not started. A point is claimed by a lock in DIR/.claims,
 * which the system releases when a process is killed, so any number of jobs may share DIR. A file
 * is written whole or not at all; its content does not depend on the number of ranks or on R. If a
 * point fails, the others are still computed, unless the cause is the environment (a full disk);
 * its status is returned at the end. TREN_REQUEUE: stopped by a signal. Collective. */
tren_status tren_sweep_run(tren_comm *comm, const tren_sweep *sweep, tren_sweep_result *result);
/* The lines of all points, in their order, under one header; the file is written by way of a
 * temporary one. TREN_ERR_DATA: a point is missing. Not collective. */
tren_status tren_sweep_table(char **text, const tren_sweep *sweep); /* malloc'ed */
tren_status tren_sweep_collect(const tren_sweep *sweep, const char *path);
/* The number of points that have a file. Not collective. */
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
    bool keep_runs; /* a run folder for each point: a killed point continues from it */
    const volatile sig_atomic_t *signal;
    const tren_log *log; /* every rank's */
} tren_grid_sweep;

/* TREN_ERR_USAGE, TREN_ERR_DATA: names a point that cannot be trained, and why. Not collective. */
tren_status tren_grid_sweep_check(const tren_grid_sweep *sweep, FILE *list);
/* Trains every point that is not done. When all are, writes DIR/sweep.csv: one row per point, which
 * begins with its keys. An existing table of other points is kept as DIR/sweep-1.csv. Collective.
 */
tren_status tren_grid_sweep_run(tren_comm *comm, const tren_grid_sweep *sweep,
                                tren_sweep_result *result);

/* ---- experiments ------------------------------------------------------------------------------
 */

/* A text in English and in Spanish. */
typedef struct tren_phrase {
    const char *en, *es;
} tren_phrase;
typedef enum tren_language { TREN_ENGLISH, TREN_SPANISH } tren_language;
static inline const char *tren_say_in(tren_language language, tren_phrase phrase) {
    return language == TREN_SPANISH && phrase.es ? phrase.es : phrase.en;
}

/* The setting with which an experiment was run: that of its claims, the reduced one of --quick, or
 * one of the user's own. */
typedef enum tren_lab_form { TREN_LAB_JUDGED, TREN_LAB_QUICK, TREN_LAB_OWN } tren_lab_form;

/* The claims of an experiment, each with its numbers. UNJUDGED: shown only, because this form is
 * not the one the claim is about. */
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
/* Both formats take the same arguments in the same order. The decimal comma of Spanish is put in
 * by this function. */
void tren_verdict_add(tren_verdict *verdict, bool holds, const char *en, const char *es, ...)
    __attribute__((format(printf, 3, 5), format(printf, 4, 5)));
/* The same with finished texts. */
void tren_verdict_add_text(tren_verdict *verdict, bool holds, const char *en, const char *es);
/* Adds a number that is shown but not judged. */
void tren_verdict_tell(tren_verdict *verdict, const char *en, const char *es, ...)
    __attribute__((format(printf, 2, 4), format(printf, 3, 4)));
/* Whether there are judged claims, and all of them hold. */
bool tren_verdict_holds(const tren_verdict *verdict);
/* Sets the form; a form may judge nothing. */
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
    TREN_MARK_DASHED,  /* for comparison: published numbers, closed forms */
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
    double y_low, y_high; /* 0, 0: the range of the values */
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

/* A parameter of an experiment, which --set NAME=VALUE,... changes. */
typedef struct tren_lab_param {
    const char *name;            /* in texts, {epochs} stands for the values that were used */
    tren_phrase what;            /* "epochs of each training" */
    tren_lab_values full, quick; /* of the judged form and of --quick; quick.n 0: the same */
    double low, high;            /* of each value */
    bool whole, list;            /* whole numbers; several values */
    int at_least, at_most;       /* number of values; 0: any */
} tren_lab_param;

typedef struct tren_lab_options {
    const char *out;  /* the laboratory's folder: DIR/W1/... */
    const char *data; /* a dataset of images with their classes (Fashion-MNIST) */
    int seeds;        /* first_seed, first_seed + 1, ...; 0: the experiment's default */
    uint64_t first_seed;
    bool quick; /* a reduced form, for a first look and for tests */
    int n_sets;
    const char *set[TREN_LAB_SETS]; /* "epochs=100": values that differ from the form's */
    int ranks_per_run;              /* R */
    const volatile sig_atomic_t *signal;
    const tren_log *log; /* every rank's */
} tren_lab_options;

/* A planned point: `at` holds what the experiment needs to know of it (a width, a number of rows).
 */
typedef struct tren_lab_point {
    char name[TREN_POINT_NAME];
    uint64_t seed;
    double cost;
    double at[4];
} tren_lab_point;

typedef struct tren_experiment tren_experiment;

/* What was run, or will be. */
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
    double seconds, quick_seconds; /* expected on two cores, with the default seeds */
    /* Another experiment whose points this one judges, in the other's folder: they are computed at
     * most once for both. Then the next four are NULL, and precision, data and ranks are those of
     * the other. NULL: it has its own points. */
    const tren_experiment *points_of;
    const char *columns; /* of a point's rows */
    /* Lists the points, by tren_lab_add. Not collective. */
    tren_status (*plan)(tren_lab *lab);
    /* Makes the datasets in lab->dir that are missing. Rank 0 only; may be NULL. */
    tren_status (*prepare)(const tren_lab *lab);
    /* Collective over the group; rows are added on its rank 0. */
    tren_status (*point)(const tren_lab *lab, tren_comm *group, const tren_lab_point *point,
                         tren_table *rows);
    /* Computes the curves of the figure and the verdict on them. Not collective. */
    tren_status (*judge)(const tren_lab *lab, const tren_table *points, tren_table *curve,
                         tren_verdict *verdict);
    const char *curve; /* columns of curve.csv, which judge is given empty */
    tren_panel panel[TREN_MAX_PANELS];
};
extern const tren_experiment *const tren_experiments[]; /* NULL-terminated */
const tren_experiment *tren_experiment_find(const char *name);
/* The experiment whose plan, points and columns it uses: usually itself. */
static inline const tren_experiment *tren_experiment_source(const tren_experiment *experiment) {
    return experiment->points_of ? experiment->points_of : experiment;
}

/* The setting that the options ask for. TREN_ERR_USAGE: the experiment has no such key (the message
 * lists its keys), or the values are not allowed. */
tren_status tren_lab_setting_of(tren_lab_setting *setting, const tren_experiment *experiment,
                                const tren_lab_options *options);
/* A text of an experiment with the numbers of a setting: "{epochs} epochs", {noise%} for 0.15 as
 * "15 %", {seeds} for "5 seeds", {rows[0]} for the
 * first of a list. Returns out. */
char *tren_lab_say(char out[TREN_LAB_TEXT], const tren_experiment *experiment,
                   const tren_lab_setting *setting, tren_phrase text, tren_language language);
/* The differences from the judged setting, "epochs=150 (judged: 500); ..."; "" if there are none.
 */
char *tren_lab_difference(char out[TREN_LAB_TEXT], const tren_experiment *experiment,
                          const tren_lab_setting *setting, tren_language language);
/* Numbers as the language writes them: 12,000, and in Spanish 12 000 with a narrow space, decimal
 * commas, and semicolons between such numbers: "0,5; 0,25". What has no room stays as it is. size:
 * of the array, in bytes. */
void tren_localize(char *text, size_t size, tren_language language);
/* The values of a parameter, which lab's experiment must have. */
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
