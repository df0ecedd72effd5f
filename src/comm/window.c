/* The room for shared windows. MPI finds out by itself when it is too late: Open MPI fails on the
 * rank that makes the file, and leaves the others waiting for it. */
#include "comm/reduce.h"

#include <math.h>
#include <sys/statvfs.h>

/* Where MPI was told to put them; false: it does not say. Open MPI looks at all of its plug-ins to
 * answer, which takes its time. */
static bool ask_mpi(char folder[TREN_WINDOW_FOLDER]) {
    char told[4096] = "";
#ifdef OPEN_MPI
    MPI_T_cvar_handle handle;
    int level, index, count;
    if (MPI_T_init_thread(MPI_THREAD_FUNNELED, &level) != MPI_SUCCESS) return false;
    if (MPI_T_cvar_get_index("osc_sm_backing_directory", &index) == MPI_SUCCESS &&
        MPI_T_cvar_handle_alloc(index, NULL, &handle, &count) == MPI_SUCCESS) {
        if (count < (int)sizeof told) MPI_T_cvar_read(handle, told);
        MPI_T_cvar_handle_free(&handle);
    }
    MPI_T_finalize();
#endif
    if (told[0]) snprintf(folder, TREN_WINDOW_FOLDER, "%s", told);
    return told[0];
}

/* Bytes that are free there, on the rank that has least. Where that cannot be told, MPI has to find
 * out. */
static double room_in(const char *folder, const tren_comm *comm) {
    struct statvfs about;
    double room = INFINITY;
    if (statvfs(folder, &about) == 0) room = (double)about.f_bavail * (double)about.f_frsize;
    MPI_Allreduce(MPI_IN_PLACE, &room, 1, MPI_DOUBLE, MPI_MIN, mpi_of(comm));
    return room;
}

double tren_window_room(const tren_comm *comm, double needs, char folder[TREN_WINDOW_FOLDER]) {
    snprintf(folder, TREN_WINDOW_FOLDER, "/dev/shm");
    double room = room_in(folder, comm);
    if (needs > room && ask_mpi(folder)) room = room_in(folder, comm);
    return room;
}
