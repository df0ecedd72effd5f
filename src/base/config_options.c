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
static const char *const engines[] = {"auto",     "shared", "hierarchical", "halving", "direct",
                                      "doubling", "gather", "mpi",          NULL};
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
     "The dataset, a file made by 'tren data'. A run is tied to the dataset's digest, not to its path.", "Files"},
    {"out", TREN_OPTION_TEXT, OUTPUT, AT(out), "", 0, 0, NULL,
     "The run folder. Left empty, it is runs/NAME, where NAME is that of the config file, or of the dataset "
     "when there is none, without its ending.", "Files"},
    {"init_from", TREN_OPTION_TEXT, RECIPE, AT(init_from), "", 0, 0, NULL,
     "A checkpoint whose weights are the initial ones. Left empty, the weights are drawn from the seed.", "Files"},

    {"seed", TREN_OPTION_SEED, RECIPE, AT(seed), "1", 0, 0, NULL,
     "The seed of everything random: initial weights, order of the rows, dropout, augmentation.", "Recipe"},
    {"precision", TREN_OPTION_CHOICE, RECIPE, AT(precision), "float", 0, 0, precisions,
     "The type of weights, activations and gradients; double runs the program tren64.", "Recipe"},
    {"shards", TREN_OPTION_INT, RECIPE, AT(shards), "4", 1, 65536, NULL,
     "Into how many pieces the training rows are cut. A run may use any number of ranks up to this one, and ends "
     "with the same bits on each.", "Recipe"},
    {"batch_size", TREN_OPTION_INT, RECIPE, AT(batch_size), "256", 1, 1 << 30, NULL,
     "Rows of a step, over all ranks together; not for scg, which takes all training rows.", "Recipe"},
    {"shuffle", TREN_OPTION_BOOL, RECIPE, AT(shuffle), "true", 0, 0, NULL,
     "Whether each epoch draws a new order of the rows; false keeps the order of the file.", "Recipe"},
    {"blas_threads", TREN_OPTION_INT, RECIPE, AT(blas_threads), "1", 1, 1024, NULL,
     "Threads of the BLAS library in each rank. Another number gives other bits.", "Recipe"},

    {"gemm", TREN_OPTION_CHOICE, RECIPE, AT(gemm), "openblas", 0, 0, gemms,
     "Who computes matrix products: OpenBLAS, whose bits depend on the CPU, or tren itself, with the same bits on "
     "every CPU.", "Recipe"},
    {"model.name", TREN_OPTION_TEXT, RECIPE, AT(model.name), "mlp", 0, 0, NULL,
     "The model: mlp is a stack of dense layers; cnn stages of convolution and pooling, then dense layers; cnn5 and "
     "resnet18 (pre-activation) are those of the double-descent literature; layers is what model.layers says. "
     "Transformers, for texts: gpt is a language model, encoder a classifier, seq2seq an encoder-decoder; token_mlp tells "
     "the next token from one token and its place.", "Model"},
    {"model.hidden", TREN_OPTION_INTS, RECIPE, AT(model.hidden), "[512, 256]", 1, 1 << 20, NULL,
     "Widths of the hidden layers of mlp, and of the dense ones of cnn; [] leaves a single dense layer. Of token_mlp the "
     "width of the embedding comes first.", "Model"},
    {"model.width", TREN_OPTION_INT, RECIPE, AT(model.width), "16", 1, 4096, NULL,
     "Channels k of the first stage of cnn5 and resnet18; the others have 2k, 4k and 8k. In transformers the features d "
     "of a token.", "Model"},
    {"model.heads", TREN_OPTION_INT, RECIPE, AT(model.heads), "4", 1, 4096, NULL,
     "Heads of each attention in a transformer; their number must divide model.width.", "Model"},
    {"model.depth", TREN_OPTION_INT, RECIPE, AT(model.depth), "4", 1, 1024, NULL,
     "Layers of a transformer, each of attention and feed-forward; seq2seq has so many in its encoder, and in its "
     "decoder.", "Model"},
    {"model.feed_forward", TREN_OPTION_INT, RECIPE, AT(model.feed_forward), "0", 0, 1 << 20, NULL,
     "Features between the two dense layers of a transformer's feed-forward block; 0 is 4 model.width.", "Model"},
    {"model.channels", TREN_OPTION_INTS, RECIPE, AT(model.channels), "[32, 64]", 1, 1 << 14, NULL,
     "Channels of the stages of cnn: convolution, batch norm, activation, 2 x 2 maximum.", "Model"},
    {"model.kernel", TREN_OPTION_INT, RECIPE, AT(model.kernel), "3", 1, 15, NULL,
     "Height and width of the kernels of cnn, an odd number.", "Model"},
    {"model.norm", TREN_OPTION_CHOICE, RECIPE, AT(model.norm), "batch", 0, 0, norms,
     "How cnn normalises behind a convolution: not at all, or over each microbatch.", "Model"},
    {"model.activation", TREN_OPTION_CHOICE, RECIPE, AT(model.activation), "relu", 0, 0, tren_activation_name,
     "What follows each hidden layer.", "Model"},
    {"model.init", TREN_OPTION_CHOICE, RECIPE, AT(model.init), "he", 0, 0, tren_init_name,
     "How the initial weights are drawn.", "Model"},
    {"model.init_variance", TREN_OPTION_REAL, RECIPE, AT(model.init_variance), "0.01", TREN_ABOVE_0, TREN_NO_LIMIT,
     NULL, "Variance of the initial weights with model.init: gaussian.", "Model"},
    {"model.layers", TREN_OPTION_LAYERS, RECIPE, AT(model.layers), "[]", 0, 0, NULL,
     "A network of one's own, layer by layer (docs/networks.md), which needs no model.name.", "Model"},
    {"dropout", TREN_OPTION_REALS, RECIPE, AT(dropout), "[]", 0, TREN_BELOW_1, NULL,
     "Drop rates: of the input, then of each hidden layer's output. One number alone holds for every hidden layer "
     "but not for the input; [] is no dropout.", "Model"},

    {"augment.rotation", TREN_OPTION_REAL, RECIPE, AT(augment.rotation), "0", 0, 180, NULL,
     "Training images are turned by an angle that is drawn for each image and epoch, of at most so many degrees "
     "either way. What lies outside an image is 0, or the channel's mean where that is far from 0 for its spread "
     "(more than 256 sd).", "Augmentation"},
    {"augment.translation", TREN_OPTION_REAL, RECIPE, AT(augment.translation), "0", 0, 1 << 20, NULL,
     "Training images are moved along each axis by at most so many pixels either way, and by fractions of pixels.",
     "Augmentation"},
    {"augment.crop_padding", TREN_OPTION_INT, RECIPE, AT(augment.crop_padding), "0", 0, 1 << 20, NULL,
     "Training images get so many pixels of zeros on each side, and a crop of the old size is taken. Give this or "
     "translation.",
     "Augmentation"},
    {"augment.flip_horizontal", TREN_OPTION_BOOL, RECIPE, AT(augment.flip_horizontal), "false", 0, 0, NULL,
     "Whether half of the training images, chosen anew in each epoch, swap left and right.", "Augmentation"},
    {"augment.flip_vertical", TREN_OPTION_BOOL, RECIPE, AT(augment.flip_vertical), "false", 0, 0, NULL,
     "Whether half of them swap top and bottom, chosen in the same way.", "Augmentation"},
    {"augment.zoom", TREN_OPTION_REALS, RECIPE, AT(augment.zoom), "[]", 0.1, 10, NULL,
     "Training images are enlarged about their centre by a factor between these two, such as [0.9, 1.1]; [] leaves "
     "their size.",
     "Augmentation"},
    {"augment.noise", TREN_OPTION_REAL, RECIPE, AT(augment.noise), "0", 0, TREN_NO_LIMIT, NULL,
     "The standard deviation of Gaussian noise on each value of a training image: as a share of 255 for bytes, else "
     "in the units of the file.", "Augmentation"},

    {"loss.name", TREN_OPTION_CHOICE, RECIPE, AT(loss.name), "auto", 0, 0, losses,
     "The loss; auto is cross_entropy for classes and half_squares for targets." TREN_LOSSES(LOSS_HELP), "Loss"},
    {"loss.label_smoothing", TREN_OPTION_REAL, RECIPE, AT(loss.label_smoothing), "0", 0, TREN_BELOW_1, NULL,
     "The share of each label that is spread evenly over all classes.", "Loss"},
    {"loss.class_weights", TREN_OPTION_REALS, RECIPE, AT(loss.class_weights), "[]", 0, 1e6, class_weights,
     "How much a row of each class counts in training, in order; auto gives all classes the same sum. They are scaled so "
     "that a row counts 1 in the mean. Evaluation counts all rows alike.", "Loss"},
    {"loss.positive_weights", TREN_OPTION_REALS, RECIPE, AT(loss.positive_weights), "[]", 0, 1e6, NULL,
     "How much a yes counts beside a no: one number for all columns of targets, or one for each.", "Loss"},
    {"loss.huber_delta", TREN_OPTION_REAL, RECIPE, AT(loss.huber_delta), "1", 1e-6, 1e6, NULL,
     "The error from which huber grows in a straight line; of normalised targets in standard deviations.", "Loss"},
    {"normalize_targets", TREN_OPTION_BOOL, RECIPE, AT(normalize_targets), "true", 0, 0, NULL,
     "Whether a network learns real targets less their mean, over their standard deviation, both of the training part. "
     "Losses, metrics and predictions are told in the units of the data all the same.", "Loss"},

    {"optimizer.name", TREN_OPTION_CHOICE, RECIPE, AT(optimizer.name), "sgd", 0, 0, optimizers,
     "How the weights follow the gradient. lars and lamb give each weight matrix a step in proportion to its norm, for "
     "large batches. scg is scaled conjugate gradients (Moller 1993) on all training rows at "
     "once, for small problems, best in double: an epoch is one iteration of it, which finds its own step length.",
     "Optimizer"},
    {"optimizer.learning_rate", TREN_OPTION_REAL, RECIPE, AT(optimizer.learning_rate), "0.1", 0, TREN_NO_LIMIT, NULL,
     "The learning rate, before the schedule's factor. Usual are 0.01 to 0.5 for sgd, 0.001 for adam, adamw and rmsprop, "
     "0.01 for lamb, and 1 and more for lars.", "Optimizer"},
    {"optimizer.momentum", TREN_OPTION_REAL, RECIPE, AT(optimizer.momentum), "0", 0, TREN_BELOW_1, NULL,
     "Momentum of sgd, rmsprop and lars.", "Optimizer"},
    {"optimizer.beta1", TREN_OPTION_REAL, RECIPE, AT(optimizer.beta1), "0.9", 0, TREN_BELOW_1, NULL,
     "How much of the running mean of the gradient is kept in a step of adam, adamw and lamb.", "Optimizer"},
    {"optimizer.beta2", TREN_OPTION_REAL, RECIPE, AT(optimizer.beta2), "0.999", 0, TREN_BELOW_1, NULL,
     "The same for the running mean of its square, and that of rmsprop (PyTorch's alpha, there 0.99).", "Optimizer"},
    {"optimizer.epsilon", TREN_OPTION_REAL, RECIPE, AT(optimizer.epsilon), "1e-8", TREN_ABOVE_0, TREN_NO_LIMIT, NULL,
     "Added to the denominator, the root of that mean.", "Optimizer"},
    {"optimizer.nesterov", TREN_OPTION_BOOL, RECIPE, AT(optimizer.nesterov), "false", 0, 0, NULL,
     "Nesterov's momentum instead of the plain one.", "Optimizer"},
    {"optimizer.lambda", TREN_OPTION_REAL, RECIPE, AT(optimizer.lambda), "null", 0, TREN_NO_LIMIT, NULL,
     "Weight decay as in J + lambda/(2m) ||W||^2 with m training rows. Give this or weight_decay.", "Optimizer"},
    {"optimizer.weight_decay", TREN_OPTION_REAL, RECIPE, AT(optimizer.weight_decay), "null", 0, TREN_NO_LIMIT, NULL,
     "Weight decay as PyTorch counts it: lambda/m.", "Optimizer"},
    {"optimizer.clip_norm", TREN_OPTION_REAL, RECIPE, AT(optimizer.clip_norm), "0", 0, TREN_NO_LIMIT, NULL,
     "The largest Euclidean norm of the whole gradient; longer ones are scaled down. 0 turns it off.", "Optimizer"},
    {"optimizer.trust", TREN_OPTION_REAL, RECIPE, AT(optimizer.trust), "0.001", TREN_ABOVE_0, TREN_NO_LIMIT, NULL,
     "The trust coefficient of lars: the gradient of a weight matrix is scaled so that a step is this share of the "
     "matrix's norm, times the learning rate. Biases take the whole learning rate, as with lamb.",
     "Optimizer"},
    {"optimizer.ema", TREN_OPTION_REAL, RECIPE, AT(optimizer.ema), "0", 0, TREN_BELOW_1, NULL,
     "Keeps an exponential moving average of the weights, of which each step keeps this share, such as 0.999. The "
     "average starts at the initial weights; it is what is validated and kept as the best weights, and training goes on "
     "from the weights. 0 turns it off.",
     "Optimizer"},
    {"optimizer.tolerance_x", TREN_OPTION_REAL, RECIPE, AT(optimizer.tolerance_x), "1e-8", 0, TREN_NO_LIMIT, NULL,
     "scg ends with an iteration that moves no weight by so much, and the loss by less than tolerance_f. 0: never.",
     "Optimizer"},
    {"optimizer.tolerance_f", TREN_OPTION_REAL, RECIPE, AT(optimizer.tolerance_f), "1e-12", 0, TREN_NO_LIMIT, NULL,
     "The same for the loss, weight decay included, as a mean over rows.", "Optimizer"},

    {"schedule.name", TREN_OPTION_CHOICE, RECIPE, AT(schedule.name), "constant", 0, 0, schedules,
     "The learning rate's factor: 1; gamma^floor(epoch/period); a cosine from 1 to final_factor over the epochs; "
     "1/sqrt(1 + floor(step/period)); 1/sqrt(step/warmup_steps).", "Learning-rate schedule"},
    {"schedule.warmup_steps", TREN_OPTION_INT, RECIPE, AT(schedule.warmup_steps), "0", 0, 1 << 30, NULL,
     "Steps over which the learning rate first rises in a line from 0.", "Learning-rate schedule"},
    {"schedule.period", TREN_OPTION_INT, RECIPE, AT(schedule.period), "512", 1, 1 << 30, NULL,
     "Epochs between the drops of step; steps between those of sqrt.", "Learning-rate schedule"},
    {"schedule.gamma", TREN_OPTION_REAL, RECIPE, AT(schedule.gamma), "0.1", TREN_ABOVE_0, 1, NULL,
     "What each drop of step multiplies the learning rate by.", "Learning-rate schedule"},
    {"schedule.final_factor", TREN_OPTION_REAL, RECIPE, AT(schedule.final_factor), "0", 0, 1, NULL,
     "Where the cosine ends, as a share of the learning rate.", "Learning-rate schedule"},

    {"metrics", TREN_OPTION_WORDS, RECIPE, AT(metrics), "[]", 0, 0, tren_metric_name,
     "Metrics of the validation part that metrics.csv has a column for, such as [f1, auc] (docs/metrics.md); one that the "
     "data cannot have is refused.", "Metrics"},

    {"early_stopping.rule", TREN_OPTION_CHOICE, RECIPE, AT(early_stopping.rule), "none", 0, 0, stop_rules,
     "When the validation loss ends the run: after `patience` epochs without a better one; when it exceeds the best "
     "by gl_alpha percent (Prechelt's GL); when it rose in up_strips successive strips (his UP). standard_error is patience "
     "that counts only improvements larger than the standard error of the validation loss, which gets a column in "
     "metrics.csv (val_loss_se).", "Early stopping"},
    {"early_stopping.monitor", TREN_OPTION_CHOICE, RECIPE, AT(early_stopping.monitor), "val_loss", 0, 0, monitors,
     "What tells the best epoch, and ends the run: the validation loss or a metric, of which more or less is better "
     "as it is known of each. It gets a column in metrics.csv.", "Early stopping"},
    {"early_stopping.patience", TREN_OPTION_INT, LENGTH, AT(early_stopping.patience), "10", 1, 1 << 30, NULL,
     "Epochs to wait for a better validation loss.", "Early stopping"},
    {"early_stopping.start_epoch", TREN_OPTION_INT, RECIPE, AT(early_stopping.start_epoch), "0", 0, 1 << 30, NULL,
     "The first epoch, counted from 1, after which the run may end early.", "Early stopping"},
    {"early_stopping.min_delta", TREN_OPTION_REAL, RECIPE, AT(early_stopping.min_delta), "0", 0, TREN_NO_LIMIT, NULL,
     "By more than this the loss must fall below the loss of the last reset to reset patience; the best weights are "
     "those of the lowest loss.", "Early stopping"},
    {"early_stopping.gl_alpha", TREN_OPTION_REAL, RECIPE, AT(early_stopping.gl_alpha), "5", TREN_ABOVE_0,
     TREN_NO_LIMIT, NULL, "Percent above the best loss at which the rule gl stops.", "Early stopping"},
    {"early_stopping.up_strips", TREN_OPTION_INT, RECIPE, AT(early_stopping.up_strips), "4", 1, 1 << 20, NULL,
     "Successive rises after which the rule up stops.", "Early stopping"},
    {"early_stopping.strip_epochs", TREN_OPTION_INT, RECIPE, AT(early_stopping.strip_epochs), "5", 1, 1 << 20, NULL,
     "Epochs in a strip of the rule up.", "Early stopping"},

    {"check_without_dropout", TREN_OPTION_INT, RECIPE, AT(check_without_dropout), "0", 0, 1 << 20, NULL,
     "Epochs trained first without dropout, to see whether the loss falls, before the run starts from the initial "
     "weights: at least 2. 0 turns it off.", "Length and checkpoints"},
    {"epochs", TREN_OPTION_INT, LENGTH, AT(epochs), "20", 1, 1 << 30, NULL,
     "How many times each training row is seen.", "Length and checkpoints"},
    {"stop_loss", TREN_OPTION_REAL, LENGTH, AT(stop_loss), "0", 0, TREN_NO_LIMIT, NULL,
     "The run ends after an epoch whose mean training loss is at most this. 0: off.",
     "Length and checkpoints"},
    {"max_steps", TREN_OPTION_INT64, LENGTH, AT(max_steps), "0", 0, 0x1p53, NULL,
     "The run ends after this many steps. 0: no limit.", "Length and checkpoints"},
    {"max_time", TREN_OPTION_SECONDS, LENGTH, AT(max_time), "0", 0, TREN_NO_LIMIT, NULL,
     "After this time the run saves a checkpoint and leaves with exit code 75. 0: no limit.",
     "Length and checkpoints"},
    {"checkpoint_steps", TREN_OPTION_INT, LENGTH, AT(checkpoint_steps), "0", 0, 1 << 30, NULL,
     "Steps between checkpoints, beside the one at the end of each epoch. 0: only that one.",
     "Length and checkpoints"},
    {"checkpoint_seconds", TREN_OPTION_SECONDS, LENGTH, AT(checkpoint_seconds), "0", 0, TREN_NO_LIMIT, NULL,
     "Time between checkpoints, in the same way.", "Length and checkpoints"},
    {"stall_timeout", TREN_OPTION_SECONDS, LENGTH, AT(stall_timeout), "300", 0, TREN_NO_LIMIT, NULL,
     "After this time without progress the run ends with exit code 6. 0 turns it off.", "Length and checkpoints"},

    {"reduction", TREN_OPTION_CHOICE, OUTPUT, AT(reduction), "auto", 0, 0, engines,
     "How the ranks add up the gradients. All give the same bits but mpi, which is plain MPI_Iallreduce.",
     "How it runs"},
    {"cpu", TREN_OPTION_CHOICE, OUTPUT, AT(cpu), "auto", 0, 0, tren_cpu_level_name,
     "The instruction set of tren's own kernels: auto takes the highest that the CPU has. baseline is any x86-64, v3 "
     "has AVX2, v4 AVX-512. All give the same bits.", "How it runs"},
    {"bucket_kib", TREN_OPTION_INT, OUTPUT, AT(bucket_kib), "1024", 1, 1 << 20, NULL,
     "KiB of gradient that are sent together.", "How it runs"},
    {"stacking", TREN_OPTION_BOOL, OUTPUT, AT(stacking), "true", 0, 0, NULL,
     "Whether a rank computes its shards together where a self-test finds that the bits stay the same.",
     "How it runs"},
    {"gradient_noise", TREN_OPTION_INT, OUTPUT, AT(gradient_noise), "100", 0, 1 << 30, NULL,
     "Every so many steps the noise of the gradients is measured, which costs at most one step more; metrics.csv and "
     "tren plan tell how many rows a step can use. 0 turns it off. Needs 2 shards or more.", "How it runs"},
    {"evaluate_test", TREN_OPTION_BOOL, OUTPUT, AT(evaluate_test), "true", 0, 0, NULL,
     "Whether the best weights are evaluated on the test part at the end.", "How it runs"},
    {"progress", TREN_OPTION_CHOICE, OUTPUT, AT(progress), "auto", 0, 0, progresses,
     "The progress bar; auto shows it where a person is watching.", "How it runs"},
    {"plots", TREN_OPTION_BOOL, OUTPUT, AT(plots), "true", 0, 0, NULL,
     "Whether curves.svg is drawn at the end.", "How it runs"},
    {"tensorboard", TREN_OPTION_BOOL, OUTPUT, AT(tensorboard), "false", 0, 0, NULL,
     "Whether the run folder gets an event file for TensorBoard, with a scalar for each column of metrics.csv.",
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
