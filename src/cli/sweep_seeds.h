/* Points of a sweep that differ by their seed alone: their spread, and the ranking of settings. Not
 * collective. */
#ifndef TREN_CLI_SWEEP_SEEDS_H
#define TREN_CLI_SWEEP_SEEDS_H

#include "base/json.h"
#include "tren/lab.h"

enum { TREN_MOST_SEEDS = 1024, TREN_FEW_SEEDS = 5 };

typedef struct tren_seeds {
    double low, middle,
        high; /* the median, and the range of few, the quartiles of more; NaN: none */
    int n;
} tren_seeds;
/* Sorts the values. */
tren_seeds tren_seeds_of(double *value, int n);

bool tren_is_seed(const tren_axis *axis);
/* "model.hidden [64], optimizer.learning_rate 0.1": the values of all axes but the seed, those with
 * one value, and axis `without` (-1: none). */
void tren_sweep_setting(char *out, size_t n, const tren_grid *grid, const int *index, int without);

/* Prints the best settings of DIR/sweep.csv by a column, or, by NULL, by validation: the median
 * over seeds, the largest where the column is an accuracy, else the smallest. Nothing where there
 * is one setting, or no number. json: not NULL: adds "by" and the list "ranking" of all settings
 * to it instead. */
void tren_sweep_rank(const tren_grid_sweep *sweep, const char *by, tren_json *json);

#endif
