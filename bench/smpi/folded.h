/* Included before every source where FOLDED=1: large arrays are neither written nor copied, so that
 * many ranks fit into the memory of one machine. Times and messages stay what they are; the values
 * mean nothing. */
#ifndef TREN_SMPI_FOLDED_H
#define TREN_SMPI_FOLDED_H

#include <string.h>

#include <mpi.h>

enum { FOLDED_LARGE = 1024, FOLDED_MOST = 1 << 28 };

#define TREN_FOLDED
#define SMPI_ARRAY(bytes)      SMPI_SHARED_MALLOC(bytes)
#define memset(at, byte, n)    ((n) >= FOLDED_LARGE ? (at) : (memset)(at, byte, n))
#define memcpy(to, from, n)    ((n) >= FOLDED_LARGE ? (to) : (memcpy)(to, from, n))
#define MPI_Irecv(buf, n, ...) MPI_Irecv(folded_buffer(buf, n), n, __VA_ARGS__)

/* In place of a message of many values: a buffer that SimGrid neither keeps nor copies. */
void *folded_buffer(const void *buf, int n);

#endif
