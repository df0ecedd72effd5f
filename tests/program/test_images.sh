#!/usr/bin/env bash
# Networks of images, with batch norm and augmentation: the same bits on any number of ranks, killed or not; and what
# they have learned is what eval and predict see.
# shellcheck source=tests/program/lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"

cat >config.yaml <<'END'
data: pictures.h5
shards: 8
batch_size: 72
model: {width: 4, channels: [6, 12], hidden: [16]}
optimizer: {learning_rate: 0.05, momentum: 0.9, weight_decay: 0.001, clip_norm: 5}
augment: {rotation: 5, translation: 1, flip_vertical: true, noise: 0.02}
epochs: 3
END

train() { # RANKS RUN OPTION ...
    local ranks=$1 run=$2
    shift 2
    mpi "$ranks" "$tren" train config.yaml --out "$run" "$@"
}

test_ranks() { # MODEL OPTION ...
    local model=$1 ranks
    shift
    expect 0 "finished: reached epochs" train 1 "$model" --model.name "$model" "$@"
    for ranks in $(few 3 8 -- 2 3 4 8); do
        expect 0 "" train "$ranks" "$model$ranks" --model.name "$model" "$@"
        same_run "$model" "$model$ranks"
    done
    for engine in $(few scatter -- direct scatter); do
        expect 0 "" train 2 "$model-$engine" --model.name "$model" --reduction "$engine" "$@"
        same_run "$model" "$model-$engine"
    done
}

# Running statistics are in the checkpoint, and go on from it.
test_resume() {
    expect 0 "" train 3 cut --model.name resnet18 --max_steps 7
    expect 0 "epoch 2, step 2" train 2 cut --model.name resnet18 --resume
    same_run resnet18 cut
    expect $killed_code "" env TREN_TEST_KILL=states:2 mpirun -n 2 "$mortal" train config.yaml --out killed \
        --model.name resnet18 --checkpoint_steps 2
    expect 0 "resumed" train 4 killed --model.name resnet18 --resume --checkpoint_steps 2
    same_run resnet18 killed
}

# Running statistics are no gradients: their size must not make clipping think that a gradient is long.
test_clipping() {
    local options=(--model.name cnn --model.init pytorch --optimizer.learning_rate 0.01 --epochs 2)
    expect 0 "" train 1 free "${options[@]}" --optimizer.clip_norm 0
    expect 0 "" train 2 loose "${options[@]}" --optimizer.clip_norm 1.5
    same_run free loose
    expect 0 "" train 2 tight "${options[@]}" --optimizer.clip_norm 0.1
    [[ $(field tight digest) != "$(field free digest)" ]] || fail "nothing was clipped"
}

test_learning() {
    expect 0 "" train 2 learned --model.name cnn --dropout '[0.2, 0]' --epochs 30 --augment.noise 0 --shards 2
    awk -v a="$(field learned test_accuracy)" 'BEGIN { exit !(a > 0.9) }' ||
        fail "a bar is not seen: test accuracy $(field learned test_accuracy)"
    expect 0 "" "$tren" eval learned --split test --json
    grep -q "\"accuracy\": $(field learned test_accuracy)" output || fail "eval has another accuracy: $(cat output)"
    expect 0 "correct (accuracy" "$tren" predict learned --data pictures.h5 --split test --out seen.csv
    [[ $(wc -l <seen.csv) -eq 46 ]] || fail "$(wc -l <seen.csv) lines of predictions"
}

# The smallest pictures that a network takes, and those whose strides and pools leave something over.
test_sizes() {
    local size model
    while read -r size model; do
        { printf '\0\0\10\3\0\0\0\170\0\0\0%b\0\0\0%b' "\\0$(printf %o "${size%x*}")" "\\0$(printf %o "${size#*x}")" &&
            head -c $((120 * ${size%x*} * ${size#*x})) "$tren"; } >images
        { printf '\0\0\10\1\0\0\0\170' && printf '\0\1\2%.0s' $(seq 40); } >labels
        "$tren" data import idx --images images --labels labels --split 60/20/20 --out sized.h5 --force >/dev/null
        local options=(--data sized.h5 --model.name "$model" --model.width 2 --augment.rotation 0 --augment.translation 0)
        expect 0 "" train 1 "$size-$model" "${options[@]}"
        expect 0 "" train 3 "$size-$model-3" "${options[@]}"
        same_run "$size-$model" "$size-$model-3"
    done <<'END'
1x1 resnet18
1x9 resnet18
4x4 cnn5
15x13 cnn
15x13 resnet18
END
}

test_dry_run() {
    expect 0 "conv2d1 " "$tren" train config.yaml --model.name resnet18 --dry-run
    grep -q "^parameters  *44143 " output || fail "$(cat output)"
    grep -q "batch_norm16 " output || fail "$(cat output)"
}

make_pictures pictures.h5
test_ranks resnet18
test_ranks cnn5 --optimizer.name adam --optimizer.momentum 0 --optimizer.learning_rate 0.003
test_ranks cnn --dropout '[0.1, 0.2]' --model.norm none --model.activation tanh --model.kernel 5
test_resume
test_clipping
test_learning
test_sizes
test_dry_run
echo "networks of images: all as expected"
