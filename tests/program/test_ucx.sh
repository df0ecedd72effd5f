#!/usr/bin/env bash
# Over UCX, which has other tags and other limits than Open MPI's own transports: every engine gives the bits of one
# rank, with as many buckets as there can be.
# shellcheck source=tests/program/lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"

needs_open_mpi
command -v ompi_info >/dev/null || skip "no ompi_info: the options used here are Open MPI's"
ompi_info --param pml ucx --parsable 2>/dev/null | grep -q '^mca:pml:ucx:' || skip "this Open MPI has no UCX"

over_ucx() { # RANKS COMMAND ...
    local ranks=$1
    shift
    mpi "$ranks" --mca pml ucx --mca pml_ucx_tls any --mca pml_ucx_devices any "$@"
}
# The warning of Debian's UCX about other versions of itself is none of ours.
export UCX_LOG_LEVEL=error

make_sinusoid data.h5 600
cat >config.yaml <<'END'
data: data.h5
shards: 8
batch_size: 64
model.hidden: [300, 400]
optimizer.learning_rate: 0.02
bucket_kib: 1
epochs: 2
plots: false
progress: off
END
expect 0 "" "$tren" train config.yaml --out one
# Where UCX cannot run, no PML is left to choose.
over_ucx 2 "$tren" train config.yaml --out probe --reduction mpi --max_steps 1 >output 2>&1 ||
    { grep -qi "pml" output && skip "UCX does not run here: $(grep -i pml output | head -n 1)"; } ||
    fail "reduction mpi over UCX: $(tail -n 20 output)"

test_engine() { # RANKS ENGINE
    expect 0 "reduction $2" over_ucx "$1" "$tren" train config.yaml --out "$2-$1" --reduction "$2"
    same_run one "$2-$1"
    echo "$1 ranks, $2: $(field "$2-$1" digest)"
}
test_engine 2 direct
test_engine 3 direct
test_engine 2 halving
test_engine 4 halving
test_engine 3 scatter
test_engine 2 shared
