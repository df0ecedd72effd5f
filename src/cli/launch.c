#include "cli/launch.h"
#include "cli/stop_signal.h"
#include "tren/comm.h"
#include "tren/kernels.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- this program and its sibling ------------------------------------------------------------ */

/* The path of this program; /proc/self/exe itself where that cannot be read (the name would be
 * "exe" in ps). */
static void own_path(char path[PATH_MAX]) {
    ssize_t n = readlink("/proc/self/exe", path, PATH_MAX - 1);
    if (n > 0) path[n] = '\0';
    if (n <= 0 || access(path, X_OK) != 0) snprintf(path, PATH_MAX, "/proc/self/exe");
}

/* Started again, OpenBLAS chooses its kernels by OPENBLAS_CORETYPE, which its constructor reads
 * before main. That variable also keeps this from happening twice. */
static void mend_blas_core(char **argv) {
    const char *wanted = tren_blas_core_wanted();
    if (!wanted || getenv("OPENBLAS_CORETYPE")) return;
    char path[PATH_MAX];
    own_path(path);
    setenv("OPENBLAS_CORETYPE", wanted, 1);
    execv(path, argv);
    unsetenv("OPENBLAS_CORETYPE");
    if (tren_launch_is_first())
        fprintf(stderr,
                "tren: OpenBLAS uses its slow '%s' kernels, and the program could not be restarted "
                "(%s); set OPENBLAS_CORETYPE=%s\n",
                tren_blas_core(), strerror(errno), wanted);
}

/* With a standard stream closed, the next file opened would take its number, and what is printed
 * would end in a checkpoint. Read-only, so that printing still fails. */
static void fill_standard_streams(void) {
    int fd;
    do fd = open("/dev/null", O_RDONLY);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0) close(fd);
}

void tren_launch_start(char **argv) {
    fill_standard_streams();
    tren_stop_signal_mind_hup();
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    mend_blas_core(argv);
}

static tren_status exec_sibling(const char *name, char **argv) {
    char path[PATH_MAX];
    own_path(path);
    char *slash = strrchr(path, '/');
    size_t folder = slash ? (size_t)(slash - path) + 1 : 0;
    if (folder + strlen(name) >= sizeof path)
        return tren_fail(
            TREN_ERR_ENV,
            "the path of the program is too long: '%s'; install it in a folder with a shorter path",
            path);
    strcpy(path + folder, name);
    size_t n = 0;
    while (argv[n]) n++;
    char **full;
    TREN_TRY(tren_alloc(&full, n + 2, sizeof *full, "the command line"));
    full[0] = path;
    memcpy(full + 1, argv, n * sizeof *argv);
    execv(path, full);
    int problem = errno;
    free(full);
    return tren_fail(TREN_ERR_ENV,
                     "precision: %s needs the program '%s': %s; build it, or install it in the "
                     "same folder as this program",
                     strcmp(name, "tren64") == 0 ? "double" : "float", path, strerror(problem));
}

tren_status tren_launch_precision(tren_precision precision, char **argv) {
    bool is_double = sizeof(real) == sizeof(double);
    if (is_double == (precision == TREN_PRECISION_DOUBLE)) return TREN_OK;
    return exec_sibling(precision == TREN_PRECISION_DOUBLE ? "tren64" : "tren", argv);
}

tren_status tren_launch_double(char **argv) {
    return tren_launch_precision(TREN_PRECISION_DOUBLE, argv);
}

/* ---- what the launcher's environment tells ----------------------------------------------------
 */

static long env_number(const char *name, long otherwise) {
    const char *text = getenv(name);
    if (!text || !*text) return otherwise;
    char *end;
    long value = strtol(text, &end, 10);
    return *end ? otherwise : value;
}

/* What launchers tell each process. srun's variables count in a step only: in a batch script they
 * are the job's; and last, as other launchers are often started by srun themselves. */
static const struct launcher {
    const char *name, *rank, *size;
} launchers[] = {
    {"Open MPI's mpirun", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"},
    {"MVAPICH2's mpirun_rsh", "MV2_COMM_WORLD_RANK", "MV2_COMM_WORLD_SIZE"},
    {"a launcher with PMI (mpiexec of MPICH or Intel MPI, srun --mpi=pmi2)", "PMI_RANK",
     "PMI_SIZE"},
    {"srun", "SLURM_PROCID", "SLURM_STEP_NUM_TASKS"},
};
enum { N_LAUNCHERS = sizeof launchers / sizeof *launchers };

/* The launcher of this process, or NULL. */
static const struct launcher *find_launcher_of(void) {
    bool step = getenv("SLURM_STEP_ID") != NULL;
    for (int i = 0; i < N_LAUNCHERS - 1; i++)
        if (getenv(launchers[i].rank) || getenv(launchers[i].size)) return &launchers[i];
    return step ? &launchers[N_LAUNCHERS - 1] : NULL;
}

/* The variable that tells this process its rank, or NULL. PMIx is of several launchers. */
static const char *rank_variable(void) {
    const struct launcher *launcher = find_launcher_of();
    if (getenv("PMIX_RANK")) return "PMIX_RANK";
    return launcher ? launcher->rank : NULL;
}

long tren_launch_rank(void) {
    const char *variable = rank_variable();
    return variable ? env_number(variable, 0) : 0;
}

bool tren_launch_is_alone(void) {
    return !rank_variable();
}

bool tren_launch_within_job(void) {
    const char *variable = rank_variable();
    return variable && strcmp(variable, launchers[N_LAUNCHERS - 1].rank) != 0;
}

bool tren_launch_is_first(void) {
    return tren_launch_rank() == 0;
}

/* SLURM counts in MiB. --mem=0 means all of the node, and a node that is not told has no number. */
double tren_launch_node_memory(int n_local) {
    double per_node = (double)env_number("SLURM_MEM_PER_NODE", 0);
    double per_cpu = (double)env_number("SLURM_MEM_PER_CPU", 0);
    double cpus =
        (double)env_number("SLURM_CPUS_ON_NODE", n_local * env_number("SLURM_CPUS_PER_TASK", 1));
    return 0x1p20 * fmax(0, per_node > 0 ? per_node : per_cpu * cpus);
}

static bool is_open_mpi(void) {
    char version[256] = "";
    tren_comm_version(version, sizeof version);
    return strstr(version, "Open MPI") != NULL;
}

/* Open MPI needs PMIx, or its own mpirun; others are content with the older PMI. */
static bool can_start_mpi(bool is_open_mpi) {
    return getenv("PMIX_RANK") || getenv("OMPI_COMM_WORLD_SIZE") ||
           (getenv("PMI_RANK") && !is_open_mpi);
}

/* How many tasks srun started; 1 where it did not. */
static long srun_tasks(void) {
    if (!getenv("SLURM_STEP_ID")) return 1;
    return env_number("SLURM_STEP_NUM_TASKS", env_number("SLURM_NTASKS", 1));
}

static tren_status check_srun(bool is_open_mpi) {
    long n_tasks = srun_tasks();
    if (n_tasks < 2 || can_start_mpi(is_open_mpi)) return TREN_OK;
    return tren_fail(TREN_ERR_ENV,
                     "srun started %ld tasks without PMIx, so each would be rank 0 of its own run; "
                     "start them with 'srun --mpi=pmix' ('srun --mpi=list' shows whether this "
                     "SLURM supports it), or with mpirun inside sbatch",
                     n_tasks);
}

tren_status tren_launch_check_srun(void) {
    return check_srun(is_open_mpi());
}

long tren_launch_size(void) {
    const struct launcher *launcher = find_launcher_of();
    return launcher ? env_number(launcher->size, srun_tasks()) : 1;
}

bool tren_launch_has_others(void) {
    return tren_launch_size() > 1 && can_start_mpi(is_open_mpi());
}

tren_status tren_launch_check_world(int size, const char *own) {
    long n = tren_launch_size();
    char version[256] = "";
    if (size > 1 || n < 2) return TREN_OK;
    tren_comm_version(version, sizeof version);
    return tren_fail(TREN_ERR_ENV,
                     "%ld processes were started by %s, but this program is built with %s, which "
                     "sees only one: each would be rank 0 of its own run; use the launcher of its "
                     "own MPI: %s, or srun with a matching --mpi",
                     n, find_launcher_of()->name, version, own);
}

tren_status tren_launch_check_alone(void) {
    long n = tren_launch_size();
    if (n < 2) return TREN_OK;
    return tren_fail(TREN_ERR_USAGE,
                     "%ld processes were started, but this command uses one: each would do the "
                     "same work; start it without mpirun or srun, or with '-n 1'",
                     n);
}
