/* The laboratory's worksheet: what to predict and to write down. Not collective. */
#ifndef TREN_CLI_LAB_WORKSHEET_H
#define TREN_CLI_LAB_WORKSHEET_H

#include "tren/lab.h"

/* One page of HTML for the experiments, each with its predictions to tick and blanks to fill. */
tren_status tren_lab_worksheet(const tren_experiment *const experiment[], int n, const char *path,
                               bool force, tren_language language);

#endif
