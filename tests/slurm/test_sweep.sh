#!/usr/bin/env bash
# slurm/sweep.sbatch on a real slurmctld: as one job, as a job array, and stopped half-way: one table each time.
# shellcheck source=tests/slurm/cluster.sh
. "$(dirname "$0")/cluster.sh"

cat >grid.yaml <<'YAML'
data: waves.h5
batch_size: 64
model.hidden: [24, 24]
epochs: 20
grid:
  optimizer.learning_rate: [0.01, 0.05, 0.1]
  seed: [1, 2, 3, 4]
YAML

submit() { # sbatch options ... ; prints the job
    rm -f job*.out
    sbatch --parsable --output="$scratch/job%a.out" --nodes=2 --ntasks-per-node=2 "$@"
}

same_table() { # folder, what
    cmp -s reference/sweep.csv "$1/sweep.csv" || fail "$2: another table than that of one rank"
    echo "$2: the table of one rank"
}

test_job() {
    local job
    job=$(submit "$slurm/sweep.sbatch" grid.yaml --out one-job)
    expect_exit "$job" 0
    same_table one-job "one job of 4 ranks"
}

all_over() { for job in "$@"; do is_over "$job" || return 1; done; }

# Whatever the numbers of an array are, its jobs train each point once.
test_array() { # array, folder
    local job twice
    job=$(submit --array="$1" --nodes=1 --ntasks-per-node=1 "$slurm/sweep.sbatch" grid.yaml --out "$2" --epochs 200)
    wait_until 90 "end of the array" array_is_over "$job"
    [[ $(grep -l "sweep.sbatch: finished" job*.out | wc -l) -eq 3 ]] || fail "array $1: $(tail -n 5 job*.out)"
    twice=$(sed -n 's/^\(sweep: .*\), [^ ]* s, .*/\1/p' job*.out | sort | uniq -d)
    [[ -z $twice ]] || fail "array $1: trained twice: $twice"
    [[ $(grep -hc "^sweep: " job*.out | awk '{ n += $1 } END { print n }') -eq 12 ]] || fail "array $1: $(cat job*.out)"
    cmp -s array-reference/sweep.csv "$2/sweep.csv" || fail "array $1: another table than that of one rank"
    echo "an array of the jobs $1: each point once, the table of one rank"
}

# One of the jobs has failed: it alone is sent again.
test_array_again() {
    local job points
    points=("runs of an array"/points/*.csv)
    rm "${points[@]:0:4}" "runs of an array/sweep.csv"
    job=$(submit --array=2 --nodes=1 --ntasks-per-node=1 "$slurm/sweep.sbatch" grid.yaml --out "runs of an array" --epochs 200)
    wait_until 90 "end of the array" array_is_over "$job"
    expect_text "12 points: 4 trained, 8 cached" job2.out
    cmp -s array-reference/sweep.csv "runs of an array/sweep.csv" || fail "one job of an array again: another table"
    echo "one job of an array again: what was missing"
}
array_is_over() { ! squeue --noheader --jobs="$1" --states=all --format=%T 2>/dev/null | grep -qE 'PENDING|RUNNING|COMPLETING'; }

some_done() { compgen -G "$1/points/*.csv" >/dev/null; }
waits_again() { is_state "$1" PENDING && [[ $(state_of "$1" Restarts) -eq 1 ]]; }

test_requeue() {
    local job
    "$TREN" sweep grid.yaml --out long-reference --epochs 3000 >/dev/null
    job=$(submit "$slurm/sweep.sbatch" grid.yaml --out stopped --epochs 3000)
    wait_until 90 "finished point" some_done stopped
    scancel --batch --signal=USR1 "$job"
    wait_until 30 "requeued job" waits_again "$job"
    [[ ! -e stopped/sweep.csv ]] || fail "it was over before it was stopped"
    sleep 1.2
    scontrol update JobId="$job" StartTime=now
    expect_exit "$job" 0
    cmp -s long-reference/sweep.csv stopped/sweep.csv || fail "stopped and requeued: another table"
    echo "stopped, requeued: the table of one rank"
}

# A stand-in whose points take longer than a job: the second start is the last.
test_idle_starts() {
    local job
    cat >never-done <<'SH'
#!/bin/sh
case "$1" in
    launch) printf "mpi: Open MPI 4\nlauncher: env\n" ;;
    *) echo "2 points: 0 trained, 0 cached, 2 remaining (3600 s)"; exit 75 ;;
esac
SH
    chmod +x never-done
    job=$(TREN=$scratch/never-done TREN_LAUNCHER=env submit "$slurm/sweep.sbatch" grid.yaml)
    wait_until 30 "requeued job" waits_again "$job"
    sleep 1.2
    scontrol update JobId="$job" StartTime=now
    expect_exit "$job" 6
    grep -q "the last 2 starts finished no point" job*.out || fail "no word about it: $(cat job*.out)"
    echo "no progress: given up after 2 starts"
}

test_bad_input() {
    local job
    job=$(submit "$slurm/sweep.sbatch")
    expect_exit "$job" 2
    job=$(submit "$slurm/sweep.sbatch" grid.yaml --epoch 3)
    expect_exit "$job" 2
    echo "bad input: refused, and not requeued"
}

"$TREN" data make sinusoid --n 2500 --out waves.h5 >reference.log
"$TREN" sweep grid.yaml --out reference >>reference.log
"$TREN" sweep grid.yaml --out array-reference --epochs 200 >>reference.log
test_job
test_array 1,2,10 "runs of an array"
test_array 4-5,9 runs-4-5-9
test_array_again
test_requeue
test_idle_starts
test_bad_input
