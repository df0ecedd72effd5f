/* tren scale-launch: what 'tren scale' starts on some ranks. Trains a few steps and writes when
 * each of them took how long. */
#include "cli/args.h"
#include "cli/cmd.h"
#include "cli/console.h"
#include "cli/mpi_start.h"
#include "cli/own_args.h"
#include "cli/scale_machine.h"
#include "cli/stop_signal.h"
#include "tren/train.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct launch_args {
    const char *record, *mode;
    int repeat, steps, skip;
} launch_args;

static tren_status read_args(launch_args *a, tren_config *config, int argc, char **argv) {
    const tren_arg own[] = {
        {"record", TREN_ARG_TEXT, &a->record, "FILE", .help = "Folder for the results."},
        {"mode", TREN_ARG_TEXT, &a->mode, "MODE", .help = "base, strong or weak."},
        {"repeat", TREN_ARG_INT, &a->repeat, "N", .help = "Number of the launch.", .min = 1,
         .max = 1 << 20},
        {"steps", TREN_ARG_INT, &a->steps, "N", .help = "Number of steps to train.", .min = 1,
         .max = 1 << 24},
        {"skip", TREN_ARG_INT, &a->skip, "N", .help = "Number of steps that are not measured.",
         .min = 0, .max = 1 << 24},
        {.name = NULL}};
    tren_args args = {.command = "scale-launch",
                      .synopsis = "CONFIG.yaml --record FILE",
                      .summary = "One launch of 'tren scale'.",
                      .options = own};
    tren_own_args sorted = {0};
    tren_cli_run run = {0};
    tren_status st = tren_own_args_parse(&sorted, &args, config, &run, argc, argv);
    tren_own_args_close(&sorted);
    TREN_TRY(st);
    if (a->record && a->mode && a->skip < a->steps) return TREN_OK;
    return tren_fail(TREN_ERR_USAGE, "this command is for 'tren scale'; use 'tren scale'");
}

/* Only steps, without an end before them and without files. */
static void shorten(tren_config *c, int steps) {
    c->max_steps = steps;
    c->epochs = 1 << 30;
    c->out[0] = '\0';
    c->max_time = c->stop_loss = 0;
    c->check_without_dropout = 0;
    c->early_stopping.rule = TREN_STOP_NONE;
    c->evaluate_test = false;
    c->optimizer.tolerance_x = c->optimizer.tolerance_f = 0;
}

/* ---- timing ---------------------------------------------------------------------------------- */

typedef struct times {
    int n, steps, skip;
    double rows;     /* of the steps that count */
    double *seconds; /* [steps] */
    tren_scale_phases phase;
} times;

static void take_step(void *ctx, int64_t rows, const double spent[TREN_N_PHASES]) {
    times *t = ctx;
    double sum = 0;
    if (t->n == t->steps) return;
    if (t->n >= t->skip) t->rows += (double)rows;
    for (int i = 0; i < TREN_N_PHASES; i++) {
        sum += spent[i];
        if (t->n >= t->skip) t->phase.at[i] += spent[i] / (t->steps - t->skip);
    }
    t->seconds[t->n++] = sum;
}

static tren_status measure_links(tren_scale_launch *l, const tren_comm *comm) {
    int elsewhere = tren_comm_first_elsewhere(comm);
    int near = comm->node_first[1] > 1 ? comm->rank_at[1] : -1;
    if (near > 0) TREN_TRY(tren_comm_measure_link(&l->node, comm, near));
    return elsewhere > 0 ? tren_comm_measure_link(&l->network, comm, elsewhere) : TREN_OK;
}

/* Rank 0: every rank's steps, phases and place. */
static tren_status gather(tren_scale_launch *l, const times *t, const tren_comm *comm) {
    int *first = NULL;
    char place[TREN_COMM_TEXT];
    tren_status st =
        tren_alloc(&first, (size_t)comm->size + 1, sizeof *first, "the places of step times");
    TREN_TRY(tren_comm_agree(comm, st));
    for (int r = 0; r <= comm->size; r++) first[r] = r * t->steps;
    tren_comm_gather(comm, l->seconds, t->seconds, first);
    tren_comm_allgather(comm, (double *)l->phase, t->phase.at, TREN_N_PHASES);
    tren_scale_place(place);
    tren_comm_allgather_text(comm, l->place, place);
    free(first);
    return TREN_OK;
}

/* How many ranks each node has: "2 nodes: n1 x 4, n2 x 4". */
static void note_nodes(tren_scale_launch *l, const tren_comm *comm) {
    char text[TREN_SCALE_TEXT];
    int k = snprintf(text, sizeof text, "%d node%s:", comm->n_nodes, comm->n_nodes > 1 ? "s" : "");
    for (int h = 0; h < comm->n_nodes && k < (int)sizeof text; h++) {
        const char *place = l->place[comm->rank_at[comm->node_first[h]]];
        k += snprintf(text + k, sizeof text - (size_t)k, "%s %.*s x %d", h ? "," : "",
                      (int)strcspn(place, ","), place,
                      comm->node_first[h + 1] - comm->node_first[h]);
    }
    tren_scale_launch_note(l, "nodes", "%s", text);
}

static tren_status write_record(tren_scale_launch *l, const tren_result *result,
                                const tren_config *config, const tren_comm *comm,
                                const char *path) {
    l->digest = result->end.digest;
    l->values = (double)result->run.parameters;
    tren_scale_note_machine(l, config);
    tren_scale_launch_note(l, "reduction", "%s", result->run.engine);
    note_nodes(l, comm);
    return tren_scale_launch_write(l, path);
}

static tren_status make_launch(tren_comm *comm, tren_config *config, const launch_args *a) {
    tren_result result;
    tren_scale_launch l;
    double load = tren_scale_load();
    times t = {.steps = a->steps, .skip = a->skip};
    tren_status st = tren_scale_launch_open(&l, comm->size, a->steps);
    if (st == TREN_OK)
        st = tren_alloc(&t.seconds, (size_t)a->steps, sizeof *t.seconds, "step times");
    TREN_GOTO(tren_comm_agree(comm, st));
    tren_log log = {.out = comm->rank == 0 ? stdout : NULL};
    tren_train_options options = {.signal = &tren_stop_signal,
                                  .log = &log,
                                  .stepped = take_step,
                                  .ctx = &t,
                                  .started = tren_seconds()};
    TREN_GOTO(tren_train(comm, config, &options, &result));
    TREN_GOTO(measure_links(&l, comm));
    TREN_GOTO(gather(&l, &t, comm));
    l.repeat = a->repeat;
    l.skip = a->skip;
    l.load = load;
    l.rows = t.rows / (a->steps - a->skip);
    while (l.mode < TREN_SCALE_WEAK && strcmp(tren_scale_mode_name[l.mode], a->mode) != 0) l.mode++;
    if (comm->rank == 0) st = write_record(&l, &result, config, comm, a->record);
    st = tren_comm_agree(comm, st);
done:
    free(t.seconds);
    tren_scale_launch_close(&l);
    return st;
}

int tren_cmd_scale_launch(int argc, char **argv) {
    launch_args a = {.repeat = 1};
    tren_config config;
    tren_comm comm;
    tren_status st = read_args(&a, &config, argc, argv);
    if (st != TREN_OK) return tren_cli_fail("scale", st);
    shorten(&config, a.steps);
    tren_stop_signal_catch();
    st = tren_mpi_start(&comm, config.stall_timeout);
    if (st != TREN_OK) return tren_cli_fail("scale", st);
    st = make_launch(&comm, &config, &a);
    bool speaks = comm.rank == 0;
    tren_comm_close(&comm);
    return tren_cli_fail_agreed("scale", st, speaks);
}
