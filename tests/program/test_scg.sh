#!/usr/bin/env bash
# Scaled conjugate gradients: the same bits on any number of ranks and by any engine, killed or not; an end by its
# tolerances; and what it cannot go with is refused.
# shellcheck source=tests/program/lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"

[[ -x $TREN_BIN/tren64 ]] || skip "there is no tren64"
exec 2> >(grep -v ' Killed  ' >&2) # bash tells of each

"$tren" data make sinusoid --out data.h5 --n 90 --sd 0.3 --split 60/20/20 --seed 5 >/dev/null
"$tren" data make sinusoid --out many.h5 --n 2000 --sd 0.3 --split 80/10/10 --seed 5 >/dev/null
slow=(--data many.h5 --model.hidden "[24, 24]" --optimizer.tolerance_x 0)
make_classes classes.h5 500
cat >config.yaml <<'END'
data: data.h5
precision: double
shards: 4
model: {hidden: [8], activation: tanh, init: gaussian, init_variance: 10}
optimizer: {name: scg, lambda: 0.001}
normalize_targets: false
epochs: 300
checkpoint_steps: 40
plots: false
END

train() { # RANKS RUN [OPTION ...]
    local ranks=$1 run=$2
    shift 2
    mpi "$ranks" "$tren" train config.yaml --out "$run" "$@"
}

# J + penalty of each epoch, from metrics.csv.
objective() { awk -F, 'NR > 1 { printf "%.12g\n", $3 + $9 }' "$1/metrics.csv"; }

test_ranks() {
    local ranks
    for ranks in 2 3 4; do
        expect 0 "finished: reached epochs" train $ranks on$ranks
        same_run plain on$ranks
    done
    expect 2 "5 ranks for 4 shards" train 5 on5
    objective plain | awk 'NR > 1 && $1 > last * (1 + 1e-7) { exit 1 } { last = $1 }' ||
        fail "the objective rises: $(timeless plain)"
    objective plain | awk 'NR == 1 { first = $1 } { last = $1 } END { exit !(last < first / 10) }' ||
        fail "scg does not get anywhere: $(timeless plain)"
}

test_engines() {
    local engine ranks
    for engine in shared halving direct doubling rabenseifner scatter; do
        for ranks in 2 4 3; do
            [[ $engine$ranks != halving3 && $engine$ranks != rabenseifner3 ]] || continue
            expect 0 "" train $ranks $engine$ranks --reduction $engine --epochs 120
            expect 0 "resumed" train 1 $engine$ranks --resume
            same_run plain $engine$ranks
        done
    done
    expect 0 "" train 2 unstacked --no-stacking
    same_run plain unstacked
}

# Neither the size of batches nor an order of the rows has a meaning: asking for them is refused, and those of a file
# for another optimizer change nothing.
test_no_batches() {
    sed 's/name: scg/name: adam/; $a batch_size: 7\nshuffle: false' config.yaml >adam.yaml
    expect 0 "batch of 54 rows in 4 shards, 1 step an epoch" mpi 2 "$tren" train adam.yaml --out batches --optimizer.name scg
    same_run plain batches
    expect 2 "batch_size: 7, but optimizer.name: scg" train 2 refused --batch_size 7
    expect 2 "shuffle: false, but optimizer.name: scg" train 1 refused --no-shuffle
}

test_classes() {
    local options=(--data classes.h5 --epochs 150 --model.hidden "[16, 16]" --model.init glorot)
    expect 0 "" train 1 classes "${options[@]}"
    expect 0 "" train 3 classes3 "${options[@]}" --max_steps 70
    expect 0 "epoch 71, step 0" train 2 classes3 "${options[@]}" --resume
    same_run classes classes3
    [[ $(awk -F, 'END { print ($4 > 0.9) }' classes/metrics.csv) -eq 1 ]] || fail "$(tail -n 1 classes/metrics.csv)"
}

test_float() {
    expect 0 "" train 1 float --precision float
    expect 0 "" train 3 float3 --precision float --max_steps 77
    expect 0 "epoch 78, step 0" train 4 float3 --precision float --resume
    same_run float float3
}

test_killed() {
    local point ranks=3
    for point in done:1 begin:2 states:1 closed:2 linked:1 done:1; do
        expect $killed_code "" env "TREN_TEST_KILL=$point" mpirun -n $ranks "$mortal" \
            train config.yaml --out killed --resume
        ranks=$((ranks % 4 + 1))
    done
    expect 0 "resumed from" train 4 killed --resume
    same_run plain killed
}

# At any moment, with checkpoints by the clock alone.
test_killed_anywhere() {
    local options=("${slow[@]}" --epochs 4000 --checkpoint_steps 0 --checkpoint_seconds 0.05) i
    expect 0 "" train 1 long "${options[@]}"
    for i in 1 2; do
        mpirun -n $((i + 1)) "$tren" train config.yaml --out anywhere "${options[@]}" --resume >anywhere.out 2>&1 &
        await grep -qs -- "^model" anywhere.out
        sleep 0.$((2 * i))
        kill -KILL $! || fail "the run was over before it was killed: $(field long wall_seconds) s on one rank"
        wait $! 2>/dev/null || true
        await none_left
    done
    expect 0 "resumed from" train 2 anywhere "${options[@]}" --resume
    same_run long anywhere
}

test_converged() {
    local options=(--epochs 100000 --optimizer.tolerance_x 1e-3 --optimizer.tolerance_f 1e-5)
    expect 0 "finished: converged after" train 2 converged "${options[@]}"
    [[ $(field converged status) == finished && $(field converged stop_reason) == converged ]] ||
        fail "$(cat converged/result.json)"
    [[ $(field converged epochs) -lt 100000 ]] || fail "$(cat converged/result.json)"
    expect 0 "this run has already ended (converged) after" train 3 converged "${options[@]}" --resume
    expect 0 "" train 1 again "${options[@]}" --max_steps $(($(field converged epochs) - 1))
    expect 0 "finished: converged after" train 4 again "${options[@]}" --resume
    same_run converged again
    expect 2 "optimizer.tolerance_x: 0.001 in the checkpoint" train 1 converged "${options[@]}" \
        --optimizer.tolerance_x 1e-4 --resume
}

test_early_stopped() {
    local options=(--early_stopping.rule patience --early_stopping.patience 20 --epochs 3000)
    expect 0 "early stopping after" train 3 early "${options[@]}"
    expect 0 "" train 1 early1 "${options[@]}" --max_steps 5
    expect 0 "early stopping after" train 2 early1 "${options[@]}" --resume
    same_run early early1
}

test_max_time() {
    expect 75 "saved at epoch" train 2 "time" "${slow[@]}" --epochs 10000000 --max_time 1
    [[ $(field "time" stop_reason) == max_time ]] || fail "$(cat time/result.json)"
    expect 75 "resumed from" train 3 "time" "${slow[@]}" --epochs 10000000 --max_time 1 --resume
}

test_refused() {
    expect 2 "dropout: scg compares" train 2 refused --dropout 0.1
    expect 2 "optimizer.clip_norm: 1, but optimizer.name: scg" train 1 refused --optimizer.clip_norm 1
    expect 2 "augment: scg compares" train 1 refused --augment.noise 0.1
    expect 2 "optimizer.momentum: 0.9, but optimizer.name: scg" train 1 refused --optimizer.momentum 0.9
    expect 2 "schedule: scg finds" train 1 refused --schedule.name cosine
    [[ ! -e refused ]] || fail "a refused run has made a folder"
    expect 5 "not finite where iteration 1 of scg begins" train 3 wild --model.init_variance 1e300 \
        --data classes.h5 --model.hidden "[5, 5]" --model.activation relu
    [[ $(field wild stop_reason) == diverged ]] || fail "$(cat wild/result.json)"
}

# test_scg.sh [NAME ...]   All, or these only.
all=(ranks engines no_batches classes float killed killed_anywhere converged early_stopped max_time refused)
[[ $# -gt 0 ]] || set -- "${all[@]}"
expect 0 "finished: reached epochs" train 1 plain # with which the others are compared
for name in "$@"; do "test_$name"; done
echo "scaled conjugate gradients: digest $(field plain digest) in all cases"
