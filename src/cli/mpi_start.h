/* The start of MPI, which can hang where memory, files or a network are missing, or where another
 * rank does not come: under watch. */
#ifndef TREN_CLI_MPI_START_H
#define TREN_CLI_MPI_START_H

#include "tren/comm.h"

enum { TREN_START_SECONDS = 300 }; /* for commands without stall_timeout */

/* tren_comm_open, and what the batch system grants in memory. When MPI has not started after
 * `timeout` seconds (at least ten; 0: however long), the process says so and leaves with
 * TREN_ERR_STALLED; when a stop signal comes meanwhile and MPI has not started five seconds later,
 * with TREN_REQUEUE. Collective. */
tren_status tren_mpi_start(tren_comm *comm, double timeout);

/* For a command that is done without MPI, among several processes: the others may be about to
 * train, and would wait for this one. TREN_ERR_ENV, on all of them, where they do something else.
 * Does nothing where MPI was started, or where there are no others. Collective. */
tren_status tren_mpi_leave_together(const char *command);

#endif
