#include "cli/lab_launch.h"
#include "base/why.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { MAX_ARGUMENTS = 64 };

bool tren_lab_within_job(void) {
    return getenv("OMPI_COMM_WORLD_SIZE") || getenv("PMIX_RANK") || getenv("PMI_RANK");
}

int tren_lab_cores(void) {
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

static tren_status wait_for(pid_t pid) {
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    child = 0;
    if (caught) return TREN_REQUEUE;
    if (WIFEXITED(status)) return (tren_status)WEXITSTATUS(status);
    return TREN_ERR_INTERNAL;
}

static tren_status spawn(const char **argv) {
    pid_t pid;
    int failed = posix_spawnp(&pid, argv[0], NULL, NULL, (char *const *)argv, environ);
    if (failed == ENOENT)
        return tren_fail(TREN_ERR_ENV,
                         "there is no mpirun on PATH; install Open MPI (Debian: openmpi-bin), or "
                         "start 'tren lab run' under your own launcher");
    if (failed) return tren_fail(TREN_ERR_ENV, "mpirun cannot be started: %s", tren_why(failed));
    child = pid;
    if (caught) kill(pid, caught); /* it came before there was a child to hand it to */
    return wait_for(pid);
}

tren_status tren_lab_launch(const char *name, int ranks, const char *const *options) {
    char self[PATH_MAX], count[16];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n <= 0) return tren_fail(TREN_ERR_ENV, "/proc/self/exe: %s", tren_why(errno));
    self[n] = '\0';
    snprintf(count, sizeof count, "%d", ranks);
    const char *argv[MAX_ARGUMENTS] = {"mpirun", "--quiet", "-n", count};
    int k = 4;
    if (ranks > tren_lab_cores()) {
        const char *crowd[] = {"--oversubscribe", "--bind-to",           "none",
                               "--mca",           "mpi_yield_when_idle", "1"};
        for (size_t i = 0; i < sizeof crowd / sizeof *crowd; i++) argv[k++] = crowd[i];
    }
    const char *command[] = {self, "lab", "run", name};
    for (int i = 0; i < 4; i++) argv[k++] = command[i];
    while (*options && k + 1 < MAX_ARGUMENTS) argv[k++] = *options++;
    argv[k] = NULL;
    allow_root();
    install_handlers();
    if (caught) return TREN_REQUEUE;
    return spawn(argv);
}
