#!/usr/bin/env bash
# shellcheck disable=SC2317 # functions are called in there
# A site in a Debian 12 of its own, with Open MPI and MPICH, three HDF5s and several BLAS libraries beside each other,
# in prefixes and modules: what is asked for is found, or refused with the reason; then one of them is built and run:
# site.sh [FOLDER]
# shellcheck source=tests/platforms/lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"

make_root bookworm
copy_sources "$root/src"
in_root "apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qy install --no-install-recommends gcc libc6-dev \
    gfortran cmake ninja-build pkg-config binutils zlib1g-dev libyaml-dev libxxhash-dev libopenmpi-dev openmpi-bin mpich \
    libmpich-dev libhdf5-dev libhdf5-openmpi-dev libhdf5-mpich-dev libopenblas-dev libopenblas64-dev libblis-dev \
    environment-modules" >"$work/apt.log" 2>&1 || skip "the packages cannot be installed: $(tail -n 1 "$work/apt.log")"

# Prefixes of their own, and a module for one of them.
prefixes() {
    local arch=/usr/lib/x86_64-linux-gnu
    mkdir -p /opt/{mpich/bin,openblas/{lib/pkgconfig,include},hdf5/{bin,lib},modules}
    ln -sf /usr/bin/mpicc.mpich /opt/mpich/bin/mpicc
    ln -sf /usr/bin/mpiexec.hydra /opt/mpich/bin/mpiexec
    ln -sf /usr/bin/hydra_pmi_proxy /opt/mpich/bin
    cp "$arch"/openblas-pthread/libopenblas.{a,so} /opt/openblas/lib
    cp -r /usr/include/x86_64-linux-gnu/openblas-pthread/* /opt/openblas/include
    printf '%s\n' 'Name: openblas' 'Description: BLAS' 'Version: 0.3.21' 'Libs: -L/opt/openblas/lib -lopenblas' \
        'Cflags: -I/opt/openblas/include' >/opt/openblas/lib/pkgconfig/openblas.pc
    cp -rT /usr/include/hdf5/serial /opt/hdf5/include
    cp -L "$arch"/hdf5/serial/libhdf5.so /opt/hdf5/lib
    printf '%s\n' '#%Module1.0' 'prepend-path PATH /opt/mpich/bin' 'prepend-path CMAKE_PREFIX_PATH /opt/mpich' >/opt/modules/mpich
}

# A row: what is asked for | what CMake must say; "refused: " before what stops it | its options
cases() {
    local arch=/usr/lib/x86_64-linux-gnu
    cat <<END
nothing                              | MPI: Open MPI 4         |
MPICH by its suffix                  | MPI: MPICH 4            | $mpich -DHDF5_ROOT=$arch/hdf5/serial
MPICH by its compiler alone          | refused: mpiexec is the launcher of Open MPI: each rank would be a run of its own | -DMPI_C_COMPILER=mpicc.mpich
MPICH by MPI_HOME                    | refused: MPI_HOME is /opt/mpich, but the MPI found is | -DMPI_HOME=/opt/mpich
MPICH by its prefix                  | launcher /opt/mpich/bin/mpiexec | -DCMAKE_PREFIX_PATH=/opt/mpich -DHDF5_ROOT=$arch/hdf5/serial
the serial HDF5                      | HDF5: 1.10.8, $arch/hdf5/serial/ | -DHDF5_ROOT=$arch/hdf5/serial
the parallel HDF5 of the same MPI    | HDF5: 1.10.8, $arch/hdf5/openmpi/ | -DHDF5_ROOT=$arch/hdf5/openmpi
that of MPICH with MPICH             | HDF5: 1.10.8, $arch/hdf5/mpich/ | $mpich -DHDF5_ROOT=$arch/hdf5/mpich
that of MPICH with Open MPI          | refused: is a parallel one, built with MPICH, but the MPI is Open MPI | -DHDF5_ROOT=$arch/hdf5/mpich
that of Open MPI with MPICH          | refused: is a parallel one, built with Open MPI, but the MPI is MPICH | $mpich -DHDF5_ROOT=$arch/hdf5/openmpi
an HDF5 in a prefix                  | HDF5: 1.10.8, /opt/hdf5/lib/libhdf5.so | -DCMAKE_PREFIX_PATH=/opt/hdf5
an OpenBLAS in a prefix              | OpenBLAS: /opt/openblas/lib/libopenblas.so | -DCMAKE_PREFIX_PATH=/opt/openblas
a static OpenBLAS                    | OpenBLAS: /opt/openblas/lib/libopenblas.a | -DOPENBLAS_LIBRARY=/opt/openblas/lib/libopenblas.a
OpenBLAS with integers of 64 bits    | refused: integers of 64 bits, and tren passes 32 | -DOPENBLAS_LIBRARY=$arch/openblas64-pthread/libopenblas64.so
BLIS                                 | refused: It is no OpenBLAS (it has no openblas_get_corename) | -DOPENBLAS_LIBRARY=$arch/libblis.so
END
}

configure() { # ASKED EXPECTED OPTION ...
    local code=0 asked=$1 expected=$2 want=0
    shift 2
    if [[ $expected == "refused: "* ]]; then want=1; fi
    rm -rf /tmp/build
    cmake -G Ninja -S /src -B /tmp/build -DTREN_TESTS=OFF -DCMAKE_BUILD_TYPE=Release "$@" >/tmp/said 2>&1 || code=1
    if [[ $code -ne $want ]] || ! tr -s ' \n' ' ' </tmp/said | grep -qF -- "${expected#refused: }"; then
        echo "FAILED: $asked: exit code $code, and not '$expected': $(cat /tmp/said)"
        exit 1
    fi
    echo "$asked: $expected"
}

all_cases() {
    local asked expected options mpich=-DMPI_EXECUTABLE_SUFFIX=.mpich
    while IFS='|' read -r asked expected options; do
        # shellcheck disable=SC2086
        configure "$(xargs <<<"$asked")" "$(xargs <<<"$expected")" $options
    done < <(cases)
    source /usr/share/modules/init/bash
    module use /opt/modules
    module load mpich
    configure "a module" "launcher /opt/mpich/bin/mpiexec" -DHDF5_ROOT=/usr/lib/x86_64-linux-gnu/hdf5/mpich \
        -DOPENBLAS_LIBRARY=/opt/openblas/lib/libopenblas.a -DBUILD_SHARED_LIBS=OFF
    cmake --build /tmp/build --target tren
}

in_root "set -euo pipefail; $(declare -f prefixes cases configure all_cases); prefixes; all_cases" >"$work/site.log" 2>&1 ||
    fail "$(tail -n 30 "$work/site.log")"
grep -E '^[^[]*: ' "$work/site.log"
: >"$work/ctest.log"
report "$(in_root "$(declare -f train_anywhere); train_anywhere /tmp/build/tren")"
