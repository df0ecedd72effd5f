/* tren import-weights: the weights of a safetensors file as a checkpoint of the network that a
 * config describes, without a training behind it. */
#include "cli/cmd.h"
#include "cli/console.h"
#include "cli/out_file.h"
#include "cli/own_args.h"
#include "tren/train.h"
#include "tren/export.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct import_args {
    const char *from, *out;
    bool force, help;
} import_args;

static tren_status check(const import_args *a) {
    static const char *const others[] = {".h5", ".onnx", ".npz", ".pt", ".pth", ".bin"};
    if (!a->from)
        return tren_fail(TREN_ERR_USAGE, "--from is missing: give the safetensors file to read");
    if (!a->out) return tren_fail(TREN_ERR_USAGE, "--out is missing: give the checkpoint to write");
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (tren_path_ends(a->from, others[i]))
            return tren_fail(TREN_ERR_USAGE,
                             "--from: '%s' is not a safetensors file by its name; make one, by "
                             "'tren export --to safetensors' or the package safetensors",
                             a->from);
    return tren_out_ending(a->out, ".h5");
}

static tren_status parse(import_args *a, tren_config *config, int argc, char **argv) {
    const tren_arg options[] = {
        {"from", TREN_ARG_TEXT, &a->from, "FILE.safetensors",
         .help = "Weights: all parameters of the network, with the names that 'tren export --to "
                 "safetensors' writes."},
        {"out", TREN_ARG_TEXT, &a->out, "FILE.h5",
         .help = "Checkpoint to write, for init_from, eval, predict, generate and export."},
        {"force", TREN_ARG_FLAG, &a->force, NULL,
         .help = "Overwrite an existing file, unless it is a checkpoint of a training."},
        {.name = NULL}};
    tren_args table = {
        .command = "import-weights",
        .synopsis = "CONFIG.yaml --from FILE.safetensors --out FILE.h5 [--force] [--KEY VALUE ...]",
        .summary = "Turn external weights into a checkpoint of the network that the config "
                   "describes. The dataset of the config gives the normalisation of the input. "
                   "Every key of the config is also an option here ('tren train --help').",
        .options = options};
    a->help = tren_args_ask_help(argc, argv);
    if (a->help) return tren_args_parse(&table, argc, argv);
    tren_own_args own;
    tren_cli_run run = {0};
    tren_status st = tren_own_args_parse(&own, &table, config, &run, argc, argv);
    tren_own_args_close(&own);
    return st == TREN_OK ? check(a) : st;
}

/* What lies behind the checkpoint: nothing was trained. */
static tren_status describe(tren_checkpoint *c, const tren_config *config,
                            const tren_dataset_info *info) {
    *c = (tren_checkpoint){.canonical = true, .dataset_digest = info->digest};
    snprintf(c->precision, sizeof c->precision, "%s", TREN_REAL_NAME);
    snprintf(c->optimizer, sizeof c->optimizer, "%s", tren_optimizer_find(config)->name);
    TREN_TRY(tren_config_format(&c->config, config));
    return tren_checkpoint_set_data(c, info);
}

/* The dataset's is used; weights that were trained with another expect other numbers. */
static void compare_normalization(const tren_import *import, const tren_dataset_info *info,
                                  const char *data) {
    bool same = import->n_stats == info->n_stats;
    for (size_t k = 0; k < info->n_stats && same; k++)
        same = fabs(import->mean[k] - info->mean[k]) <= 1e-6 * info->sd[k] &&
               fabs(import->sd[k] - info->sd[k]) <= 1e-6 * info->sd[k];
    if (import->n_stats == 0 || same) return;
    fprintf(stderr,
            "warning: the file's normalization.mean and normalization.sd are not those of %s, by "
            "which the input is normalised, so the network sees other numbers than in its "
            "training; name the dataset that the weights were trained on by --data, or train them "
            "on with this one (init_from)\n",
            tren_cli_shown(data));
}

/* What the network puts out is in units of the file's own. */
static tren_status take_target_scale(tren_checkpoint *c, tren_import *file, const char *from) {
    if (file->n_targets == 0) return TREN_OK;
    if (c->data.n_classes > 0 || file->n_targets != (size_t)c->data.n_targets)
        return tren_fail(TREN_ERR_DATA,
                         "%s has the normalisation of %zu targets, but the dataset of the config "
                         "has %d; give the config that belongs to the file",
                         from, file->n_targets, c->data.n_classes > 0 ? 0 : c->data.n_targets);
    c->data.target_mean = file->target_mean;
    c->data.target_sd = file->target_sd;
    file->target_mean = file->target_sd = NULL;
    return TREN_OK;
}

static tren_status write_checkpoint(const char *path, const tren_checkpoint *c,
                                    const tren_checkpoint_arrays *arrays) {
    char folder[TREN_MAX_PATH];
    snprintf(folder, sizeof folder, "%s", path);
    char *slash = strrchr(folder, '/');
    const char *name = slash ? path + (slash - folder) + 1 : path;
    if (slash) slash[slash == folder] = '\0';
    return tren_checkpoint_write(slash ? folder : ".", name, NULL, c, arrays);
}

typedef struct imported {
    tren_dataset *dataset;
    tren_graph *graph;
    tren_arena value;
    tren_import file;
    tren_checkpoint checkpoint;
} imported;

static void close_all(imported *all) {
    tren_checkpoint_close(&all->checkpoint);
    tren_import_close(&all->file);
    tren_arena_close(&all->value);
    tren_graph_close(all->graph);
    tren_dataset_close(all->dataset);
}

static tren_status import(imported *all, const import_args *a, const tren_config *config) {
    tren_out_file out;
    char layers[256];
    TREN_TRY(tren_out_keep_input(a->out, a->from));
    TREN_TRY(tren_out_keep_input(a->out, config->data));
    TREN_TRY(tren_out_check(&out, a->out, a->force));
    TREN_TRY(tren_dataset_open(&all->dataset, config->data));
    const tren_dataset_info *info = tren_dataset_info_of(all->dataset);
    TREN_TRY(tren_model_build(&all->graph, config, info));
    TREN_TRY(tren_arena_open(&all->value, all->graph->n_values));
    TREN_TRY(tren_import_safetensors(all->value.at, &all->file, all->graph, a->from));
    compare_normalization(&all->file, info, config->data);
    TREN_TRY(describe(&all->checkpoint, config, info));
    TREN_TRY(take_target_scale(&all->checkpoint, &all->file, a->from));
    TREN_TRY(
        write_checkpoint(a->out, &all->checkpoint,
                         &(tren_checkpoint_arrays){.graph = all->graph, .value = all->value.at}));
    tren_graph_describe(layers, sizeof layers, all->graph);
    printf("%s: %s %s, %zu weights of %s\n", tren_cli_shown(a->out), config->model.name, layers,
           all->graph->n_values, tren_cli_shown(a->from));
    return tren_cli_flush();
}

int tren_cmd_import_weights(int argc, char **argv) {
    import_args a = {0};
    imported all = {0};
    tren_config config;
    tren_status st = parse(&a, &config, argc, argv);
    if (st == TREN_OK && !a.help) st = import(&all, &a, &config);
    close_all(&all);
    return tren_cli_fail("import-weights", st);
}
