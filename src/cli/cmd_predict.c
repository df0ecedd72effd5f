/* tren predict: what trained weights say of each row. Writing is what takes the time, so rank 0
 * works alone: one process will do, and more write the same file. */
#include "cli/args.h"
#include "cli/cmd.h"
#include "cli/console.h"
#include "cli/predict_out.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct predict_args {
    tren_trained_args trained;
    const char *out;
    int top; /* 0: all */
    bool force, help;
} predict_args;

static tren_status check(predict_args *a, const tren_args *args, const char *source) {
    if (args->n_positional == 0)
        return tren_fail(TREN_ERR_USAGE, "a run folder or checkpoint is missing: tren predict "
                                         "RUN_DIR|CHECKPOINT --data FILE.h5 --out FILE.csv");
    a->trained.source = source;
    a->trained.unlabeled = true;
    if (!a->trained.data)
        return tren_fail(TREN_ERR_USAGE, "--data is missing: give the dataset with the rows");
    if (!a->out) return tren_fail(TREN_ERR_USAGE, "--out is missing: give the file to write");
    if (!tren_path_ends(a->out, ".csv") && !tren_path_ends(a->out, ".h5") &&
        !tren_path_ends(a->out, ".hdf5"))
        return tren_fail(TREN_ERR_USAGE,
                         "--out: '%s' ends neither in .csv nor in .h5; use one of these endings",
                         a->out);
    return TREN_OK;
}

static tren_status parse(predict_args *a, int argc, char **argv) {
    const char *source[1] = {NULL};
    const tren_arg options[] = {
        {"data", TREN_ARG_TEXT, &a->trained.data, "FILE.h5",
         .help = "Dataset with the rows. It is normalised as the training data was."},
        {"split", TREN_ARG_TEXT, &a->trained.split, "PART",
         .help = "train, validation or test; default: test."},
        {"out", TREN_ARG_TEXT, &a->out, "FILE",
         .help = "File to write: CSV or HDF5, by its ending (.csv or .h5)."},
        {"top", TREN_ARG_INT, &a->top, "K",
         .help =
             "Write only the K most probable classes of each row, in order; default: all classes.",
         .min = 1, .max = INFINITY},
        {"which", TREN_ARG_TEXT, &a->trained.which, "best|last",
         .help =
             "Checkpoint to use from a run folder; default: best, or last if there is no best."},
        TREN_TRAINED_CPU(&a->trained.cpu),
        {"force", TREN_ARG_FLAG, &a->force, NULL, .help = "Overwrite an existing file."},
        {.name = NULL}};
    tren_args args = {
        .command = "predict",
        .synopsis = "RUN_DIR|CHECKPOINT --data FILE.h5 --out FILE.csv|FILE.h5 "
                    "[--split PART] [--top K]",
        .summary =
            "Write what a trained model predicts for each row: the class and the probabilities of "
            "the classes, or the targets. The true values are written beside them, if known.",
        .options = options,
        .positional = source,
        .max_positional = 1};
    TREN_TRY(tren_args_parse(&args, argc, argv));
    a->help = args.help;
    return a->help ? TREN_OK : check(a, &args, source[0]);
}

/* ---- one block ------------------------------------------------------------------------------- */

typedef struct predictor {
    const tren_predict_format *format;
    tren_predict_out out;
    real *output;   /* [TREN_EVAL_ROWS][classes] owned; NULL for targets */
    int32_t *order; /* [TREN_EVAL_ROWS][top] owned; NULL for targets */
    size_t correct;
    bool not_finite; /* an output of some row */
} predictor;

/* The top classes of one row by its logits, the first of equals first: the order by which the
 * trainer counts. Softmax could make logits that differ equal. */
static void find_top(int32_t *order, const real *z, int n, int top) {
    int have = 0;
    for (int j = 0; j < n; j++) {
        if (have == top && !(z[j] > z[order[top - 1]])) continue;
        int at = have < top ? have++ : top - 1;
        for (; at > 0 && z[j] > z[order[at - 1]]; at--) order[at] = order[at - 1];
        order[at] = j;
    }
}

static void find_classes(predictor *p, const tren_eval_block *b) {
    int outputs = p->out.outputs;
    memcpy(p->output, b->output, (size_t)b->n * (size_t)outputs * sizeof *b->output);
    for (int i = 0; i < b->n; i++) {
        int32_t *order = p->order + (size_t)i * (size_t)p->out.top;
        find_top(order, b->output + (size_t)i * (size_t)outputs, outputs, p->out.top);
        p->correct += b->label && order[0] == b->label[i];
    }
    tren_kernels_best()->softmax(p->output, b->n, outputs);
}

static tren_status predict_block(void *ctx, const tren_eval_block *b) {
    predictor *p = ctx;
    size_t n = (size_t)b->n * (size_t)p->out.outputs;
    for (size_t i = 0; i < n; i++) p->not_finite |= !isfinite(b->output[i]);
    if (p->out.classes) find_classes(p, b);
    tren_predicted rows = {.first = b->first,
                           .n = b->n,
                           .output = p->output,
                           .value = b->predicted,
                           .order = p->order,
                           .label = b->label,
                           .target = b->target};
    return p->format->add(&p->out, &rows);
}

/* ---- all of it ------------------------------------------------------------------------------- */

static tren_status predictor_open(predictor *p, const tren_trained *t, const predict_args *a) {
    const tren_dataset_info *info = tren_dataset_info_of(t->dataset), *net = &t->checkpoint.data;
    tren_predict_out *out = &p->out;
    out->trained = t;
    out->rows = tren_trained_rows(t);
    out->classes = net->n_classes > 0;
    out->labeled = info->n_targets > 0;
    out->outputs = tren_model_outputs(net);
    if (out->classes)
        out->output_name = info->class_name ? info->class_name : net->class_name;
    else
        out->output_name = info->target_name ? info->target_name : net->target_name;
    out->all = a->top == 0;
    out->top = a->top == 0 ? 1 : a->top;
    if (a->top > 0 && !out->classes)
        return tren_fail(TREN_ERR_USAGE,
                         "--top %d chooses among classes, but %s has targets; remove --top", a->top,
                         t->config.data);
    if (a->top > out->outputs)
        return tren_fail(TREN_ERR_USAGE,
                         "--top %d: there are only %d classes; give at most that many", a->top,
                         out->outputs);
    p->format = tren_path_ends(a->out, ".csv") ? &tren_predict_csv : &tren_predict_h5;
    if (!out->classes) return TREN_OK;
    TREN_TRY(tren_alloc(&p->output, TREN_EVAL_ROWS * (size_t)out->outputs, sizeof *p->output,
                        "predictions"));
    return tren_alloc(&p->order, TREN_EVAL_ROWS * (size_t)out->top, sizeof *p->order,
                      "predictions");
}

static void predictor_close(predictor *p) {
    tren_h5_close(p->out.h5); /* before the temporary file is removed */
    free(p->output);
    free(p->order);
}

static void say(const predictor *p, const predict_args *a) {
    printf("%s: predictions for %zu rows of the %s part of %s", tren_cli_shown(a->out), p->out.rows,
           tren_part_name[p->out.trained->part], tren_cli_shown(p->out.trained->config.data));
    if (p->out.classes && p->out.labeled)
        printf(", %zu correct (accuracy %.4f)", p->correct,
               (double)p->correct / (double)p->out.rows);
    printf("\n");
    if (p->not_finite) tren_trained_warn(p->out.trained, "their predictions mean");
}

/* Rank 0. */
static tren_status write_all(const predict_args *a, tren_trained *t, tren_out_file *file,
                             tren_evaluator *evaluator) {
    predictor p = {.out.file = file};
    tren_status st = TREN_OK;
    TREN_GOTO(predictor_open(&p, t, a));
    TREN_GOTO(p.format->begin(&p.out));
    TREN_GOTO(tren_evaluator_each(evaluator, predict_block, &p));
    TREN_GOTO(p.format->finish(&p.out));
    say(&p, a);
    st = tren_cli_flush();
done:
    predictor_close(&p);
    return st;
}

static tren_status check_out(tren_out_file *file, const predict_args *a, const tren_trained *t) {
    TREN_TRY(tren_out_keep_input(a->out, t->path));
    TREN_TRY(tren_out_keep_input(a->out, t->config.data));
    return tren_out_check(file, a->out, a->force);
}

static tren_status agree(const tren_comm *comm, const predict_args *a) {
    tren_facts facts = {0};
    if (comm->size == 1) return TREN_OK;
    TREN_TRY(tren_agree_on_program(comm, "predict"));
    tren_facts_add(&facts, "--out", "%s", a->out);
    tren_facts_add(&facts, "--top", "%d", a->top);
    tren_facts_add(&facts, "--force", "%s", a->force ? "given" : "not given");
    return tren_agree_on_config(comm, &facts);
}

/* The same on every rank. */
static tren_status check_rows(const tren_trained *t) {
    if (tren_dataset_info_of(t->dataset)->label_axis == 0) return TREN_OK;
    return tren_fail(TREN_ERR_USAGE,
                     "%s holds text, where every token is predicted: use 'tren generate' to write "
                     "text, and 'tren eval' to measure the predictions",
                     t->config.data);
}

static tren_status predict(const tren_comm *comm, const void *args, tren_trained *trained) {
    const predict_args *a = args;
    tren_evaluator *evaluator = NULL;
    tren_out_file file = {0};
    tren_status st = agree(comm, a);
    if (st != TREN_OK) return st;
    if (comm->rank == 0) st = check_out(&file, a, trained);
    TREN_GOTO(tren_comm_agree(comm, st));
    TREN_GOTO(tren_trained_open(trained, comm));
    TREN_GOTO(check_rows(trained));
    TREN_GOTO(tren_trained_evaluator(&evaluator, trained, comm, TREN_TRAINED_ROWS));
    if (comm->rank == 0) st = write_all(a, trained, &file, evaluator);
    st = tren_comm_agree(comm, st);
done:
    tren_out_close(&file);
    tren_evaluator_close(evaluator);
    return st;
}

int tren_cmd_predict(int argc, char **argv) {
    predict_args a = {0};
    tren_status st = parse(&a, argc, argv);
    if (st == TREN_OK && a.help) return 0;
    tren_trained_command command = {"predict", predict, &a.trained, &a};
    return tren_trained_main(&command, st, argv);
}
