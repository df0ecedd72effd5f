/* tren eval: how good trained weights are on a part of a dataset, on however many ranks. */
#include "cli/args.h"
#include "cli/cmd.h"
#include "cli/console.h"
#include "cli/eval_report.h"
#include "cli/out_file.h"
#include "cli/trained.h"

#include <math.h>

typedef struct eval_args {
    tren_trained_args trained;
    const char *out;
    bool json, force, help;
} eval_args;

static tren_status parse(eval_args *a, int argc, char **argv) {
    const char *source[1];
    const tren_arg options[] = {
        {"data", TREN_ARG_TEXT, &a->trained.data, "FILE.h5",
         .help = "Dataset; default: that of the run. It is normalised as the training data was."},
        {"split", TREN_ARG_TEXT, &a->trained.split, "PART",
         .help = "train, validation or test; default: test."},
        {"which", TREN_ARG_TEXT, &a->trained.which, "best|last",
         .help =
             "Checkpoint to use from a run folder; default: best, or last if there is no best."},
        TREN_TRAINED_CPU(&a->trained.cpu),
        {"json", TREN_ARG_FLAG, &a->json, NULL, .help = "Print JSON."},
        {"out", TREN_ARG_TEXT, &a->out, "FILE.csv",
         .help = "Write the confusion matrix, or for targets the errors."},
        {"force", TREN_ARG_FLAG, &a->force, NULL, .help = "Overwrite an existing file."},
        {.name = NULL}};
    tren_args args = {
        .command = "eval",
        .synopsis = "RUN_DIR|CHECKPOINT [--data FILE.h5] [--split PART] [--json]",
        .summary = "Evaluate a trained model: loss and metrics. Classes: accuracy, precision, "
                   "recall, F1, area under the ROC curve and the confusion matrix. Targets: R^2 "
                   "and errors. Text: perplexity. Within an MPI job the ranks share the rows; the "
                   "results do not depend on the number of ranks.",
        .options = options,
        .positional = source,
        .max_positional = 1};
    TREN_TRY(tren_args_parse(&args, argc, argv));
    a->help = args.help;
    if (a->help) return TREN_OK;
    if (args.n_positional == 0)
        return tren_fail(TREN_ERR_USAGE,
                         "a run folder or checkpoint is missing: tren eval RUN_DIR|CHECKPOINT");
    a->trained.source = source[0];
    return TREN_OK;
}

/* Rank 0. */
static tren_status report(const eval_args *a, tren_out_file *out, const tren_trained *trained,
                          const tren_eval_result *result) {
    if (a->out) {
        TREN_TRY(tren_out_open_text(out));
        tren_eval_csv(out->text, trained, result);
        TREN_TRY(tren_out_finish(out));
    }
    if (a->json)
        tren_eval_json(stdout, trained, result);
    else
        tren_eval_print(stdout, trained, result);
    if (!isfinite(result->scores.loss)) tren_trained_warn(trained, "the loss and metrics mean");
    return tren_cli_flush();
}

static tren_status check_out(tren_out_file *out, const eval_args *a, const tren_trained *t) {
    TREN_TRY(tren_out_keep_input(a->out, t->path));
    TREN_TRY(tren_out_keep_input(a->out, t->config.data));
    return tren_out_check(out, a->out, a->force);
}

static tren_status agree(const tren_comm *comm, const eval_args *a) {
    tren_facts facts = {0};
    if (comm->size == 1) return TREN_OK;
    TREN_TRY(tren_agree_on_program(comm, "evaluate"));
    tren_facts_add(&facts, "--out", "%s", a->out ? a->out : "not given");
    tren_facts_add(&facts, "--json", "%s", a->json ? "given" : "not given");
    tren_facts_add(&facts, "--force", "%s", a->force ? "given" : "not given");
    return tren_agree_on_config(comm, &facts);
}

/* The same on every rank. */
static tren_status check_text(const eval_args *a, const tren_trained *t) {
    if (!a->out || tren_dataset_info_of(t->dataset)->label_axis == 0) return TREN_OK;
    return tren_fail(TREN_ERR_USAGE, "--out: there is no confusion matrix for text, because every "
                                     "token is a class; remove --out, or use --json");
}

static tren_status evaluate(const tren_comm *comm, const void *args, tren_trained *trained) {
    const eval_args *a = args;
    tren_evaluator *evaluator = NULL;
    tren_eval_result result = {0};
    tren_out_file out = {0};
    tren_status st = agree(comm, a);
    if (st != TREN_OK) return st;
    if (comm->rank == 0 && a->out) st = check_out(&out, a, trained);
    TREN_GOTO(tren_comm_agree(comm, st));
    TREN_GOTO(tren_trained_open(trained, comm));
    TREN_GOTO(check_text(a, trained));
    TREN_GOTO(tren_trained_evaluator(&evaluator, trained, comm, TREN_TRAINED_SCORED));
    TREN_GOTO(tren_evaluate(&result.scores, evaluator, comm));
    result.tally = tren_evaluator_tally(evaluator);
    if (comm->rank == 0) st = report(a, &out, trained, &result);
    st = tren_comm_agree(comm, st);
done:
    tren_out_close(&out);
    tren_evaluator_close(evaluator);
    return st;
}

int tren_cmd_eval(int argc, char **argv) {
    eval_args a = {0};
    tren_status st = parse(&a, argc, argv);
    if (st == TREN_OK && a.help) return 0;
    tren_trained_command command = {"eval", evaluate, &a.trained, &a};
    return tren_trained_main(&command, st, argv);
}
