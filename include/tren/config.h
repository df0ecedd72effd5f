/* Config: all settings of a run in one plain struct. One table describes them; the YAML reader, the
 * command line, --help, the man page and the saved config all use this table. Not collective. */
#ifndef TREN_CONFIG_H
#define TREN_CONFIG_H

#include "tren/base.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

#define TREN_MAX_LIST   64
#define TREN_MAX_PATH   1024
#define TREN_MAX_LAYERS 32768 /* bytes of model.layers as text */

/* Who set a key; a later value of this enum overrides an earlier one. */
enum { TREN_GIVEN_BY_FILE = 1, TREN_GIVEN_BY_HAND, TREN_GIVEN_BY_GRID, TREN_MAX_KEYS = 128 };

typedef struct tren_int_list {
    int n;
    int at[TREN_MAX_LIST];
} tren_int_list;

typedef struct tren_real_list {
    int n;
    double at[TREN_MAX_LIST];
} tren_real_list;
enum { TREN_LIST_WORD = -1 }; /* n of a list that is a word: the only choice of the option */

/* A list of layers as YAML flow text, in one canonical form; "": no list. A line end in it has no
 * meaning for the list; it shows where the source has one, so that messages can name the line of a
 * layer. */
typedef struct tren_layers_text {
    char text[TREN_MAX_LAYERS];
    char where[TREN_MAX_PATH + 16]; /* where the list begins: "run.yaml:12", "command line" */
} tren_layers_text;

/* Enumerations: their order is that of the option's `choices`; for activations also that of
 * tren_activations. */
typedef enum tren_precision { TREN_PRECISION_FLOAT, TREN_PRECISION_DOUBLE } tren_precision;
typedef enum tren_activation_id {
    TREN_IDENTITY,
    TREN_RELU,
    TREN_TANH,
    TREN_GELU,
    TREN_LEAKY_RELU,
    TREN_ELU,
    TREN_SILU,
    TREN_SIGMOID,
    TREN_SOFTPLUS,
    TREN_N_ACTIVATION_IDS
} tren_activation_id;
typedef enum tren_norm_id { TREN_NORM_NONE, TREN_NORM_BATCH } tren_norm_id;
typedef enum tren_init_id {
    TREN_INIT_HE,
    TREN_INIT_GLOROT,
    TREN_INIT_GAUSSIAN,
    TREN_INIT_PYTORCH
} tren_init_id;
/* Losses. Each is a file of src/nn and a line here: its name, the keys that have an effect with it,
 * and a description. `auto` selects the first for classes, the second for targets. */
#define TREN_LOSSES(X)                                                                             \
    X(cross_entropy, "loss.label_smoothing loss.class_weights", "for classes")                     \
    X(half_squares, "normalize_targets", "for targets, half the squared error")                    \
    X(huber, "loss.huber_delta normalize_targets",                                                 \
      "the same near 0, and a straight line beyond loss.huber_delta (Huber 1964)")                 \
    X(absolute, "normalize_targets", "the absolute error")                                         \
    X(binary_cross_entropy, "loss.positive_weights", "for columns of yes and no (1 and 0)")
/* The options of all losses. Each loss uses those that its line of TREN_LOSSES lists. */
typedef struct tren_loss_options {
    int name; /* 0: auto; else 1 + the line of TREN_LOSSES */
    double label_smoothing;
    tren_real_list class_weights;    /* n TREN_LIST_WORD: auto */
    tren_real_list positive_weights; /* none (all are 1), one for all columns, or one per column */
    double huber_delta;
} tren_loss_options;
/* Optimizers. Each is a file of src/optim and a line here: its name, and the keys that have an
 * effect with it; a key that no optimizer names has an effect with all of them. */
#define TREN_BY_STEPS                                                                              \
    "batch_size shuffle optimizer.learning_rate optimizer.clip_norm optimizer.ema "
#define TREN_OPTIMIZERS(X)                                                                         \
    X(TREN_SGD, sgd, TREN_BY_STEPS "optimizer.momentum optimizer.nesterov")                        \
    X(TREN_ADAM, adam, TREN_BY_STEPS "optimizer.beta1 optimizer.beta2 optimizer.epsilon")          \
    X(TREN_ADAMW, adamw, TREN_BY_STEPS "optimizer.beta1 optimizer.beta2 optimizer.epsilon")        \
    X(TREN_RMSPROP, rmsprop, TREN_BY_STEPS "optimizer.momentum optimizer.beta2 optimizer.epsilon") \
    X(TREN_LARS, lars, TREN_BY_STEPS "optimizer.momentum optimizer.trust")                         \
    X(TREN_LAMB, lamb, TREN_BY_STEPS "optimizer.beta1 optimizer.beta2 optimizer.epsilon")          \
    X(TREN_SCG, scg, "optimizer.tolerance_x optimizer.tolerance_f")
typedef enum tren_optimizer_id {
#define TREN_OPTIMIZER_ID(id, name, keys) id,
    TREN_OPTIMIZERS(TREN_OPTIMIZER_ID)
#undef TREN_OPTIMIZER_ID
        TREN_N_OPTIMIZERS
} tren_optimizer_id;
/* The options of all optimizers. Each uses those that its line of TREN_OPTIMIZERS lists. */
typedef struct tren_optimizer_options {
    int name; /* tren_optimizer_id */
    double learning_rate, momentum, beta1, beta2, epsilon;
    bool nesterov;
    double lambda;       /* of J_R = J + lambda/(2m) sum ||W||^2; negative: not given */
    double weight_decay; /* = lambda/m; negative: not given */
    double clip_norm;    /* 0: off */
    double trust;        /* lars: eta */
    double ema;          /* decay of the weights' average, which is evaluated and kept; 0: off */
    double tolerance_x, tolerance_f; /* scg stops when changes are smaller; 0: never */
} tren_optimizer_options;
typedef enum tren_schedule_id {
    TREN_SCHEDULE_CONSTANT,    /* 1 */
    TREN_SCHEDULE_STEP,        /* gamma^floor(epoch / period) */
    TREN_SCHEDULE_COSINE,      /* from 1 to final_factor over the run's epochs */
    TREN_SCHEDULE_SQRT,        /* 1 / sqrt(1 + floor(t / period)), t in steps */
    TREN_SCHEDULE_INVERSE_SQRT /* 1 / sqrt(t / warmup_steps) after the warm-up */
} tren_schedule_id;
typedef enum tren_stop_rule {
    TREN_STOP_NONE,
    TREN_STOP_PATIENCE,
    TREN_STOP_GL,
    TREN_STOP_UP,
    TREN_STOP_STANDARD_ERROR
} tren_stop_rule;
typedef enum tren_engine_id {
    TREN_ENGINE_AUTO,
    TREN_ENGINE_SHARED,       /* one computer: ranks share their tree nodes in a window */
    TREN_ENGINE_HIERARCHICAL, /* a shared window on each computer, slices between computers */
    TREN_ENGINE_HALVING,      /* recursive halving and doubling; ranks and shards: powers of two */
    TREN_ENGINE_DIRECT,       /* each slice is sent directly to its owner; any number of ranks */
    TREN_ENGINE_DOUBLING,     /* whole vectors along the tree in log P messages; for small models */
    TREN_ENGINE_RABENSEIFNER, /* as halving, but sums come back, and everybody owns everything */
    TREN_ENGINE_SCATTER,      /* slices of the sum to all, who own everything; for small models */
    TREN_ENGINE_MPI /* MPI_Iallreduce, for comparison; the bits may depend on the number of ranks */
} tren_engine_id;
typedef enum tren_gemm_id {
    TREN_GEMM_OPENBLAS,
    TREN_GEMM_PORTABLE /* our own product: the same bits on every CPU */
} tren_gemm_id;
typedef enum tren_progress_id {
    TREN_PROGRESS_AUTO,
    TREN_PROGRESS_ON,
    TREN_PROGRESS_OFF
} tren_progress_id;

/* Metrics: what eval and metrics.csv report in addition to the loss. Each is one line here and one
 * line of the table in src/train/metric.c. */
#define TREN_METRICS(X)                                                                            \
    X(TREN_METRIC_LOSS_SE, loss_se)                                                                \
    X(TREN_METRIC_ACCURACY, accuracy)                                                              \
    X(TREN_METRIC_TOP5, top5)                                                                      \
    X(TREN_METRIC_PRECISION, precision)                                                            \
    X(TREN_METRIC_RECALL, recall)                                                                  \
    X(TREN_METRIC_F1, f1)                                                                          \
    X(TREN_METRIC_AUC, auc)                                                                        \
    X(TREN_METRIC_R2, r2)                                                                          \
    X(TREN_METRIC_MAE, mae)                                                                        \
    X(TREN_METRIC_PERPLEXITY, perplexity)
typedef enum tren_metric_id {
#define TREN_METRIC_ID(id, name) id,
    TREN_METRICS(TREN_METRIC_ID)
#undef TREN_METRIC_ID
        TREN_N_METRICS
} tren_metric_id;

/* Models. Each is a file of src/models and a line here: its name, and the keys that have an effect
 * with it; a key that no model names has an effect with all of them. `layers` is the network that
 * model.layers describes; the key model.layers selects it. */
#define TREN_BY_DENSE     "model.hidden model.activation dropout "
#define TREN_BY_ATTENTION "model.width model.heads model.depth model.feed_forward dropout"
#define TREN_MODELS(X)                                                                             \
    X(mlp, TREN_BY_DENSE)                                                                          \
    X(cnn, TREN_BY_DENSE "model.channels model.kernel model.norm")                                 \
    X(cnn5, "model.width")                                                                         \
    X(resnet18, "model.width")                                                                     \
    X(gpt, TREN_BY_ATTENTION)                                                                      \
    X(encoder, TREN_BY_ATTENTION)                                                                  \
    X(seq2seq, TREN_BY_ATTENTION)                                                                  \
    X(token_mlp, TREN_BY_DENSE)                                                                    \
    X(layers, "model.layers")

typedef struct tren_config {
    /* files */
    char data[TREN_MAX_PATH];      /* dataset (docs/data-format.md) */
    char out[TREN_MAX_PATH];       /* run folder */
    char init_from[TREN_MAX_PATH]; /* checkpoint whose weights are the initial ones, or "" */
    /* the recipe: the settings that the bits of a run depend on */
    uint64_t seed;
    int precision; /* tren_precision */
    int shards;
    int batch_size; /* rows of a step, over all ranks; scg uses all rows: tren_config_batch */
    bool shuffle;
    int blas_threads;
    int gemm; /* tren_gemm_id */
    struct {
        char name[32]; /* a name of TREN_MODELS: "mlp" */
        tren_int_list hidden;
        int width;        /* cnn5, resnet18: channels of the first stage; transformers: width d */
        int heads, depth; /* transformers */
        int feed_forward; /* transformers; 0: 4 d */
        tren_int_list channels; /* cnn: channels of each stage */
        int kernel;             /* cnn */
        int norm;               /* cnn: tren_norm_id */
        int activation;         /* tren_activation_id */
        int init;               /* tren_init_id */
        double init_variance;
        tren_layers_text layers;
    } model;
    tren_real_list dropout; /* drop rate before each dense layer: of the input, then of each hidden
                               layer's output */
    struct {
        double rotation;    /* degrees, in both directions */
        double translation; /* pixels, in both directions of each axis */
        int crop_padding;   /* pixels of zeros around the image, before a random crop of its size */
        bool flip_horizontal, flip_vertical; /* with probability 1/2 */
        tren_real_list zoom;                 /* smallest and largest factor; []: off */
        double noise; /* sd: as a fraction of 255 for u8, else in the file's units */
    } augment;
    tren_loss_options loss;
    bool normalize_targets;
    tren_optimizer_options optimizer;
    struct {
        int name; /* tren_schedule_id */
        int warmup_steps;
        int period; /* epochs for step, steps for sqrt */
        double gamma, final_factor;
    } schedule;
    tren_int_list metrics; /* of tren_metric_id */
    struct {
        int rule;    /* tren_stop_rule */
        int monitor; /* 0: the validation loss, else 1 + tren_metric_id */
        int patience, start_epoch;
        double min_delta;
        double gl_alpha; /* percent */
        int up_strips, strip_epochs;
    } early_stopping;
    int check_without_dropout; /* epochs of a trial before training; 0: off */
    /* how long, how often */
    int epochs;
    double stop_loss;          /* stops at this training loss; 0: off */
    int64_t max_steps;         /* 0: no limit */
    double max_time;           /* seconds; 0: no limit */
    int checkpoint_steps;      /* 0: off */
    double checkpoint_seconds; /* 0: off */
    double stall_timeout;      /* seconds; 0: off */
    /* how the program runs: never changes bits, except reduction: mpi */
    int reduction; /* tren_engine_id */
    int cpu;       /* index into tren_cpu_level_name */
    int bucket_kib;
    bool stacking;      /* stack a rank's microbatches where the self-test finds equal bits */
    int gradient_noise; /* steps between measurements; 0: off */
    bool evaluate_test;
    int progress; /* tren_progress_id */
    bool plots;
    bool tensorboard; /* an event file in the run folder */
    /* Who set each row of the options table last (TREN_GIVEN_BY_...); 0: it is the default. */
    unsigned char given[TREN_MAX_KEYS];
} tren_config;

typedef enum tren_option_type {
    TREN_OPTION_TEXT,    /* char[], size in `size` */
    TREN_OPTION_BOOL,    /* bool */
    TREN_OPTION_INT,     /* int */
    TREN_OPTION_INT64,   /* int64_t */
    TREN_OPTION_SEED,    /* uint64_t */
    TREN_OPTION_REAL,    /* double */
    TREN_OPTION_SECONDS, /* double; written 90, 90s, 15m, 2h, 1:30:00 or 1-12:00:00 */
    TREN_OPTION_CHOICE,  /* int, index into choices */
    TREN_OPTION_INTS,    /* tren_int_list */
    TREN_OPTION_REALS,   /* tren_real_list */
    TREN_OPTION_WORDS,   /* tren_int_list, indices into choices */
    TREN_OPTION_LAYERS,  /* tren_layers_text; in a layer's own options: a node of the YAML text */
    TREN_OPTION_BRANCHES /* a list of such lists; only in a layer's own options */
} tren_option_type;

typedef enum tren_option_role {
    TREN_ROLE_RECIPE, /* the bits depend on it: must not change during a run */
    TREN_ROLE_LENGTH, /* epochs, times, intervals, patience: may change on --resume */
    TREN_ROLE_OUTPUT  /* paths, outputs, ways to run: may change on --resume */
} tren_option_role;

/* NULL-terminated. */
extern const char *const tren_cpu_level_name[];  /* "auto", "baseline", ... */
extern const char *const tren_activation_name[]; /* of tren_activation_id */
extern const char *const tren_init_name[];       /* of tren_init_id */
extern const char *const tren_metric_name[];     /* of tren_metric_id */

typedef struct tren_option {
    const char *key; /* dotted: optimizer.learning_rate */
    tren_option_type type;
    tren_option_role role;
    size_t at, size;      /* offset and size within tren_config */
    const char *fallback; /* the default, as text; "null": not given, stored as -1; NULL: the key
                             must be given */
    double min, max;      /* of numbers, of each list element, and of seconds */
    const char *const
        *choices;      /* NULL-terminated; for a whole number: words for -1, -2, ...; for a list of
                          numbers: one word that may replace it; for a list of words: the words */
    const char *help;  /* one sentence */
    const char *group; /* its heading in --help, the man page and the documentation */
} tren_option;

/* The table. */
const tren_option *tren_options(size_t *n);
/* The option with this key, or NULL. */
const tren_option *tren_option_find(const char *key);
/* The known key nearest to `key` by edit distance, or NULL if none is near. */
const char *tren_option_nearest(const char *key);
#define TREN_MAX_SECTION 32
/* Writes the section nearest to `name` to `out` and returns it, or returns NULL. */
const char *tren_section_nearest(char out[TREN_MAX_SECTION], const char *name);

void tren_config_defaults(tren_config *config);
/* Sets one key from text; `where` ("command line", "run.yaml:12") begins the error message. */
tren_status tren_config_set(tren_config *config, const char *key, const char *text,
                            const char *where);
/* Reads a YAML file; its keys override those of `config`. Accepts nested maps or dotted keys,
 * scalars, flow or block lists. A path that is not UTF-8 is written as !!binary. Unknown or
 * repeated keys, wrong types and values out of range fail with TREN_ERR_USAGE and file:line. */
tren_status tren_config_load(tren_config *config, const char *path);
tren_status tren_config_load_text(tren_config *config, const char *text, size_t n,
                                  const char *name);

/* The grid of a sweep: all combinations of these values, each of which replaces values of a config.
 * The file of a sweep is a config with a section `grid`, which has a list of values for each of its
 * keys. */
enum { TREN_MAX_AXES = 16, TREN_MAX_AXIS = 256 };
typedef struct tren_axis {
    const tren_option *option;
    int n;
    char *text[TREN_MAX_AXIS]; /* owned */
} tren_axis;
typedef struct tren_grid {
    int n_axes;
    tren_axis axis[TREN_MAX_AXES]; /* the last varies fastest */
} tren_grid;
/* As tren_config_load, but the file may have a section `grid`, which is read into the empty *grid.
 * Every value is checked. Close the grid in any case. */
tren_status tren_config_load_grid(tren_config *config, tren_grid *grid, const char *path);
void tren_grid_close(tren_grid *grid); /* accepts the empty value */
int64_t tren_grid_points(const tren_grid *grid);
/* index[a] <- the index of the value of axis a at point p. */
void tren_grid_index(int index[TREN_MAX_AXES], const tren_grid *grid, int64_t p);
/* *config = base with the values of point p, checked. */
tren_status tren_grid_point(tren_config *config, const tren_grid *grid, const tren_config *base,
                            int64_t p);

/* TREN_ERR_USAGE: keys contradict each other (lambda and weight_decay, nesterov without momentum,
 * ...), or a given key has no effect (patience with the rule none). */
tren_status tren_config_check(const tren_config *config);
/* Writes a sentence for each key that has no effect in a run of this length; returns their number.
 * This is not an error, because --resume may continue with more epochs. */
enum { TREN_MAX_NOTES = 6, TREN_NOTE = 200 };
int tren_config_late_keys(char note[TREN_MAX_NOTES][TREN_NOTE], const tren_config *config,
                          int64_t steps_per_epoch);
/* The resolved config as YAML, every key, nested by section. malloc'ed: the caller frees. */
tren_status tren_config_format(char **text, const tren_config *config);
/* Whether each step uses all training rows in the same order, so that all steps minimise the same
 * function (scg). */
bool tren_config_whole(const tren_config *config);
/* Rows of a step, if there are m training rows: batch_size, but at most m; m for scg. */
size_t tren_config_batch(const tren_config *config, size_t m);
/* The drop rate before dense layer `layer` of n_hidden + 1 (0: the input). If the list has one
 * rate, it applies to all hidden layers, but not to the input. In a longer list, layers without a
 * rate have no dropout. */
double tren_config_dropout(const tren_config *config, int layer);
/* The values that an option accepts, in words: "a whole number from 1 to 65536", "auto, on or off".
 * Returns snprintf's count. */
int tren_option_describe(char *out, size_t n, const tren_option *option);
/* Formats one value as in a YAML file, a list of layers on one line. Returns snprintf's count. */
int tren_option_format(char *out, size_t n, const tren_option *option, const tren_config *config);
/* TREN_ERR_USAGE naming every option of `role` whose values differ: "seed: 1 in the checkpoint, 2
 * now; ...". Keys that have no effect in either config may differ. */
tren_status tren_config_same(const tren_config *before, const tren_config *now,
                             tren_option_role role);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
