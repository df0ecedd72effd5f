/* The result of eval: for a terminal, as JSON, as a CSV file. */
#ifndef TREN_CLI_EVAL_REPORT_H
#define TREN_CLI_EVAL_REPORT_H

#include "cli/trained.h"

typedef struct tren_eval_result {
    tren_scores scores;
    const tren_tally *tally; /* not owned */
} tren_eval_result;

void tren_eval_print(FILE *out, const tren_trained *trained, const tren_eval_result *result);
void tren_eval_json(FILE *out, const tren_trained *trained, const tren_eval_result *result);
/* Classes: the confusion matrix, true classes down, predicted ones across. Targets: their errors.
 * Columns of yes and no: rows with yes, precision, recall, F1 and ROC area of each. */
void tren_eval_csv(FILE *out, const tren_trained *trained, const tren_eval_result *result);

#endif
