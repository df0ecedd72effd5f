/* What must be settled before MPI starts, and what can be known about the launch without it. Not
 * collective. */
#ifndef TREN_CLI_LAUNCH_H
#define TREN_CLI_LAUNCH_H

#include "tren/config.h"

/* First thing in main. Ignores SIGPIPE and SIGXFSZ, so that a closed pipe and a full file are
 * errors of the call that met them; and where OpenBLAS took the CPU for an ancient one, starts the
 * program again with OPENBLAS_CORETYPE set, unless the user has set it. */
void tren_launch_start(char **argv);

/* TREN_ERR_ENV when srun started several ranks without PMIx: each would believe to be rank 0 of 1.
 */
tren_status tren_launch_check_srun(void);

/* After MPI_Init: TREN_ERR_ENV when the launcher started several processes and MPI's world has this
 * one alone, as with the launcher of another MPI; `own` is that of ours. */
tren_status tren_launch_check_world(int size, const char *own);

/* TREN_ERR_USAGE when mpirun or srun started several processes of a command that works alone: each
 * would do, and write, the same. */
tren_status tren_launch_check_alone(void);

/* Continues in the program of this precision, tren or tren64 beside this one, with the same
 * command; returns TREN_OK when this is it, TREN_ERR_ENV when the other is missing. argv is the
 * command's own (argv[0] its name, NULL at the end). Before MPI_Init. */
tren_status tren_launch_precision(tren_precision precision, char **argv);
/* The same for double. */
tren_status tren_launch_double(char **argv);

/* This process's rank, as far as the launcher's environment tells; 0 where it is not one of many.
 */
long tren_launch_rank(void);
/* How many processes the launcher started, as far as its environment tells; 1 without one. */
long tren_launch_size(void);
/* Whether there are others that MPI would connect this process with. */
bool tren_launch_has_others(void);
/* Bytes that SLURM grants the job on this node, of whose processes n_local are here (SLURM_MEM_*);
 * 0: it does not say. */
double tren_launch_node_memory(int n_local);
/* TREN_ERR_ENV when a limit of this process (ulimit -n, -s, -v, -d, with MPI -f) is too low for MPI
 * and HDF5 to work: they crash, hang or exit with codes of their own. */
tren_status tren_launch_check_limits(bool mpi);

/* Whether this process is rank 0, or not one of many, as far as the launcher's environment tells:
 * the one that speaks before MPI_Init. */
bool tren_launch_is_first(void);
/* Whether no launcher started this process. */
bool tren_launch_is_alone(void);
/* Whether a launcher of MPI programs did; srun is one only where it offers PMI. */
bool tren_launch_within_job(void);

/* Whether a person watches what this process writes to fd 1 or 2. Under mpirun the ranks' own
 * descriptors say nothing (a pseudo-terminal where mpirun's goes to a file, a pipe where it goes to
 * a terminal): then it is mpirun's that counts. On other nodes than mpirun's: false. */
bool tren_launch_watched(int fd);

#endif
