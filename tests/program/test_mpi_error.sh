#!/usr/bin/env bash
# An MPI call that fails ends the run with code 3, the environment, and one line that names the call and the error;
# never with MPI's own number, which would mean something else here.
# shellcheck source=tests/program/lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"

command -v mpicc >/dev/null || skip "no mpicc to build what makes MPI fail"
needs_open_mpi

# Between the program and MPI: from the 20th on, the sends or receives of one rank are wrong.
make_saboteur() { # NAME, the wrong argument
    cat >"$1.c" <<C
#include <mpi.h>
static int calls;
int MPI_Isend(const void *buf, int n, MPI_Datatype type, int peer, int tag, MPI_Comm comm, MPI_Request *request) {
    int rank;
    MPI_Comm_rank(comm, &rank);
    if (rank == 1 && ++calls >= 20) $2;
    return PMPI_Isend(buf, n, type, peer, tag, comm, request);
}
C
    mpicc -shared -fPIC -o "$1.so" "$1.c"
}

make_classes data.h5 500
test_error() { # NAME, the wrong argument, what MPI says of it
    make_saboteur "$1" "$2"
    expect 3 "tren: rank 1: MPI_Isend failed: $3" mpi 2 -x LD_PRELOAD="$scratch/$1.so" "$tren" train --data data.h5 \
        --shards 4 --reduction direct --epochs 100 --out "$1" --progress off
    [[ $(grep -c "^tren: " output) -eq 1 ]] || fail "$1: more than one line: $(grep "^tren: " output)"
    refuse_part "MPI_ERRORS_ARE_FATAL"
}
test_error tag "tag = -5" MPI_ERR_TAG             # 4 in Open MPI, which is: data
test_error comm "comm = MPI_COMM_NULL" MPI_ERR_COMM # 5, diverged
test_error rank "peer = 2" MPI_ERR_RANK           # 6, stalled
test_error count "n = -1" MPI_ERR_COUNT

# Before the first step, by no message of ours: no part of Open MPI is left that has shared windows.
expect 3 "MPI_Win_allocate_shared failed: " mpi 2 --mca osc ^sm "$tren" train --data data.h5 --shards 4 \
    --reduction shared --epochs 1 --out window
echo "failing MPI calls end with code 3"
