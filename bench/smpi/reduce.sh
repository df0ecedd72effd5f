#!/usr/bin/env bash
# Simulated time of a reduction and gather on nodes of several ranks: each engine, and MPI_Allreduce by every algorithm that
# SimGrid knows. RANKS of a node, NODES, BYTES, SHARDS (default: a shard a rank), slot or cycle (how ranks are numbered).
#   bench/smpi/reduce.sh 16 3 2700000
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
ranks=$1 nodes=$2 bytes=$3 shards=${4:-$(($1 * $2))} order=${5:-slot}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
mapfile -t sources < <(find "$root"/src/{comm,base} -name '*.c' ! -name pause.c)
# shellcheck disable=SC2046
smpicc -O2 -std=gnu17 -ffp-contract=off -fPIC -DMPI_Isend=counted_isend -DTREN_LEVEL=baseline -DTREN_LEVEL_VB=16 -I"$root/include" -I"$root/src" \
    "$root"/bench/smpi/reduce.c "$root"/tests/program/smpi_support.c "${sources[@]}" "$root"/src/kernels/{blas,flat}.c \
    $(pkg-config --cflags --libs openblas libxxhash yaml-0.1) -lm -o reduce
cat >platform.xml <<XML
<?xml version='1.0'?>
<!DOCTYPE platform SYSTEM "https://simgrid.org/simgrid.dtd">
<platform version="4.1">
  <cluster id="c" prefix="n" suffix="" radical="0-$((nodes - 1))" speed="1Gf" core="$ranks" bw="100Gbps" lat="1us"
    bb_bw="100Tbps" bb_lat="200ns" loopback_bw="10GBps" loopback_lat="500ns"/>
</platform>
XML
for ((i = 0; i < ranks * nodes; i++)); do
    [[ $order == cycle ]] && echo "n$((i % nodes))" || echo "n$((i / ranks))"
done >hosts

simulate() { # options of smpirun, --, arguments of reduce
    local options=()
    while [[ $1 != -- ]]; do options+=("$1") && shift; done
    shift
    OPENBLAS_NUM_THREADS=1 timeout -k 5 300 smpirun -np $((ranks * nodes)) -platform platform.xml -hostfile hosts \
        --log=root.thres:critical --cfg=smpi/simulate-computation:no --cfg=smpi/test:2e-7 --cfg=maxmin/precision:1e-3 \
        "${options[@]}" ./reduce "$@" 2>log
}

echo "# $nodes nodes of $ranks ranks, numbered by $order, $bytes bytes, $shards shards; microseconds"
simulate --cfg=smpi/coll-selector:ompi -- "$bytes" "$shards"
for selector in ompi mpich mvapich2 impi; do
    simulate "--cfg=smpi/coll-selector:$selector" -- "$bytes" "$shards" mpi | sed "s/^mpi/$selector/" || true
done
for algorithm in lr rab1 rab2 rab-rdb rab rdb smp-binomial smp-binomial-pipeline smp-rdb smp-rsag smp-rsag-lr smp-rsag-rab \
    redbcast ompi_ring_segmented mvapich2_rs mvapich2_two_level; do
    simulate --cfg=smpi/coll-selector:ompi "--cfg=smpi/allreduce:$algorithm" -- "$bytes" "$shards" mpi |
        sed "s/^mpi/MPI $algorithm/" || true
done
