/* What tren doctor looks at: one line for each thing, with its remedy where something is wrong. Not
 * collective, but where it is said. */
#ifndef TREN_CLI_DOCTOR_H
#define TREN_CLI_DOCTOR_H

#include "tren/comm.h"

typedef enum tren_health { TREN_HEALTH_OK, TREN_HEALTH_WARNING, TREN_HEALTH_PROBLEM } tren_health;
extern const char *const tren_health_name[];

enum { TREN_FINDINGS = 32, TREN_FINDING_TEXT = 480, TREN_FINDING_COMMAND = 200 };

typedef struct tren_finding {
    char name[20];
    tren_health health;
    char text[TREN_FINDING_TEXT];       /* what was found; "; " and the remedy behind it */
    char command[TREN_FINDING_COMMAND]; /* of the remedy, to paste; or "" */
} tren_finding;

/* Of one node. */
typedef struct tren_examination {
    const char *dir;    /* not owned: where runs are to be written */
    int processes;      /* of this job on this node */
    double node_memory; /* bytes that the batch system grants them; 0: it does not say */
    char host[TREN_COMM_TEXT];
    int n;
    tren_finding at[TREN_FINDINGS];
} tren_examination;

/* Adds a line; what is too long is cut. */
void tren_doctor_add(tren_examination *e, const char *name, tren_health health, const char *format,
                     ...) __attribute__((format(printf, 4, 5)));

/* The command of the line that was added last. What is too long is left out. */
void tren_doctor_paste(tren_examination *e, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* doctor_machine.c: limits, memory, CPU, BLAS, clock, gnuplot */
void tren_doctor_machine(tren_examination *e);
/* doctor_files.c: shared memory, temporary files, HDF5, the folder of runs */
void tren_doctor_files(tren_examination *e);
/* doctor_launch.c: the MPI, how messages travel, and who may use which CPU */
void tren_doctor_mpi(tren_examination *e);
/* Starts two ranks by the launcher and has them meet. For a process that no launcher started. */
void tren_doctor_launch(tren_examination *e);
/* Of a job: its ranks, their programs and clocks. Rank 0's examination is added to. Collective */
void tren_doctor_job(tren_examination *e, tren_comm *comm);

#endif
