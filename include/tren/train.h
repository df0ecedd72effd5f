/* Train: the trainer, evaluation, checkpoints. Functions are Collective over the communicator
 * unless they say otherwise, and every rank gets the same status. */
#ifndef TREN_TRAIN_H
#define TREN_TRAIN_H

#include "tren/comm.h"
#include "tren/config.h"
#include "tren/data.h"
#include "tren/models.h"
#include "tren/nn.h"
#include "tren/optim.h"

#include <signal.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* ---- what all ranks must have in common -------------------------------------------------------
 */

/* These facts are compared before anything is computed. A difference is an error that names the
 * fact, both values, and both ranks with their hosts. With one rank nothing is compared. */

/* Compares version, libraries, and `what` the program will do. TREN_ERR_ENV. */
tren_status tren_agree_on_program(const tren_comm *comm, const char *what);
/* Makes all ranks use the same OpenBLAS core type, the lowest of all, because it changes the bits;
 * writes a line to the log. Does nothing for gemm: portable. config may be NULL. TREN_ERR_ENV */
tren_status tren_agree_on_core(const tren_comm *comm, const tren_config *config,
                               const tren_log *log);
/* Adds every key of a config except data, cpu, progress and plots. Not collective. */
void tren_facts_add_config(tren_facts *facts, const tren_config *config);
/* Compares the facts of a config and of other options, and closes them. TREN_ERR_USAGE. */
tren_status tren_agree_on_config(const tren_comm *comm, tren_facts *facts);
/* Compares shape and recorded digests. If there are no digests and the ranks read different files,
 * compares all rows. TREN_ERR_DATA. */
tren_status tren_agree_on_dataset(const tren_comm *comm, const char *path,
                                  const tren_dataset *dataset);

/* ---- a run ------------------------------------------------------------------------------------
 */

typedef struct tren_progress {
    int epoch, epochs;   /* epoch counts from 0 */
    int64_t step, steps; /* of this epoch: steps whose loss is known, one fewer if values are sent
                            during the next step */
    double train_loss, train_accuracy; /* running means of this epoch; accuracy NaN in regression */
    double step_loss; /* mean over the rows of the last step, without weight decay */
    double samples_per_second;
    double tokens_per_second; /* predicted tokens; 0: the rows are not text */
    bool epoch_done;          /* true: the fields below are known */
    double validation_loss, validation_accuracy;
    double weight_norm, mean_abs_z; /* as in metrics.csv */
    bool best;
    const char *metric_name; /* the monitored one, or the first of `metrics`; NULL: none */
    double metric;           /* its validation value */
} tren_progress;

/* A learning-rate range test (Smith 2017): the learning rate of step t of `steps` is from *
 * (to/from)^(t/(steps - 1)), regardless of the config. */
typedef struct tren_rate_range {
    double from, to; /* both above 0 */
    int steps;       /* at least 2 */
} tren_rate_range;
/* The learning rate of step t; the same bits on every CPU. Not collective. */
double tren_rate_at(const tren_rate_range *range, int64_t t);

typedef struct tren_train_options {
    bool resume;
    const volatile sig_atomic_t *signal; /* nonzero: save at the next step and stop; may be NULL */
    const tren_log *log;                 /* rank 0's is used; may be NULL */
    void (*progress)(void *ctx,
                     const tren_progress *progress); /* called on rank 0 after each step whose loss
                                                        is known; may be NULL */
    /* Called on every rank after each step, with the rows that all ranks computed in it, and this
     * rank's seconds by phase since the step before, or since the epoch began. May be NULL. */
    void (*stepped)(void *ctx, int64_t rows, const double spent[TREN_N_PHASES]);
    /* For tests, called on rank 0: at named points inside a save, and with "check" after an epoch
     * of check_without_dropout. May be NULL. */
    void (*hook)(void *ctx, const char *point);
    /* Called on rank 0 when training has ended (TREN_OK), before the best weights are loaded for
     * the test. value [n_values]: the last weights, valid during the call. May be NULL. */
    void (*finished)(void *ctx, const tren_graph *graph, const real *value);
    void *ctx;
    const tren_rate_range *rates; /* not owned; NULL: learning rates of the config */
    double started;               /* tren_seconds() when the program began */
    /* The path of a timeline of all ranks (Chrome's trace event format), which is written at the
     * end; NULL: none. trace_layers: the timeline also shows each layer. */
    const char *trace;
    bool trace_layers;
} tren_train_options;

typedef enum tren_stop_reason {
    TREN_STOP_EPOCHS,
    TREN_STOP_EARLY,
    TREN_STOP_MAX_STEPS,
    TREN_STOP_MAX_TIME,
    TREN_STOP_SIGNAL,
    TREN_STOP_DIVERGED,
    TREN_STOP_LOSS,     /* the training loss has reached stop_loss */
    TREN_STOP_CONVERGED /* scg: within its tolerances, or at a gradient of zero */
} tren_stop_reason;
const char *tren_stop_reason_name(tren_stop_reason reason);

typedef struct tren_spread {
    double min, mean, max; /* over ranks */
} tren_spread;

/* The set-up of a run. */
typedef struct tren_run_facts {
    int ranks, shards, nodes_per_rank;
    size_t parameters;
    uint64_t content; /* of the dataset, see tren_dataset_content */
    char blas_core[32], engine[16];
    char out[TREN_MAX_PATH]; /* rank 0: path of the run folder at the end; "": none */
} tren_run_facts;
/* How the run ended. */
typedef struct tren_run_end {
    tren_stop_reason reason;
    bool ended_before; /* the run had already ended: nothing was trained; the times are those of
                          this launch */
    int epochs, best_epoch; /* epochs completed; best_epoch counts from 1, 0: none */
    int64_t steps;
    uint64_t digest, best_digest;
} tren_run_end;
/* Its losses and accuracies. */
typedef struct tren_run_scores {
    double train_loss, train_accuracy; /* of the last complete epoch; scg: at the last weights */
    double validation_loss, validation_accuracy; /* of the best epoch */
    double test_loss, test_accuracy;             /* of the best weights; NaN when not evaluated */
} tren_run_scores;
/* Its speed, time and memory. */
typedef struct tren_run_costs {
    double samples_per_second, wall_seconds, first_step_seconds;
    double memory_bytes; /* peak resident set, largest rank */
    tren_spread phase[TREN_N_PHASES];
} tren_run_costs;
typedef struct tren_result {
    tren_run_facts run;
    tren_run_end end;
    tren_run_scores scores;
    tren_run_costs costs;
} tren_result;

/* Trains as the config says. TREN_OK: finished or stopped early; TREN_REQUEUE: saved after a signal
 * or at max_time. */
tren_status tren_train(tren_comm *comm, const tren_config *config,
                       const tren_train_options *options, tren_result *result);
/* --dry-run: checks everything that can be checked before training. Prints the table of layers
 * (shapes, parameters, FLOP, bytes) and the memory that a rank and a node need in a launch of
 * `ranks` ranks on `nodes` nodes; with ranks = 0, in several launches. Not collective: one process.
 * TREN_ERR_USAGE: this config does not allow such a launch */
tren_status tren_train_describe(const tren_config *config, int ranks, int nodes, FILE *out);
/* The same figures as a JSON document; bytes and FLOP are whole numbers. */
tren_status tren_train_describe_json(const tren_config *config, int ranks, int nodes, FILE *out);

/* ---- evaluation --------------------------------------------------------------------------------
 */

enum {
    TREN_EVAL_ROWS = 256
}; /* rows of a block: fixed, so that the result does not depend on which rank evaluates it */

/* Rows of a block for this dataset: TREN_EVAL_ROWS; for tokens the rows that have up to 2048
 * tokens, at least 1. */
int tren_eval_rows(const tren_dataset_info *info);

typedef struct tren_scores {
    double loss, accuracy; /* means over labels; accuracy NaN in regression */
    double labels;         /* rows, or tokens */
    double mean_abs_z;     /* of hidden units */
    size_t rows;
    double metric[TREN_N_METRICS]; /* by tren_metric_id; NaN: not requested, or no value */
} tren_scores;

/* Counts and sums over the rows of a part, from which metrics are computed. They are whole numbers,
 * or sums by blocks along the canonical tree: the same bits on any number of ranks. */
typedef struct tren_class_tally {
    double rows, taken, right; /* rows of the class; rows predicted as the class; both */
    double area; /* under the ROC curve of this class against the others; NaN: not wanted, or one of
                    the two has no rows */
} tren_class_tally;
typedef struct tren_target_tally {
    double squares, absolute; /* means of squared and of absolute errors */
    double variance;          /* of the target, about its mean over these rows */
} tren_target_tally;
typedef struct tren_tally {
    double labels, loss; /* rows, or tokens; the mean over them */
    double loss_se;      /* its standard error; for tokens, by sequences. NaN: fewer than 2 rows */
    double row_mean[TREN_N_METRICS]; /* of metrics that are a mean over labels */
    int n_classes, n_targets;        /* classes, or columns of yes and no; targets */
    tren_class_tally *of_class;      /* [n_classes] owned */
    tren_target_tally *of_target;    /* [n_targets] in the units of the data; owned */
    double *confusion; /* [n_classes][n_classes] rows of class i predicted as class j; owned; NULL:
                          not wanted */
} tren_tally;

/* What a network predicts for the rows of a dataset. */
enum {
    TREN_OF_CLASSES = 1, /* one class for each row */
    TREN_OF_TOKENS = 2,  /* the next token */
    TREN_OF_TARGETS = 4, /* real targets */
    TREN_OF_COLUMNS = 8  /* columns of yes and no (binary cross-entropy) */
};
/* One line of the table in src/train/metric.c. */
typedef struct tren_metric {
    unsigned suits;    /* TREN_OF_CLASSES | ... */
    int least_classes; /* minimum number of classes */
    bool larger;       /* a larger value is better */
    bool share;        /* a share of labels: it has an interval */
    bool varied;       /* has no value, NaN, where all labels are alike */
    bool areas;        /* needs tren_class_tally.area, so rank 0 receives all outputs */
    double (*value)(const tren_tally *tally); /* NULL: the mean of `row` over labels */
    double (*row)(const real *output, int n, int label);
} tren_metric;
extern const tren_metric tren_metric_table[TREN_N_METRICS]; /* by tren_metric_id */
#define TREN_ALL_METRICS (~0u)

/* The metrics of `wanted` (one bit each) that suit the network's loss and the dataset. */
unsigned tren_metrics_of(const tren_graph *graph, const tren_dataset_info *info, unsigned wanted);
/* TREN_ERR_USAGE: the metric of `key` does not suit the network and the dataset. */
tren_status tren_metric_check(int metric, const tren_graph *graph, const tren_dataset_info *info,
                              const char *key, const char *data);
/* Wilson's 95 % interval of a share of `n` rows (Wilson 1927). */
void tren_wilson(double *low, double *high, double share, double n);
/* Precision of a class: correct / predicted rows; recall: correct / true rows; NaN if the
 * denominator is 0. F1 is their harmonic mean: 0 if no row is correct, NaN if both denominators are
 * 0. */
double tren_precision_of(const tren_class_tally *of);
double tren_recall_of(const tren_class_tally *of);
double tren_f1_of(const tren_class_tally *of);
/* The area under the ROC curve: the probability that a positive row has the larger score, ties
 * counting half (Hanley & McNeil 1982), by ranks. Sorts row [n]. NaN: all rows are of one kind, or
 * a score is NaN. */
typedef struct tren_scored_row {
    double score;
    bool positive;
} tren_scored_row;
double tren_area_under_curve(tren_scored_row *row, size_t n);
/* The index of the largest of n values, the first of equals, as in the training accuracy. */
int tren_argmax(const real *x, int n);

typedef struct tren_evaluator tren_evaluator;
typedef struct tren_eval_spec {
    const tren_dataset *dataset; /* not owned; only used while opening */
    tren_part part;
    const tren_graph *graph; /* not owned */
    real *value;             /* [n_values] not owned */
    bool shared;             /* the ranks share the blocks; else rank 0 evaluates alone */
    const tren_dataset_info *trained_on; /* not owned; its mean and sd normalise; NULL: `dataset` */
    unsigned metrics;                    /* one bit per tren_metric_id; all must suit */
    bool tally; /* keep a tally with the confusion matrix, for any metrics */
} tren_eval_spec;
/* Reads this rank's rows of the part. An empty part gives scores of NaN. */
tren_status tren_evaluator_open(tren_evaluator **evaluator, const tren_comm *comm,
                                const tren_eval_spec *spec);
void tren_evaluator_close(tren_evaluator *evaluator); /* accepts NULL. Not collective */
/* The scores on rank 0, zeros on the others. Fails if there is not enough memory for the
 * metrics. */
tren_status tren_evaluate(tren_scores *scores, tren_evaluator *evaluator, const tren_comm *comm);
/* Rank 0: the tally of the last tren_evaluate, if spec.tally or spec.metrics requested it. */
const tren_tally *tren_evaluator_tally(const tren_evaluator *evaluator);
/* Rows [first, first + n) of a part. Arrays are not owned; label and target are NULL where the rows
 * have none. */
typedef struct tren_eval_block {
    size_t first;
    int n;
    const real *output;      /* [n, outputs] of the network: logits, or predictions in its units */
    const double *predicted; /* [n, n_targets] in the units of the data; NULL for classes */
    const int32_t *label;
    const double *target; /* [n, n_targets] */
} tren_eval_block;
/* Calls fn for each block of this rank's rows in order. Not collective. */
typedef tren_status (*tren_block_fn)(void *ctx, const tren_eval_block *block);
tren_status tren_evaluator_each(tren_evaluator *evaluator, tren_block_fn fn, void *ctx);

/* ---- checkpoints (docs/checkpoint-format.md). Not collective
 * ------------------------------------- */

typedef struct tren_position {
    int64_t epoch, step;  /* the next step to do */
    double loss, correct; /* sums over the rows of this epoch so far; scg: at the current weights */
    int64_t rows;         /* of the epoch so far; if tokens are labeled: tokens */
    /* early stopping */
    int64_t best_epoch; /* counts from 1; 0: none */
    double best_loss, best_accuracy;
    int64_t bad_epochs;
    uint64_t best_digest;
    double seconds; /* of training until this checkpoint */
    double last_train_loss, last_train_accuracy;
    /* gradient noise: sums of the measurements in this epoch, see gradient_noise */
    double noise_square, noise_trace;
    int64_t noise_steps;
} tren_position;

enum { TREN_MAX_COMPUTED = 8, TREN_COMPUTED = 176 };

typedef struct tren_checkpoint {
    tren_position at;
    bool canonical; /* false: reduction: mpi */
    uint64_t dataset_digest;
    uint64_t rows_digest; /* of the rows of all parts, if the dataset has no digests; else 0 */
    /* Facts about the training data, to build the network and normalise its input without that
     * dataset: shape, is_image, x_type, classes and targets, mean and sd, class names. The last
     * three are owned. */
    tren_dataset_info data;
    char *config;     /* YAML; owned */
    char *metrics;    /* metrics.csv so far; owned */
    size_t n_metrics; /* its length */
    size_t n_values;  /* values of all parameters; set only by reading */
    uint64_t digest;  /* of all contents; set only by reading */
    double *history;  /* validation losses of the epochs so far; owned */
    size_t n_history;
    /* [n_history] owned; NULL: not used. monitored: the values of early_stopping.monitor, if it is
     * a metric, negated if larger is better. history_se: for rule standard_error, the standard
     * errors of the losses. */
    double *monitored, *history_se;
    double scalar[TREN_MAX_SCALARS]; /* the optimizer's; 0 if it has none */
    char optimizer[32], precision[16];
    /* Of rank 0, which wrote the file; "": unknown. */
    char blas_core[32], blas_version[128], cpu_level[16];
    /* "core Haswell, OpenBLAS 0.3.21 ..." of all launches that trained these weights; more than
     * one: they differed. None with gemm: portable. */
    char computed_with[TREN_MAX_COMPUTED][TREN_COMPUTED];
    int n_computed_with;
} tren_checkpoint;
void tren_checkpoint_close(tren_checkpoint *checkpoint); /* accepts the empty value */

/* Reads and verifies everything but the arrays. The error text for a damaged file describes the
 * damage. */
tren_status tren_checkpoint_read(tren_checkpoint *checkpoint, const char *path);
/* The digest that is stored in the file, not verified. */
tren_status tren_checkpoint_digest(uint64_t *digest, const char *path);
/* value [n_values] <- the parameters, found by name and shape. */
tren_status tren_checkpoint_read_values(real *value, const char *path, const tren_graph *graph);
/* If the checkpoint was trained on this dataset, its normalisation, shape and names must be those
 * of the dataset: else TREN_ERR_CHECKPOINT. */
tren_status tren_checkpoint_check_data(const tren_checkpoint *checkpoint,
                                       const tren_dataset_info *info, const char *path);
/* The config in the checkpoint, over the defaults. */
tren_status tren_checkpoint_config(tren_config *config, const tren_checkpoint *checkpoint,
                                   const char *path);

#define TREN_CHECKPOINT_FORMAT "tren-checkpoint"
typedef struct tren_checkpoint_arrays {
    const tren_graph *graph;
    const real *value; /* [n_values] */
    /* Fills full [n_values] with state i of the minimiser; called once for each i. NULL: weights
     * only */
    void (*state)(void *ctx, real *full, int i);
    int n_states, n_scalars;
    const char *const *state_name;
    real *room; /* [n_values] memory for `full` */
    void *ctx;
    void (*hook)(void *hook_ctx, const char *point); /* or NULL */
    void *hook_ctx;
} tren_checkpoint_arrays;

/* Writes DIR/NAME.tmp, closes and syncs it, keeps the present NAME as `previous` (NULL: not kept),
 * renames NAME.tmp to NAME, and syncs the folder. On failure the present files are unchanged. */
tren_status tren_checkpoint_write(const char *dir, const char *name, const char *previous,
                                  const tren_checkpoint *checkpoint,
                                  const tren_checkpoint_arrays *arrays);
/* Sets checkpoint->data from the training dataset. */
tren_status tren_checkpoint_set_data(tren_checkpoint *checkpoint, const tren_dataset_info *info);

/* ---- memory. Not collective --------------------------------------------------------------------
 */

/* Rows of a step that a rank with `shards` shards holds, at most. m: training rows. */
size_t tren_batch_rows(const tren_config *config, size_t m, int shards);

/* Bytes that a rank needs in a launch of `ranks` ranks on `nodes` nodes: the rank that needs
 * most. */
typedef struct tren_memory {
    double data;             /* its rows, of training and of evaluation */
    tren_reduce_room reduce; /* gradients, values, messages */
    double states;           /* of the optimizer */
    double activations;      /* of a step */
    double work;             /* partial sums and scratch; trials of products, or evaluation */
} tren_memory;
tren_memory tren_memory_needed(const tren_config *config, const tren_graph *graph,
                               const tren_dataset_info *info, int ranks, int nodes);
double tren_memory_sum(const tren_memory *memory);

/* Fails if a rank has too little memory, before anything large is allocated: else the kernel might
 * kill the rank. TREN_ERR_ENV. */
tren_status tren_memory_check(const tren_config *config, const tren_graph *graph,
                              const tren_dataset_info *info, const tren_comm *comm);

/* The memory that this process can still allocate, and what limits it. */
typedef struct tren_memory_free {
    double bytes;       /* for each process; INFINITY: no limit */
    char why[512];      /* the limit with its numbers: "RLIMIT_AS allows 2 GiB, ..." */
    const char *remedy; /* how to raise the limit */
} tren_memory_free;

typedef struct tren_memory_share {
    int processes;  /* of this job on this node, which share its memory */
    double granted; /* bytes that the batch system grants them together; 0: unknown */
} tren_memory_share;

/* The lowest limit of: the node's free memory, the control groups of versions 1 and 2 up to the
 * mounted root, the batch system's grant, RLIMIT_AS and RLIMIT_DATA. `root` is put before /proc and
 * the mount points of control groups: "" except in tests. */
void tren_memory_find_free(tren_memory_free *least, const char *root, tren_memory_share share);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
