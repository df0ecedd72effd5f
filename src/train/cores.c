#include "tren/kernels.h"
#include "tren/train.h"

#include <stdlib.h>
#include <string.h>

static tren_status use_lowest(const tren_comm *comm, const tren_log *log,
                              char (*all)[TREN_COMM_TEXT], const char **core) {
    int size = comm->size, odd = 0;
    for (int q = 0; q < size; q++) {
        core[q] = all[q];
        if (strcmp(all[q], all[0]) != 0) odd = q;
    }
    if (odd == 0) return TREN_OK;
    const char *lowest = tren_blas_lowest_core(core, size);
    if (!lowest)
        return tren_fail(TREN_ERR_ENV,
                         "the OpenBLAS core type differs between ranks (%s on rank 0, %s on rank "
                         "%d), and it is not known which of them is lower; set the same "
                         "OPENBLAS_CORETYPE on all ranks (mpirun -x OPENBLAS_CORETYPE=Haswell ...)",
                         all[0], all[odd], odd);
    if (comm->rank == 0)
        tren_log_line(log,
                      "note: the OpenBLAS core type differs between ranks (%s on rank 0, %s on "
                      "rank %d): all ranks use %s to have the same bits; with gemm: portable each "
                      "rank would run at the full speed of its CPU, with the same bits",
                      all[0], all[odd], odd, lowest);
    return tren_blas_use_core(lowest);
}

tren_status tren_agree_on_core(const tren_comm *comm, const tren_config *config,
                               const tren_log *log) {
    char(*all)[TREN_COMM_TEXT] = NULL;
    const char **core = NULL;
    if (config && config->gemm == TREN_GEMM_PORTABLE) return TREN_OK; /* it computes nothing */
    tren_status st = tren_alloc(&all, (size_t)comm->size, sizeof *all, "core types");
    if (st == TREN_OK) st = tren_alloc(&core, (size_t)comm->size, sizeof *core, "core types");
    st = tren_comm_agree(comm, st);
    if (st == TREN_OK) {
        tren_comm_allgather_text(comm, all, tren_blas_core());
        st = tren_comm_agree(comm, use_lowest(comm, log, all, core));
    }
    free(all);
    free(core);
    return st;
}
