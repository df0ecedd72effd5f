#include "cli/scale_machine.h"
#include "cli/mpirun.h"
#include "tren/io.h"
#include "tren/kernels.h"

#include <math.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

extern char **environ;

/* The first line of a file behind `key`, or "". */
static void read_value(char *out, size_t n, const char *path, const char *key) {
    char line[512];
    FILE *file = fopen(path, "re");
    out[0] = '\0';
    if (!file) return;
    while (fgets(line, sizeof line, file)) {
        if (strncmp(line, key, strlen(key)) != 0) continue;
        const char *text = line + strlen(key);
        text += strspn(text, "\t :");
        snprintf(out, n, "%.*s", (int)strcspn(text, "\n"), text);
        break;
    }
    fclose(file);
}

static void note_cpu(tren_scale_launch *l) {
    char model[256], governor[64];
    read_value(model, sizeof model, "/proc/cpuinfo", "model name");
    read_value(governor, sizeof governor, "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor",
               "");
    tren_scale_launch_note(l, "CPU", "%s", model[0] ? model : "not reported by /proc/cpuinfo");
    tren_scale_launch_note(l, "governor", "%s",
                           governor[0] ? governor : "not reported by the kernel");
    tren_scale_launch_note(l, "CPUs", "%ld", sysconf(_SC_NPROCESSORS_ONLN));
}

/* Variables that choose how messages travel. */
static void note_transport(tren_scale_launch *l) {
    static const char *const prefix[] = {"OMPI_MCA_pml=", "OMPI_MCA_btl", "OMPI_MCA_mtl=", "UCX_",
                                         "FI_PROVIDER=",  "MPICH_",       "I_MPI_"};
    char text[TREN_SCALE_TEXT] = "";
    size_t k = 0;
    for (char **at = environ; *at; at++)
        for (size_t i = 0; i < sizeof prefix / sizeof *prefix; i++)
            if (strncmp(*at, prefix[i], strlen(prefix[i])) == 0 && k < sizeof text)
                k += (size_t)snprintf(text + k, sizeof text - k, "%s%s", k ? " " : "", *at);
    tren_scale_launch_note(l, "transport", "%s", text[0] ? text : "chosen by MPI");
}

static void note_binding(tren_scale_launch *l) {
    const char *mpi = getenv("OMPI_MCA_hwloc_base_binding_policy"),
               *srun = getenv("SLURM_CPU_BIND");
    const char *launcher = getenv("TREN_LAUNCHER");
    tren_scale_launch_note(l, "launcher", "%s", launcher ? launcher : tren_mpirun_path());
    tren_scale_launch_note(l, "binding", "%s", mpi ? mpi : srun ? srun : "chosen by the launcher");
}

static void note_versions(tren_scale_launch *l) {
    char blas[128], mpi[256], hdf5[32];
    struct utsname kernel;
    tren_blas_version(blas, sizeof blas);
    tren_comm_version(mpi, sizeof mpi);
    tren_h5_version(hdf5, sizeof hdf5);
    tren_scale_launch_note(l, "tren", "%s, %s", TREN_VERSION, TREN_REAL_NAME);
    tren_scale_launch_note(l, "MPI", "%s", mpi);
    tren_scale_launch_note(l, "OpenBLAS", "%s", blas);
    tren_scale_launch_note(l, "HDF5", "%s", hdf5);
    if (uname(&kernel) == 0)
        tren_scale_launch_note(l, "system", "%s %s %s", kernel.sysname, kernel.release,
                               kernel.machine);
}

void tren_scale_note_machine(tren_scale_launch *l, const tren_config *config) {
    const tren_kernels *kernels;
    note_versions(l);
    note_cpu(l);
    if (tren_kernels_choose(&kernels, tren_cpu_level_name[config->cpu]) == TREN_OK)
        tren_scale_launch_note(l, "level", "%s", kernels->level);
    tren_scale_launch_note(l, "products", "%s%s, %d thread%s",
                           config->gemm == TREN_GEMM_PORTABLE ? "gemm: portable" : "BLAS core ",
                           config->gemm == TREN_GEMM_PORTABLE ? "" : tren_blas_core(),
                           config->blas_threads, config->blas_threads > 1 ? "s" : "");
    note_transport(l);
    note_binding(l);
}

/* "0-3,8" */
static void list_cpus(char *out, size_t n) {
    cpu_set_t mine;
    size_t k = 0;
    out[0] = '\0';
    if (sched_getaffinity(0, sizeof mine, &mine) != 0) return;
    for (int cpu = 0, first = -1; cpu <= CPU_SETSIZE; cpu++) {
        bool in = cpu < CPU_SETSIZE && CPU_ISSET(cpu, &mine);
        if (in && first < 0) first = cpu;
        if (in || first < 0) continue;
        if (k < n) k += (size_t)snprintf(out + k, n - k, "%s%d", k ? "," : "", first);
        if (k < n && cpu - 1 > first) k += (size_t)snprintf(out + k, n - k, "-%d", cpu - 1);
        first = -1;
    }
}

void tren_scale_place(char out[TREN_COMM_TEXT]) {
    char host[32] = "", cpus[24];
    gethostname(host, sizeof host - 1);
    list_cpus(cpus, sizeof cpus);
    snprintf(out, TREN_COMM_TEXT, "%s, CPUs %s", host, cpus);
}

double tren_scale_load(void) {
    double load;
    return getloadavg(&load, 1) == 1 ? load : NAN;
}
