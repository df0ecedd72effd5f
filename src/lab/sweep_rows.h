/* Private to lab: the rows of a user's sweep. */
#ifndef TREN_LAB_SWEEP_ROWS_H
#define TREN_LAB_SWEEP_ROWS_H

#include "tren/lab.h"

/* Is the line, up to its end, a row of TREN_SWEEP_COLUMNS such as a training writes? */
bool lab_is_sweep_row(const char *line);

/* What DIR/sweep.csv is to be replaced by `text`: where it has a row that is no row of `text`,
 * whatever its keys, it is kept as DIR/sweep-1.csv or the next number that is free, and `kept` is
 * that path; else "". TREN_ERR_ENV. Not collective. */
tren_status lab_keep_other_table(char kept[TREN_MAX_PATH], const char *dir, const char *text);

#endif
