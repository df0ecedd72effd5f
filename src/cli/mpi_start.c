#include "cli/mpi_start.h"
#include "cli/launch.h"
#include "cli/mpirun.h"
#include "cli/stop_signal.h"
#include "tren/kernels.h"
#include "tren/train.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

/* A start takes longer than a step, for which stall_timeout is made. */
enum { N_TICKS = 8, LEAST_SECONDS = 10 };

/* Only what is global can be reached by a handler. Time is counted in ticks, so that hours in which
 * the machine was suspended count as one. */
static volatile sig_atomic_t ticks_left;
static unsigned tick_seconds;
static char too_long[640];

static const char stopped[] = "tren: stopped by a signal during the start of MPI; nothing was "
                              "trained and nothing is lost: start again with the same command\n";

static void leave(const char *text, size_t n, int code) {
    ssize_t ignored = write(STDERR_FILENO, text, n);
    (void)ignored;
    _exit(code);
}

/* MPI may hold any lock, so nothing is called here but what a handler may call. */
static void on_alarm(int number) {
    (void)number;
    if (tren_stop_signal) leave(stopped, sizeof stopped - 1, TREN_REQUEUE);
    if (--ticks_left <= 0) leave(too_long, strlen(too_long), TREN_ERR_STALLED);
    alarm(tick_seconds);
}

static void watch(double timeout) {
    struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
    snprintf(too_long, sizeof too_long,
             "tren: rank %ld: MPI did not start within %g s (MPI_Init). Another rank may be "
             "missing or stuck, or MPI lacks a resource: check 'ulimit -a' (memory, open files, "
             "processes), the free space in /tmp and /dev/shm, and the network between the nodes. "
             "Exit code %d. If a start may take this long, raise --stall_timeout\n",
             tren_launch_rank(), timeout, TREN_ERR_STALLED);
    sigaction(SIGALRM, &action, NULL);
    tren_mpi_starting = 1;
    if (timeout <= 0) return;
    tick_seconds = (unsigned)ceil(fmin(timeout, 1e9) / N_TICKS);
    ticks_left = (sig_atomic_t)ceil(fmin(timeout, 1e9) / tick_seconds);
    alarm(tick_seconds);
}

static void stop_watching(void) {
    tren_mpi_starting = 0;
    alarm(0);
    signal(SIGALRM, SIG_DFL);
}

/* ---- a process that no launcher started --------------------------------------------------------
 */

static char session[PATH_MAX];

static void remove_session(void) {
    rmdir(session); /* Open MPI has emptied it */
}

/* Open MPI keeps the files of all processes of a user in one folder, which a process removes when
 * it ends, although the next is just making its own there: MPI_Init of that one then aborts. A
 * process without a launcher gets a folder of its own, and starts no daemon. */
static void open_session(void) {
    const char *given = getenv("OMPI_MCA_orte_tmpdir_base"), *usual = getenv("TMPDIR"),
               *base = given   ? given
                       : usual ? usual
                               : "/tmp";
    int n = snprintf(session, sizeof session, "%s/tren.XXXXXX", base);
    if (n >= (int)sizeof session || !mkdtemp(session)) return;
    atexit(remove_session);
    setenv("OMPI_MCA_orte_tmpdir_base", session, 1);
    setenv("OMPI_MCA_ess_singleton_isolated", "1", 0);
}

static tren_status start_alone(tren_comm *comm) {
    const char *given = getenv("OMPI_MCA_orte_tmpdir_base");
    char *base = given ? strdup(given) : NULL;
    open_session();
    tren_status st = tren_comm_open(comm);
    /* An mpirun that this process starts is to see what the user set. */
    if (base)
        setenv("OMPI_MCA_orte_tmpdir_base", base, 1);
    else
        unsetenv("OMPI_MCA_orte_tmpdir_base");
    free(base);
    return st;
}

/* Open MPI 5's mpirun may end without all of its ranks where several were killed. What is left
 * would wait for the dead, and hold the run folder, for as long as stall_timeout. */
static void die_with_launcher(void) {
    if (getenv("OMPI_COMM_WORLD_SIZE")) prctl(PR_SET_PDEATHSIG, SIGKILL);
}

static bool was_started;

/* Open MPI sends a message over TCP at once if it is at most so long, else when the other side has
 * asked for it, which it does not while it computes: nothing of a longer one is hidden. With the
 * usual limit, 64 kB, that is most of the gradient. */
static void send_at_once(void) {
    static const char bytes[] = "1048576";
    setenv("OMPI_MCA_btl_tcp_eager_limit", bytes, 0);
    setenv("OMPI_MCA_btl_tcp_rndv_eager_limit", bytes, 0);
}

tren_status tren_mpi_start(tren_comm *comm, double timeout) {
    was_started = true;
    watch(timeout > 0 ? fmax(timeout, LEAST_SECONDS) : 0);
    send_at_once();
    tren_status st = tren_launch_is_alone() ? start_alone(comm) : tren_comm_open(comm);
    stop_watching();
    tren_stop_signal_mind_hup();
    die_with_launcher();
    if (st == TREN_OK) st = tren_launch_check_world(comm->size, tren_mpirun_path());
    if (st != TREN_OK) {
        tren_comm_close(comm);
        return st;
    }
    comm->node_memory = tren_launch_node_memory(comm->local_size);
    return tren_comm_agree(comm, tren_blas_reserve());
}

tren_status tren_mpi_leave_together(const char *command) {
    tren_comm comm;
    char what[128];
    if (was_started || !tren_launch_has_others()) return TREN_OK;
    snprintf(what, sizeof what, "%s, without training (--dry-run, --help, or printing a config)",
             command);
    TREN_TRY(tren_mpi_start(&comm, TREN_START_SECONDS));
    tren_status st = tren_agree_on_program(&comm, what);
    tren_comm_close(&comm);
    return st;
}
