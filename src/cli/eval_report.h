/* The result of eval: for a terminal, as JSON, as a CSV file. */
#ifndef TREN_CLI_EVAL_REPORT_H
#define TREN_CLI_EVAL_REPORT_H

#include "cli/scores.h"
#include "cli/trained.h"

void tren_eval_print(FILE *out, const tren_trained *trained, const tren_eval_result *result);
void tren_eval_json(FILE *out, const tren_trained *trained, const tren_eval_result *result);
/* Classes: the confusion matrix, true classes down, predicted ones across. Targets: their errors.
 */
void tren_eval_csv(FILE *out, const tren_trained *trained, const tren_eval_result *result);

#endif
