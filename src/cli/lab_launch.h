/* Experiments as jobs of their own: one mpirun after the other. Not collective; without MPI. */
#ifndef TREN_CLI_LAB_LAUNCH_H
#define TREN_CLI_LAB_LAUNCH_H

#include "tren/lab.h"

/* Whether this process was started by a launcher of MPI programs. */
bool tren_lab_within_job(void);
/* Runs `mpirun -n RANKS tren lab run NAME OPTIONS...` and waits. A signal to this process is handed
 * on. Returns its exit code; TREN_ERR_ENV: no mpirun. options: NULL-terminated. */
tren_status tren_lab_launch(const char *name, int ranks, const char *const *options);
/* Physical cores that this process may use. */
int tren_lab_cores(void);

#endif
