#!/usr/bin/env bash
# What MPI and the machine do not give: large tags, room for a shared window.
# shellcheck source=tests/program/lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"

make_classes data.h5 600
cat >config.yaml <<'END'
data: data.h5
shards: 8
batch_size: 64
model.hidden: [512, 256]
epochs: 1
END
expect 0 "" mpi 1 "$tren" train config.yaml --out one

# UCX allows tags of 23 bits, the standard promises 15: with small buckets there would be many of them.
test_tags() {
    local engine
    if ! ompi_info --param pml ucx 2>/dev/null | grep -q 'MCA pml: ucx'; then
        echo "UCX is not here: tags are not tried with it"
        return 0
    fi
    for engine in direct halving gather; do
        expect 0 "reduction $engine" mpi 2 --mca pml ucx --mca pml_ucx_tls any --mca pml_ucx_devices any "$tren" train \
            config.yaml --out "ucx-$engine" --bucket_kib 1 --reduction "$engine"
        [[ $(field "ucx-$engine" digest) == "$(field one digest)" ]] || fail "ucx-$engine: another digest"
    done
}

# In a mount namespace of our own, with a small /dev/shm.
in_small_memory() { # COMMAND ...
    unshare -m bash -c 'mount --make-rprivate / && mount -t tmpfs -o size=3m tmpfs /dev/shm && exec "$@"' bash \
        env -u OMPI_MCA_osc_sm_backing_directory OMPI_MCA_btl_vader_backing_directory="$scratch" "$@"
}

test_small_memory() {
    if ! in_small_memory true 2>/dev/null; then
        echo "no mount namespaces here: a small /dev/shm is not tried"
        return 0
    fi
    expect 0 "/dev/shm has 3.0 MiB free; give it more" in_small_memory mpirun -n 2 "$tren" train config.yaml --out small \
        --model.hidden 1000,500
    refuse_part "reduction shared"
    expect 3 "use --reduction direct" in_small_memory mpirun -n 2 "$tren" train config.yaml --out none \
        --model.hidden 1000,500 --reduction shared
    [[ ! -e none/metrics.csv ]] || [[ ! -s none/last.h5 ]] || fail "a refused run has a checkpoint"
}

test_tags
test_small_memory
echo "limits of MPI and of shared memory: all as expected"
