#include "base/config_table.h"

#include <string.h>

static const char *const precisions[] = {"float", "double", NULL};
const char *const tren_cpu_level_name[] = {"auto", "baseline", "v3", "v4", "aarch64", NULL};
static const char *const gemms[] = {"openblas", "portable", NULL};
const char *const tren_activation_name[] = {"identity", "relu", "tanh",    "gelu",     "leaky_relu",
                                            "elu",      "silu", "sigmoid", "softplus", NULL};
static const char *const norms[] = {"none", "batch", NULL};
const char *const tren_init_name[] = {"he", "glorot", "gaussian", "pytorch", NULL};
static const char *const class_weights[] = {"auto", NULL};
#define NAME(name, keys, help) #name,
static const char *const losses[] = {"auto", TREN_LOSSES(NAME) NULL};
#undef NAME
#define LOSS_HELP(name, keys, help) " " #name ": " help "."
#define NAME(id, name, keys)        #name,
static const char *const optimizers[] = {TREN_OPTIMIZERS(NAME) NULL};
#undef NAME
static const char *const schedules[] = {"constant", "step", "cosine", "sqrt", "inverse_sqrt", NULL};
#define NAME(id, name) #name,
const char *const tren_metric_name[] = {TREN_METRICS(NAME) NULL};
static const char *const monitors[] = {"val_loss", TREN_METRICS(NAME) NULL};
#undef NAME
static const char *const stop_rules[] = {"none", "patience", "gl", "up", "standard_error", NULL};
static const char *const engines[] = {"auto",   "shared",   "hierarchical", "halving",
                                      "direct", "doubling", "rabenseifner", "scatter",
                                      "mpi",    NULL};
static const char *const progresses[] = {"auto", "on", "off", NULL};

#define AT(member) offsetof(tren_config, member), sizeof(((tren_config *)0)->member)
#define RECIPE     TREN_ROLE_RECIPE
#define LENGTH     TREN_ROLE_LENGTH
#define OUTPUT     TREN_ROLE_OUTPUT

/* Every member of tren_config, in its order. A row that starts with a new group starts a new
 * heading. The columns: key, type, role, member, default, least, most, choices, help, group. */
/* clang-format off */
static const tren_option options[] = {
    {"data", TREN_OPTION_TEXT, OUTPUT, AT(data), "", 0, 0, NULL,
     "Path of the dataset, a file made by 'tren data'. A run depends on the content of the dataset, not on its "
     "path.", "Files"},
    {"out", TREN_OPTION_TEXT, OUTPUT, AT(out), "", 0, 0, NULL,
     "Run folder. If empty: runs/NAME, where NAME is the name of the config file without its ending, or that of "
     "the dataset if there is no config file.", "Files"},
    {"init_from", TREN_OPTION_TEXT, RECIPE, AT(init_from), "", 0, 0, NULL,
     "Checkpoint to take the initial weights from. If empty, they are drawn at random from the seed.", "Files"},

    {"seed", TREN_OPTION_SEED, RECIPE, AT(seed), "1", 0, 0, NULL,
     "Seed of all random numbers: initial weights, order of the rows, dropout and augmentation.", "Recipe"},
    {"precision", TREN_OPTION_CHOICE, RECIPE, AT(precision), "float", 0, 0, precisions,
     "Type of weights, activations and gradients. double runs the program tren64.", "Recipe"},
    {"shards", TREN_OPTION_INT, RECIPE, AT(shards), "4", 1, 65536, NULL,
     "Number of pieces that the training rows are cut into. A run may use any number of ranks from 1 to this "
     "number; the bits of the result are the same.", "Recipe"},
    {"batch_size", TREN_OPTION_INT, RECIPE, AT(batch_size), "256", 1, 1 << 30, NULL,
     "Rows in one step, over all ranks together. scg ignores it: each of its steps uses all training rows.", "Recipe"},
    {"shuffle", TREN_OPTION_BOOL, RECIPE, AT(shuffle), "true", 0, 0, NULL,
     "Put the rows in a new random order in each epoch; false keeps the order of the file.", "Recipe"},
    {"blas_threads", TREN_OPTION_INT, RECIPE, AT(blas_threads), "1", 1, 1024, NULL,
     "Threads of the BLAS library in each rank. Another number changes the bits of the result.", "Recipe"},

    {"gemm", TREN_OPTION_CHOICE, RECIPE, AT(gemm), "openblas", 0, 0, gemms,
     "Library for matrix products: openblas gives bits that depend on the CPU; portable is tren's own code, which "
     "gives the same bits on every CPU.", "Recipe"},
    {"model.name", TREN_OPTION_TEXT, RECIPE, AT(model.name), "mlp", 0, 0, NULL,
     "Model. mlp: dense layers. cnn: stages of convolution and pooling, then dense layers. cnn5 and resnet18 "
     "(pre-activation): the networks of the literature on double descent. layers: the network in model.layers. For "
     "text: gpt (language model), encoder (classifier), seq2seq (encoder-decoder), token_mlp (predicts the next "
     "token from one token and its position).", "Model"},
    {"model.hidden", TREN_OPTION_INTS, RECIPE, AT(model.hidden), "[512, 256]", 1, 1 << 20, NULL,
     "Widths of the hidden layers of mlp, and of the dense layers of cnn; [] means a single dense layer. For "
     "token_mlp the first width is that of the embedding.", "Model"},
    {"model.width", TREN_OPTION_INT, RECIPE, AT(model.width), "16", 1, 4096, NULL,
     "Channels k in the first stage of cnn5 and resnet18; the later stages have 2k, 4k and 8k. In a transformer: "
     "features d of each token.", "Model"},
    {"model.heads", TREN_OPTION_INT, RECIPE, AT(model.heads), "4", 1, 4096, NULL,
     "Attention heads in each attention layer of a transformer. The number must divide model.width.", "Model"},
    {"model.depth", TREN_OPTION_INT, RECIPE, AT(model.depth), "4", 1, 1024, NULL,
     "Layers of a transformer, each with attention and a feed-forward block. seq2seq has this many in the encoder "
     "and as many in the decoder.", "Model"},
    {"model.feed_forward", TREN_OPTION_INT, RECIPE, AT(model.feed_forward), "0", 0, 1 << 20, NULL,
     "Features inside the feed-forward block of a transformer; 0 means 4 x model.width.", "Model"},
    {"model.channels", TREN_OPTION_INTS, RECIPE, AT(model.channels), "[32, 64]", 1, 1 << 14, NULL,
     "Channels of each stage of cnn. A stage is convolution, batch norm, activation and 2 x 2 max pooling.", "Model"},
    {"model.kernel", TREN_OPTION_INT, RECIPE, AT(model.kernel), "3", 1, 15, NULL,
     "Height and width of the convolution kernels of cnn; an odd number.", "Model"},
    {"model.norm", TREN_OPTION_CHOICE, RECIPE, AT(model.norm), "batch", 0, 0, norms,
     "Normalisation after each convolution of cnn: none, or batch norm over each microbatch.", "Model"},
    {"model.activation", TREN_OPTION_CHOICE, RECIPE, AT(model.activation), "relu", 0, 0, tren_activation_name,
     "Activation after each hidden layer.", "Model"},
    {"model.init", TREN_OPTION_CHOICE, RECIPE, AT(model.init), "he", 0, 0, tren_init_name,
     "Distribution of the initial weights.", "Model"},
    {"model.init_variance", TREN_OPTION_REAL, RECIPE, AT(model.init_variance), "0.01", TREN_ABOVE_0, TREN_NO_LIMIT,
     NULL, "Variance of the initial weights for model.init: gaussian.", "Model"},
    {"model.layers", TREN_OPTION_LAYERS, RECIPE, AT(model.layers), "[]", 0, 0, NULL,
     "Your own network, layer by layer (docs/networks.md). model.name is then not needed.", "Model"},
    {"dropout", TREN_OPTION_REALS, RECIPE, AT(dropout), "[]", 0, TREN_BELOW_1, NULL,
     "Dropout rates: first of the input, then of the output of each hidden layer. A single number applies to every "
     "hidden layer, but not to the input. [] means no dropout.", "Model"},

    {"augment.rotation", TREN_OPTION_REAL, RECIPE, AT(augment.rotation), "0", 0, 180, NULL,
     "Maximum random rotation of a training image, in degrees in either direction. Pixels from outside the image "
     "are 0, or the mean of the channel if 0 is more than 256 standard deviations away from it.", "Augmentation"},
    {"augment.translation", TREN_OPTION_REAL, RECIPE, AT(augment.translation), "0", 0, 1 << 20, NULL,
     "Maximum random shift of a training image along each axis, in pixels; fractions of a pixel occur.",
     "Augmentation"},
    {"augment.crop_padding", TREN_OPTION_INT, RECIPE, AT(augment.crop_padding), "0", 0, 1 << 20, NULL,
     "Pixels of zeros added on each side of a training image before a random crop of the original size. Not "
     "together with augment.translation.",
     "Augmentation"},
    {"augment.flip_horizontal", TREN_OPTION_BOOL, RECIPE, AT(augment.flip_horizontal), "false", 0, 0, NULL,
     "Mirror a random half of the training images left to right, in each epoch anew.", "Augmentation"},
    {"augment.flip_vertical", TREN_OPTION_BOOL, RECIPE, AT(augment.flip_vertical), "false", 0, 0, NULL,
     "Mirror a random half of the training images top to bottom, in each epoch anew.", "Augmentation"},
    {"augment.zoom", TREN_OPTION_REALS, RECIPE, AT(augment.zoom), "[]", 0.1, 10, NULL,
     "Smallest and largest factor of random zoom about the centre of a training image, such as [0.9, 1.1]; [] "
     "means no zoom.",
     "Augmentation"},
    {"augment.noise", TREN_OPTION_REAL, RECIPE, AT(augment.noise), "0", 0, TREN_NO_LIMIT, NULL,
     "Standard deviation of Gaussian noise added to each value of a training image. For images of bytes it is a "
     "fraction of 255, otherwise it has the units of the file.", "Augmentation"},

    {"loss.name", TREN_OPTION_CHOICE, RECIPE, AT(loss.name), "auto", 0, 0, losses,
     "Loss. auto means cross_entropy for classes and half_squares for targets." TREN_LOSSES(LOSS_HELP), "Loss"},
    {"loss.label_smoothing", TREN_OPTION_REAL, RECIPE, AT(loss.label_smoothing), "0", 0, TREN_BELOW_1, NULL,
     "Fraction of each label that is spread evenly over all classes.", "Loss"},
    {"loss.class_weights", TREN_OPTION_REALS, RECIPE, AT(loss.class_weights), "[]", 0, 1e6, class_weights,
     "Weight of the rows of each class in the training loss, in the order of the classes. auto gives every class "
     "the same total weight. The weights are scaled to a mean of 1 per row. Evaluation ignores them.", "Loss"},
    {"loss.positive_weights", TREN_OPTION_REALS, RECIPE, AT(loss.positive_weights), "[]", 0, 1e6, NULL,
     "Weight of a yes compared with a no: one number for all target columns, or one for each column.", "Loss"},
    {"loss.huber_delta", TREN_OPTION_REAL, RECIPE, AT(loss.huber_delta), "1", 1e-6, 1e6, NULL,
     "Size of the error from which huber grows linearly; for normalised targets, in standard deviations.", "Loss"},
    {"normalize_targets", TREN_OPTION_BOOL, RECIPE, AT(normalize_targets), "true", 0, 0, NULL,
     "Normalise real-valued targets for the network, by mean and standard deviation of the training part. Losses, "
     "metrics and predictions keep the units of the data.", "Loss"},

    {"optimizer.name", TREN_OPTION_CHOICE, RECIPE, AT(optimizer.name), "sgd", 0, 0, optimizers,
     "Update rule. lars and lamb scale the step of each weight matrix by its norm, for large batches. scg is "
     "scaled conjugate gradients (Moller 1993) on all training rows, for small problems, best in double: one epoch "
     "is one iteration, and the method finds its own step length.",
     "Optimizer"},
    {"optimizer.learning_rate", TREN_OPTION_REAL, RECIPE, AT(optimizer.learning_rate), "0.1", 0, TREN_NO_LIMIT, NULL,
     "Learning rate before the schedule. Usual values: 0.01 to 0.5 for sgd; 0.001 for adam, adamw and rmsprop; "
     "0.01 for lamb; 1 or more for lars.", "Optimizer"},
    {"optimizer.momentum", TREN_OPTION_REAL, RECIPE, AT(optimizer.momentum), "0", 0, TREN_BELOW_1, NULL,
     "Momentum of sgd, rmsprop and lars.", "Optimizer"},
    {"optimizer.beta1", TREN_OPTION_REAL, RECIPE, AT(optimizer.beta1), "0.9", 0, TREN_BELOW_1, NULL,
     "Decay rate of the running mean of the gradient in adam, adamw and lamb: the fraction kept in each step.",
     "Optimizer"},
    {"optimizer.beta2", TREN_OPTION_REAL, RECIPE, AT(optimizer.beta2), "0.999", 0, TREN_BELOW_1, NULL,
     "Decay rate of the running mean of the squared gradient in adam, adamw, lamb and rmsprop (in PyTorch's "
     "RMSprop: alpha, 0.99).", "Optimizer"},
    {"optimizer.epsilon", TREN_OPTION_REAL, RECIPE, AT(optimizer.epsilon), "1e-8", TREN_ABOVE_0, TREN_NO_LIMIT, NULL,
     "Added to the root of the mean squared gradient, by which the step is divided.", "Optimizer"},
    {"optimizer.nesterov", TREN_OPTION_BOOL, RECIPE, AT(optimizer.nesterov), "false", 0, 0, NULL,
     "Use Nesterov's momentum.", "Optimizer"},
    {"optimizer.lambda", TREN_OPTION_REAL, RECIPE, AT(optimizer.lambda), "null", 0, TREN_NO_LIMIT, NULL,
     "Weight decay lambda of the cost J + lambda/(2m) ||W||^2 with m training rows. Not together with "
     "optimizer.weight_decay.", "Optimizer"},
    {"optimizer.weight_decay", TREN_OPTION_REAL, RECIPE, AT(optimizer.weight_decay), "null", 0, TREN_NO_LIMIT, NULL,
     "Weight decay in PyTorch's definition: lambda/m.", "Optimizer"},
    {"optimizer.clip_norm", TREN_OPTION_REAL, RECIPE, AT(optimizer.clip_norm), "0", 0, TREN_NO_LIMIT, NULL,
     "Maximum Euclidean norm of the whole gradient; a longer gradient is scaled down to it. 0 means no clipping.",
     "Optimizer"},
    {"optimizer.trust", TREN_OPTION_REAL, RECIPE, AT(optimizer.trust), "0.001", TREN_ABOVE_0, TREN_NO_LIMIT, NULL,
     "Trust coefficient of lars: the step of a weight matrix has this fraction of the norm of the matrix, times "
     "the learning rate. Biases use the plain learning rate, as with lamb.",
     "Optimizer"},
    {"optimizer.ema", TREN_OPTION_REAL, RECIPE, AT(optimizer.ema), "0", 0, TREN_BELOW_1, NULL,
     "Keep an exponential moving average of the weights: the fraction of the average kept in each step, such as "
     "0.999. The average starts at the initial weights. Validation and the best weights use the average; training "
     "uses the weights themselves. 0 means no average.",
     "Optimizer"},
    {"optimizer.tolerance_x", TREN_OPTION_REAL, RECIPE, AT(optimizer.tolerance_x), "1e-8", 0, TREN_NO_LIMIT, NULL,
     "scg stops when an iteration changes every weight by less than this, and the loss by less than "
     "optimizer.tolerance_f. 0: it does not stop for this reason.",
     "Optimizer"},
    {"optimizer.tolerance_f", TREN_OPTION_REAL, RECIPE, AT(optimizer.tolerance_f), "1e-12", 0, TREN_NO_LIMIT, NULL,
     "Limit for the change of the loss (mean over rows, with weight decay) in optimizer.tolerance_x.", "Optimizer"},

    {"schedule.name", TREN_OPTION_CHOICE, RECIPE, AT(schedule.name), "constant", 0, 0, schedules,
     "Factor on the learning rate. constant: 1. step: gamma^floor(epoch/period). cosine: a cosine from 1 to "
     "final_factor over all epochs. sqrt: 1/sqrt(1 + floor(step/period)). inverse_sqrt: 1/sqrt(step/warmup_steps).",
     "Learning-rate schedule"},
    {"schedule.warmup_steps", TREN_OPTION_INT, RECIPE, AT(schedule.warmup_steps), "0", 0, 1 << 30, NULL,
     "Linear warm-up: steps in which the learning rate rises from 0.", "Learning-rate schedule"},
    {"schedule.period", TREN_OPTION_INT, RECIPE, AT(schedule.period), "512", 1, 1 << 30, NULL,
     "For step: epochs between two drops of the learning rate. For sqrt: steps between two drops.",
     "Learning-rate schedule"},
    {"schedule.gamma", TREN_OPTION_REAL, RECIPE, AT(schedule.gamma), "0.1", TREN_ABOVE_0, 1, NULL,
     "For step: factor on the learning rate at each drop.", "Learning-rate schedule"},
    {"schedule.final_factor", TREN_OPTION_REAL, RECIPE, AT(schedule.final_factor), "0", 0, 1, NULL,
     "For cosine: factor on the learning rate at the end.", "Learning-rate schedule"},

    {"metrics", TREN_OPTION_WORDS, RECIPE, AT(metrics), "[]", 0, 0, tren_metric_name,
     "Metrics of the validation part to write to metrics.csv, such as [f1, auc] (docs/metrics.md). A metric that "
     "does not apply to the data is an error.", "Metrics"},

    {"early_stopping.rule", TREN_OPTION_CHOICE, RECIPE, AT(early_stopping.rule), "none", 0, 0, stop_rules,
     "Rule that stops the run early. patience: no better validation loss for `patience` epochs. gl (Prechelt's "
     "GL): the loss is gl_alpha percent above the best. up (Prechelt's UP): the loss rises in up_strips successive "
     "strips. standard_error: as patience, but an improvement must be larger than the standard error of the "
     "validation loss, which metrics.csv then contains (val_loss_se).", "Early stopping"},
    {"early_stopping.monitor", TREN_OPTION_CHOICE, RECIPE, AT(early_stopping.monitor), "val_loss", 0, 0, monitors,
     "Value that decides which epoch is best and when to stop: the validation loss or a metric. For each metric it "
     "is known whether larger or smaller is better. metrics.csv gets a column for it.", "Early stopping"},
    {"early_stopping.patience", TREN_OPTION_INT, LENGTH, AT(early_stopping.patience), "10", 1, 1 << 30, NULL,
     "Epochs without a better validation loss before the run stops.", "Early stopping"},
    {"early_stopping.start_epoch", TREN_OPTION_INT, RECIPE, AT(early_stopping.start_epoch), "0", 0, 1 << 30, NULL,
     "First epoch, counted from 1, after which the run may stop early.", "Early stopping"},
    {"early_stopping.min_delta", TREN_OPTION_REAL, RECIPE, AT(early_stopping.min_delta), "0", 0, TREN_NO_LIMIT, NULL,
     "Smallest decrease of the validation loss that restarts the count of patience. The best weights are always "
     "those of the lowest loss.", "Early stopping"},
    {"early_stopping.gl_alpha", TREN_OPTION_REAL, RECIPE, AT(early_stopping.gl_alpha), "5", TREN_ABOVE_0,
     TREN_NO_LIMIT, NULL, "For gl: percent above the best loss at which the run stops.", "Early stopping"},
    {"early_stopping.up_strips", TREN_OPTION_INT, RECIPE, AT(early_stopping.up_strips), "4", 1, 1 << 20, NULL,
     "For up: number of successive rises after which the run stops.", "Early stopping"},
    {"early_stopping.strip_epochs", TREN_OPTION_INT, RECIPE, AT(early_stopping.strip_epochs), "5", 1, 1 << 20, NULL,
     "For up: epochs in a strip.", "Early stopping"},

    {"check_without_dropout", TREN_OPTION_INT, RECIPE, AT(check_without_dropout), "0", 0, 1 << 20, NULL,
     "Epochs of a trial training without dropout, to check that the loss falls; after the trial the run starts "
     "from the initial weights. At least 2; 0 means no trial.", "Length and checkpoints"},
    {"epochs", TREN_OPTION_INT, LENGTH, AT(epochs), "20", 1, 1 << 30, NULL,
     "Number of passes over the training rows.", "Length and checkpoints"},
    {"stop_loss", TREN_OPTION_REAL, LENGTH, AT(stop_loss), "0", 0, TREN_NO_LIMIT, NULL,
     "Stop after an epoch with a mean training loss of at most this value. 0: off.",
     "Length and checkpoints"},
    {"max_steps", TREN_OPTION_INT64, LENGTH, AT(max_steps), "0", 0, 0x1p53, NULL,
     "Stop after this number of steps. The schedule of the learning rate stays that of all epochs. 0: no limit.",
     "Length and checkpoints"},
    {"max_time", TREN_OPTION_SECONDS, LENGTH, AT(max_time), "0", 0, TREN_NO_LIMIT, NULL,
     "After this time the run saves a checkpoint and exits with code 75. 0: no limit.",
     "Length and checkpoints"},
    {"checkpoint_steps", TREN_OPTION_INT, LENGTH, AT(checkpoint_steps), "0", 0, 1 << 30, NULL,
     "Steps between two checkpoints, in addition to the checkpoint after each epoch. 0: only after each epoch.",
     "Length and checkpoints"},
    {"checkpoint_seconds", TREN_OPTION_SECONDS, LENGTH, AT(checkpoint_seconds), "0", 0, TREN_NO_LIMIT, NULL,
     "Time between two checkpoints, in addition to the checkpoint after each epoch. 0: only after each epoch.",
     "Length and checkpoints"},
    {"stall_timeout", TREN_OPTION_SECONDS, LENGTH, AT(stall_timeout), "300", 0, TREN_NO_LIMIT, NULL,
     "Exit with code 6 after this time without progress. 0: off.", "Length and checkpoints"},

    {"reduction", TREN_OPTION_CHOICE, OUTPUT, AT(reduction), "auto", 0, 0, engines,
     "Algorithm that adds up the gradients of the ranks. All give the same bits, except mpi, which is plain "
     "MPI_Iallreduce.",
     "How it runs"},
    {"cpu", TREN_OPTION_CHOICE, OUTPUT, AT(cpu), "auto", 0, 0, tren_cpu_level_name,
     "Instruction set of tren's own kernels. auto: the highest that the CPU has. baseline: any x86-64. v3: AVX2. "
     "v4: AVX-512. All give the same bits.", "How it runs"},
    {"bucket_kib", TREN_OPTION_INT, OUTPUT, AT(bucket_kib), "1024", 1, 1 << 20, NULL,
     "Longest bucket in KiB, in steps of 16: a part of the gradient that is sent as a whole. Those that backward sends "
     "last are shorter, because no computing is left to overlap with. Engines for small models have one bucket.",
     "How it runs"},
    {"stacking", TREN_OPTION_BOOL, OUTPUT, AT(stacking), "true", 0, 0, NULL,
     "Compute the shards of a rank together where a self-test shows that the bits stay the same.",
     "How it runs"},
    {"gradient_noise", TREN_OPTION_INT, OUTPUT, AT(gradient_noise), "100", 0, 1 << 30, NULL,
     "Steps between two measurements of the gradient noise, each of which takes at most the time of one step; "
     "metrics.csv and 'tren plan' show from it how many rows a step can use. 0: off. Needs at least 2 shards.",
     "How it runs"},
    {"evaluate_test", TREN_OPTION_BOOL, OUTPUT, AT(evaluate_test), "true", 0, 0, NULL,
     "Evaluate the best weights on the test part at the end.", "How it runs"},
    {"progress", TREN_OPTION_CHOICE, OUTPUT, AT(progress), "auto", 0, 0, progresses,
     "Progress bar; auto: only on a terminal.", "How it runs"},
    {"plots", TREN_OPTION_BOOL, OUTPUT, AT(plots), "true", 0, 0, NULL,
     "Draw curves.svg at the end.", "How it runs"},
    {"tensorboard", TREN_OPTION_BOOL, OUTPUT, AT(tensorboard), "false", 0, 0, NULL,
     "Write an event file for TensorBoard to the run folder, with a scalar for each column of metrics.csv.",
     "How it runs"},
};
/* clang-format on */

enum { N_OPTIONS = sizeof options / sizeof *options };
_Static_assert((int)N_OPTIONS <= (int)TREN_MAX_KEYS, "raise TREN_MAX_KEYS");

const tren_option *tren_options(size_t *n) {
    if (n) *n = N_OPTIONS;
    return options;
}

const tren_option *tren_option_find(const char *key) {
    for (size_t i = 0; i < N_OPTIONS; i++)
        if (strcmp(options[i].key, key) == 0) return &options[i];
    return NULL;
}

bool tren_option_nullable(const tren_option *option) {
    return option->fallback && strcmp(option->fallback, "null") == 0;
}

bool tren_option_is_list(const tren_option *option) {
    return option->type == TREN_OPTION_INTS || option->type == TREN_OPTION_REALS ||
           option->type == TREN_OPTION_WORDS;
}
