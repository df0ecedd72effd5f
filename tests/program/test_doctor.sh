#!/usr/bin/env bash
# tren doctor: nothing wrong here, and each thing that was broken on purpose is named with its remedy; exit code 3 where
# it stops training. Under mpirun each node is looked at once.
# shellcheck source=tests/program/lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"

# line HEALTH NAME PART COMMAND ...   Such a line comes out.
line() {
    local want="$1 $2" part=$3
    shift 3
    COLUMNS=120 "$@" >output 2>&1 || true
    tr -s ' \n' ' ' <output >flat
    grep -qF -- "$want" flat || fail "$*: no '$want' in: $(cat output)"
    grep -qF -- "$part" flat || fail "$*: no '$part' in: $(cat output)"
}
doctor=("$tren" doctor --no-launch)

# ---- nothing is wrong --------------------------------------------------------------------------------------------

mkdir runs
COLUMNS=200 expect 0 "ranks, which met within" "$tren" doctor
grep -q "^problem" output && fail "a problem here: $(cat output)"
[[ $(grep -cE "^(ok|warning) " output) -ge 13 ]] || fail "not a line for each thing: $(cat output)"
if command -v python3 >/dev/null; then
    "${doctor[@]}" --json | python3 -c 'import json, sys
names = [x["name"] for x in json.load(sys.stdin)]
assert len(names) == len(set(names)) and {"MPI", "BLAS", "limits", "clock", "run folder"} <= set(names), names' || fail "JSON"
fi
mpi 2 "$tren" doctor >output 2>&1 || fail "under mpirun: $(cat output)"
grep -q "^ok  *job  *2 ranks on 1 node" output || fail "no job: $(cat output)"
[[ $(grep -c " BLAS " output) -eq 1 ]] || fail "one node is not reported once: $(cat output)"

# ---- broken on purpose -------------------------------------------------------------------------------------------

line warning gnuplot "install it (Debian: gnuplot-nox)" env PATH=/nowhere "${doctor[@]}"
line warning limits "are few for many ranks on a node; raise the limit: ulimit -n 1024" bash -c 'ulimit -n 100; exec "$@"' - "${doctor[@]}"
expect 3 "raise the limit with 'ulimit -n 1024'" bash -c 'ulimit -n 40; exec "$@"' - "${doctor[@]}"
expect 3 "raise the limit with 'ulimit -f" bash -c 'ulimit -f 4000; exec "$@"' - "${doctor[@]}"
line problem "temporary files" "set TMPDIR" env TMPDIR=/nowhere "${doctor[@]}"
line problem "shared memory" "mount a tmpfs there" env OMPI_MCA_btl_vader_backing_directory=/nowhere "${doctor[@]}"
echo >file
expect 3 "run folder" "${doctor[@]}" --dir file/runs
line ok HDF5 "file locking off" env HDF5_USE_FILE_LOCKING=FALSE "${doctor[@]}"
line problem launcher "cannot be started" env TREN_LAUNCHER=/nowhere/mpirun "$tren" doctor
if [[ $mpi_name == "Open MPI"* ]]; then other="PMI_RANK=0 PMI_SIZE=2"; else other="OMPI_COMM_WORLD_RANK=0 OMPI_COMM_WORLD_SIZE=2"; fi
printf '#!/bin/sh\nshift 2\n%s exec "$@"\n' "$other" >other-mpirun
chmod +x other-mpirun
line problem launcher "use the launcher of $mpi_name" env TREN_LAUNCHER="$PWD/other-mpirun" "$tren" doctor
expect 3 "prevents tren from training" env TREN_LAUNCHER="$PWD/other-mpirun" "$tren" doctor
rm -f "$shared_memory"/*_segment.* # Open MPI 5 leaves some of the launches above
: >"$shared_memory/vader_segment.left.0"
line warning "shared memory" "1 segment of jobs that were killed" "${doctor[@]}"
# A command to paste is one line, however narrow the terminal is, and does what it is for.
COLUMNS=40 "${doctor[@]}" >output
[[ $(grep -c "^    find " output) -eq 1 ]] || fail "no command to paste: $(cat output)"
grep "^    find " output >paste.sh
bash paste.sh
[[ ! -e $shared_memory/vader_segment.left.0 ]] || fail "the segment is still there after $(cat paste.sh)"
"${doctor[@]}" >output
refuse_part "jobs that were killed"

# Mounts of our own, where that is allowed.
# shellcheck disable=SC2016
within='mkdir -p m && mount -t tmpfs -o "$1" tmpfs m && shift && exec "$@"'
mounted() { # OPTIONS COMMAND ...
    unshare --mount --propagation private sh -c "$within" - "$@"
}
if [[ $EUID -eq 0 ]] && mounted size=1m true 2>/dev/null; then
    line problem "run folder" "Read-only file system; choose a path that can be written to (this folder is --out" mounted ro "${doctor[@]}" --dir m/runs
    line problem "run folder" "No space left on device" mounted size=4k "${doctor[@]}" --dir m
    line warning "run folder" "which checkpoints soon fill" mounted size=2m "${doctor[@]}" --dir m
    line problem "shared memory" "docker run --shm-size=1g" mounted size=4m env OMPI_MCA_btl_vader_backing_directory="$PWD/m" "${doctor[@]}"
else
    echo "read-only and full folders are not tried: no mounts here"
fi
echo "thirteen broken environments are named with their remedies"
