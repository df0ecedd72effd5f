/* Private to train: how much memory this process can still get, and what bounds it. Not
 * collective. */
#ifndef TREN_TRAIN_MEMORY_FREE_H
#define TREN_TRAIN_MEMORY_FREE_H

#include "tren/base.h"

typedef struct tren_memory_free {
    double bytes;       /* for each process; INFINITY: nothing bounds it */
    char why[512];      /* the bound with its numbers: "RLIMIT_AS allows 2 GiB, ..." */
    const char *remedy; /* what raises the bound */
} tren_memory_free;

typedef struct tren_memory_share {
    int processes;  /* of this job on this node, which share what the node has */
    double granted; /* bytes that the batch system grants them together; 0: it does not say */
} tren_memory_share;

/* The lowest of: what the node has free, the control groups of versions 1 and 2 up to the top of
 * what is mounted, the batch system's grant, RLIMIT_AS and RLIMIT_DATA. `root` stands in front of
 * /proc and of the places where control groups are mounted: "" but for tests. */
void tren_memory_find_free(tren_memory_free *least, const char *root, tren_memory_share share);

#endif
