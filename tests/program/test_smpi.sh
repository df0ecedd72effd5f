#!/usr/bin/env bash
# 64 ranks and more on one core: SimGrid runs them as threads of one process over a simulated network, with the real
# data, and finds deadlocks at once. Every point-to-point engine must give the bits of a serial fold.
set -euo pipefail

for name in smpicc smpirun; do
    command -v "$name" >/dev/null || { echo "skipped: $name is not installed (Debian: libsimgrid-dev)"; exit 77; }
done
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
mapfile -t sources < <(find "$TREN_SOURCE"/src/{comm,base} -name '*.c' ! -name pause.c)
# shellcheck disable=SC2046
smpicc -O2 -std=gnu17 -ffp-contract=off -fPIC -DTREN_LEVEL=baseline -DTREN_LEVEL_VB=16 -I"$TREN_SOURCE/include" -I"$TREN_SOURCE/src" \
    "$TREN_SOURCE"/tests/program/smpi_{reduce,support}.c "${sources[@]}" "$TREN_SOURCE"/src/kernels/{blas,flat}.c \
    $(pkg-config --cflags --libs openblas libxxhash yaml-0.1) -lm -o reduce
cat >platform.xml <<'XML'
<?xml version='1.0'?>
<!DOCTYPE platform SYSTEM "https://simgrid.org/simgrid.dtd">
<platform version="4.1">
  <cluster id="c" prefix="n" suffix="" radical="0-63" speed="1Gf" core="1" bw="25Gbps" lat="2us" bb_bw="4Tbps" bb_lat="1us" loopback_bw="10GBps" loopback_lat="500ns"/>
</platform>
XML

test_ranks() { # ranks on a host, hosts, shards; "cycle": numbered by turns; values: those alone, with auto
    local ranks=$1 hosts=$2 shards=$3 i
    for ((i = 0; i < ranks * hosts; i++)); do
        [[ ${4:-} == cycle ]] && echo "n$((i % hosts))" || echo "n$((i / ranks))"
    done >hosts
    timeout -k 5 120 smpirun -np $((ranks * hosts)) -platform platform.xml -hostfile hosts --log=root.thres:warning \
        --cfg=smpi/coll-selector:ompi --cfg=smpi/simulate-computation:no --cfg=smpi/test:2e-7 \
        ./reduce "$shards" "${@:5}" >out 2>&1 || true
    cat out
    # A deadlock and an abort leave with 0: only what was said counts.
    grep -qx "all engines are right" out || { echo "FAILED: $*" >&2; exit 1; }
}

export OPENBLAS_NUM_THREADS=1
test_ranks 1 64 64
test_ranks 1 37 64
test_ranks 1 61 100
test_ranks 16 3 48
test_ranks 4 12 64 cycle
test_ranks 8 8 64 cycle
test_ranks 2 64 128 block 10000
grep -q '^hierarchical (rabenseifner): 128 ranks' out || { echo "FAILED: another engine" >&2; exit 1; }
