/* The signals that mean "save and leave", in every command that runs long. Not collective. */
#ifndef TREN_CLI_STOP_SIGNAL_H
#define TREN_CLI_STOP_SIGNAL_H

#include <signal.h>

/* The last such signal, 0 before any. */
extern volatile sig_atomic_t tren_stop_signal;
/* Set while tren_mpi_start waits for MPI: then such a signal also raises SIGALRM a few seconds
 * later, by which a start that hangs is left. */
extern volatile sig_atomic_t tren_mpi_starting;

/* USR1 by any route, what mpirun, srun and Ctrl-C send, and HUP of a terminal that is closed,
 * unless nohup had it ignored. A second Ctrl-C kills. To be called before MPI starts: a signal may
 * come as early as that. */
void tren_stop_signal_catch(void);
/* Once more for HUP alone, as a library may have taken it since: ignored where nohup began the
 * program, caught where tren_stop_signal_catch was called. */
void tren_stop_signal_mind_hup(void);

#endif
