/* tren scale: how training scales over ranks and nodes. */
#include "base/text.h"
#include "cli/cmd.h"
#include "cli/console.h"
#include "cli/launch.h"
#include "cli/mpirun.h"
#include "cli/own_args.h"
#include "cli/rank_list.h"
#include "tren/data.h"
#include "tren/scale.h"
#include "tren/train.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct scale_args {
    const char *out, *ranks_text;
    double width;
    bool help;
    tren_scale_plan plan;
} scale_args;

static const char summary[] =
    "Measure the scaling of a config: train the first steps on 1, 2, 4 ... ranks, several times "
    "each in random order, and give the step time for each number of ranks with its 95 % interval. "
    "Strong scaling: the same recipe on more ranks, with the same digest. Weak scaling: batch_size "
    "grows with the ranks. Launches are repeated until the interval is narrow enough. The results "
    "are DIR/scaling.html, scaling.csv and scaling.json; the same command continues after an "
    "interruption. Every key of the config is also an option here ('tren train --help'). 'tren "
    "scale compare A B' compares two such folders.";

/* ---- arguments ------------------------------------------------------------------------------- */

static int env_number(const char *name, int otherwise) {
    const char *text = getenv(name);
    int64_t n;
    return text && tren_text_int64(&n, text) == TREN_TEXT_OK && n > 0 && n < 1 << 20 ? (int)n
                                                                                     : otherwise;
}

/* Ranks that there is room for, and how many a node takes: what SLURM has granted, else the cores
 * of this machine. */
static int find_room(tren_scale_plan *plan) {
    int tasks = env_number("SLURM_NTASKS", 0), nodes = env_number("SLURM_NNODES", 1);
    if (tasks == 0) return tren_cores();
    if (plan->ranks_per_node == 0) plan->ranks_per_node = (tasks + nodes - 1) / nodes;
    return tasks;
}

static tren_status choose_ranks(scale_args *a) {
    tren_scale_plan *plan = &a->plan;
    int room = find_room(plan);
    if (a->ranks_text) TREN_TRY(tren_rank_list(plan->ranks, &plan->n_ranks, a->ranks_text));
    for (int n = 1; !a->ranks_text && n <= room; n *= 2) plan->ranks[plan->n_ranks++] = n;
    int most = plan->ranks[plan->n_ranks - 1];
    if (most > room)
        printf("note: up to %d ranks share %d core%s; beyond %d the times show the cost of sharing "
               "cores, not scaling\n",
               most, room, room > 1 ? "s" : "", room);
    return TREN_OK;
}

/* What scale sets itself: a config may have these keys for its training. */
static tren_status check_given(int argc, char **argv) {
    static const char *const own[][2] = {
        {"resume", "it always continues where it stopped"},
        {"dry-run", "'tren train --dry-run' shows it"},
        {"max-steps", "--steps sets the length of a launch"},
        {"epochs", "--steps sets the length of a launch"},
        {"max-time", "--steps sets the length of a launch"},
    };
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (tren_args_given(own[i][0], argc, argv))
            return tren_fail(TREN_ERR_USAGE, "--%s cannot be used with scale: %s; remove it",
                             own[i][0], own[i][1]);
    return TREN_OK;
}

static tren_status check(scale_args *a, const tren_config *config) {
    tren_scale_plan *plan = &a->plan;
    if (plan->skip < 0) plan->skip = plan->steps / 10;
    if (plan->skip >= plan->steps)
        return tren_fail(
            TREN_ERR_USAGE,
            "--skip: %d of %d steps are not measured, so none is left; give a smaller number",
            plan->skip, plan->steps);
    if (plan->max_repeats < plan->repeats) plan->max_repeats = plan->repeats;
    plan->width = a->width / 100;
    if (tren_config_whole(config)) plan->weak = false;
    return TREN_OK;
}

static tren_status read_args(scale_args *a, tren_config *config, tren_cli_run *run, int argc,
                             char **argv) {
    tren_scale_plan *p = &a->plan;
    const tren_arg own[] = {
        {"ranks", TREN_ARG_TEXT, &a->ranks_text, "1,2,4",
         .help = "Numbers of ranks; default: 1, 2, 4 ... up to the tasks of the SLURM job, or the "
                 "cores of this machine."},
        {"ranks-per-node", TREN_ARG_INT, &p->ranks_per_node, "R",
         .help = "Number of ranks per node; default: that of the SLURM job.", .min = 1,
         .max = 65536},
        {"weak", TREN_ARG_FLAG, &p->weak, NULL,
         .help = "Measure weak scaling, too (default); --no-weak measures strong scaling only."},
        {"steps", TREN_ARG_INT, &p->steps, "N",
         .help = "Number of steps in a launch; default: 200.", .min = 1, .max = 1 << 24},
        {"skip", TREN_ARG_INT, &p->skip, "N",
         .help =
             "Number of steps at the start of a launch that are not measured; default: a tenth.",
         .min = 0, .max = 1 << 24},
        {"repeats", TREN_ARG_INT, &p->repeats, "N",
         .help =
             "Minimum number of launches per point; default: 6. With fewer there is no interval.",
         .min = 1, .max = 1000},
        {"max-repeats", TREN_ARG_INT, &p->max_repeats, "N",
         .help = "Maximum number of launches per point; default: 20.", .min = 1, .max = 1000},
        {"width", TREN_ARG_REAL, &a->width, "PERCENT",
         .help = "Repeat launches until both ends of the interval are within this percentage of "
                 "the median; default: 5.",
         .min = 0.01, .max = 1000},
        {"order-seed", TREN_ARG_SEED, &p->seed, "N", .help = "Seed of the order of the launches."},
        {"out", TREN_ARG_TEXT, &a->out, "DIR",
         .help = "Folder for the results; default: runs/scaling-NAME."},
        {.name = NULL}};
    tren_args args = {.command = "scale",
                      .synopsis = "[CONFIG.yaml] [--ranks 1,2,4] [--steps N] [--out DIR] "
                                  "[--KEY VALUE ...] | compare DIR_A DIR_B",
                      .summary = summary,
                      .options = own};
    tren_own_args sorted = {0};
    a->help = tren_args_ask_help(argc, argv);
    if (a->help) return tren_args_parse(&args, argc, argv);
    tren_status st = tren_own_args_parse(&sorted, &args, config, run, argc, argv);
    tren_own_args_close(&sorted);
    TREN_TRY(st);
    TREN_TRY(check_given(argc, argv));
    TREN_TRY(choose_ranks(a));
    return check(a, config);
}

/* ---- the experiment -------------------------------------------------------------------------- */

/* Files of other contents under the same names are another experiment. */
static tren_status digest_checkpoint(scale_args *a, const tren_config *config) {
    tren_checkpoint c = {0};
    if (!config->init_from[0]) return TREN_OK;
    tren_status st = tren_checkpoint_read(&c, config->init_from);
    a->plan.init_from = c.digest;
    tren_checkpoint_close(&c);
    return st == TREN_OK ? st : tren_fail_in(st, "init_from");
}

/* The points, from the rows there are. */
static tren_status plan_points(scale_args *a, tren_config *config) {
    tren_dataset *dataset;
    TREN_TRY(digest_checkpoint(a, config));
    TREN_TRY(tren_dataset_open(&dataset, config->data));
    tren_scale_plan_points(&a->plan, config, tren_dataset_info_of(dataset)->rows[TREN_TRAIN]);
    tren_status st = tren_dataset_content(&a->plan.data, dataset);
    tren_dataset_close(dataset);
    TREN_TRY(st);
    int shards = a->plan.point[1].shards;
    if (shards != config->shards)
        printf("note: shards is raised from %d to %d, the largest number of ranks, in all points "
               "except the base\n",
               config->shards, shards);
    return TREN_OK;
}

/* runs/scaling-NAME beside the runs of that name. */
static void name_folder(char out[TREN_MAX_PATH], const scale_args *a, const tren_config *config) {
    const char *slash = strrchr(config->out, '/'), *name = slash ? slash + 1 : config->out;
    if (a->out)
        snprintf(out, TREN_MAX_PATH, "%s", a->out);
    else
        snprintf(out, TREN_MAX_PATH, "%.*sscaling-%s", (int)(name - config->out), config->out,
                 name);
}

static tren_status open_scale(tren_scale *scale, scale_args *a, tren_config *config) {
    char dir[TREN_MAX_PATH], *recipe;
    TREN_TRY(plan_points(a, config));
    name_folder(dir, a, config);
    if (!dir[0]) return tren_fail(TREN_ERR_USAGE, "--out: the path is empty; give a folder");
    tren_config_set(config, "out", "", "");
    TREN_TRY(tren_config_format(&recipe, config));
    tren_status st = tren_scale_open(scale, dir, &a->plan, recipe);
    free(recipe);
    return st;
}

/* OpenBLAS would start a thread for every CPU of the node in each rank. */
static void set_threads(const tren_config *config) {
    char n[16];
    snprintf(n, sizeof n, "%d", config->blas_threads);
    setenv("OPENBLAS_NUM_THREADS", n, 0);
    setenv("OMP_NUM_THREADS", n, 0);
}

static tren_status start(const tren_scale *scale, int point, int repeat, const char *log) {
    const tren_scale_point *p = &scale->plan.point[point];
    char record[TREN_MAX_PATH + 128], config[TREN_MAX_PATH + 32], text[5][16];
    const int number[5] = {repeat, scale->plan.steps, scale->plan.skip, p->shards, p->batch};
    for (int i = 0; i < 5; i++) snprintf(text[i], sizeof text[i], "%d", number[i]);
    tren_scale_path(record, sizeof record, scale, point, repeat, "csv");
    snprintf(config, sizeof config, "%s/config.yaml", scale->dir);
    const char *arguments[] = {
        "scale-launch", config,  "--record", record,  "--mode", tren_scale_mode_name[p->mode],
        "--repeat",     text[0], "--steps",  text[1], "--skip", text[2],
        "--shards",     text[3], NULL,       NULL,    NULL};
    if (p->mode != TREN_SCALE_BASE || scale->plan.weak) {
        arguments[14] = "--batch_size";
        arguments[15] = text[4];
    }
    return tren_mpirun_run(&(tren_mpirun){.ranks = p->ranks,
                                          .nodes = scale->plan.ranks_per_node ? p->nodes : 0,
                                          .arguments = arguments,
                                          .log = log});
}

/* Only srun is told how many nodes to take. */
static void say_nodes(const tren_scale *scale, int planned, const tren_scale_launch *l) {
    for (int i = 0; i < l->n_facts && scale->plan.ranks_per_node > 0; i++) {
        long nodes = strtol(l->fact[i].text, NULL, 10);
        if (strcmp(l->fact[i].name, "nodes") == 0 && nodes != planned)
            printf(" (on %ld node%s, not on the %d that --ranks-per-node says)", nodes,
                   nodes > 1 ? "s" : "", planned);
    }
}

static void say_launch(const tren_scale *scale, int point, int repeat, tren_status st) {
    const tren_scale_point *p = &scale->plan.point[point];
    const tren_scale_launch *l = &scale->launch[scale->n_launches - 1];
    printf("%-6s %5d rank%s launch %2d: ", tren_scale_mode_name[p->mode], p->ranks,
           p->ranks > 1 ? "s" : " ", repeat);
    if (st == TREN_OK) {
        printf("%.4g ms a step", 1e3 * tren_scale_launch_step(l));
        say_nodes(scale, p->nodes, l);
    } else {
        printf("exit code %d: %s", (int)st, tren_cli_shown(l->said));
    }
    printf("\n");
    fflush(stdout);
}

/* One launch after the other. A failed one is kept, and tried once more. */
static tren_status measure(tren_scale *scale, tren_status *worst) {
    int point, repeat;
    while (tren_scale_next(&point, &repeat, scale)) {
        char log[TREN_MAX_PATH + 128];
        tren_scale_path(log, sizeof log, scale, point, repeat, "log");
        tren_fail(TREN_OK, "%s", "");
        tren_status st = start(scale, point, repeat, log);
        if (st == TREN_REQUEUE)
            return tren_fail(
                st, "stopped by a signal: %d launches are kept in %s; the same command continues",
                scale->n_launches, scale->dir);
        if (st != TREN_OK && tren_error_text()[0]) return st; /* there is no launcher */
        TREN_TRY(tren_scale_take(scale, point, repeat, (int)st, log));
        if (st != TREN_OK) *worst = st;
        say_launch(scale, point, repeat, st);
        if (st == TREN_ERR_USAGE || st == TREN_ERR_DATA) /* the next one would say the same */
            return tren_fail(st, "a launch was refused: %s",
                             scale->launch[scale->n_launches - 1].said);
    }
    return TREN_OK;
}

static int judge(const tren_scale_summary *s, tren_status worst) {
    bool whole = true;
    for (int i = 0; i < s->n_rows; i++) whole = whole && (s->row[i].n > 0 || s->row[i].point->why);
    if (s->n_strong_digests > 1)
        return tren_cli_fail(
            "scale",
            tren_fail(TREN_ERR_INTERNAL,
                      "the strong-scaling launches do NOT have the same digest: see %s; with "
                      "reduction: mpi this is expected, otherwise nodes, libraries or CPUs differ",
                      s->scale->dir));
    if (!whole && worst != TREN_OK)
        return tren_cli_fail(
            "scale", tren_fail(worst, "all launches of a point failed: see the logs in %s/launches",
                               s->scale->dir));
    return 0;
}

static tren_status report(const tren_scale *scale, tren_scale_summary *s) {
    TREN_TRY(tren_scale_summarize(s, scale));
    printf("\n");
    tren_scale_print(stdout, s);
    TREN_TRY(tren_scale_report(s));
    if (s->n_strong_digests == 1)
        printf("all strong-scaling launches have the same digest: %016llx\n",
               (unsigned long long)s->row[1].digest);
    printf("%s/scaling.html, .csv, .json\n", tren_cli_shown(scale->dir));
    return TREN_OK;
}

static int run(int argc, char **argv) {
    scale_args a = {.width = 5,
                    .plan = {.steps = 200,
                             .skip = -1,
                             .repeats = TREN_INTERVAL_LEAST,
                             .max_repeats = 20,
                             .weak = true,
                             .seed = 1}};
    tren_config config;
    tren_cli_run cli = {.switches = true}; /* to be refused with a reason */
    tren_scale scale = {.n_launches = 0};
    tren_scale_summary s = {.n_rows = 0};
    tren_status worst = TREN_OK, st = read_args(&a, &config, &cli, argc, argv);
    if (st != TREN_OK || a.help) return tren_cli_fail("scale", st);
    st = open_scale(&scale, &a, &config);
    set_threads(&config);
    if (st == TREN_OK && scale.n_launches > 0)
        printf("%s has %d launches; more are added\n", tren_cli_shown(scale.dir), scale.n_launches);
    if (st == TREN_OK) st = measure(&scale, &worst);
    if (st == TREN_OK) st = report(&scale, &s);
    int code = st == TREN_OK ? judge(&s, worst) : tren_cli_fail("scale", st);
    tren_scale_summary_close(&s);
    tren_scale_close(&scale);
    return code;
}

/* ---- two folders ----------------------------------------------------------------------------- */

static tren_status compare_folders(const char *const dir[2], bool json) {
    tren_scale scale[2] = {{.n_launches = 0}, {.n_launches = 0}};
    tren_scale_summary s[2] = {{.n_rows = 0}, {.n_rows = 0}};
    tren_status st = TREN_OK;
    for (int i = 0; i < 2; i++) {
        TREN_GOTO(tren_scale_read(&scale[i], dir[i]));
        TREN_GOTO(tren_scale_summarize(&s[i], &scale[i]));
    }
    if (!json) printf("A: %s\nB: %s\n", tren_cli_shown(dir[0]), tren_cli_shown(dir[1]));
    if ((json ? tren_scale_compare_json : tren_scale_compare)(stdout, &s[0], &s[1]) == 0)
        st = tren_fail(TREN_ERR_USAGE,
                       "%s and %s have no point in common (mode, ranks, shards and batch), so "
                       "there is nothing to compare",
                       dir[0], dir[1]);
done:
    for (int i = 0; i < 2; i++) {
        tren_scale_summary_close(&s[i]);
        tren_scale_close(&scale[i]);
    }
    return st;
}

static int compare(int argc, char **argv) {
    const char *dir[2] = {NULL, NULL};
    bool json = false;
    const tren_arg options[] = {
        {"json", TREN_ARG_FLAG, &json, NULL, .help = "Print JSON; times are in seconds."},
        {.name = NULL}};
    tren_args args = {
        .command = "scale compare",
        .synopsis = "DIR_A DIR_B [--json]",
        .summary =
            "Compare two folders of 'tren scale', for example before and after an upgrade: the "
            "step times, the interval of their ratio, whether the difference is significant, "
            "whether the bits are the same, and what differs in program and machine.",
        .options = options,
        .positional = dir,
        .max_positional = 2};
    tren_status st = tren_args_parse(&args, argc, argv);
    if (st != TREN_OK || args.help) return tren_cli_fail("scale compare", st);
    st = dir[1]
             ? compare_folders(dir, json)
             : tren_fail(TREN_ERR_USAGE, "two folders are needed: tren scale compare DIR_A DIR_B");
    return tren_cli_fail("scale compare", st);
}

int tren_cmd_scale(int argc, char **argv) {
    bool compares = argc > 1 && strcmp(argv[1], "compare") == 0;
    return compares ? compare(argc - 1, argv + 1) : run(argc, argv);
}
