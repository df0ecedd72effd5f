#!/usr/bin/env bash
# Networks written as layers in the config: the same bits on any number of ranks, killed or not, and in eval and
# predict; and every built-in model, printed as layers, trains to the digest that it has by name.
# shellcheck source=tests/program/lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"

make_pictures pictures.h5
make_classes classes.h5 300
make_sinusoid sinusoid.h5 200
awk 'BEGIN { for (i = 0; i < 200; i++) { print "row " i " of a text, and more of it"; printf "%s\tthe text of row %d\n", i % 2 ? "odd" : "even", i > "labels.tsv" } }' >text.txt
"$tren" data import text text.txt --tokens 16 --out text.h5 >/dev/null
"$tren" data import labeled labels.tsv --split 80/10/10 --out labeled.h5 >/dev/null

cat >images.yaml <<'END'
data: pictures.h5
shards: 8
batch_size: 72
model:
  layers:
    - conv: {channels: 6, norm: batch, activation: relu}
    - residual:
        - conv: {channels: 6, norm: group, norm_groups: 2, activation: silu}
        - conv: {channels: 8, stride: 2}
    - concat:
        - [conv: {channels: 4, kernel: 1, dropout: 0.1}]
        - [max_pool: {size: 3, stride: 1}, conv: {channels: 3, kernel: 3, padding: 2}]
        - []
    - repeat: 2
      residual: {before: [layer_norm, gelu], layers: [conv: {channels: 15, bias: false}]}
    - global_average_pool
    - dense: {units: 12, norm: batch, activation: elu, dropout: 0.2}
    - dense: outputs
augment: {rotation: 5, translation: 1, noise: 0.02}
optimizer: {learning_rate: 0.05, momentum: 0.9, weight_decay: 0.001, clip_norm: 5}
epochs: 2
plots: false
END

test_ranks() {
    expect 0 "finished: reached epochs" mpi 1 "$tren" train images.yaml --out one
    for ranks in $(few 2 3 -- 2 3 4 5 8); do
        expect 0 "" mpi "$ranks" "$tren" train images.yaml --out "ranks$ranks"
        same_run one "ranks$ranks"
    done
    expect 0 "" mpi 2 "$tren" train images.yaml --out portable --gemm portable --cpu baseline
    expect 0 "" mpi 3 "$tren" train images.yaml --out portable3 --gemm portable
    same_run portable portable3
}

# The record of a run names its layers; a resumed run compares them, however they are written.
test_resume() {
    expect 0 "" mpi 2 "$tren" train images.yaml --out cut --max_steps 7
    expect 0 "resumed" mpi 3 "$tren" train cut/config.yaml --out cut --resume --max_steps 0
    same_run one cut
    expect $killed_code "" env TREN_TEST_KILL=states:2 mpirun -n 2 "$mortal" train images.yaml --out killed --checkpoint_steps 2
    expect 0 "resumed" mpi 1 "$tren" train --data pictures.h5 --model.layers "$("$tren" config images.yaml --get model.layers)" \
        --shards 8 --batch_size 72 --augment.rotation 5 --augment.translation 1 --augment.noise 0.02 \
        --optimizer.learning_rate 0.05 --optimizer.momentum 0.9 --optimizer.weight_decay 0.001 --optimizer.clip_norm 5 \
        --epochs 2 --out killed --resume
    same_run one killed
    expect 2 "model.layers: [conv: {channels: 6" mpi 2 "$tren" train --data pictures.h5 --model.layers '[dense: outputs]' --shards 8 \
        --out killed --resume
}

test_eval() {
    expect 0 "layers 1 x 12 x 10 to 3 by" "$tren" eval one --split test
    expect 0 "" "$tren" eval one --split test --json
    grep -q "\"accuracy\": $(field one test_accuracy)" output || fail "eval has another accuracy: $(cat output)"
    expect 0 "" mpi 2 "$tren" predict one --data pictures.h5 --split test --out seen.csv
    [[ $(wc -l <seen.csv) -eq 46 ]] || fail "$(wc -l <seen.csv) lines of predictions"
}

# Ranks that do not have the same list say so.
test_other_ranks() {
    needs_open_mpi
    expect 2 "model.layers differs between ranks" mpi 1 "$tren" train images.yaml --out differs : -n 1 "$tren" train images.yaml \
        --out differs --model.layers '[dense: outputs]'
}

same_when_expanded() { # NAME OPTION ...
    local name=$1
    shift
    expect 0 "" "$tren" config "$@" --expand
    cp output "$name.yaml"
    expect 0 "" mpi 1 "$tren" train "$@" --out "$name" --no-plots
    expect 0 "" mpi "$(few 2 -- 3)" "$tren" train "$name.yaml" --out "$name-expanded"
    same_run "$name" "$name-expanded"
    [[ $("$tren" config "$name.yaml" --get model.name) == layers ]] || fail "$name: not expanded: $(cat "$name.yaml")"
}

test_expand() {
    local table=(--data classes.h5 --batch_size 32 --epochs 2) augment=(--augment.rotation 5 --augment.flip_vertical --augment.noise 0.02)
    local pictures=(--data pictures.h5 --shards 4 --batch_size 72 --epochs 2 --optimizer.momentum 0.9 --optimizer.learning_rate 0.05)
    same_when_expanded mlp "${table[@]}" --model.hidden 40,20 --dropout 0.1,0,0.5 --model.activation gelu --loss.label_smoothing 0.1
    same_when_expanded gaussian "${table[@]}" --model.init gaussian --model.init_variance 0.02 --optimizer.name adam --optimizer.learning_rate 0.01
    same_when_expanded scg --data sinusoid.h5 --model.hidden 8 --model.activation tanh --optimizer.name scg --epochs 20
    same_when_expanded cnn "${pictures[@]}" --model.name cnn --model.channels 6,12 --model.hidden 16 --dropout 0.1,0.2 "${augment[@]}"
    same_when_expanded plain "${pictures[@]}" --model.name cnn --model.channels 8 --model.hidden 16 --model.norm none \
        --model.activation identity --model.kernel 5 --dropout 0.3
    same_when_expanded cnn5 "${pictures[@]}" --model.name cnn5 --model.width 3 --model.init pytorch --gemm portable
    same_when_expanded resnet18 "${pictures[@]}" --model.name resnet18 --model.width 3 "${augment[@]}"
    local text=(--batch_size 8 --epochs 1 --model.width 8 --model.heads 2 --model.depth 2 --dropout 0.1)
    same_when_expanded gpt --data text.h5 --model.name gpt "${text[@]}"
    same_when_expanded encoder --data labeled.h5 --model.name encoder "${text[@]}"
    same_when_expanded token_mlp --data text.h5 --model.name token_mlp --model.hidden 8,12 --dropout 0.1 --epochs 1
}

# Layers of tokens in a list of one's own, and what they refuse.
test_tokens() {
    local train=("$tren" train --data text.h5 --epochs 1 --batch_size 8 --no-plots)
    local own='[embedding: 12, positions: sinusoidal, attention: {heads: 3, causal: true}, feed_forward: {units: 20, activation: silu, norm: post}, dense: outputs]'
    expect 0 "" mpi 1 "${train[@]}" --out own1 --model.layers "$own"
    expect 0 "" mpi 2 "${train[@]}" --out own2 --model.layers "$own" --shards 2
    expect 0 "" mpi 1 "${train[@]}" --out own3 --model.layers "$own" --shards 2
    same_run own2 own3
    expect 2 "model.layers[0].dense: " "${train[@]}" --model.layers '[dense: outputs]'
    expect 2 "heads: 5 heads do not divide the 12 features of a token" "${train[@]}" --model.layers '[embedding: 12, attention: 5, dense: outputs]'
    expect 2 "has labels of tokens; remove token_mean" "${train[@]}" --model.layers '[embedding: 12, token_mean, dense: outputs]'
    expect 2 "has labels of whole texts; put '- token_mean' before it" "${train[@]}" --data labeled.h5 --model.layers '[embedding: 12, dense: outputs]'
    expect 2 "embedding takes token numbers, but input1 is" "${train[@]}" --data classes.h5 --model.layers '[embedding: 12, dense: outputs]'
    expect 2 "attention takes tokens with features" "${train[@]}" --data classes.h5 --model.layers '[attention: 2, dense: outputs]'
    expect 2 "tied: true needs an embedding" "${train[@]}" --data classes.h5 --model.layers '[dense: {units: outputs, tied: true}]'
}

# A layer list may be a value of a sweep's grid.
test_sweep() {
    cat >grid.yaml <<'END'
data: classes.h5
epochs: 1
batch_size: 32
grid:
  model.layers:
    - [dense: outputs]
    - [dense: {units: 8, norm: layer, activation: relu}, dense: outputs]
END
    expect 0 "2 points" mpi 2 "$tren" sweep grid.yaml --out grid
    # A norm is no layer of weights.
    expect 0 "8-8-3" "$tren" train --data classes.h5 --model.layers '[dense: {units: 8, norm: layer}, dense: outputs]' \
        --max_steps 2 --out told --no-plots
}

test_texts() {
    expect 0 "dense" "$tren" help layers
    expect 0 "residual" "$tren" help layers
    expect 0 "group_norm1 " "$tren" train images.yaml --dry-run
    grep -qE '^add1 .*  \[1\]\.residual$' output || fail "no place of a layer: $(cat output)"
    grep -qE '^conv2d2 .*  \[1\]\.residual\[0\]\.conv$' output || fail "no place of a layer: $(cat output)"
    expect 0 "    - conv: {channels: 6, norm: batch, activation: relu}" "$tren" config images.yaml
}

test_ranks
test_resume
test_eval
test_other_ranks
test_expand
test_tokens
test_sweep
test_texts
echo "networks of layers: all as expected"
