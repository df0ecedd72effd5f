/* What eval reports beyond the trainer's own figures: counts of true against predicted classes,
 * errors of targets, and how sure all this is. */
#ifndef TREN_CLI_SCORES_H
#define TREN_CLI_SCORES_H

#include "tren/train.h"

typedef struct tren_eval_result {
    size_t rows;
    double labels;        /* rows, or tokens */
    double loss, loss_se; /* mean over labels, and the standard error of that mean; NaN of tokens */
    double accuracy, accuracy_low, accuracy_high; /* with its 95 % interval; NaN in regression */
    int n_classes, n_targets;                     /* one of them 0 */
    double *confusion; /* [n_classes][n_classes] rows of class i taken for class j; owned, rank 0 */
    double *rmse;      /* [n_targets] in the target's units; owned, rank 0 */
} tren_eval_result;

/* Runs the evaluator of `rows` rows twice: for the trainer's figures, then for the rest; once where
 * tokens are labeled, of which there is no confusion matrix (n_classes 0). Results on
 * rank 0, with the same bits on any number of ranks. Collective. */
tren_status tren_eval_run(tren_eval_result *result, tren_evaluator *evaluator,
                          const tren_comm *comm, const tren_dataset_info *info);
void tren_eval_close(tren_eval_result *result); /* accepts the empty value */

/* Wilson's 95 % interval of a share of `n` rows (Wilson 1927). */
void tren_wilson(double *low, double *high, double share, double n);
/* Of class i: found / taken for it, found / really it; NaN where there are none. */
double tren_precision_of(const tren_eval_result *result, int i);
double tren_recall_of(const tren_eval_result *result, int i);
double tren_f1(double precision, double recall);
/* Rows of class i. */
double tren_support_of(const tren_eval_result *result, int i);
/* The largest of n, the first of equals, as the trainer counts. */
int tren_argmax(const real *x, int n);

#endif
