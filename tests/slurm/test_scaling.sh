#!/usr/bin/env bash
# slurm/scaling.sbatch on a real slurmctld: launches on one node and two, one digest, a page; stopped half-way and
# queued again it goes on; and it fails where there is more than one digest.
# shellcheck source=tests/slurm/cluster.sh
. "$(dirname "$0")/cluster.sh"

cat >run.yaml <<'YAML'
data: waves.h5
batch_size: 64
model.hidden: [32, 32]
dropout: [0, 0.1, 0.1]
YAML
"$TREN" data make sinusoid --n 2500 --out waves.h5 >data.log
quick=(--steps 30 --repeats 1 --max-repeats 1)

submit() { # options of tren scale ... ; prints the job
    rm -f job.out
    sbatch --parsable --output="$scratch/job.out" --nodes=2 --ntasks-per-node=2 "$slurm/scaling.sbatch" run.yaml "$@"
}

expect_points() { # folder, modes, ranks and nodes in order
    local folder=$1 runs
    shift
    runs=$(awk -F, 'NR > 1 && $6 > 0 { print $1 "-" $2 "/" $3 }' "$folder/scaling.csv" | xargs)
    [[ $runs == "$*" ]] || fail "the table has the points '$runs', not '$*'"
    [[ $(awk -F, '$1 == "strong" { print $NF }' "$folder/scaling.csv" | sort -u | wc -l) -eq 1 ]] || fail "several digests"
    grep -q '</svg>' "$folder/scaling.html" || fail "no picture in $folder/scaling.html"
}

test_job() {
    local job folder
    job=$(submit "${quick[@]}")
    expect_exit "$job" 0
    folder=runs/scaling-run-$job
    expect_text "all strong-scaling launches have the same digest" job.out
    expect_text "by 'srun --mpi=pmix'" job.out
    expect_points "$folder" base-1/1 strong-1/1 strong-2/1 strong-4/2 weak-1/1 weak-2/1 weak-4/2
    expect_text "4 ranks on 2 nodes" "$folder/launches/strong-4.01.log"
    expect_text "2 ranks on 1 node," "$folder/launches/strong-2.01.log"
    expect_text "# network latency: " "$folder/launches/strong-4.01.csv"
    expect_text "# with launcher: srun --mpi=pmix" "$folder/launches/strong-4.01.csv"
    expect_text "x 2" "$folder/launches/strong-4.01.csv"
    cat job.out
    # Any other launch has this digest: here one without SLURM.
    "$TREN" scale run.yaml --ranks 1 --no-weak --shards 4 "${quick[@]}" --out local >local.log
    [[ $(tail -n 1 local/scaling.csv | sed 's/.*,//') == \
        "$(awk -F, '$1 == "strong" { print $NF; exit }' "$folder/scaling.csv")" ]] || fail "another digest than under SLURM"
}

some_done() { compgen -G "$1/launches/*.csv" >/dev/null; }
waits_again() { is_state "$1" PENDING && [[ $(state_of "$1" Restarts) -eq 1 ]]; }

test_requeue() {
    local job n
    job=$(submit --steps 2000 --repeats 1 --max-repeats 1 --out stopped)
    wait_until 60 "finished launch" some_done stopped
    scancel --batch --signal=USR1 "$job"
    wait_until 30 "requeued job" waits_again "$job"
    n=$(find stopped/launches -name '*.csv' | wc -l)
    ((n < 6)) || fail "it was over before it was stopped"
    sleep 1.2
    scontrol update JobId="$job" StartTime=now
    expect_exit "$job" 0
    expect_text "stopped has $n launches; more are added" job.out
    expect_points stopped base-1/1 strong-1/1 strong-2/1 strong-4/2 weak-1/1 weak-2/1 weak-4/2
    echo "stopped after $n of 6 launches, requeued: the others were made"
}

# A stand-in for a machine that computes wrongly on 2 ranks.
test_other_digest() {
    local job
    cat >wrong <<'SH'
#!/bin/sh
srun --mpi=pmix "$@" || exit
case "$*" in *"/strong-2."*) sed -i 's/^# digest: ..../# digest: beef/' wrong-scaling/launches/strong-2.*.csv ;; esac
SH
    chmod +x wrong
    job=$(TREN_LAUNCHER=$scratch/wrong submit "${quick[@]}" --ranks 1,2 --no-weak --out wrong-scaling)
    expect_exit "$job" 1
    expect_text "do NOT have the same digest" job.out
}

test_bad_input() {
    local job
    job=$(submit --ranks "1,two")
    expect_exit "$job" 2
    expect_text "'two' is not a number of ranks" job.out
    job=$(submit --data missing.h5)
    expect_exit "$job" 4
    expect_text "missing.h5: cannot open" job.out
    job=$(TREN=/nowhere/tren submit)
    expect_exit "$job" 3
    expect_text "there is no program '/nowhere/tren'" job.out
}

test_job
test_requeue
test_other_digest
test_bad_input
