/* How ranks are started, and how they reach each other. */
#include "cli/doctor.h"
#include "cli/mpirun.h"
#include "tren/train.h"

#include <dirent.h>
#include <limits.h>
#include <math.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

/* ---- of a node ------------------------------------------------------------------------------- */

/* Name and major version: "Open MPI v4.1.4" and "Open MPI 4.1.6" are compatible. */
static bool same_mpi(const char *a, const char *b) {
    static const char digits[] = "0123456789";
    size_t n = strcspn(a, digits), m = strcspn(b, digits);
    size_t name = n > 0 && a[n - 1] == 'v' ? n - 1 : n;
    return name == m && strncmp(a, b, m) == 0 && strtol(a + n, NULL, 10) == strtol(b + m, NULL, 10);
}

static void look_at_version(tren_examination *e) {
    char version[256] = "";
    tren_comm_version(version, sizeof version);
    if (!same_mpi(version, tren_mpirun_mpi))
        tren_doctor_add(e, "MPI", TREN_HEALTH_PROBLEM,
                        "the library is %s, but this program was built with %s; load that library "
                        "(module load, LD_LIBRARY_PATH), or build again",
                        version, tren_mpirun_mpi);
    else
        tren_doctor_add(e, "MPI", TREN_HEALTH_OK, "%s", version);
}

static void list_fabrics(char *out, size_t n) {
    DIR *folder = opendir("/sys/class/infiniband");
    struct dirent *entry;
    size_t k = 0;
    out[0] = '\0';
    while (folder && (entry = readdir(folder)))
        if (entry->d_name[0] != '.' && k < n)
            k += (size_t)snprintf(out + k, n - k, "%s%s", k ? " " : "", entry->d_name);
    if (folder) closedir(folder);
}

static void look_at_transport(tren_examination *e) {
    static const char *const prefix[] = {"OMPI_MCA_pml=", "OMPI_MCA_btl=",    "OMPI_MCA_mtl=",
                                         "UCX_TLS=",      "UCX_NET_DEVICES=", "FI_PROVIDER="};
    char told[256] = "", fabric[128];
    size_t k = 0;
    bool only_tcp = false;
    for (char **at = environ; *at; at++)
        for (size_t i = 0; i < sizeof prefix / sizeof *prefix; i++)
            if (strncmp(*at, prefix[i], strlen(prefix[i])) == 0 && k < sizeof told) {
                k += (size_t)snprintf(told + k, sizeof told - k, "%s%s", k ? " " : "", *at);
                only_tcp |= i == 1 && strstr(*at, "tcp") && strstr(*at, "=^") == NULL;
            }
    list_fabrics(fabric, sizeof fabric);
    if (*fabric && only_tcp)
        tren_doctor_add(e, "transport", TREN_HEALTH_WARNING,
                        "%s forces TCP, although the node has %s; remove it", told, fabric);
    else
        tren_doctor_add(e, "transport", TREN_HEALTH_OK, "%s; fast network devices: %s",
                        *told ? told : "chosen by MPI", *fabric ? fabric : "none");
}

static void tell_crowd(tren_examination *e, int cores) {
    tren_doctor_add(e, "binding", TREN_HEALTH_WARNING,
                    "%d ranks share %d core%s, and wait for each other; start no more ranks than "
                    "cores, or let them yield:",
                    e->processes, cores, cores > 1 ? "s" : "");
    tren_doctor_paste(e, "mpirun --oversubscribe --bind-to none --mca mpi_yield_when_idle 1 -n %d",
                      e->processes);
}

static void look_at_binding(tren_examination *e) {
    cpu_set_t mine;
    int cores = tren_cores(),
        cpus = sched_getaffinity(0, sizeof mine, &mine) == 0 ? CPU_COUNT(&mine) : 0;
    bool bound = e->processes > 1 && cpus < sysconf(_SC_NPROCESSORS_ONLN);
    if (!bound && e->processes > cores)
        tell_crowd(e, cores);
    else
        tren_doctor_add(e, "binding", TREN_HEALTH_OK, "%s may use %d core%s (%d CPUs of %ld)",
                        e->processes > 1 ? "the first rank here" : "this process", cores,
                        cores > 1 ? "s" : "", cpus, sysconf(_SC_NPROCESSORS_ONLN));
}

void tren_doctor_mpi(tren_examination *e) {
    look_at_version(e);
    look_at_transport(e);
    look_at_binding(e);
}

/* ---- a launch of two ------------------------------------------------------------------------- */

/* The last line of a log that says something. */
static void last_line(char *out, size_t n, const char *path) {
    char line[512];
    FILE *file = fopen(path, "re");
    out[0] = '\0';
    while (file && fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = '\0';
        if (strspn(line, " -") < strlen(line)) snprintf(out, n, "%.400s", line);
    }
    if (file) fclose(file);
}

static void judge_launch(tren_examination *e, const char *launcher, tren_status st, const char *log,
                         double seconds) {
    char said[512];
    last_line(said, sizeof said, log);
    if (st == TREN_OK && strcmp(said, "2 ranks met") == 0)
        tren_doctor_add(e, "launcher", TREN_HEALTH_OK,
                        "%s started 2 ranks, which met within %.1f s", launcher, seconds);
    else if (*said)
        tren_doctor_add(e, "launcher", TREN_HEALTH_PROBLEM,
                        "%s -n 2 failed: %s; use the launcher of %s: %s", launcher, said,
                        tren_mpirun_mpi, tren_mpirun_path());
    else
        tren_doctor_add(e, "launcher", TREN_HEALTH_PROBLEM, "%s", tren_error_text());
}

void tren_doctor_launch(tren_examination *e) {
    const char *given = getenv("TREN_LAUNCHER"),
               *launcher = given && *given ? given : tren_mpirun_path();
    const char *const arguments[] = {"doctor-rank", NULL};
    char log[] = "/tmp/tren-doctor.XXXXXX";
    int fd = mkstemp(log);
    double since = tren_seconds();
    if (fd < 0) {
        tren_doctor_add(e, "launcher", TREN_HEALTH_WARNING,
                        "not tried: cannot make a temporary file in /tmp");
        return;
    }
    close(fd);
    tren_status st =
        tren_mpirun_run(&(tren_mpirun){.ranks = 2, .log = log, .arguments = arguments});
    judge_launch(e, launcher, st, log, tren_seconds() - since);
    unlink(log);
}

/* ---- a job ----------------------------------------------------------------------------------- */

/* How far this rank's date is ahead of rank 0's, from clocks that were compared. */
static double date_minus_clock(const tren_comm *comm) {
    struct timespec date;
    tren_clock_gap gap;
    tren_comm_compare_clocks(&gap, comm);
    clock_gettime(CLOCK_REALTIME, &date);
    return (double)date.tv_sec + 1e-9 * (double)date.tv_nsec - tren_seconds() + gap.ahead;
}

static void look_at_dates(tren_examination *e, const tren_comm *comm) {
    double mine = date_minus_clock(comm), *all = NULL, worst = 0;
    int rank = 0;
    if (tren_alloc(&all, (size_t)comm->size, sizeof *all, "dates") != TREN_OK)
        tren_comm_abort(comm, TREN_ERR_INTERNAL);
    tren_comm_allgather(comm, all, &mine, 1);
    for (int q = 1; q < comm->size; q++)
        if (fabs(all[q] - all[0]) > fabs(worst)) {
            worst = all[q] - all[0];
            rank = q;
        }
    free(all);
    if (fabs(worst) > 1)
        tren_doctor_add(e, "dates", TREN_HEALTH_WARNING,
                        "the date of rank %d is %.1f s %s of rank 0's; synchronise the clocks of "
                        "the nodes (NTP), because file times and logs differ",
                        rank, fabs(worst), worst > 0 ? "ahead" : "behind");
    else
        tren_doctor_add(e, "dates", TREN_HEALTH_OK, "the clocks of all ranks agree to %.3f s",
                        fabs(worst));
}

void tren_doctor_job(tren_examination *e, tren_comm *comm) {
    tren_doctor_add(e, "job", TREN_HEALTH_OK, "%d rank%s on %d node%s", comm->size,
                    comm->size > 1 ? "s" : "", comm->n_nodes, comm->n_nodes > 1 ? "s" : "");
    tren_status st = tren_agree_on_program(comm, "doctor");
    if (st != TREN_OK)
        tren_doctor_add(e, "program", TREN_HEALTH_PROBLEM, "%s", tren_error_text());
    else
        tren_doctor_add(e, "program", TREN_HEALTH_OK,
                        "the same program and libraries on all ranks");
    look_at_dates(e, comm);
}
