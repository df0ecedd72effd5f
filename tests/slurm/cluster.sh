# For the tests to source: a SLURM of two pretend nodes (or $pretend_nodes) in $scratch, gone again whatever happens; $scratch is also
# where the test works. Skips the test, saying why, where that cannot be.
# shellcheck shell=bash
set -euo pipefail

skip() {
    echo "skipped: $*"
    exit 77
}

fail() {
    echo "FAILED: $*" >&2
    [[ ! -e ${scratch:-}/job.out ]] || tail -n 40 "$scratch/job.out" >&2
    exit 1
}

readonly tests=$TREN_SOURCE/tests/slurm
# shellcheck disable=SC2034
readonly slurm=$TREN_SOURCE/slurm # for whoever sources this
[[ $EUID -eq 0 ]] || skip "several pretend nodes on one machine need root"
for name in slurmctld slurmd srun sbatch scancel scontrol; do
    command -v "$name" >/dev/null || skip "$name is not installed, and ./bootstrap could not install it"
done

# sbatch must not be told of a job this test may itself run in.
unset "${!SLURM_@}" "${!SBATCH_@}" "${!PMIX_@}" "${!OMPI_COMM_@}" TREN_LAUNCHER
export TREN=$TREN_BIN/tren
scratch=$(mktemp -d "${TMPDIR:-/tmp}/tren-slurm.XXXXXX")
trap 'bash "$tests/slurm-down.sh" "$scratch/slurm"; rm -rf "$scratch"' EXIT
trap 'exit 143' TERM INT HUP
cd "$scratch"
if ! bash "$tests/slurm-up.sh" "$scratch/slurm" "${pretend_nodes:-2}" >environment 2>up.log </dev/null; then
    cat up.log
    skip "SLURM does not start here"
fi
. ./environment
srun --mpi=list 2>&1 | grep -qw pmix || skip "this SLURM has no PMIx plugin"

wait_until() { # seconds, what for, command ...
    local until=$((SECONDS + $1)) what=$2
    shift 2
    until "$@"; do
        ((SECONDS < until)) || fail "no $what in time"
        sleep 0.1
    done
}

state_of() { scontrol show job "$1" | sed -n "s/.* *$2=\([^ ]*\).*/\1/p"; } # job, field
is_state() { [[ $(state_of "$1" JobState) == "$2" ]]; }
is_over() { [[ $(state_of "$1" JobState) =~ ^(COMPLETED|FAILED|CANCELLED|TIMEOUT|NODE_FAIL)$ ]]; }

# Expects a job to end within a minute with an exit code.
expect_exit() { # job, code
    wait_until 60 "end of job $1" is_over "$1"
    [[ $(state_of "$1" ExitCode) == "$2:0" ]] || fail "job $1: exit code $(state_of "$1" ExitCode), not $2:0"
}

expect_text() { # text, file
    grep -qF -- "$1" "$2" || fail "no '$1' in $2: $(tail -n 20 "$2")"
}

digest_of() { sed -n 's/^ *"digest": "\(.*\)",/\1/p' "$1/result.json"; } # run folder
