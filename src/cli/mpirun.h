/* This program under mpirun, as a job of its own. Not collective; without MPI. */
#ifndef TREN_CLI_MPIRUN_H
#define TREN_CLI_MPIRUN_H

#include "tren/base.h"

/* Whether this process was started by a launcher of MPI programs. */
bool tren_within_job(void);
/* Physical cores that this process may use. */
int tren_cores(void);

typedef struct tren_mpirun {
    int ranks;
    const char *const *arguments; /* of the program: the command first; NULL-terminated */
    /* Takes each line that the job prints, without its newline; NULL: the job prints by itself. */
    void (*line)(void *ctx, const char *text);
    void *ctx;
} tren_mpirun;
/* Runs `mpirun -n RANKS tren ARGUMENTS...` and waits. A signal to this process is handed on.
 * Returns its exit code; TREN_ERR_ENV with a message: no mpirun. */
tren_status tren_mpirun_run(const tren_mpirun *job);

#endif
