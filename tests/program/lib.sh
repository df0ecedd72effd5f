# Helpers for the scripts around the real binary; to be sourced. It makes $scratch and goes there; what a script
# started or left in shared memory is gone at its end, and nothing else is touched: others may run MPI jobs too.
# shellcheck shell=bash
set -euo pipefail

# They may be given relative to where the script is started.
TREN_BIN=$(realpath "${TREN_BIN:?set TREN_BIN to the folder of the program}")
TREN_SOURCE=$(realpath "${TREN_SOURCE:-${BASH_SOURCE[0]%/*}/../..}")
tren=$TREN_BIN/tren
scratch=$(mktemp -d)
shared_memory=$(mktemp -d /dev/shm/tren-test.XXXXXX)
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OPENBLAS_NUM_THREADS=1
export LC_ALL=C.UTF-8 # the texts of the tests; the program goes by no locale
# What the program was built with: mpi | launcher | crowd. `mpirun` is that launcher, whatever else lies in PATH.
about() { "$tren" launch | sed -n "s/^$1: //p"; }
mpi_name=$(about mpi)
# shellcheck disable=SC2046
export $(about crowd) PATH="$scratch/.bin:$PATH"
unset TREN_LAUNCHER
mkdir "$scratch/.bin"
cat >"$scratch/.bin/mpirun" <<END
#!/usr/bin/env bash
# Open MPI 5.0.7 itself dies of several programs (":"): there each rank chooses its own.
launcher=$(about launcher)
[[ "$mpi_name \$*" == "Open MPI 5"*" : "* ]] || exec "\$launcher" "\$@"
ranks=0 choice=""
while [[ \$1 == -n ]]; do
    ranks=\$((ranks + \$2)) program=""
    shift 2
    while [[ \$# -gt 0 && \$1 != : ]]; do printf -v program '%s %q' "\$program" "\$1" && shift; done
    [[ \$# -eq 0 ]] || shift
    choice+="[[ \\\$OMPI_COMM_WORLD_RANK -ge \$ranks ]] || exec\$program; "
done
exec "\$launcher" -n \$ranks bash -c "\$choice"
END
chmod +x "$scratch/.bin/mpirun"
# What it returns where a rank was killed.
# shellcheck disable=SC2034
if [[ $mpi_name == MPICH* ]]; then killed_code=9; else killed_code=137; fi
needs_open_mpi() { [[ $mpi_name == "Open MPI"* ]] || skip "the options used here are Open MPI's"; }
export OMPI_MCA_btl_tcp_if_include=lo OMPI_MCA_oob_tcp_if_include=lo
# In folders of our own, so that what a killed mpirun leaves behind can be removed without hurting others.
export OMPI_MCA_orte_tmpdir_base=$scratch/mpi PRTE_MCA_prte_tmpdir_base=$scratch/mpi OMPI_MCA_btl_vader_backing_directory=$shared_memory
export OMPI_MCA_osc_sm_backing_directory=$shared_memory
# Where two mpiruns begin or end at a time, one may fail because the other has just made or removed their common folder
# there: a file in it makes it stay.
session=$scratch/mpi/ompi.$(hostname -s).$EUID
mkdir "$scratch/mpi" && mkdir -m 700 "$session"
touch "$session/stays"
cd "$scratch"

# Every process that a script starts has $scratch in its environment, by way of the variables above. mpirun stands for
# the launcher's processes of every MPI.
own_processes() { # [names ...]
    local environment pid
    [[ " $* " != *" mpirun "* ]] || set -- "$@" mpiexec mpiexec.hydra mpiexec.mpich mpirun.mpich hydra_pmi_proxy orterun prterun
    for environment in /proc/[0-9]*/environ; do
        pid=${environment#/proc/}
        pid=${pid%/environ}
        [[ $pid -ne $$ && $pid -ne $BASHPID ]] || continue
        grep -qzF "OMPI_MCA_orte_tmpdir_base=$scratch/mpi" "$environment" 2>/dev/null || continue
        [[ $# -eq 0 || " $* " == *" $(cat "/proc/$pid/comm" 2>/dev/null) "* ]] && echo "$pid"
    done
    return 0
}

# Ranks whose mpirun was killed live on, and hold the lock of their run folder, until they notice.
none_left() { [[ -z $(own_processes tren mpirun) ]]; }

pid_of_rank() { # RANK
    local pid
    for pid in $(own_processes tren); do
        ! grep -qzxE "(OMPI_COMM_WORLD|PMI)_RANK=$1" "/proc/$pid/environ" 2>/dev/null || echo "$pid"
    done
}

teardown() {
    local pid
    for pid in $(own_processes mpirun tren tren64); do kill -KILL "$pid" 2>/dev/null || true; done
    cd /
    rm -rf "$scratch" "$shared_memory"
}
trap teardown EXIT

fail() {
    echo "FAILED: $*" >&2
    exit 1
}

skip() {
    echo "skipped: $*"
    exit 77
}

# mpi RANKS COMMAND ...   Never hangs: after two minutes, 124.
mpi() {
    local ranks=$1
    shift
    timeout -k 5 120 mpirun -n "$ranks" "$@"
}

# env TREN_TEST_KILL=renamed:3 ... "$mortal" ...   The same program, but rank 0 dies without warning the third time that
# the run comes to this point.
# shellcheck disable=SC2034
mortal=$(realpath "${TREN_BUILD:-$TREN_BIN}")/tests/mortal/tren

# expect CODE PART COMMAND ...   Runs it; its exit code must be CODE, its output (both streams, kept in the file
# `output`) must hold PART.
expect() {
    local code=0 want=$1 part=$2
    shift 2
    "$@" >output 2>&1 || code=$?
    [[ $code -eq $want ]] || fail "$*: exit code $code, not $want: $(tail -n 20 output)"
    [[ -z $part ]] || grep -qF -- "$part" output || fail "$*: no '$part' in: $(tail -n 20 output)"
}

refuse_part() { ! grep -qF -- "$1" output || fail "'$1' is in: $(tail -n 20 output)"; }

# field RUN KEY   A top-level value of its result.json.
field() { sed -n "s/^  \"$2\": \"\\{0,1\\}\\([^\",]*\\)\"\\{0,1\\},\\{0,1\\}\$/\\1/p" "$1/result.json"; }

# metrics.csv without the columns that tell times; they are the last ones, from `seconds` on.
timeless() { awk -F, 'NR == 1 { for (i = 1; i <= NF && $i !~ /seconds$/; i++) n = i }
    { for (i = 1; i <= n; i++) printf "%s%s", $i, i < n ? "," : "\n" }' "$1/metrics.csv"; }

# Both runs ended with the same weights, best weights and metrics.
same_run() { # RUN OTHER
    local key
    for key in status stop_reason epochs steps best_epoch validation_loss test_loss digest best_digest; do
        [[ $(field "$1" $key) == "$(field "$2" $key)" ]] ||
            fail "$2: $key is $(field "$2" $key), in $1 $(field "$1" $key)"
    done
    [[ -n $(field "$1" digest) ]] || fail "$1/result.json has no digest"
    diff <(timeless "$1") <(timeless "$2") || fail "$2: other metrics than $1"
}

# few A ... -- B ...   A in the quick tier of tests, B in the long one (TREN_LONG=1).
few() {
    local all=$*
    if [[ ${TREN_LONG:-} ]]; then echo "${all#*-- }"; else echo "${all%% -- *}"; fi
}

# A dataset of a moment: make_sinusoid FILE ROWS
make_sinusoid() { "$tren" data make sinusoid --out "$1" --n "$2" --split 70/15/15 --seed 5 >/dev/null; }

# Eight numbers and one of three classes in each row, which a line can tell apart but for some: make_classes FILE ROWS
make_classes() {
    awk -v n="$2" 'BEGIN { srand(7); for (r = 0; r < n; r++) { sum = 0; line = ""
        for (i = 0; i < 8; i++) { x = rand(); sum += x * (i % 3 - 1); line = line sprintf("%.5f,", x) }
        print line (sum + rand() / 3 < -0.2 ? 0 : sum < 0.3 ? 1 : 2) } }' >"$1.csv"
    "$tren" data import csv "$1.csv" --header no --label 9 --split 80/10/10 --seed 3 --out "$1" >/dev/null
}

# make_pictures FILE [ROWS]   450 pictures of 12 x 10 pixels, or ROWS: a bright bar that lies, stands or is not there, on
# noise.
make_pictures() {
    local n=${2:-450} bytes
    bytes=$(printf '\\0%o\\0%o' $((n / 256)) $((n % 256)))
    { printf "\\0\\0\\10\\3\\0\\0%b\\0\\0\\0\\14\\0\\0\\0\\12" "$bytes" && LC_ALL=C awk -v n="$n" 'BEGIN { srand(3); for (i = 0; i < n; i++) {
        at = 2 + int(rand() * 6); for (y = 0; y < 12; y++) for (x = 0; x < 10; x++) {
            bar = (i % 3 == 0 && y == at) || (i % 3 == 1 && x == at)
            printf "%c", (bar ? 150 : 33) + int(rand() * 60) } } }'; } >images
    { printf "\\0\\0\\10\\1\\0\\0%b" "$bytes" && printf '\0\1\2%.0s' $(seq $((n / 3))); } >labels
    "$tren" data import idx --images images --labels labels --split 80/10/10 --stratify --out "$1" >/dev/null
}

# Until COMMAND ... is true, for at most thirty seconds: the machine may be busy.
await() {
    local i
    for ((i = 0; i < 2400; i++)); do # long: the machine may have much else to do
        "$@" && return 0
        sleep 0.05
    done
    fail "in vain: $*"
}
