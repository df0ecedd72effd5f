#!/usr/bin/env bash
# Simulated time of a reduction and gather on nodes of several ranks: each engine, and MPI_Allreduce by every algorithm that
# SimGrid knows, but for four that crash in its version 3.32 (rab, rab1, redbcast, mvapich2_two_level). RANKS of a node, NODES, BYTES,
# SHARDS (default: a shard a rank), slot or cycle (how ranks are numbered). ONLY=mpi measures MPI's algorithms alone, ONLY=tren the
# engines alone, ONLY=halving one engine.
# FOLDED=1: the values are not kept, so that 100 MB on many ranks fit into memory; only the times are right. SimGrid asks for far
# more memory than it touches: sysctl vm.overcommit_memory=1 vm.max_map_count=1048576.
# LIMIT: seconds for each simulation (default 300). OVERHEAD: seconds of a processor for each message that is sent or received
# (default 0, as SimGrid's). BUCKET: `bucket_kib` (default 1024); the simulation of 100 MB on many nodes is much faster with 8192.
#   bench/smpi/reduce.sh 16 3 2700000
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
overhead="0:${OVERHEAD:-0}:0" bucket=${BUCKET:-1024}
ranks=$1 nodes=$2 bytes=$3 shards=${4:-$(($1 * $2))} order=${5:-slot}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
folded=()
[[ -z ${FOLDED:-} ]] || folded=(-include "$root/bench/smpi/folded.h")
mapfile -t sources < <(find "$root"/src/{comm,base} -name '*.c' ! -name pause.c)
# shellcheck disable=SC2046
smpicc -O2 -std=gnu17 -ffp-contract=off -fPIC -DMPI_Isend=counted_isend -Wno-implicit-function-declaration "${folded[@]}" -DTREN_LEVEL=baseline -DTREN_LEVEL_VB=16 -I"$root/include" -I"$root/src" \
    "$root"/bench/smpi/reduce.c "$root"/tests/program/smpi_support.c "${sources[@]}" "$root"/src/kernels/{blas,flat}.c \
    $(pkg-config --cflags --libs openblas libxxhash yaml-0.1) -lm -o reduce
cat >platform.xml <<XML
<?xml version='1.0'?>
<!DOCTYPE platform SYSTEM "https://simgrid.org/simgrid.dtd">
<platform version="4.1">
  <cluster id="c" prefix="n" suffix="" radical="0-$((nodes - 1))" speed="1Gf" core="$ranks" bw="100Gbps" lat="1.1us"
    loopback_bw="10GBps" loopback_lat="500ns"/>
</platform>
XML
for ((i = 0; i < ranks * nodes; i++)); do
    [[ $order == cycle ]] && echo "n$((i % nodes))" || echo "n$((i / ranks))"
done >hosts

simulate() { # options of smpirun, --, arguments of reduce
    local options=()
    while [[ $1 != -- ]]; do options+=("$1") && shift; done
    shift
    OPENBLAS_NUM_THREADS=1 timeout -k 5 "${LIMIT:-300}" smpirun -np $((ranks * nodes)) -platform platform.xml -hostfile hosts \
        --log=root.thres:critical --cfg=smpi/simulate-computation:no --cfg=smpi/test:2e-7 --cfg=maxmin/precision:1e-3 \
        --cfg=smpi/os:"$overhead" --cfg=smpi/ois:"$overhead" --cfg=smpi/or:"$overhead" "${options[@]}" ./reduce "$@" 2>log
}

echo "# $nodes nodes of $ranks ranks, numbered by $order, $bytes bytes, $shards shards, buckets of $bucket KiB; microseconds"
case ${ONLY:-all} in
    mpi) ;;
    tren | all) simulate --cfg=smpi/coll-selector:ompi -- "$bytes" "$shards" "$bucket" ;;
    *) simulate --cfg=smpi/coll-selector:ompi -- "$bytes" "$shards" "$bucket" "$ONLY" ;;
esac
[[ ${ONLY:-all} == all || $ONLY == mpi ]] || exit 0
mpi() { # NAME, options of smpirun. What SimGrid cannot run with this number of ranks says nothing.
    simulate "${@:2}" -- "$bytes" "$shards" "$bucket" mpi | sed -n "s/^mpi/$1/p" || true
}
for selector in ompi mpich mvapich2 impi; do mpi "$selector" "--cfg=smpi/coll-selector:$selector"; done
for algorithm in lr rab2 rab_rdb rdb smp_binomial smp_binomial_pipeline smp_rdb smp_rsag smp_rsag_lr smp_rsag_rab \
    ompi_ring_segmented mvapich2_rs; do
    mpi "MPI $algorithm" --cfg=smpi/coll-selector:ompi "--cfg=smpi/allreduce:$algorithm"
done
