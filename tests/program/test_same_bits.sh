#!/usr/bin/env bash
# The same bits on any number of ranks, by every engine, stacked or not, with every update rule: on Fashion-MNIST with
# dropout, decay, clipping, microbatches of unequal size and a last batch that is not full.
# shellcheck source=tests/program/lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"

source_folder=/usr/share/datasets/fashion-mnist
[[ -e $source_folder/train-images-idx3-ubyte.gz ]] ||
    skip "Fashion-MNIST is not in $source_folder (Debian: dataset-fashion-mnist)"

import() { # FILE [OPTION ...]
    local file=$1
    shift
    "$tren" data import idx --images $source_folder/train-images-idx3-ubyte.gz \
        --labels $source_folder/train-labels-idx1-ubyte.gz --test-images $source_folder/t10k-images-idx3-ubyte.gz \
        --test-labels $source_folder/t10k-labels-idx1-ubyte.gz --out "$file" "$@" >/dev/null
}
import all.h5 --keep-test
import some.h5 --split 8/3/89

cat >config.yaml <<'END'
data: all.h5
shards: 8
batch_size: 250
model.hidden: [64, 48]
dropout: [0.1, 0.3, 0.2]
optimizer: {name: sgd, learning_rate: 0.05, momentum: 0.9, nesterov: true, lambda: 5, clip_norm: 1}
schedule: {name: cosine, warmup_steps: 30}
epochs: 3
plots: false
END

train() { # RANKS RUN [OPTION ...]
    local ranks=$1 run=$2
    shift 2
    expect 0 "" mpi "$ranks" "$tren" train config.yaml --out "$run" "$@"
}

# Everything that is said of the test part too.
same() { # RUN OTHER
    same_run "$1" "$2"
    [[ $(field "$1" test_accuracy) == "$(field "$2" test_accuracy)" ]] || fail "$2: another test accuracy than $1"
}

test_ranks() {
    local ranks
    train 1 on1
    [[ $(($(timeless on1 | wc -l) - 1)) -eq 3 ]] || fail "not three epochs: $(cat on1/metrics.csv)"
    [[ $(awk -F, 'NR == 4 { print ($4 > 0.75 && $6 > 0.8) }' on1/metrics.csv) -eq 1 ]] ||
        fail "training does not get anywhere: $(timeless on1)"
    for ranks in $(few 2 5 8 -- 2 3 4 5 8); do
        train $ranks on$ranks
        same on1 on$ranks
    done
    echo "digest $(field on1 digest) on 1, $(few 2, 5 -- 2, 3, 4, 5) and 8 ranks, test accuracy $(field on1 test_accuracy)"
}

short=(--data some.h5 --epochs 1 --no-evaluate_test)

test_engines() {
    local engine
    train 1 separate "${short[@]}" --no-stacking
    train 2 separate2 "${short[@]}" --no-stacking
    train 1 stacked "${short[@]}"
    same_run separate separate2
    same_run separate stacked
    for engine in shared halving direct doubling rabenseifner scatter; do
        train 4 $engine "${short[@]}" --reduction $engine --bucket_kib 16
        [[ $(field $engine reduction) == "$engine" ]] || fail "asked for $engine, got $(field $engine reduction)"
        same_run separate $engine
        [[ $engine != halving && $engine != rabenseifner ]] || continue # powers of two
        train 3 ${engine}3 "${short[@]}" --reduction $engine
        same_run separate ${engine}3
    done
}

# On one rank, without clipping, weights are updated as the gradients come; with it, when all are known.
same_on_1_and_3() { # NAME OPTION ...
    local name=$1 clip
    shift
    for clip in 0 0.5; do
        train 1 "$name-$clip-1" "${short[@]}" "$@" --optimizer.clip_norm $clip
        train 3 "$name-$clip-3" "${short[@]}" "$@" --optimizer.clip_norm $clip
        same_run "$name-$clip-1" "$name-$clip-3"
    done
    [[ $(field "$name-0-1" digest) != "$(field "$name-0.5-1" digest)" ]] || fail "$name: clipping changes nothing"
}

test_recipes() {
    same_on_1_and_3 sgd --optimizer.momentum 0 --no-optimizer.nesterov
    [[ ! ${TREN_LONG:-} ]] || same_on_1_and_3 momentum --no-optimizer.nesterov --model.activation tanh
    same_on_1_and_3 nesterov --loss.label_smoothing 0.1
    [[ ! ${TREN_LONG:-} ]] || same_on_1_and_3 adam --optimizer.name adam --optimizer.learning_rate 0.001 --optimizer.momentum 0 --no-optimizer.nesterov
    same_on_1_and_3 adamw --optimizer.name adamw --optimizer.learning_rate 0.001 --optimizer.momentum 0 --no-optimizer.nesterov \
        --model.activation gelu --shards 13
    # Norms of whole parameters, of which each rank has a part; and the average of the weights, which each has of its own.
    same_on_1_and_3 lamb --optimizer.name lamb --optimizer.learning_rate 0.01 --optimizer.momentum 0 --no-optimizer.nesterov \
        --optimizer.ema 0.9
    [[ ! ${TREN_LONG:-} ]] || same_on_1_and_3 lars --optimizer.name lars --optimizer.learning_rate 1 --no-optimizer.nesterov \
        --optimizer.trust 0.01
    [[ ! ${TREN_LONG:-} ]] || same_on_1_and_3 rmsprop --optimizer.name rmsprop --optimizer.learning_rate 0.001 \
        --no-optimizer.nesterov
    same_on_1_and_3 double --precision double
}

# The plain alternative: other bits, the same training. Ten steps are one epoch here.
test_mpi() {
    local ten=(--batch_size 560 "${short[@]}")
    train 1 tree "${ten[@]}"
    train 3 plain "${ten[@]}" --reduction mpi
    [[ $(field tree steps) -eq 10 ]] || fail "not ten steps, but $(field tree steps)"
    awk -F, 'FNR == 2 && NR == 2 { train = $3; validation = $5 }
        FNR == 2 && NR > 2 { exit !($3 > 0 && ($3 - train) ^ 2 <= (1e-5 * train) ^ 2 &&
                                    ($5 - validation) ^ 2 <= (1e-5 * validation) ^ 2) }' \
        tree/metrics.csv plain/metrics.csv || fail "reduction: mpi strays: $(timeless tree; timeless plain)"
}

# A test that compares must notice a difference.
test_other_seed() {
    train 2 other "${short[@]}" --seed 2
    ! (same_run separate other) >/dev/null 2>&1 || fail "another seed gives the same run"
}

test_ranks
test_engines
test_recipes
test_mpi
test_other_seed
