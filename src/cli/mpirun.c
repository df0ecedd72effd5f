#include "cli/mpirun.h"
#include "base/why.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

int tren_cores(void) {
    cpu_set_t mine;
    if (sched_getaffinity(0, sizeof mine, &mine) != 0) return 1;
    int cores = 0;
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        char path[128];
        int first = cpu;
        if (!CPU_ISSET(cpu, &mine)) continue;
        snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list",
                 cpu);
        FILE *file = fopen(path, "re");
        if (file && fscanf(file, "%d", &first) != 1) first = cpu;
        if (file) fclose(file);
        cores += first == cpu; /* of a core's threads the first counts */
    }
    return cores > 0 ? cores : 1;
}

/* ---- signals --------------------------------------------------------------------------------- */

static pid_t child; /* handlers can reach nothing else */
static volatile sig_atomic_t caught;

static void hand_on(int number) {
    caught = number;
    if (child > 0) kill(child, number);
}

static void install_handlers(void) {
    static const int handed[] = {SIGUSR1, SIGTERM, SIGINT, SIGHUP};
    for (size_t i = 0; i < sizeof handed / sizeof *handed; i++) {
        struct sigaction before, action = {.sa_handler = hand_on};
        sigaction(handed[i], NULL, &before);
        if (handed[i] == SIGHUP && before.sa_handler == SIG_IGN) continue; /* nohup */
        sigaction(handed[i], &action, NULL);
    }
}

/* ---- the launcher, as cmake/launcher.cmake found it -------------------------------------------
 */

const char tren_mpirun_mpi[] = TREN_MPI, tren_mpirun_crowd[] = TREN_MPIEXEC_CROWD;

/* Where the build's own is gone, as in a program that was moved to another machine, PATH has it. */
const char *tren_mpirun_path(void) {
    const char *own = TREN_MPIEXEC, *name = strrchr(own, '/');
    if (access(own, X_OK) == 0) return own;
    return name ? name + 1 : "mpirun";
}

/* The words of the user's launcher, or of ours, into `words`; `room` holds them. */
static size_t split_launcher(const char *words[], size_t n, char *room, size_t size) {
    const char *given = getenv("TREN_LAUNCHER");
    size_t k = 0;
    char *rest = NULL;
    snprintf(room, size, "%s", given ? given : "");
    for (char *word = strtok_r(room, " ", &rest); word && k < n; word = strtok_r(NULL, " ", &rest))
        words[k++] = word;
    if (k == 0) words[k++] = tren_mpirun_path();
    return k;
}

static bool is_srun(const char *launcher) {
    const char *slash = strrchr(launcher, '/');
    return strcmp(slash ? slash + 1 : launcher, "srun") == 0;
}

/* "NAME=VALUE ..."; what the user has set stays. Returns which of them were set here, a bit each.
 */
static unsigned set_variables(const char *text) {
    char room[512], *rest = NULL;
    unsigned set = 0, bit = 1;
    snprintf(room, sizeof room, "%s", text);
    for (char *word = strtok_r(room, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        char *value = strchr(word, '=');
        *value++ = '\0';
        if (!getenv(word)) set |= bit;
        setenv(word, value, 0);
        bit <<= 1;
    }
    return set;
}

static void unset_variables(const char *text, unsigned set) {
    char room[512], *rest = NULL;
    snprintf(room, sizeof room, "%s", text);
    for (char *word = strtok_r(room, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        word[strcspn(word, "=")] = '\0';
        if (set & 1) unsetenv(word);
        set >>= 1;
    }
}

/* Open MPI refuses root unless told; who calls this as root has been told by the first run. */
static void prepare(void) {
    set_variables(TREN_MPIEXEC_QUIET);
    if (geteuid() == 0) set_variables("OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1");
}

/* ---- a job ------------------------------------------------------------------------------------
 */

/* On all signals but USR1 mpirun ends the ranks before they can say it. */
static tren_status fail_stopped(void) {
    return tren_fail(TREN_REQUEUE, "stopped by a signal");
}

static tren_status wait_for(pid_t pid) {
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    tren_status ended = WIFEXITED(status) ? (tren_status)WEXITSTATUS(status) : TREN_ERR_INTERNAL;
    child = 0;
    return caught && ended != TREN_REQUEUE ? fail_stopped() : ended;
}

static void read_lines(int from, const tren_mpirun *job) {
    char *text = NULL;
    size_t room = 0;
    FILE *lines = fdopen(from, "r");
    if (!lines) {
        close(from);
        return;
    }
    while (getline(&text, &room, lines) >= 0) {
        text[strcspn(text, "\n")] = '\0';
        job->line(job->ctx, text);
    }
    free(text);
    fclose(lines);
}

static void send_output(posix_spawn_file_actions_t *actions, const char *log) {
    posix_spawn_file_actions_addopen(actions, STDOUT_FILENO, log, O_WRONLY | O_CREAT | O_TRUNC,
                                     0666);
    posix_spawn_file_actions_adddup2(actions, STDOUT_FILENO, STDERR_FILENO);
}

/* Starts argv, its output into `out` (-1: ours), or with its errors into `log`. */
static tren_status spawn(const char **argv, int out, const char *log) {
    pid_t pid;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    if (out >= 0) posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    if (log) send_output(&actions, log);
    int failed = posix_spawnp(&pid, argv[0], &actions, NULL, (char *const *)argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (failed)
        return tren_fail(TREN_ERR_ENV,
                         "the launcher '%s' cannot be started: %s; install that of %s, set another "
                         "in TREN_LAUNCHER, or start this command with your own launcher",
                         argv[0], tren_why(failed), tren_mpirun_mpi);
    child = pid;
    if (caught) kill(pid, caught); /* it came before there was a child to hand it to */
    return TREN_OK;
}

static tren_status run(const char **argv, const tren_mpirun *job) {
    int pipe_of[2] = {-1, -1};
    if (job->line && pipe2(pipe_of, O_CLOEXEC) != 0)
        return tren_fail(TREN_ERR_ENV, "a pipe cannot be made: %s", tren_why(errno));
    tren_status st = spawn(argv, pipe_of[1], job->log);
    if (job->line) close(pipe_of[1]);
    if (st == TREN_OK && job->line)
        read_lines(pipe_of[0], job);
    else if (job->line)
        close(pipe_of[0]);
    return st == TREN_OK ? wait_for(child) : st;
}

tren_status tren_mpirun_run(const tren_mpirun *job) {
    enum { MOST_WORDS = 32 };
    char self[PATH_MAX], count[16], nodes[16], room[1024];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n <= 0) return tren_fail(TREN_ERR_ENV, "/proc/self/exe: %s", tren_why(errno));
    self[n] = '\0';
    snprintf(count, sizeof count, "%d", job->ranks);
    snprintf(nodes, sizeof nodes, "%d", job->nodes);
    size_t n_arguments = 0;
    while (job->arguments[n_arguments]) n_arguments++;
    const char **argv;
    TREN_TRY(tren_alloc(&argv, n_arguments + MOST_WORDS + 6, sizeof *argv, "the command line"));
    size_t k = split_launcher(argv, MOST_WORDS, room, sizeof room);
    bool placed = job->nodes > 0 && is_srun(argv[0]);
    if (placed) {
        argv[k++] = "-N";
        argv[k++] = nodes;
    }
    argv[k++] = "-n";
    argv[k++] = count;
    argv[k++] = self;
    for (size_t i = 0; i < n_arguments; i++) argv[k++] = job->arguments[i];
    int together = placed ? (job->ranks + job->nodes - 1) / job->nodes : job->ranks;
    unsigned set = together > tren_cores() ? set_variables(tren_mpirun_crowd) : 0;
    prepare();
    install_handlers();
    tren_status st = caught ? fail_stopped() : run(argv, job);
    unset_variables(tren_mpirun_crowd, set); /* the next job may fit on the cores */
    free(argv);
    return st;
}
