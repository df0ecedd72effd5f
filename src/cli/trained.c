#include "cli/trained.h"
#include "base/text.h"
#include "cli/launch.h"
#include "cli/console.h"
#include "cli/out_file.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- which checkpoint, which part ------------------------------------------------------------ */

static tren_status find_in_folder(tren_trained *t, const char *folder, const char *which) {
    static const char *const name[] = {"best", "last"};
    for (size_t i = 0; i < sizeof name / sizeof *name; i++) {
        if (which && strcmp(which, name[i]) != 0) continue;
        snprintf(t->path, sizeof t->path, "%s/%s.h5", folder, name[i]);
        if (access(t->path, F_OK) == 0) return TREN_OK;
    }
    if (which && strcmp(which, "best") == 0)
        return tren_fail(TREN_ERR_CHECKPOINT,
                         "%s has no best.h5 yet, which is written after the first complete epoch; "
                         "--which last uses the last checkpoint",
                         folder);
    return tren_fail(TREN_ERR_CHECKPOINT,
                     "%s has no %s; give the run folder of a 'tren train' that has saved a "
                     "checkpoint, or a checkpoint",
                     folder, which ? "last.h5" : "checkpoint (best.h5 or last.h5)");
}

static tren_status find_checkpoint(tren_trained *t, const tren_trained_args *args) {
    struct stat info;
    const char *which = args->which;
    if (which && strcmp(which, "best") != 0 && strcmp(which, "last") != 0)
        return tren_fail(TREN_ERR_USAGE,
                         "--which: '%s' is neither best nor last; give one of these", which);
    if (strlen(args->source) >= TREN_MAX_PATH)
        return tren_fail(TREN_ERR_USAGE,
                         "the path of the checkpoint is longer than %d bytes; choose a shorter one",
                         TREN_MAX_PATH - 1);
    if (stat(args->source, &info) != 0)
        return tren_fail(TREN_ERR_CHECKPOINT,
                         "there is no run folder or checkpoint '%s'; give the folder of a 'tren "
                         "train', or a checkpoint such as runs/NAME/best.h5",
                         args->source);
    if (S_ISDIR(info.st_mode)) return find_in_folder(t, args->source, which);
    if (which)
        return tren_fail(
            TREN_ERR_USAGE,
            "--which %s chooses within a run folder, but '%s' is a file; remove --which", which,
            args->source);
    snprintf(t->path, sizeof t->path, "%s", args->source);
    return TREN_OK;
}

static tren_status find_part(tren_part *part, const char *split) {
    *part = TREN_TEST;
    if (!split) return TREN_OK;
    for (int i = 0; i < TREN_N_PARTS; i++)
        if (strcmp(split, tren_part_name[i]) == 0) {
            *part = (tren_part)i;
            return TREN_OK;
        }
    const char *nearest = tren_text_nearest(split, tren_part_name, TREN_N_PARTS);
    return tren_fail(TREN_ERR_USAGE, "--split: '%s' is not a part of a dataset; %s%s%s", split,
                     nearest ? "did you mean '" : "the parts are train, validation and test",
                     nearest ? nearest : "", nearest ? "'?" : "");
}

static tren_status choose_data(tren_trained *t, const char *data) {
    if (t->no_data) return TREN_OK;
    if (!data) {
        if (access(t->config.data, F_OK) == 0) return TREN_OK;
        return tren_fail(
            TREN_ERR_DATA,
            "the training dataset of %s, '%s', does not exist; give another with --data", t->path,
            t->config.data);
    }
    /* Any dataset that suits the network will do. */
    t->checkpoint.dataset_digest = t->checkpoint.rows_digest = 0;
    return tren_config_set(&t->config, "data", data, "command line");
}

/* A file by another name is more likely a mistake than a damaged checkpoint. */
static tren_status read_checkpoint(tren_trained *t) {
    tren_status st = tren_checkpoint_read(&t->checkpoint, t->path);
    if (st != TREN_ERR_CHECKPOINT || tren_path_ends(t->path, ".h5") ||
        strstr(tren_error_text(), "runs/NAME"))
        return st;
    return tren_fail(st,
                     "%s; give a run folder ('tren runs' lists them), or a checkpoint such as "
                     "runs/NAME/best.h5",
                     tren_error_text());
}

tren_status tren_trained_find(tren_trained *t, const tren_trained_args *args, char **argv) {
    *t = (tren_trained){
        .unlabeled = args->unlabeled, .no_rows = args->no_rows, .no_data = args->no_data};
    TREN_TRY(find_part(&t->part, args->split));
    TREN_TRY(find_checkpoint(t, args));
    TREN_TRY(read_checkpoint(t));
    bool is_double = strcmp(t->checkpoint.precision, "double") == 0;
    TREN_TRY(tren_launch_precision(is_double ? TREN_PRECISION_DOUBLE : TREN_PRECISION_FLOAT, argv));
    TREN_TRY(tren_checkpoint_config(&t->config, &t->checkpoint, t->path));
    /* The level is this CPU's, not that of the training, on which nothing depends. */
    TREN_TRY(tren_config_set(&t->config, "cpu", args->cpu ? args->cpu : "auto", "command line"));
    return choose_data(t, args->data);
}

/* ---- the network and the dataset ------------------------------------------------------------- */

/* "rows of 1 x 28 x 28 and 10 classes" */
static const char *describe_data(char out[128], const tren_dataset_info *info) {
    char shape[TREN_SHAPE_TEXT];
    tren_dataset_shape(shape, info);
    bool classes = info->n_classes > 0;
    int n = classes ? info->n_classes : info->n_targets;
    if (n == 0)
        snprintf(out, 128, "rows of %s", shape);
    else
        snprintf(out, 128, "rows of %s and %d %s%s", shape, n, classes ? "class" : "target",
                 n == 1 ? "" : (classes ? "es" : "s"));
    return out;
}

static tren_status check_names(const tren_trained *t, const tren_dataset_info *info) {
    const tren_dataset_info *net = &t->checkpoint.data;
    for (int i = 0; net->class_name && info->class_name && i < net->n_classes; i++)
        if (strcmp(net->class_name[i], info->class_name[i]) != 0)
            return tren_fail(
                TREN_ERR_DATA,
                "class %d is '%s' in %s, but '%s' in the training data of %s; give the classes the "
                "same names and order (tren data import --class-names)",
                i, info->class_name[i], t->config.data, net->class_name[i], t->path);
    return TREN_OK;
}

static bool has_column(const tren_dataset_info *info, const char *name) {
    for (int i = 0; i < info->shape.c; i++)
        if (strcmp(info->column_name[i], name) == 0) return true;
    return false;
}

/* Columns by name, where both sides have names: the first that is missing, too much or elsewhere.
 */
static tren_status check_columns(const tren_trained *t, const tren_dataset_info *info) {
    const tren_dataset_info *net = &t->checkpoint.data;
    if (!net->column_name || !info->column_name) return TREN_OK;
    int at = 0, n = net->shape.c < info->shape.c ? net->shape.c : info->shape.c;
    while (at < n && strcmp(net->column_name[at], info->column_name[at]) == 0) at++;
    if (at == net->shape.c && at == info->shape.c) return TREN_OK;
    for (int i = 0; i < net->shape.c; i++)
        if (!has_column(info, net->column_name[i]))
            return tren_fail(TREN_ERR_DATA,
                             "%s has no column '%s', on which %s was trained; give a table with "
                             "the columns of the training data",
                             t->config.data, net->column_name[i], t->path);
    for (int i = 0; i < info->shape.c; i++)
        if (!has_column(net, info->column_name[i]))
            return tren_fail(TREN_ERR_DATA,
                             "%s has a column '%s', on which %s was not trained; remove it (tren "
                             "data import csv --ignore '%s')",
                             t->config.data, info->column_name[i], t->path, info->column_name[i]);
    if (at == n) return TREN_OK; /* a name that stands twice: the sizes tell */
    return tren_fail(TREN_ERR_DATA,
                     "column %d of %s, counted from 0, is '%s', but '%s' in the training data of "
                     "%s; put the columns into the order of the training data",
                     at, t->config.data, info->column_name[at], net->column_name[at], t->path);
}

static bool is_same_row(const tren_dataset_info *info, const tren_dataset_info *net) {
    bool same = info->shape.c == net->shape.c && info->shape.h == net->shape.h &&
                info->shape.w == net->shape.w;
    if (info->n_targets == 0) return same;
    return same && info->n_classes == net->n_classes && info->n_targets == net->n_targets;
}

/* A file with some of the classes only: its own numbering would be another one. */
static tren_status few_classes(const tren_trained *t, const tren_dataset_info *info) {
    const tren_dataset_info *net = &t->checkpoint.data;
    char names[200] = "";
    for (int i = 0; i < net->n_classes && strlen(names) < sizeof names - 40; i++) {
        size_t at = strlen(names);
        if (net->class_name)
            snprintf(names + at, sizeof names - at, "%s%s", i ? "," : "", net->class_name[i]);
        else
            snprintf(names + at, sizeof names - at, "%s%d", i ? "," : "", i);
    }
    return tren_fail(
        TREN_ERR_DATA,
        "%s has %d classes, but %s was trained on %d; if they are some of these, import it again "
        "with --class-names and all classes of the training data, in their order: %s",
        t->config.data, info->n_classes, t->path, net->n_classes, names);
}

/* then: 0 where any dataset will do. */
static tren_status check_same(const tren_trained *t, uint64_t now, uint64_t then) {
    if (then == 0 || now == then) return TREN_OK;
    return tren_fail(
        TREN_ERR_DATA,
        "%s has changed since %s was trained on it (digest %016llx now, %016llx then), so its "
        "parts may differ from those of the training; --data %s uses it anyway",
        t->config.data, t->path, (unsigned long long)now, (unsigned long long)then, t->config.data);
}

/* Of a dataset without digests the checkpoint has that of all rows, which are read for it. */
static tren_status check_same_rows(const tren_trained *t) {
    uint64_t now = 0, then = t->checkpoint.rows_digest;
    if (then != 0) TREN_TRY(tren_dataset_digest_all(&now, t->dataset));
    return check_same(t, now, then);
}

static bool is_same_kind(const tren_dataset_info *info, const tren_dataset_info *net) {
    return info->label_axis == net->label_axis && (info->tokens[1] > 0) == (net->tokens[1] > 0);
}

/* Rows may be shorter than those of the training. */
static bool is_same_text(const tren_dataset_info *info, const tren_dataset_info *net) {
    bool same =
        is_same_kind(info, net) && (info->n_targets == 0 || info->n_classes == net->n_classes);
    for (int k = 0; k < TREN_SEQUENCES; k++) same &= info->tokens[k] <= net->tokens[k];
    return same;
}

/* What a token means is a matter of the tokenizer. */
static tren_status check_tokens(const tren_trained *t, const tren_dataset_info *info) {
    const tren_dataset_info *net = &t->checkpoint.data;
    char there[128], wanted[128];
    if (is_same_kind(info, net) && info->tokenizer != net->tokenizer)
        return tren_fail(TREN_ERR_DATA,
                         "%s: its tokenizer differs from that of the training of %s; give --data "
                         "the dataset of the training, or text imported with its tokenizer ('tren "
                         "data import' with --tokenizer and that dataset)",
                         t->config.data, t->path);
    if (is_same_text(info, net)) return TREN_OK;
    return tren_fail(
        TREN_ERR_DATA,
        "%s has %s, but the network of %s was trained on %s; give --data a dataset with such rows",
        t->config.data, describe_data(there, info), t->path, describe_data(wanted, net));
}

static tren_status check_suits(const tren_trained *t, const tren_dataset_info *info) {
    const tren_dataset_info *net = &t->checkpoint.data;
    char there[128], wanted[128];
    bool tokens = info->vocabulary > 0 && net->vocabulary > 0;
    if (tokens) TREN_TRY(check_tokens(t, info));
    if (!tokens) TREN_TRY(check_columns(t, info));
    bool same_shape = memcmp(&info->shape, &net->shape, sizeof net->shape) == 0;
    if (same_shape && info->n_classes > 0 && info->n_classes < net->n_classes)
        return few_classes(t, info);
    if (!tokens && !is_same_row(info, net))
        return tren_fail(TREN_ERR_DATA,
                         "%s has %s, but the network of %s was trained on %s; give --data a "
                         "dataset with such rows",
                         t->config.data, describe_data(there, info), t->path,
                         describe_data(wanted, net));
    TREN_TRY(check_names(t, info));
    TREN_TRY(check_same(t, info->digest, t->checkpoint.dataset_digest));
    if (info->rows[t->part] > 0 || t->no_rows) return TREN_OK;
    return tren_fail(TREN_ERR_DATA, "%s has no rows in its %s part; choose another with --split",
                     t->config.data, tren_part_name[t->part]);
}

/* Bytes against numbers between 0 and 1, for example: nothing in a file tells its units. */
static void warn_of_units(const tren_trained *t, const tren_dataset_info *info) {
    tren_type trained = t->checkpoint.data.x_type;
    if ((trained == TREN_U8) == (info->x_type == TREN_U8)) return;
    fprintf(stderr,
            "warning: %s holds %s, but the network was trained on %s; the results are meaningful "
            "only if the units are the same\n",
            tren_cli_shown(t->config.data), tren_type_name(info->x_type), tren_type_name(trained));
}

/* The first rank speaks, and reads the rows: agree() compares them with those of the others. */
static tren_status open_data(tren_trained *t, bool is_first) {
    TREN_TRY(t->unlabeled ? tren_dataset_open_rows(&t->dataset, t->config.data)
                          : tren_dataset_open(&t->dataset, t->config.data));
    const tren_dataset_info *info = tren_dataset_info_of(t->dataset);
    TREN_TRY(tren_checkpoint_check_data(&t->checkpoint, info, t->path));
    TREN_TRY(check_suits(t, info));
    if (is_first) TREN_TRY(check_same_rows(t));
    if (is_first) warn_of_units(t, info);
    return TREN_OK;
}

static tren_status open_network(tren_trained *t) {
    tren_status built = tren_model_build(&t->graph, &t->config, &t->checkpoint.data);
    if (built == TREN_ERR_USAGE || built == TREN_ERR_DATA)
        return tren_fail(TREN_ERR_CHECKPOINT,
                         "%s is damaged: its config and data make no network (%s); give another "
                         "checkpoint, or train again",
                         t->path, tren_error_text());
    TREN_TRY(built);
    if (t->graph->n_values > t->checkpoint.n_values)
        return tren_fail(TREN_ERR_CHECKPOINT,
                         "%s is damaged: it has %zu weights, but the network of its config has "
                         "%zu; give another checkpoint, or train again",
                         t->path, t->checkpoint.n_values, t->graph->n_values);
    TREN_TRY(tren_arena_open(&t->value, t->graph->n_values));
    return tren_checkpoint_read_values(t->value.at, t->path, t->graph);
}

static tren_status open_local(tren_trained *t, bool is_first) {
    if (t->checkpoint.data.n_stats == 0 && t->checkpoint.data.vocabulary == 0)
        return tren_fail(TREN_ERR_CHECKPOINT,
                         "%s does not say how its input was normalised: train again with this "
                         "version",
                         t->path);
    if (!t->no_data) TREN_TRY(open_data(t, is_first));
    return open_network(t);
}

static const char one_file[] =
    "if a run has just saved a checkpoint there, start again; else give all ranks the same file";

/* Before anything that depends on it: its config, its dataset. */
static tren_status agree_on_source(const tren_trained *t, const tren_comm *comm) {
    tren_facts facts = {0};
    char name[sizeof t->path + 40];
    tren_facts_add(&facts, "the checkpoint", "%s", t->path);
    tren_facts_add(&facts, "--split", "%s", tren_part_name[t->part]);
    TREN_TRY(tren_agree_on_config(comm, &facts));
    snprintf(name, sizeof name, "%s: the digest of the checkpoint", t->path);
    tren_facts_add(&facts, name, "%016llx", (unsigned long long)t->checkpoint.digest);
    return tren_comm_same(comm, &facts, TREN_ERR_CHECKPOINT, one_file);
}

/* A running training may have replaced the checkpoint since it was read. */
static tren_status agree(const tren_trained *t, const tren_comm *comm) {
    tren_facts facts = {0};
    char name[sizeof t->path + 32];
    snprintf(name, sizeof name, "%s: the digest of the weights", t->path);
    tren_facts_add(&facts, name, "%016llx",
                   (unsigned long long)tren_digest(t->value.at, t->value.len * sizeof(real)));
    TREN_TRY(tren_comm_same(comm, &facts, TREN_ERR_CHECKPOINT, one_file));
    return t->no_data ? TREN_OK : tren_agree_on_dataset(comm, t->config.data, t->dataset);
}

tren_status tren_trained_open(tren_trained *t, const tren_comm *comm) {
    char name[TREN_COMM_TEXT];
    if (comm->size > 1) TREN_TRY(agree_on_source(t, comm));
    tren_blas_threads(t->config.blas_threads);
    tren_status st = open_local(t, comm->rank == 0);
    if (st != TREN_OK && comm->rank > 0) tren_fail_in(st, "%s", tren_comm_name(name, comm));
    TREN_TRY(tren_comm_agree(comm, st));
    return comm->size > 1 ? agree(t, comm) : TREN_OK;
}

void tren_trained_warn(const tren_trained *t, const char *what) {
    fprintf(
        stderr,
        "warning: for some rows the network computes values that are not finite, so %s nothing; "
        "look for extreme values in the data with 'tren data check %s'\n",
        what, tren_cli_shown(t->config.data));
}

void tren_trained_close(tren_trained *t) {
    tren_dataset_close(t->dataset);
    tren_graph_close(t->graph);
    tren_arena_close(&t->value);
    tren_checkpoint_close(&t->checkpoint);
    *t = (tren_trained){0};
}

tren_status tren_trained_evaluator(tren_evaluator **evaluator, tren_trained *t,
                                   const tren_comm *comm, tren_trained_use use) {
    tren_eval_spec spec = {.dataset = t->dataset,
                           .part = t->part,
                           .graph = t->graph,
                           .value = t->value.at,
                           .shared = use == TREN_TRAINED_SCORED,
                           .metrics = use == TREN_TRAINED_SCORED ? TREN_ALL_METRICS : 0,
                           .tally = use == TREN_TRAINED_SCORED,
                           .trained_on = &t->checkpoint.data};
    return tren_evaluator_open(evaluator, comm, &spec);
}

/* ---- for people ------------------------------------------------------------------------------ */

size_t tren_trained_rows(const tren_trained *t) {
    return tren_dataset_info_of(t->dataset)->rows[t->part];
}

/* The best weights are saved before their epoch is over. */
static bool is_best(const tren_trained *t) {
    return tren_digest(t->value.at, t->value.len * sizeof(real)) == t->checkpoint.at.best_digest;
}

int64_t tren_trained_epoch(const tren_trained *t) {
    return is_best(t) ? t->checkpoint.at.best_epoch : t->checkpoint.at.epoch;
}

void tren_trained_describe(char *out, size_t n, const tren_trained *t) {
    char layers[256] = "", when[64];
    const tren_position *at = &t->checkpoint.at;
    tren_graph_describe(layers, sizeof layers, t->graph);
    if (!is_best(t) && at->step > 0)
        snprintf(when, sizeof when, "epoch %lld, after %lld steps of it", (long long)at->epoch + 1,
                 (long long)at->step);
    else
        snprintf(when, sizeof when, "epoch %lld", (long long)tren_trained_epoch(t));
    int had = snprintf(out, n, "weights  %s: %s %s, %s", tren_cli_shown(t->path),
                       t->config.model.name, layers, when);
    if (t->no_data || had >= (int)n) return;
    snprintf(out + had, n - (size_t)had, "\ndata     %s: %s part, %zu rows",
             tren_cli_shown(t->config.data), tren_part_name[t->part], tren_trained_rows(t));
}
