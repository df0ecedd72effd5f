/* What happens when an MPI call fails: one line that says which, and the exit code that means the
 * environment. MPI's own handler leaves with the class of the error, which would be read as one of
 * our codes: 4 is MPI_ERR_TAG, and bad data. */
#include "comm/mpi_comm.h"

#include <stdarg.h>

/* call: its name, or NULL. */
static void give_up(MPI_Comm comm, int error, const char *call) {
    char text[MPI_MAX_ERROR_STRING] = "";
    int length = 0, rank = 0;
    MPI_Error_string(error, text, &length);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    fprintf(stderr,
            "tren: rank %d: %s failed: %s; check MPI, the network, shared memory and limits, then "
            "continue with --resume\n",
            rank, call ? call : "an MPI call", text);
    MPI_Abort(comm, TREN_ERR_ENV);
}

/* The standard leaves open what follows the error. Open MPI gives the name of the call. */
#ifdef OPEN_MPI
#define CALL_AFTER(error, call)                                                                    \
    do {                                                                                           \
        va_list more;                                                                              \
        va_start(more, error);                                                                     \
        (call) = va_arg(more, const char *);                                                       \
        va_end(more);                                                                              \
    } while (0)
#else
#define CALL_AFTER(error, call) (void)(call)
#endif

static void on_comm_error(MPI_Comm *comm, int *error, ...) {
    const char *call = NULL;
    CALL_AFTER(error, call);
    give_up(*comm, *error, call);
}

static void on_window_error(MPI_Win *window, int *error, ...) {
    (void)window;
    const char *call = NULL;
    CALL_AFTER(error, call);
    give_up(MPI_COMM_WORLD, *error, call);
}

void tren_guard_comm(MPI_Comm comm) {
    MPI_Errhandler handler;
    MPI_Comm_create_errhandler(on_comm_error, &handler);
    MPI_Comm_set_errhandler(comm, handler);
    MPI_Errhandler_free(&handler);
}

void tren_guard_window(MPI_Win window) {
    MPI_Errhandler handler;
    MPI_Win_create_errhandler(on_window_error, &handler);
    MPI_Win_set_errhandler(window, handler);
    MPI_Errhandler_free(&handler);
}
