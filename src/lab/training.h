/* Private to lab: one training as a point of an experiment, and the datasets it is made on. */
#ifndef TREN_LAB_TRAINING_H
#define TREN_LAB_TRAINING_H

#include "tren/lab.h"
#include "tren/sources.h"

/* What a training came to. */
typedef struct lab_outcome {
    bool diverged;                  /* then all numbers are NaN */
    double train_loss, train_error; /* running means over the last epoch */
    double test_loss, test_error;   /* of the best weights by validation; without it, of the last */
    double best_epoch, epochs;
} lab_outcome;

/* Called on the group's rank 0 at the end of each epoch. */
typedef struct lab_watch {
    void (*epoch)(void *ctx, const tren_progress *progress);
    /* At the end, with the last weights. */
    void (*finished)(void *ctx, const tren_graph *graph, const real *value);
    void *ctx;
} lab_watch;

/* Sets defaults that suit a point: no run folder, pictures, watchdog; then reads the recipe (YAML,
 * written as in a file). */
tren_status lab_config(tren_config *config, const tren_lab *lab, const char *recipe);
/* Trains. A run that diverges is TREN_OK. watch may be NULL. Collective over the group. */
tren_status lab_train(lab_outcome *outcome, const tren_lab *lab, tren_comm *group,
                      const tren_config *config, const lab_watch *watch);
/* Scores on a part of the dataset in this file of weights [n_values], such as lab_watch's finished
 * hands over. Not collective. */
tren_status lab_score(tren_scores *scores, const char *data, tren_part part,
                      const tren_graph *graph, const real *value);

/* Adds to sum [rows of the part, classes] the probabilities that such weights give. Not collective.
 */
tren_status lab_add_probabilities(double *sum, const char *data, tren_part part,
                                  const tren_graph *graph, const real *value);
/* The share of rows whose largest sum is not at their label. TREN_ERR_DATA. */
tren_status lab_error_of(double *error, const double *sum, const char *data, tren_part part);

/* The epoch to record after this one: 1, 2, 3 ..., later 8 % more. */
int lab_next_epoch(int epoch);
/* Adds a row for each recorded epoch: the epoch, the mean test errors of the points with each of n
 * values in column `key`, and their mean training errors. */
tren_status lab_draw_epochs(tren_table *curve, const tren_table *points, const char *key,
                            const double *value, int n, int epochs);

/* ---- datasets, in DIR/NAME/data. Rank 0 alone -------------------------------------------------
 */

/* DIR/W1/data/NAME.h5 */
void lab_data_path(char path[TREN_MAX_PATH], const tren_lab *lab, const char *name, ...)
    __attribute__((format(printf, 3, 4)));

typedef struct lab_setting {
    const char *name;
    double value;
} lab_setting;
/* Makes a dataset by one of our makers unless it is there. The settings end with a name of NULL;
 * others have their defaults. */
tren_status lab_make(const char *path, const char *maker, const lab_setting *setting,
                     const tren_split *split);

/* A small dataset out of a large one of images: rows of its training part, chosen by the seed. */
typedef struct lab_subset {
    size_t train, validation, test;
    size_t of;          /* only the first rows of its training part; 0: all */
    int pool;           /* average over pool x pool pixels; 1: none */
    double label_noise; /* of the new training part */
    tren_noise_kind noise_kind;
    uint64_t seed;
} lab_subset;
tren_status lab_make_subset(const char *path, const char *from, const lab_subset *subset);

/* The same of pairs of sentences: train and test alone, with the tokens of `from`. */
tren_status lab_make_pairs(const char *path, const char *from, const lab_subset *subset);

/* ---- what verdicts look for -------------------------------------------------------------------
 */

typedef struct lab_peak {
    double x, y;
} lab_peak;
/* The largest and the smallest finite y where low <= x <= high; NaN where there is none. */
lab_peak lab_find_peak(const tren_table *curve, const char *x, const char *y, double low,
                       double high);
lab_peak lab_find_least(const tren_table *curve, const char *x, const char *y, double low,
                        double high);

#endif
