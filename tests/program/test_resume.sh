#!/usr/bin/env bash
# A run goes on where it was, on any number of ranks and by any engine; one that has ended stays as it is.
# shellcheck source=tests/program/lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"

make_classes data.h5 1500
cat >config.yaml <<'END'
data: data.h5
shards: 8
batch_size: 64
model.hidden: [48, 32]
dropout: [0.05, 0.1, 0.1]
optimizer: {learning_rate: 0.05, momentum: 0.9, lambda: 1}
epochs: 6
checkpoint_steps: 10
END

train() { # RANKS RUN [OPTION ...]
    local ranks=$1 run=$2
    shift 2
    mpi "$ranks" "$tren" train config.yaml --out "$run" "$@"
}

# What a run consists of, but for its log, which may grow.
contents() { (cd "$1" && find . -type f ! -name run.log ! -name .lock -exec sha256sum {} + | sort -k 2); }

unchanged() { # RUN BEFORE
    diff <(contents "$1") "$2" || fail "$1 was changed"
}

is_json() {
    command -v python3 >/dev/null || return 0
    python3 -m json.tool "$1/result.json" >/dev/null || fail "$1/result.json is no JSON"
    python3 - "$1/result.json" <<'END' || fail "$1: the phases are not the wall time"
import json, sys
r = json.load(open(sys.argv[1]))
total = sum(phase["mean"] for phase in r["seconds"].values())
print(f"phases {total:.3f} s of {r['wall_seconds']:.3f} s", file=sys.stderr) if abs(total - r["wall_seconds"]) > 0.02 * r["wall_seconds"] else None
sys.exit(abs(total - r["wall_seconds"]) > 0.02 * r["wall_seconds"])
END
}

test_finished() {
    expect 0 "finished: reached epochs" train 2 plain
    is_json plain
    contents plain >before
    expect 0 "this run has already ended (epochs) after 6 epochs: nothing to do" train 3 plain --resume
    unchanged plain before
    expect 2 "already holds a run" train 1 plain
    unchanged plain before
}

test_more_epochs() {
    expect 0 "" train 4 longer --epochs 3
    expect 0 "epoch 4, step 0" train 1 longer --resume
    same_run plain longer
}

test_early_stopped() {
    local options=(--early_stopping.rule patience --early_stopping.patience 2 --optimizer.learning_rate 0.5 --epochs 60)
    expect 0 "early stopping after" train 2 early "${options[@]}"
    is_json early
    contents early >before
    expect 0 "already ended (early_stopping) after" train 1 early --resume "${options[@]}"
    unchanged early before
    expect 2 "early_stopping.rule" train 1 early --resume
    unchanged early before
}

test_max_steps() {
    expect 0 "reached max_steps after" train 2 steps --max_steps 31
    [[ $(field steps steps) -eq 31 && $(field steps status) == finished ]] || fail "$(cat steps/result.json)"
    is_json steps
    contents steps >before
    expect 0 "already ended (max_steps) after 1 epochs: nothing to do" train 1 steps --max_steps 31 --resume
    unchanged steps before
    expect 0 "reached max_steps after" train 3 steps --max_steps 57 --resume # the last step of an epoch
    [[ $(field steps steps) -eq 57 && $(field steps epochs) -eq 3 ]] || fail "$(cat steps/result.json)"
    expect 0 "epoch 4, step 0" train 1 steps --resume
    same_run plain steps
}

test_max_time() {
    expect 75 "saved at epoch" train 2 "time" --epochs 1000000 --max_time 1
    [[ $(field "time" status) == requeue && $(field "time" stop_reason) == max_time ]] || fail "$(cat time/result.json)"
    is_json "time"
    local steps
    steps=$(field "time" steps)
    expect 75 "resumed from time/last.h5" train 3 "time" --epochs 1000000 --max_time 1 --resume
    [[ $(field "time" steps) -gt $steps ]] || fail "still at step $steps"
}

test_diverged() {
    expect 5 "training has diverged" train 2 wild --optimizer.learning_rate 1e30
    [[ $(field wild status) == diverged && $(field wild stop_reason) == diverged ]] || fail "$(cat wild/result.json)"
    is_json wild
    expect 0 "" train 1 tame --max_steps 25
    contents tame | grep -v result.json >before
    sed -i 's/learning_rate: 0.05/learning_rate: 1e30/' config.yaml
    expect 2 "optimizer.learning_rate" train 2 tame --resume
    contents tame | grep -v result.json | diff - before || fail "tame was changed"
    sed -i 's/learning_rate: 1e30/learning_rate: 0.05/' config.yaml
}

# A loss that is not a number is lower than none: it must not stay the best.
test_validation_not_finite() {
    awk 'BEGIN { srand(2); for (i = 0; i < 300; i++) print (i == 250 ? "3e38" : rand()) "," rand() "," int(rand() * 2) }' >nan.csv
    "$tren" data import csv nan.csv --header no --label 3 --no-shuffle --split 80/10/10 --out nan.h5 >/dev/null
    expect 0 "validation loss of epoch 1 is not finite" train 2 nan --data nan.h5 --epochs 3 --model.hidden 16 --dropout "[]"
    [[ $(field nan best_epoch) -eq 0 && $(field nan epochs) -eq 3 ]] || fail "$(cat nan/result.json)"
    refuse_part "best epoch"
    expect 0 "early stopping after" train 1 nan1 --data nan.h5 --epochs 30 --model.hidden 16 --dropout "[]" --early_stopping.rule patience \
        --early_stopping.patience 4
    [[ $(field nan1 epochs) -eq 4 ]] || fail "$(cat nan1/result.json)"
}

# Every update rule has other states to gather and to hand out again.
test_states() {
    local name engine i=0 sizes=(1 4 3 2 8 1 5 4 2 3 1 6 4 2) engines=(shared direct halving scatter direct halving shared scatter)
    for name in $(few momentum lamb -- momentum nesterov adam adamw rmsprop lars lamb); do
        local options=(--optimizer.lambda 1 --epochs 3)
        case $name in
        nesterov) options+=(--optimizer.nesterov) ;;
        rmsprop) options+=(--optimizer.name rmsprop --optimizer.learning_rate 0.001 --optimizer.ema 0.99) ;;
        lars) options+=(--optimizer.name lars --optimizer.learning_rate 1 --optimizer.trust 0.01) ;;
        lamb) options+=(--optimizer.name lamb --optimizer.learning_rate 0.01 --optimizer.momentum 0 --optimizer.ema 0.9) ;;
        adam*) options+=(--optimizer.name "$name" --optimizer.learning_rate 0.003 --optimizer.momentum 0) ;;
        esac
        expect 0 "" train 1 "$name" "${options[@]}"
        for ((k = 0; k < 2; k++, i++)); do
            engine=${engines[i % 8]}
            [[ $engine != halving ]] || sizes[i]=2
            expect 0 "" train $((i % 3 + 2)) "$name$k" "${options[@]}" --max_steps 25 --reduction direct
            expect 0 "epoch 2, step 6" train "${sizes[i]}" "$name$k" "${options[@]}" --reduction "$engine" --resume
            same_run "$name" "$name$k"
        done
    done
}

test_double() {
    [[ -x $TREN_BIN/tren64 ]] || return 0
    expect 0 "" train 1 double --precision double --epochs 2
    expect 0 "" train 3 double1 --precision double --epochs 2 --max_steps 25
    expect 0 "epoch 2, step 6" train 2 double1 --precision double --epochs 2 --resume
    same_run double double1
}

# Killed with the best weights written, and the checkpoint that names them not yet.
test_between_best_and_last() {
    expect $killed_code "" env TREN_TEST_KILL=begin:5 mpirun -n 2 "$mortal" train config.yaml --out best
    cp -r best best-early
    expect 0 "epoch 2, step 11" train 3 best --resume
    same_run plain best
    # Stopped before it comes there again, the run has no test figure, but is good.
    expect 0 "no test: best-early/best.h5 is from a later epoch" train 1 best-early --max_steps 31 --resume
    expect 0 "resumed" train 1 best-early --resume
    same_run plain best-early
}

test_between_epochs() {
    expect $killed_code "" env TREN_TEST_KILL=done:2 mpirun -n 3 "$mortal" train config.yaml --out between
    expect 0 "epoch 2, step 0" train 2 between --resume
    same_run plain between
}

test_in_the_check() {
    local options=(--check_without_dropout 3 --epochs 2)
    expect 0 "the loss falls" train 1 check "${options[@]}"
    expect $killed_code "epoch 2 of 3" env TREN_TEST_KILL=check:2 mpirun -n 2 "$mortal" train config.yaml \
        --out check1 "${options[@]}"
    expect 0 "the loss falls" train 3 check1 "${options[@]}" --resume
    same_run check check1
    diff <(timeless check) <(train 1 unchecked --epochs 2 >/dev/null; timeless unchecked) || fail "the check left traces"
}

test_in_the_evaluation() {
    "$tren" data import csv data.h5.csv --header no --label 9 --split 2/96/2 --out few.h5 >/dev/null
    local options=(--data few.h5 --epochs 9 --dropout 0.1 --checkpoint_steps 0)
    expect 0 "" train 2 judged "${options[@]}"
    expect $killed_code "epoch   2/9" env TREN_TEST_KILL=evaluate:3 mpirun -n 3 "$mortal" train config.yaml \
        --out judged1 "${options[@]}"
    expect $killed_code "resumed from" env TREN_TEST_KILL=evaluate:4 mpirun -n 2 "$mortal" train config.yaml \
        --out judged1 "${options[@]}" --resume
    expect 0 "resumed" train 4 judged1 "${options[@]}" --resume
    same_run judged judged1
}

# A dataset that somebody made is without digests; its rows are known all the same, on any number of ranks.
refuse_changed_rows() { # DATASET OPTION ...
    local python=/usr/bin/python3 name
    cp "$1" made.h5
    shift
    "$python" - <<'END'
import h5py
with h5py.File("made.h5", "r+") as f:
    for part in ("train", "validation", "test"):
        for name in ("x", "y"):
            del f[part][name + "_xxh3"]
END
    rm -rf made
    expect 0 "" train 3 made --data made.h5 --epochs 2 "$@"
    expect 0 "epoch 3, step 0" train 1 made --data made.h5 --resume --epochs 3 "$@"
    for name in train/x train/y validation/x validation/y test/x test/y; do
        cp made.h5 changed.h5
        "$python" - "$name" <<'END'
import h5py, sys
with h5py.File("changed.h5", "r+") as f:
    d = f[sys.argv[1]]
    d[-1] = (d[-1] + 1) % 3 if d.ndim == 1 else -d[-1] - 1
END
        expect 2 "changed.h5: its rows are not those on which this run was trained" \
            train 2 made --data changed.h5 --resume --epochs 4 "$@"
    done
    expect 0 "finished: reached epochs" train 2 made --data made.h5 --resume --epochs 4 "$@"
}

test_changed_rows() {
    /usr/bin/python3 -c 'import h5py' 2>/dev/null || return 0
    refuse_changed_rows data.h5
    "$tren" data import csv data.h5.csv --header no --target 9 --split 80/10/10 --out amounts.h5 >/dev/null
    refuse_changed_rows amounts.h5
    refuse_changed_rows amounts.h5 --no-normalize_targets
}

test_other_recipe() {
    contents plain >before
    expect 2 "batch_size" train 1 plain --resume --batch_size 32 --epochs 9
    grep -q 64 output && grep -q 32 output || fail "the two values are not shown: $(cat output)"
    expect 2 "model.hidden" train 2 plain --resume --model.hidden "[48, 30]"
    grep -qF "[48, 32]" output && grep -qF "[48, 30]" output || fail "the two values are not shown: $(cat output)"
    expect 2 "9 ranks for 8 shards" train 9 plain --resume
    expect 2 "reduction: this run was trained with a canonical engine, but now it is mpi" \
        train 2 plain --resume --reduction mpi
    "$tren" data import csv data.h5.csv --header no --label 9 --split 80/10/10 --seed 4 --out other.h5 >/dev/null
    expect 2 "other.h5 is not the dataset on which this run was trained" train 1 plain --resume --data other.h5
    unchanged plain before
}

test_fresh() {
    expect 0 "finished: reached epochs" train 2 fresh --resume
    same_run plain fresh
}

test_init_from() {
    local still=(--optimizer.learning_rate 0 --optimizer.lambda null --epochs 1)
    expect 0 "" train 2 begun --init_from plain/best.h5 "${still[@]}"
    [[ $(field begun digest) == "$(field plain best_digest)" ]] || fail "other weights than plain/best.h5"
    expect 0 "" train 3 begun1 --init_from plain/best.h5 "${still[@]}" --check_without_dropout 2
    [[ $(field begun1 digest) == "$(field plain best_digest)" ]] || fail "other weights than plain/best.h5"
    expect 7 "init_from: nothing.h5" train 2 begun2 --init_from nothing.h5 "${still[@]}"
    expect 7 "belongs to another network" train 2 begun2 --init_from plain/best.h5 --model.hidden "[48, 40]" "${still[@]}"
}

# optimizer.ema: a <- e a + (1 - e) w after each step; equal weights are their own average; the best weights are the average.
test_average() {
    local python=/usr/bin/python3
    expect 0 "" train 2 still --optimizer.learning_rate 0 --optimizer.lambda null --epochs 1 --optimizer.ema 0.99999
    [[ $(field still digest) == "$(field still best_digest)" ]] || fail "the average of equal weights is not theirs"
    expect 0 "" train 2 averaged --optimizer.ema 0.75 --max_steps 5
    cp averaged/last.h5 before.h5
    expect 0 "" train 3 averaged --optimizer.ema 0.75 --max_steps 6 --resume
    "$python" -c 'import h5py' 2>/dev/null || return 0
    "$python" - before.h5 averaged/last.h5 <<'PY' || fail "this is not the average"
import sys, h5py, numpy as np
before, after = (h5py.File(name) for name in sys.argv[1:])
names = [n if isinstance(n, str) else n.decode() for n in after["parameters"].attrs["names"]]
w = np.concatenate([after["parameters"][n][()].ravel() for n in names])
a, b = before["optimizer/average"][()], after["optimizer/average"][()]
assert np.abs(b - a).max() > 1e-5
assert np.abs(b - (0.75 * a + 0.25 * w)).max() < 1e-6
PY
}

# test_resume.sh [NAME ...]   All, or these only.
all=(more_epochs early_stopped max_steps max_time diverged validation_not_finite states double between_best_and_last between_epochs in_the_check
    in_the_evaluation changed_rows other_recipe fresh init_from average)
[[ $# -gt 0 ]] || set -- "${all[@]}"
test_finished # makes `plain`, with which the others are compared
for name in "$@"; do "test_$name"; done
echo "resumed runs: all as expected"
