/* For tests under mpirun: one communicator, opened and closed around the test. */
#ifndef TREN_TESTS_MPI_H
#define TREN_TESTS_MPI_H

#include "tren/comm.h"

extern tren_comm test_comm;

/* For .init and .fini. */
void test_comm_open(void);
void test_comm_close(void);
/* The last statement of a test. Without it, test_comm_close ends the process at once, which ends
 * the job: the other ranks may wait for this one for ever. */
void test_comm_passed(void);

/* A folder that all ranks see, made by rank 0; removed by test_comm_close. */
const char *test_shared_folder(void);

#endif
