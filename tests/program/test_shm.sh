#!/usr/bin/env bash
# A small /dev/shm, as containers have it (64 MB unless docker is told otherwise): `auto` does without the shared window
# and says so, --reduction shared is refused with the remedy, and what fits is used. In a mount namespace of its own.
set -euo pipefail

if [[ ${TREN_SHM_INSIDE:-} != yes ]]; then
    [[ $EUID -eq 0 ]] || { echo "skipped: a /dev/shm of its own needs root"; exit 77; }
    command -v unshare >/dev/null || { echo "skipped: unshare is not installed"; exit 77; }
    unshare --mount --propagation private sh -c 'mount -t tmpfs -o size=8m tmpfs /dev/shm' 2>/dev/null ||
        { echo "skipped: no mount namespaces here"; exit 77; }
    export TREN_SHM_INSIDE=yes
    # shellcheck disable=SC2016
    exec unshare --mount --propagation private sh -c 'mount -t tmpfs -o size=8m tmpfs /dev/shm && exec bash "$0"' "$0"
fi
[[ $(df --output=size -m /dev/shm | tail -n 1) -eq 8 ]] || { echo "FAILED: /dev/shm is not the small one" >&2; exit 1; }
# shellcheck source=tests/program/lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"
needs_open_mpi
# MPI's messages elsewhere: the room is for windows alone.
export OMPI_MCA_btl_vader_backing_directory=$scratch

make_sinusoid data.h5 600
common=(--data data.h5 --shards 4 --epochs 1 --optimizer.learning_rate 0.01 --progress off)
readonly small=100 large=1500,1000

expect 0 "" "$tren" train "${common[@]}" --model.hidden $small --out small-one
expect 0 "reduction shared" mpi 2 "$tren" train "${common[@]}" --model.hidden $small --out small
refuse_part "warning: reduction"
same_run small-one small

expect 0 "" "$tren" train "${common[@]}" --model.hidden $large --out large-one
test_auto() { # RANKS ENGINE
    expect 0 "reduction $2" mpi "$1" "$tren" train "${common[@]}" --model.hidden $large --out "auto$1"
    grep -q "^warning: reduction: shared needs [0-9.]* MiB in $shared_memory, where [0-9.]* MiB are free; .*docker run --shm-size.*; auto has taken $2\$" \
        output || fail "auto on $1 ranks: no warning in: $(cat output)"
    [[ $(grep -c "^warning: reduction" output) -eq 1 ]] || fail "auto on $1 ranks: not one warning: $(cat output)"
    same_run large-one "auto$1"
}
test_auto 2 halving
test_auto 3 direct

expect 3 "use --reduction direct" mpi 2 "$tren" train "${common[@]}" --model.hidden $large --out refused \
    --reduction shared
grep -q "^tren train: reduction: shared needs .*docker run --shm-size" output || fail "no remedy in: $(cat output)"
[[ $(grep -c "^tren train: " output) -eq 1 ]] || fail "not one message: $(cat output)"
expect 0 "reduction direct" mpi 2 "$tren" train "${common[@]}" --model.hidden $large --out direct --reduction direct
same_run large-one direct

# Where MPI is told to put its windows elsewhere, the room there is what counts.
mkdir "$scratch/windows"
expect 0 "reduction shared" mpi 2 --mca osc_sm_backing_directory "$scratch/windows" "$tren" train "${common[@]}" \
    --model.hidden $large --out elsewhere --reduction shared
same_run large-one elsewhere
echo "a small /dev/shm: as expected"
