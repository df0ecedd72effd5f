/* tren export: trained weights in the formats of other programs. Rank 0 works alone; one process
 * will do. */
#include "cli/args.h"
#include "cli/cmd.h"
#include "cli/console.h"
#include "cli/out_file.h"
#include "cli/trained.h"
#include "tren/export.h"

#include <string.h>
#include <sys/stat.h>

typedef struct export_args {
    tren_trained_args trained;
    const char *to, *out;
    const tren_export_format *format;
    char path[TREN_MAX_PATH + 64]; /* what is written */
    bool force, help;
} export_args;

/* NAME.onnx beside the run folder or checkpoint NAME. */
static tren_status choose_path(export_args *a) {
    const char *source = a->trained.source;
    size_t n = strlen(source);
    while (n > 1 && source[n - 1] == '/') n--;
    if (tren_path_ends(source, ".h5")) n -= strlen(".h5");
    int had = a->out
                  ? snprintf(a->path, sizeof a->path, "%s", a->out)
                  : snprintf(a->path, sizeof a->path, "%.*s%s", (int)n, source, a->format->ending);
    if (had < (int)sizeof a->path) return TREN_OK;
    return tren_fail(TREN_ERR_USAGE, "the path of the file is longer than %zu bytes; give --out",
                     sizeof a->path - 1);
}

static tren_status check(export_args *a, const tren_args *args, const char *source) {
    if (args->n_positional == 0)
        return tren_fail(TREN_ERR_USAGE,
                         "a run folder or checkpoint is missing: tren export RUN_DIR|CHECKPOINT "
                         "--to onnx|safetensors|npz");
    if (!a->to)
        return tren_fail(TREN_ERR_USAGE,
                         "--to is missing: give the format, onnx, safetensors or npz");
    a->trained.source = source;
    a->trained.no_data = true;
    TREN_TRY(tren_export_find(&a->format, a->to));
    if (a->out) TREN_TRY(tren_out_ending(a->out, a->format->ending));
    return choose_path(a);
}

static tren_status parse(export_args *a, int argc, char **argv) {
    const char *source[1] = {NULL};
    const tren_arg options[] = {
        {"to", TREN_ARG_TEXT, &a->to, "onnx|safetensors|npz",
         .help = "onnx: the network with its normalisation, for onnxruntime and other programs. "
                 "safetensors: the weights by name, for PyTorch. npz: the same for NumPy."},
        {"out", TREN_ARG_TEXT, &a->out, "FILE",
         .help = "File to write; default: the name of the run folder or checkpoint, with the "
                 "ending of the format."},
        {"which", TREN_ARG_TEXT, &a->trained.which, "best|last",
         .help =
             "Checkpoint to use from a run folder; default: best, or last if there is no best."},
        {"force", TREN_ARG_FLAG, &a->force, NULL, .help = "Overwrite an existing file."},
        {.name = NULL}};
    tren_args args = {.command = "export",
                      .synopsis = "RUN_DIR|CHECKPOINT --to onnx|safetensors|npz [--out FILE]",
                      .summary = "Write trained weights for other programs. No dataset is needed. "
                                 "docs/exports.md describes the files.",
                      .options = options,
                      .positional = source,
                      .max_positional = 1};
    TREN_TRY(tren_args_parse(&args, argc, argv));
    a->help = args.help;
    return a->help ? TREN_OK : check(a, &args, source[0]);
}

static tren_status say(const export_args *a, const tren_trained *t) {
    char text[512];
    struct stat info = {0};
    stat(a->path, &info);
    tren_trained_describe(text, sizeof text, t);
    printf("%s\nwritten  %s: %s, %.1f kB\n", text, tren_cli_shown(a->path), a->format->help,
           (double)info.st_size / 1000);
    return tren_cli_flush();
}

/* Rank 0. */
static tren_status write_file(const export_args *a, tren_trained *t, tren_out_file *file) {
    tren_export e = {.graph = t->graph,
                     .value = t->value.at,
                     .data = &t->checkpoint.data,
                     .config = t->checkpoint.config};
    TREN_TRY(tren_out_open_text(file));
    TREN_TRY(a->format->write(file->text, &e));
    TREN_TRY(tren_out_finish(file));
    return say(a, t);
}

static tren_status agree(const tren_comm *comm, const export_args *a) {
    tren_facts facts = {0};
    if (comm->size == 1) return TREN_OK;
    TREN_TRY(tren_agree_on_program(comm, "export"));
    tren_facts_add(&facts, "--to", "%s", a->to);
    tren_facts_add(&facts, "--out", "%s", a->path);
    tren_facts_add(&facts, "--force", "%s", a->force ? "given" : "not given");
    return tren_agree_on_config(comm, &facts);
}

static tren_status export(const tren_comm *comm, const void *args, tren_trained *trained) {
    const export_args *a = args;
    tren_out_file file = {0};
    tren_status st = agree(comm, a);
    if (st != TREN_OK) return st;
    if (comm->rank == 0) st = tren_out_keep_input(a->path, trained->path);
    if (comm->rank == 0 && st == TREN_OK) st = tren_out_check(&file, a->path, a->force);
    TREN_GOTO(tren_comm_agree(comm, st));
    TREN_GOTO(tren_trained_open(trained, comm));
    if (comm->rank == 0) st = write_file(a, trained, &file);
    st = tren_comm_agree(comm, st);
done:
    tren_out_close(&file);
    return st;
}

int tren_cmd_export(int argc, char **argv) {
    export_args a = {0};
    tren_status st = parse(&a, argc, argv);
    if (st == TREN_OK && a.help) return 0;
    tren_trained_command command = {"export", export, &a.trained, &a};
    return tren_trained_main(&command, st, argv);
}
