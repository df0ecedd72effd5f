/* This program under mpirun, as a job of its own. Not collective; without MPI. */
#ifndef TREN_CLI_MPIRUN_H
#define TREN_CLI_MPIRUN_H

#include "tren/base.h"

/* The MPI of the build ("Open MPI 4.1.4"), and the variables, "NAME=VALUE ...", by which its
 * launcher starts more ranks than there are cores. */
extern const char tren_mpirun_mpi[], tren_mpirun_crowd[];
/* The launcher that belongs to it: its path, or its name where it is not there. */
const char *tren_mpirun_path(void);
/* Physical cores that this process may use. */
int tren_cores(void);

typedef struct tren_mpirun {
    int ranks;
    int nodes;       /* on which srun is to place them, one node after the other; 0: as it likes */
    const char *log; /* a file that takes what the job prints and its errors; NULL: it has ours */
    const char *const *arguments; /* of the program: the command first; NULL-terminated */
    /* Takes each line that the job prints, without its newline; NULL: the job prints by itself. */
    void (*line)(void *ctx, const char *text);
    void *ctx;
} tren_mpirun;
/* Runs `mpirun -n RANKS tren ARGUMENTS...` and waits, with TREN_LAUNCHER of the environment in
 * place of mpirun. A signal to this process is handed on. Returns its exit code; TREN_ERR_ENV with
 * a message: no launcher. */
tren_status tren_mpirun_run(const tren_mpirun *job);

#endif
