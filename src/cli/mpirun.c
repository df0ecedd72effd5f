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

bool tren_within_job(void) {
    return getenv("OMPI_COMM_WORLD_SIZE") || getenv("PMIX_RANK") || getenv("PMI_RANK");
}

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

/* ---- mpirun ---------------------------------------------------------------------------------- */

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

/* Open MPI refuses root unless told; who calls this as root has been told by the first run. */
static void allow_root(void) {
    if (geteuid() != 0) return;
    setenv("OMPI_ALLOW_RUN_AS_ROOT", "1", 0);
    setenv("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1", 0);
}

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

/* Starts argv, its output into `out` (-1: ours). */
static tren_status spawn(const char **argv, int out) {
    pid_t pid;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    if (out >= 0) posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    int failed = posix_spawnp(&pid, argv[0], &actions, NULL, (char *const *)argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (failed == ENOENT)
        return tren_fail(TREN_ERR_ENV,
                         "there is no mpirun on PATH; install Open MPI (Debian: openmpi-bin), or "
                         "start this command under your own launcher");
    if (failed) return tren_fail(TREN_ERR_ENV, "mpirun cannot be started: %s", tren_why(failed));
    child = pid;
    if (caught) kill(pid, caught); /* it came before there was a child to hand it to */
    return TREN_OK;
}

static tren_status run(const char **argv, const tren_mpirun *job) {
    int pipe_of[2] = {-1, -1};
    if (job->line && pipe2(pipe_of, O_CLOEXEC) != 0)
        return tren_fail(TREN_ERR_ENV, "a pipe cannot be made: %s", tren_why(errno));
    tren_status st = spawn(argv, pipe_of[1]);
    if (job->line) close(pipe_of[1]);
    if (st == TREN_OK && job->line)
        read_lines(pipe_of[0], job);
    else if (job->line)
        close(pipe_of[0]);
    return st == TREN_OK ? wait_for(child) : st;
}

tren_status tren_mpirun_run(const tren_mpirun *job) {
    static const char *const crowd[] = {"--oversubscribe", "--bind-to",           "none",
                                        "--mca",           "mpi_yield_when_idle", "1"};
    char self[PATH_MAX], count[16];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n <= 0) return tren_fail(TREN_ERR_ENV, "/proc/self/exe: %s", tren_why(errno));
    self[n] = '\0';
    snprintf(count, sizeof count, "%d", job->ranks);
    size_t n_arguments = 0, k = 0;
    while (job->arguments[n_arguments]) n_arguments++;
    const char **argv;
    TREN_TRY(tren_alloc(&argv, n_arguments + 16, sizeof *argv, "the command line"));
    const char *const launcher[] = {"mpirun", "--quiet", "-n", count};
    for (size_t i = 0; i < sizeof launcher / sizeof *launcher; i++) argv[k++] = launcher[i];
    for (size_t i = 0; job->ranks > tren_cores() && i < sizeof crowd / sizeof *crowd; i++)
        argv[k++] = crowd[i];
    argv[k++] = self;
    for (size_t i = 0; i < n_arguments; i++) argv[k++] = job->arguments[i];
    allow_root();
    install_handlers();
    tren_status st = caught ? fail_stopped() : run(argv, job);
    free(argv);
    return st;
}
