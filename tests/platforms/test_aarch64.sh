#!/usr/bin/env bash
# With gemm: portable an aarch64 CPU has the digests of this one. Builds tren for aarch64 with Debian's cross compiler and
# the libraries of its arm64 packages, which are unpacked and not installed, and runs it under QEMU's user emulation.
# Skipped where these packages cannot be had within some minutes. They and the build are kept in build/aarch64. In the
# quick tier the program in float alone and two recipes, since it is compiled a second time; in the long one the unit
# tests too.
source "${BASH_SOURCE[0]%/*}/../program/lib.sh"
work=$TREN_SOURCE/build/aarch64
root=$work/root
lib=$root/usr/lib/aarch64-linux-gnu
mkdir -p "$work"
exec {lock}>"$work/lock" # the quick and the long form may run at a time
flock "$lock"

[[ $(uname -m) == x86_64 ]] || skip "this compares with x86-64"
for tool in apt-get dpkg-deb cmake ninja; do command -v $tool >/dev/null || skip "there is no $tool"; done
if ! command -v qemu-aarch64-static >/dev/null || [[ ! -e /usr/aarch64-linux-gnu/lib/crti.o ]]; then
    [[ $EUID -eq 0 ]] || skip "qemu-user-static, gcc-aarch64-linux-gnu and libc6-dev-arm64-cross are not installed"
    timeout 120 apt-get -qq update >/dev/null 2>&1 || skip "no package lists: apt-get update fails"
    timeout 240 apt-get -qq -y -o DPkg::Lock::Timeout=60 install --no-install-recommends \
        qemu-user-static gcc-aarch64-linux-gnu libc6-dev-arm64-cross >/dev/null 2>&1 || skip "the cross compiler or QEMU cannot be installed"
fi

# The arm64 packages, by an apt of their own that knows of no other package; without the compilers and Perl that they
# depend on.
unpack() {
    local list deb
    mkdir -p "$work"/apt/{lists,archives}/partial
    : >"$work/apt/status"
    list=(-o APT::Architecture=arm64 -o APT::Architectures::=arm64 -o Dir::State::lists="$work/apt/lists"
        -o Dir::State::status="$work/apt/status" -o Dir::Cache::archives="$work/apt/archives"
        -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= -o APT::Install-Recommends=false)
    timeout 120 apt-get -qq "${list[@]}" update >/dev/null 2>&1 || skip "no lists of arm64 packages"
    timeout 240 apt-get -qq -y "${list[@]}" --download-only install libc6-dev libgcc-12-dev libopenmpi-dev \
        libopenblas-dev libhdf5-dev zlib1g-dev libyaml-dev libxxhash-dev libcriterion-dev >/dev/null 2>&1 || skip "the arm64 packages cannot be loaded"
    mkdir -p "$root"
    for deb in "$work"/apt/archives/{lib,zlib,linux-libc,openmpi,ibverbs}*.deb; do dpkg-deb -x "$deb" "$root"; done
    [[ -e $root/lib ]] || ln -s usr/lib "$root/lib" # packages of Debian 13 have nothing there
    touch "$work/unpacked"
}
[[ -e $work/unpacked ]] || unpack

build() {
    local programs links=-Wl,-rpath-link,$lib:$lib/openblas-pthread,--allow-shlib-undefined
    cat >"$work/toolchain.cmake" <<'END'
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
END
    export PKG_CONFIG_SYSROOT_DIR=$root PKG_CONFIG_LIBDIR=$lib/pkgconfig:$lib/openblas-pthread/pkgconfig
    cmake --fresh -S "$TREN_SOURCE" -B "$work/build" -G Ninja -DCMAKE_TOOLCHAIN_FILE="$work/toolchain.cmake" \
        -DCMAKE_BUILD_TYPE=Release -DTREN_TESTS="$(few OFF -- ON)" -DCMAKE_FIND_ROOT_PATH="$root" \
        -DCMAKE_LIBRARY_ARCHITECTURE=aarch64-linux-gnu -DMPI_C_LIB_NAMES=mpi -DMPI_C_HEADER_DIR="$lib/openmpi/include" \
        -DMPI_mpi_LIBRARY="$lib/openmpi/lib/libmpi.so" -DHDF5_ROOT="$root/usr" \
        -DHDF5_C_INCLUDE_DIR="$root/usr/include/hdf5/serial" \
        -DHDF5_hdf5_LIBRARY_RELEASE="$lib/hdf5/serial/libhdf5.so" -DCMAKE_EXE_LINKER_FLAGS="$links" \
        -DCMAKE_SHARED_LINKER_FLAGS="$links"
    read -ra programs <<<"$(few tren -- tren tren64 unit_tests unit_tests64)"
    cmake --build "$work/build" --parallel 2 --target "${programs[@]}"
}
build >"$work/build.log" 2>&1 || fail "tren does not build for aarch64: $(tail -n 20 "$work/build.log")"

# One process without mpirun, whose helpers the emulator cannot start.
emulated() {
    local program=$work/build/$1
    shift
    qemu-aarch64-static -L "$root" -E OPAL_PREFIX="$root/usr" -E OMPI_MCA_ess_singleton_isolated=1 -E OMPI_MCA_btl=self \
        -E OMPI_MCA_mca_base_component_path=/usr/lib/aarch64-linux-gnu/openmpi/lib/openmpi3 \
        -E LD_LIBRARY_PATH="$work/build:/usr/lib/aarch64-linux-gnu/openblas-pthread:/usr/lib/aarch64-linux-gnu" "$program" "$@"
}

# Criterion starts itself for each test: the kernel hands programs for aarch64 to QEMU, for this command alone.
unit_tests() { # PROGRAM
    # shellcheck disable=SC2016
    QEMU_LD_PREFIX=$root unshare --user --map-root-user --mount bash -euc '
        mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc
        magic="\x7f\x45\x4c\x46\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00"
        mask="\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff"
        echo ":aarch64:M::$magic:$mask:$(command -v qemu-aarch64-static):F" >/proc/sys/fs/binfmt_misc/register
        LD_LIBRARY_PATH=$1 exec "$0" -j2' "$work/build/tests/$1" \
        /usr/lib/aarch64-linux-gnu/openblas-pthread:/usr/lib/aarch64-linux-gnu
}

make_pictures pictures.h5
make_classes classes.h5 600
make_sinusoid sinusoid.h5 200

# same NAME PROGRAM OPTION ...   20 steps each.
same() {
    local name=$1 program=$2 key
    shift 2
    set -- train "$@" --gemm portable --max_steps 20 --no-plots --progress off --stall_timeout 0
    "$TREN_BIN/$program" "$@" --out here >log 2>&1 || fail "$name: $(tail -n 5 log)"
    emulated "$program" "$@" --out there >log 2>&1 || fail "$name on aarch64: $(tail -n 5 log)"
    [[ $(field there cpu_level) == aarch64 ]] || fail "$name: the level is $(field there cpu_level)"
    for key in digest test_loss; do
        [[ $(field here $key) == "$(field there $key)" ]] ||
            fail "$name: $key is $(field there $key) on aarch64, $(field here $key) here"
    done
    echo "$name: $(field here digest) on $(field here cpu_level) and on aarch64"
    rm -r here there
}

same mlp tren --data classes.h5 --model.hidden 60,41 --dropout 0.2 --optimizer.lambda 1 --optimizer.clip_norm 1 --batch_size 40
same resnet18 tren --data pictures.h5 --model.name resnet18 --model.width 4 --batch_size 72
[[ $(few short -- long) == long ]] || exit 0
same gelu tren --data classes.h5 --model.hidden 30 --model.activation gelu --optimizer.name adamw \
    --optimizer.learning_rate 0.001 --schedule.name cosine --batch_size 60
same cnn tren --data pictures.h5 --model.name cnn --model.channels 6,12 --batch_size 72 --augment.rotation 5 --augment.noise 0.02
same scg tren64 --data sinusoid.h5 --precision double --optimizer.name scg --no-normalize_targets --epochs 20
for program in unit_tests unit_tests64; do
    unit_tests $program >log 2>&1 || fail "$program on aarch64: $(tail -n 40 log)"
    grep 'Tested: ' log
done
