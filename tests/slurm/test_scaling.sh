#!/usr/bin/env bash
# slurm/scaling.sbatch on a real slurmctld and without: one digest, a table, a picture; and it fails where there is
# more than one digest.
# shellcheck source=tests/slurm/cluster.sh
. "$(dirname "$0")/cluster.sh"

cat >run.yaml <<'YAML'
data: waves.h5
batch_size: 64
model.hidden: [32, 32]
dropout: [0, 0.1, 0.1]
YAML
"$TREN" data make sinusoid --n 2500 --out waves.h5 >data.log
export TREN_STEPS=50

expect_outcome() { # folder, modes and ranks in order
    local folder=$1 runs
    shift
    runs=$(awk -F, 'NR > 1 { print $1 "-" $2 }' "$folder/scaling.csv" | xargs)
    [[ $runs == "$*" ]] || fail "the table has the runs '$runs', not '$*'"
    [[ $(awk -F, '$1 == "strong" { print $NF }' "$folder/scaling.csv" | sort -u | wc -l) -eq 1 ]] || fail "several digests"
    awk -F, 'NF != 14 { exit 1 }  NR > 1 && !($3 > 0 && $13 > 0) { exit 1 }' "$folder/scaling.csv" ||
        fail "the table is not complete: $(cat "$folder/scaling.csv")"
    [[ $(wc -l <"$folder/scaling.txt") -eq $(wc -l <"$folder/scaling.csv") ]] || fail "table and text differ"
    command -v gnuplot >/dev/null || { echo "no gnuplot: no picture to look at"; return 0; }
    grep -q '</svg>' "$folder/scaling.svg" || fail "no picture in $folder/scaling.svg"
    file_begins_with_png "$folder/scaling.png" || fail "no picture in $folder/scaling.png"
}

file_begins_with_png() { [[ $(head -c 4 "$1" | tail -c 3) == PNG ]]; }

test_job() {
    local job
    job=$(sbatch --parsable --output="$scratch/job.out" --nodes=2 --ntasks-per-node=2 "$slurm/scaling.sbatch" run.yaml)
    expect_exit "$job" 0
    expect_text "scaling.sbatch: one digest on 1 2 4 ranks" job.out
    expect_text "by 'srun --mpi=pmix'" job.out
    expect_text "4 ranks on 2 nodes" "runs/scaling-run-$job/strong-4.log"
    expect_outcome "runs/scaling-run-$job" strong-1 strong-2 strong-4 weak-1 weak-2 weak-4
    cat "runs/scaling-run-$job/scaling.txt"
}

# The digest is that of any other launch: here that of the job.
test_without_slurm() {
    TREN_RANKS="1 3 4" bash "$slurm/scaling.sbatch" run.yaml >local.out 2>&1 || fail "$(cat local.out)"
    expect_outcome runs/scaling-run strong-1 strong-3 strong-4 weak-1 weak-3 weak-4
    [[ $(cut -d, -f14 runs/scaling-run/scaling.csv | sed -n 2p) == \
        "$(cut -d, -f14 runs/scaling-run-*/scaling.csv | sed -n 2p)" ]] || fail "another digest than under SLURM"
    if [[ $(nproc) -lt 4 ]]; then expect_text "price of sharing" local.out; fi
}

# A stand-in for a machine that computes wrongly on 2 ranks.
test_other_digest() {
    local code=0
    cat >wrong <<'SH'
#!/bin/sh
"$REAL_TREN" "$@" || exit
[ "$OMPI_COMM_WORLD_RANK/$OMPI_COMM_WORLD_SIZE" != 0/2 ] ||
    sed -i 's/"digest": "..../"digest": "beef/' wrong-scaling/strong-2/result.json
SH
    chmod +x wrong
    env REAL_TREN="$TREN" TREN="$scratch/wrong" TREN_RANKS="1 2" TREN_SCALING=wrong-scaling \
        bash "$slurm/scaling.sbatch" run.yaml >wrong.out 2>&1 || code=$?
    [[ $code -eq 1 ]] || fail "two digests: exit code $code, not 1: $(cat wrong.out)"
    expect_text "do NOT end with one digest" wrong.out
    expect_text "2 ranks: beef" wrong.out
}

test_bad_input() {
    local code=0
    TREN_RANKS="1 two" bash "$slurm/scaling.sbatch" run.yaml >bad.out 2>&1 || code=$?
    [[ $code -eq 2 ]] || fail "TREN_RANKS='1 two': exit code $code, not 2"
    expect_text "'two' is not a number of ranks" bad.out
    code=0
    bash "$slurm/scaling.sbatch" run.yaml --data missing.h5 >bad.out 2>&1 || code=$?
    [[ $code -eq 4 ]] || fail "a missing dataset: exit code $code, not 4: $(cat bad.out)"
    expect_text "strong scaling on 1 ranks ended with exit code 4" bad.out
}

test_job
test_without_slurm
test_other_digest
test_bad_input
