#!/usr/bin/env bash
# A node is lost while train.sbatch trains on three: the job goes on with the other two, from the last checkpoint, and
# ends with the bits of a run that nobody disturbed.
pretend_nodes=3
# shellcheck source=tests/slurm/cluster.sh
. "$(dirname "$0")/cluster.sh"

cat >run.yaml <<'YAML'
data: waves.h5
shards: 8
batch_size: 64
model.hidden: [32, 32]
dropout: [0, 0.1, 0.1]
optimizer.lambda: 0.1
epochs: 60
stall_timeout: 20
plots: false
progress: off
YAML
"$TREN" data make sinusoid --n 2500 --out waves.h5 >reference.log
"$TREN" train run.yaml --out reference >>reference.log
reference=$(digest_of reference)
[[ $reference =~ ^[0-9a-f]{16}$ ]] || fail "the undisturbed run has the digest '$reference'"

on_node() { # node: the processes that SLURM has started there
    local environment
    for environment in /proc/[0-9]*/environ; do
        ! { grep -qzxF "SLURMD_NODENAME=$1" "$environment" && grep -qzF "SLURM_CONF=$SLURM_CONF" "$environment"; } 2>/dev/null ||
            basename "$(dirname "$environment")"
    done
}

# As if its power had failed: the daemons, the keepers of its steps, and the ranks.
lose() { # node
    local pid victims=()
    for pid in $(on_node "$1"); do victims+=("$pid" "$(sed -n 's/^PPid:\t//p' "/proc/$pid/status")"); done
    [[ ${#victims[@]} -gt 0 ]] || fail "nothing runs on $1"
    victims=("$(cat "$scratch/slurm/run/slurmd-$1.pid")" "${victims[@]}")
    for pid in "${victims[@]}"; do
        ! grep -qE '^(slurmd|slurmstepd|orted|prted|tren)$' "/proc/$pid/comm" 2>/dev/null || kill -KILL "$pid" 2>/dev/null || true
    done
}

test_lost_node() { # launcher, node
    local job
    export TREN_LAUNCHER=$1
    rm -rf run job.out
    job=$(sbatch --parsable --output="$scratch/job.out" --nodes=3 --ntasks-per-node=2 "$slurm/train.sbatch" run.yaml --out run)
    wait_until 60 "checkpoint" test -e run/last.h5
    lose "$2"
    wait_until 240 "end of job $job" is_over "$job"
    expect_exit "$job" 0
    expect_text "6 ranks on 3 nodes" job.out
    expect_text "continuing with 4 ranks on n1," job.out
    expect_text "3 nodes before, 2 now" job.out
    expect_text "resumed from run/last.h5" job.out
    expect_text "4 ranks on 2 nodes" job.out
    [[ $(digest_of run) == "$reference" ]] || fail "$1: digest $(digest_of run), not the $reference of the undisturbed run"
    echo "$1: $2 was lost, the job went on with two nodes: digest $reference"
}

test_lost_node "srun --mpi=pmix" n3
# Its daemon is started again, for the next test.
slurmd -f "$SLURM_CONF" -N n3
all_idle() { [[ $(sinfo -h -o %T) == idle ]]; }
wait_until 60 "node n3" all_idle
test_lost_node "$("$TREN" launch | sed -n 's/^launcher: //p')" n2
