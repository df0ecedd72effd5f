/* tren doctor: is everything there that training needs? Alone, or under mpirun on every node. */
#include "base/json.h"
#include "cli/args.h"
#include "cli/cmd.h"
#include "cli/console.h"
#include "cli/doctor.h"
#include "cli/launch.h"
#include "cli/mpi_start.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *const tren_health_name[] = {"ok", "warning", "problem"};

void tren_doctor_add(tren_examination *e, const char *name, tren_health health, const char *format,
                     ...) {
    va_list args;
    if (e->n == TREN_FINDINGS) return;
    tren_finding *f = &e->at[e->n++];
    memset(f, 0, sizeof *f);
    snprintf(f->name, sizeof f->name, "%s", name);
    f->health = health;
    va_start(args, format);
    tren_quote_message(f->text, sizeof f->text, format, args);
    va_end(args);
}

void tren_doctor_paste(tren_examination *e, const char *format, ...) {
    va_list args;
    tren_finding *f = &e->at[e->n - 1];
    va_start(args, format);
    if (vsnprintf(f->command, sizeof f->command, format, args) >= (int)sizeof f->command)
        f->command[0] = '\0';
    va_end(args);
}

typedef struct doctor_args {
    const char *dir;
    bool json, no_launch, help;
} doctor_args;

static tren_status parse(doctor_args *a, int argc, char **argv) {
    bool launch = true;
    const tren_arg options[] = {{"dir", TREN_ARG_TEXT, &a->dir, "DIR",
                                 .help = "Folder for future runs, to be checked; default: runs."},
                                {"launch", TREN_ARG_FLAG, &launch, NULL,
                                 .help = "Start two ranks with the launcher (default), the most "
                                         "informative check; --no-launch skips it."},
                                {"json", TREN_ARG_FLAG, &a->json, NULL, .help = "Print JSON."},
                                {.name = NULL}};
    tren_args args = {
        .command = "doctor",
        .synopsis = "[--dir DIR] [--json] [--no-launch]",
        .summary =
            "Check everything that training needs, one line each: ok, warning or problem, with "
            "what to do; a command to paste has a line of its own. Run it first when something "
            "goes wrong; run it under mpirun or srun to "
            "check every node. The exit code is 3 if a problem prevents training, otherwise 0.",
        .options = options};
    TREN_TRY(tren_args_parse(&args, argc, argv));
    a->help = args.help;
    a->no_launch = !launch;
    return TREN_OK;
}

/* ---- what comes out -------------------------------------------------------------------------- */

/* All nodes' examinations, on rank 0. */
typedef struct report {
    tren_examination *node; /* [n] owned */
    int n, room;
} report;

static tren_status take_node(void *ctx, int rank, const void *bytes, size_t n) {
    report *r = ctx;
    (void)rank;
    if (n == sizeof *r->node && r->n < r->room) memcpy(&r->node[r->n++], bytes, n);
    return TREN_OK;
}

static const tren_finding *find(const tren_examination *e, const char *name) {
    for (int i = 0; i < e->n; i++)
        if (strcmp(e->at[i].name, name) == 0) return &e->at[i];
    return NULL;
}

/* Whether the other nodes have the same to say. */
static bool same_everywhere(const report *r, const tren_finding *f) {
    for (int i = 1; i < r->n; i++) {
        const tren_finding *other = find(&r->node[i], f->name);
        if (other && strcmp(other->text, f->text) != 0) return false;
    }
    return true;
}

static void print_finding(const tren_finding *f, const char *host) {
    static const tren_style style[] = {TREN_STYLE_NONE, TREN_STYLE_BOLD, TREN_STYLE_ERROR};
    enum { INDENT = 26 };
    char text[4 * TREN_FINDING_TEXT];
    snprintf(text, sizeof text, "%s%s%s", host, *host ? ": " : "", tren_cli_shown(f->text));
    printf("%s%-8s%s  %-16s", tren_style_on(stdout, style[f->health]), tren_health_name[f->health],
           tren_style_on(stdout, TREN_STYLE_NONE), f->name);
    tren_cli_wrap(stdout, text, INDENT, INDENT, tren_cli_width(stdout));
    if (*f->command) printf("    %s\n", tren_cli_shown(f->command)); /* whole, to be pasted */
}

static void print_report(const report *r) {
    for (int i = 0; i < r->node[0].n; i++) {
        const tren_finding *f = &r->node[0].at[i];
        bool same = same_everywhere(r, f);
        print_finding(f, same ? "" : r->node[0].host);
        for (int k = 1; k < r->n && !same; k++) {
            const tren_finding *other = find(&r->node[k], f->name);
            if (other) print_finding(other, r->node[k].host);
        }
    }
}

static void json_report(const report *r) {
    tren_json j = {.out = stdout};
    tren_json_begin(&j, NULL, '[');
    for (int k = 0; k < r->n; k++)
        for (int i = 0; i < r->node[k].n; i++) {
            const tren_finding *f = &r->node[k].at[i];
            tren_json_begin(&j, NULL, '{');
            tren_json_text(&j, "node", r->node[k].host);
            tren_json_text(&j, "name", f->name);
            tren_json_text(&j, "health", tren_health_name[f->health]);
            tren_json_text(&j, "text", f->text);
            if (*f->command) tren_json_text(&j, "command", f->command);
            tren_json_end(&j);
        }
    tren_json_end(&j);
}

static int count(const report *r, tren_health health) {
    int n = 0;
    for (int k = 0; k < r->n; k++)
        for (int i = 0; i < r->node[k].n; i++) n += r->node[k].at[i].health == health;
    return n;
}

static tren_status show(const doctor_args *a, const report *r) {
    int problems = count(r, TREN_HEALTH_PROBLEM);
    (a->json ? json_report : print_report)(r);
    TREN_TRY(tren_cli_flush());
    if (problems == 0) return TREN_OK;
    return tren_fail(TREN_ERR_ENV, "%d problem%s prevent%s tren from training: see above", problems,
                     problems > 1 ? "s" : "", problems > 1 ? "" : "s");
}

/* ---- the examination ------------------------------------------------------------------------- */

static void examine(tren_examination *e) {
    gethostname(e->host, sizeof e->host - 1);
    tren_doctor_mpi(e);
    tren_doctor_files(e);
    tren_doctor_machine(e);
}

static tren_status run_alone(const doctor_args *a) {
    tren_examination *e;
    TREN_TRY(tren_alloc(&e, 1, sizeof *e, "an examination"));
    *e = (tren_examination){.dir = a->dir, .processes = 1};
    if (!a->no_launch) tren_doctor_launch(e);
    examine(e);
    tren_status st = show(a, &(report){.node = e, .n = 1});
    free(e);
    return st;
}

/* The first rank of each node looks around there. */
static tren_status examine_job(const doctor_args *a, tren_comm *comm, tren_examination *e,
                               report *r) {
    bool first = comm->local_rank == 0;
    *e = (tren_examination){
        .dir = a->dir, .processes = comm->local_size, .node_memory = comm->node_memory};
    tren_doctor_job(e, comm);
    if (comm->rank > 0) e->n = 0;
    if (first) examine(e);
    TREN_TRY(tren_comm_each(comm, e, first ? sizeof *e : 0, take_node, r));
    return tren_comm_agree(comm, comm->rank == 0 ? show(a, r) : TREN_OK);
}

static int run_together(const doctor_args *a) {
    tren_comm comm;
    tren_examination *e = NULL;
    report r = {.room = 0};
    tren_status st = tren_mpi_start(&comm, TREN_START_SECONDS);
    if (st != TREN_OK) return tren_cli_fail("doctor", st);
    st = tren_alloc(&e, 1, sizeof *e, "an examination");
    r.room = comm.rank == 0 ? comm.n_nodes : 0;
    if (st == TREN_OK && r.room > 0)
        st = tren_alloc(&r.node, (size_t)r.room, sizeof *r.node, "an examination");
    st = tren_comm_agree(&comm, st);
    if (st == TREN_OK) st = examine_job(a, &comm, e, &r);
    bool speaks = comm.rank == 0;
    tren_comm_close(&comm);
    free(e);
    free(r.node);
    return tren_cli_fail_agreed("doctor", st, speaks);
}

int tren_cmd_doctor(int argc, char **argv) {
    doctor_args a = {.dir = "runs"};
    tren_status st = parse(&a, argc, argv);
    if (st != TREN_OK || a.help) return tren_cli_fail("doctor", st);
    return tren_launch_within_job() ? run_together(&a) : tren_cli_fail("doctor", run_alone(&a));
}

/* One of the two ranks that doctor starts. */
int tren_cmd_doctor_rank(int argc, char **argv) {
    enum { SECONDS = 120 };
    tren_comm comm;
    (void)argc, (void)argv;
    tren_status st = tren_mpi_start(&comm, SECONDS);
    if (st != TREN_OK) return tren_cli_fail("doctor", st);
    tren_comm_barrier(&comm);
    if (comm.rank == 0) printf("%d ranks met\n", comm.size);
    tren_comm_close(&comm);
    return 0;
}
