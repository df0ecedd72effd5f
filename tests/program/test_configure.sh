#!/usr/bin/env bash
# Libraries that do not belong together, or are not those that were asked for, are refused at configure time, with what
# was found and what to say. Most of them are stand-ins: a few functions, or a script that says a name.
set -euo pipefail
source=$(realpath "${TREN_SOURCE:-.}")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
unset CMAKE_PREFIX_PATH

fail() { echo "FAILED: $*" >&2; exit 1; }

# configure CODE PART OPTION ...   In an empty build folder.
configure() {
    local code=0 want=$1 part=$2
    shift 2
    rm -rf build
    cmake -G Ninja -S "$source" -B build -DTREN_TESTS=OFF -DCMAKE_BUILD_TYPE=Release "$@" >said 2>&1 || code=1
    [[ $code -eq $want ]] || fail "$*: exit code $code, not $want: $(cat said)"
    # CMake wraps its messages.
    tr -s ' \n' ' ' <said | grep -qF -- "$part" || fail "$*: no '$part' in: $(cat said)"
}

# stand_in FILE TEXT [OPTION ...]   A shared library.
stand_in() {
    local file=$1 text=$2
    shift 2
    mkdir -p "$(dirname "$file")"
    echo "$text" | "${CC:-cc}" -shared -fPIC -x c - -x none -o "$file" "$@"
}

configure 0 "-- MPI: "
mpi=$(sed -n 's/^-- MPI: \(.*\) [0-9.]*, launcher.*/\1/p' said)

# ---- MPI
other=MPICH text="HYDRA build details"
if [[ $mpi == MPICH ]]; then other="Open MPI" text="mpirun (Open MPI) 4.1.4"; fi
printf '#!/bin/sh\necho "%s"\n' "$text" >mpiexec
chmod +x mpiexec
configure 1 "mpiexec is the launcher of $other: each rank would be a run of its own. Name the launcher of the same MPI: -DMPIEXEC_EXECUTABLE" \
    -DMPIEXEC_EXECUTABLE="$PWD/mpiexec"
mkdir -p home/lib
configure 1 "MPI_HOME is $PWD/home, but the MPI found is" -DMPI_HOME="$PWD/home"

# ---- OpenBLAS
openblas='char *openblas_get_config(void) { return "OpenBLAS 0.3.21 %s"; }
char *openblas_get_corename(void) { return "Haswell"; }
void cblas_sgemm(int o, int a, int b, long m, long n, long k, float al, float *x, long lx, float *y, long ly, float be,
    float *c) { *c = 4; }
void dsyevd_(void) {}'
# shellcheck disable=SC2059
stand_in long/libopenblas.so "$(printf "$openblas" USE64BITINT)"
configure 1 "has integers of 64 bits, and tren passes 32. Name another: -DOPENBLAS_LIBRARY=FILE" \
    -DOPENBLAS_LIBRARY="$PWD/long/libopenblas.so"
stand_in prefixed/libopenblas.so "void scipy_cblas_sgemm(void) {}"
configure 1 "Its functions have other names (scipy_cblas_sgemm for cblas_sgemm)" -DOPENBLAS_LIBRARY="$PWD/prefixed/libopenblas.so"
stand_in blis/libblis.so "void cblas_sgemm(void) {}"
configure 1 "It is no OpenBLAS (it has no openblas_get_corename), as BLIS and MKL are not." \
    -DOPENBLAS_LIBRARY="$PWD/blis/libblis.so"

# ---- a prefix that was asked for and is not what was found
stand_in asked/lib/libopenblas.so "$openblas"
configure 1 "CMAKE_PREFIX_PATH has $PWD/asked/lib/libopenblas.so, but" -DCMAKE_PREFIX_PATH="$PWD/asked"
CMAKE_PREFIX_PATH=/nowhere:$PWD/asked configure 1 "CMAKE_PREFIX_PATH has $PWD/asked/lib/libopenblas.so, but"

# ---- HDF5 for another MPI
name=libmpi.so.12
if [[ $mpi == MPICH ]]; then name=libmpi.so.40; fi
stand_in hdf5/$name "void mpi(void) {}" -Wl,-soname,$name
stand_in hdf5/libhdf5.so "void mpi(void); void H5open(void) { mpi(); }" -Lhdf5 -l:$name
include=$(sed -n 's/^HDF5_C_INCLUDE_DIR:[A-Z]*=//p' build/CMakeCache.txt)
configure 1 "is a parallel one, built with $other, but the MPI is $mpi" -DHDF5_NO_FIND_PACKAGE_CONFIG_FILE=ON \
    -DHDF5_ROOT="$PWD/hdf5" -DHDF5_hdf5_LIBRARY_RELEASE="$PWD/hdf5/libhdf5.so" -DHDF5_C_INCLUDE_DIR="${include:-/usr/include/hdf5/serial}"
echo "what does not belong together is refused"
