/* What the laboratory's commands share. Not collective. */
#ifndef TREN_CLI_LAB_NAMES_H
#define TREN_CLI_LAB_NAMES_H

#include "base/json.h"
#include "tren/lab.h"

enum { TREN_LAB_NAMES = 32 };

/* "en" or "es"; NULL: English. TREN_ERR_USAGE. */
tren_status tren_lab_language(tren_language *language, const char *text);
/* The experiments that are named, or all. TREN_ERR_USAGE: there is no such one, or none is named.
 */
tren_status tren_lab_choose(const tren_experiment *chosen[TREN_LAB_NAMES], int *n,
                            const char *const name[], int n_names);
/* The table of the experiments: its head, and a row. */
void tren_lab_print_head(tren_language language);
tren_status tren_lab_print_row(const tren_experiment *experiment, const char *out,
                               tren_language language);
/* A row of a list of them. */
tren_status tren_lab_json_row(tren_json *json, const tren_experiment *experiment, const char *out,
                              tren_language language);
/* tren lab run */
int tren_cmd_lab_run(int argc, char **argv);

#endif
