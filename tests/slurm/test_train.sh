#!/usr/bin/env bash
# slurm/train.sbatch on a real slurmctld: a job that is stopped by the signal before its time limit is queued again,
# and ends with the bits of a run that nobody disturbed.
# shellcheck source=tests/slurm/cluster.sh
. "$(dirname "$0")/cluster.sh"

cat >run.yaml <<'YAML'
data: waves.h5
shards: 4
batch_size: 64
model.hidden: [32, 32]
dropout: [0, 0.1, 0.1]
optimizer.lambda: 0.1
epochs: 100
plots: false
progress: off
YAML

make_reference() {
    "$TREN" data make sinusoid --n 2500 --out waves.h5 >reference.log
    "$TREN" train run.yaml --out reference >>reference.log
    reference=$(digest_of reference)
    [[ $reference =~ ^[0-9a-f]{16}$ ]] || fail "the undisturbed run has the digest '$reference'"
}

submit() { # sbatch options ... ; prints the job
    rm -f job.out
    sbatch --parsable --output="$scratch/job.out" --nodes=2 --ntasks-per-node=2 "$slurm/train.sbatch" "$@"
}

waits_again() { # job, restarts
    is_state "$1" PENDING && [[ $(state_of "$1" Restarts) -eq $2 ]]
}

# The job waits for its old credentials to expire before it starts again. That wait is cut short, though not below
# the second in which the credentials were revoked: new ones of the same second would pass for the old.
start_again() { # job, restarts
    wait_until 30 "requeued job" waits_again "$1" "$2"
    sleep 1.2
    scontrol update JobId="$1" StartTime=now
}

# Open MPI 5's mpirun takes two nodes for one where they share a host name, as the pretend ones do.
test_requeue() { # launcher
    local job nodes="2 nodes"
    if [[ $1 == mpirun ]] && "$TREN" launch | grep -q "^mpi: Open MPI 5"; then nodes="1 node"; fi
    export TREN_LAUNCHER=$1
    rm -rf "it's disturbed"
    job=$(submit run.yaml --out "it's disturbed")
    wait_until 30 "checkpoint" test -e "it's disturbed/last.h5"
    scancel --batch --signal=USR1 "$job"
    start_again "$job" 1
    expect_exit "$job" 0
    expect_text "4 ranks on $nodes" job.out
    expect_text "saved: requeueing job $job" job.out
    expect_text "start 2: 4 ranks" job.out
    expect_text "resumed from it's disturbed/last.h5" job.out
    expect_text " epochs are left, of " job.out
    [[ $(digest_of "it's disturbed") == "$reference" ]] ||
        fail "$1: digest $(digest_of "it's disturbed"), not the $reference of 1 undisturbed rank"
    diff <(cut -d, -f1-12 reference/metrics.csv) <(cut -d, -f1-12 "it's disturbed/metrics.csv") >/dev/null ||
        fail "$1: other metrics than those of the undisturbed run"
    echo "$1: stopped, requeued, resumed, digest $reference"
    unset TREN_LAUNCHER
}

# Left alone, the script finds srun with PMIx; an ended job is not started again by being submitted again.
test_choice_of_launcher() {
    local job
    job=$(submit run.yaml --out "it's disturbed")
    expect_exit "$job" 0
    expect_text "by 'srun --mpi=pmix'" job.out
    [[ $(digest_of "it's disturbed") == "$reference" ]] || fail "resubmitted: digest $(digest_of "it's disturbed")"
}

test_scancel() {
    local job
    job=$(submit run.yaml --out cancelled --epochs 100000)
    wait_until 30 "checkpoint" test -e cancelled/last.h5
    scancel "$job"
    wait_until 30 "end of job $job" is_over "$job"
    wait_until 10 "word about it" grep -q "cancelled, and saved" job.out
    is_state "$job" CANCELLED || fail "a cancelled job is $(state_of "$job" JobState)"
    echo "scancel: saved, and not requeued"
}

# A stand-in that is never done and never saves: the third start is the last.
test_idle_starts() {
    local job
    cat >never-done <<'SH'
#!/bin/sh
case "$1 $2 $3" in
    "config --get out") echo "an idle run" ;;
    "config --get blas_threads") echo 1 ;;
    "launch "*) printf "mpi: Open MPI 4\nlauncher: mpirun\n" ;;
    *) exit 75 ;;
esac
SH
    chmod +x never-done
    job=$(TREN=$scratch/never-done submit run.yaml)
    start_again "$job" 1
    start_again "$job" 2
    expect_exit "$job" 6
    expect_text "the last 3 starts found an idle run/last.h5 unchanged" job.out
    echo "no progress: given up after 3 starts"
}

# A signal before the ranks are started: the job is queued again, and nothing is trained.
test_early_signal() {
    local job
    cat >early <<'SH'
#!/bin/sh
case "$1 $2 $3" in
    "config --get out") scancel --batch --signal=USR1 "$SLURM_JOB_ID"; sleep 1; echo "an early run" ;;
    "config --get blas_threads") echo 1 ;;
    "launch "*) printf "mpi: Open MPI 4\nlauncher: mpirun\n" ;;
    "train "*) touch trained ;;
esac
SH
    chmod +x early
    job=$(TREN=$scratch/early submit run.yaml)
    wait_until 30 "requeued job" waits_again "$job" 1
    expect_text "USR1 came before the ranks were started" job.out
    [[ ! -e trained ]] || fail "ranks were started after the signal"
    scancel "$job"
    echo "a signal before the ranks: requeued"
}

test_bad_input() {
    local job
    job=$(submit)
    expect_exit "$job" 2
    expect_text "usage: sbatch" job.out
    job=$(submit run.yaml --epoch 3)
    expect_exit "$job" 2
    expect_text "epochs" job.out
    job=$(TREN=/nowhere/tren submit run.yaml)
    expect_exit "$job" 3
    expect_text "there is no program '/nowhere/tren'" job.out
    job=$(submit run.yaml --out refused --shards 2)
    expect_exit "$job" 2
    expect_text "4 ranks for 2 shards" job.out
    echo "bad input: refused, and not requeued"
}

test_srun_without_pmix() {
    local mpi code
    for mpi in none pmi2; do
        code=0
        timeout 30 srun --mpi=$mpi -N1 -n2 "$TREN" train run.yaml --out without-pmix >srun.log 2>&1 || code=$?
        [[ $code -eq 3 ]] || fail "srun --mpi=$mpi: exit code $code, not 3: $(cat srun.log)"
        expect_text "start them with 'srun --mpi=pmix'" srun.log
        [[ ! -e without-pmix ]] || fail "srun --mpi=$mpi: a run folder was made"
    done
    echo "srun without PMIx: refused"
}

make_reference
test_requeue "srun --mpi=pmix"
test_requeue mpirun
test_choice_of_launcher
test_scancel
test_idle_starts
test_early_signal
test_bad_input
test_srun_without_pmix
