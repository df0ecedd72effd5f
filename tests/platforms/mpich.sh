#!/usr/bin/env bash
# MPICH beside Open MPI, as Debian has them: the tests of MPI and of the program, the digest, and both launchers with the
# program of the other: mpich.sh [FOLDER]
# shellcheck source=tests/platforms/lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"

needs_packages mpich libmpich-dev libopenmpi-dev openmpi-bin libcriterion-dev

# expect_refusal NAMES COMMAND ...   Two ranks that are each other's strangers: exit code 3, no run folder.
expect_refusal() {
    local names=$1 code=0
    shift
    rm -rf "$work/stranger"
    "$@" train --data "$work/data.h5" --out "$work/stranger" >"$work/refused" 2>&1 || code=$?
    [[ $code -eq 3 && ! -e $work/stranger ]] || fail "$*: exit code $code: $(cat "$work/refused")"
    grep -qE "2 processes were started by $names" "$work/refused" || fail "$*: $(cat "$work/refused")"
}

build_and_test "mpi|program" -DMPI_EXECUTABLE_SUFFIX=.mpich
cmake -S "$source_dir" -B "$work/openmpi" -G Ninja -DCMAKE_BUILD_TYPE=Release -DTREN_TESTS=OFF \
    -DMPI_EXECUTABLE_SUFFIX=.openmpi >"$work/openmpi.log"
cmake --build "$work/openmpi" --target tren >>"$work/openmpi.log"
"$work/build/tren" data make sinusoid --n 200 --out "$work/data.h5" --force >/dev/null
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
expect_refusal "a launcher with PMI .*built with Open MPI" mpirun.mpich -n 2 "$work/openmpi/tren"
expect_refusal "Open MPI's mpirun, .*built with MPICH" mpirun.openmpi -n 2 "$work/build/tren"
report "$(train_anywhere "$work/build/tren")"
