#!/usr/bin/env bash
# tren export and import-weights: what is written holds the weights bit for bit and comes back with the same figures; in
# the long form, onnxruntime and PyTorch compute what tren does.
# shellcheck source=tests/program/lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"
here=$TREN_SOURCE/tests/program

python=""
for found in /usr/bin/python3 python3; do
    [[ $python ]] || ! "$found" -c "import h5py" 2>/dev/null || python=$found
done
[[ $python ]] || skip "no python3 with h5py and numpy, which read what was written"

make_data() {
    make_classes classes.h5 "$1"
    make_sinusoid sinusoid.h5 "$2"
    make_pictures pictures.h5 "$4"
    RANDOM=1
    for ((i = 0; i < $3; i++)); do
        printf 'row %d of a text%.*s\n' $i $((RANDOM % 30)) ", and some more words, and so on"
    done >text.txt
    awk '{ print (NR % 2 ? "odd" : "even") "\t" $0 }' text.txt >labels.tsv
    awk '{ print $0 "\tline " $2 }' text.txt >pairs.tsv
    "$tren" data import text text.txt --tokens 32 --split 40/20/40 --out text.h5 >/dev/null
    "$tren" data import labeled labels.tsv --split 40/20/40 --out labeled.h5 >/dev/null
    "$tren" data import pairs pairs.tsv --split 40/20/40 --out pairs.h5 >/dev/null
}

train() { # RUN OPTION ...
    local run=$1
    shift
    "$tren" train --out "$run" --no-plots --progress off "$@" >train.log 2>&1 || fail "$run: $(cat train.log)"
}

# Layers of every kind, nested.
cat >nested.yaml <<'END'
data: pictures.h5
shards: 4
batch_size: 72
model:
  layers:
    - conv: {channels: 6, norm: batch, activation: relu}
    - residual:
        - conv: {channels: 6, norm: group, norm_groups: 2, activation: silu}
        - conv: {channels: 8, stride: 2, activation: leaky_relu}
    - concat:
        - [conv: {channels: 4, kernel: 1, dropout: 0.1}]
        - [max_pool: {size: 3, stride: 1}, conv: {channels: 3, padding: 2, activation: softplus}]
        - []
    - repeat: 2
      residual: {before: [layer_norm, gelu], layers: [conv: {channels: 15, bias: false, norm: batch, activation: elu}]}
    - average_pool: 2
    - group_norm: 5
    - flatten
    - dense: {units: 12, norm: batch, activation: elu, dropout: 0.2}
    - dense: {units: 12, norm: layer, activation: sigmoid}
    - residual: [dense: {units: 9, norm: group, norm_groups: 3, activation: tanh}]
    - dense: outputs
END
cat >tokens.yaml <<'END'
data: text.h5
model:
  layers:
    - embedding: 12
    - positions: sinusoidal
    - attention: {heads: 3, causal: true}
    - feed_forward: {units: 20, activation: silu, norm: post}
    - attention: {heads: 2, causal: true}
    - concat: [[dense: 5], [dense: {units: 7, norm: layer, activation: gelu}]]
    - dense: {units: outputs, tied: true}
END

export_all() { # RUN OPTION ...
    local to
    for to in onnx safetensors npz; do expect 0 "$1.$to: " "$tren" export "$@" --to $to; done
}

# As a checkpoint again: the same figures, and bits that a training begins with.
come_back() { # RUN
    expect 0 "$1.back.h5: " "$tren" import-weights "$1/config.yaml" --from "$1.safetensors" --out "$1.back.h5"
    "$tren" eval "$1" --which last --json | grep -v -e checkpoint -e epoch >want
    "$tren" eval "$1.back.h5" --json | grep -v -e checkpoint -e epoch | diff want - || fail "$1: other figures"
}

test_files() {
    local run
    train nested nested.yaml --max_steps 3
    train seq2seq --data pairs.h5 --model.name seq2seq --model.width 8 --model.heads 2 --model.depth 1 --max_steps 2
    train wide --data sinusoid.h5 --precision double --model.hidden 4 --max_steps 1
    for run in nested seq2seq wide; do
        export_all $run --which last
        "$python" "$here/read_exports.py" $run $run/last.h5 || fail "$run: see above"
    done
    come_back seq2seq
    come_back wide
    train again nested.yaml --max_steps 3 --init_from nested/last.h5
    expect 0 "" "$tren" import-weights nested.yaml --from nested.safetensors --out nested.back.h5
    train twice nested.yaml --max_steps 3 --init_from nested.back.h5
    same_run again twice
    expect 2 "nested.back.h5: exists already: --force replaces it" \
        "$tren" import-weights nested.yaml --from nested.safetensors --out nested.back.h5
    expect 0 "nested.back.h5: " "$tren" import-weights nested.yaml --from nested.safetensors --out nested.back.h5 --force
    make_sinusoid tides.h5 90
    expect 0 "name the dataset that the weights were trained on by --data" \
        "$tren" import-weights wide/config.yaml --data tides.h5 --from wide.safetensors --out tides.back.h5
    expect 0 "best.npz: " "$tren" export seq2seq/last.h5 --to npz --out best.npz
    cmp best.npz seq2seq.npz || fail "a second export has other bytes"
}

# ---- the long form: what others compute -----------------------------------------------------------------------

# A Python with the packages that read such files: $TREN_PEERS, or one that is made and kept in the build folder.
find_peers() {
    local packages=(numpy h5py onnx onnxruntime safetensors torch) list
    peers=${TREN_PEERS:-${TREN_BUILD:-$TREN_BIN}/peers/bin/python}
    list=${packages[*]}
    [[ -x $peers ]] || "$python" -m venv "${peers%/bin/python}" >venv.log 2>&1 ||
        skip "no virtual environment for $list: $(tail -n 1 venv.log)"
    "$peers" -c "import ${list// /, }" 2>/dev/null || "$peers" -m pip install -q "${packages[@]}" >venv.log 2>&1 ||
        skip "pip cannot install $list: $(tail -n 1 venv.log)"
}

# tren's own word on the test part: predictions, or, where every token is predicted, loss and accuracy.
say() { # RUN DATA
    case $2 in
    text.h5 | pairs.h5)
        said=$1.json
        "$tren" eval "$1" --json >"$said"
        ;;
    *)
        said=$1.said.h5
        "$tren" predict "$1" --data "$2" --out "$said" >/dev/null
        ;;
    esac
}

peer() { # RUN DATA OPTION ...
    local run=$1 data=$2
    shift 2
    train "$run" --data "$data" "$@"
    export_all "$run"
    say "$run" "$data"
    OMP_NUM_THREADS=1 "$peers" "$here/export_onnx.py" "$run.onnx" "$data" "$said" >output 2>&1 || fail "$run: $(cat output)"
    echo "$run: onnxruntime: $(cat output)"
    case $run in
    mlp | sine | cnn | resnet18 | gpt)
        OMP_NUM_THREADS=1 "$peers" "$TREN_SOURCE/examples/load_in_pytorch.py" "$run.safetensors" "$data" "$said" >output 2>&1 ||
            fail "$run: $(cat output)"
        echo "$run: PyTorch: $(cat output)"
        ;;
    esac
}

test_peers() {
    local image=(--batch_size 72 --shards 4 --epochs 3) text=(--optimizer.name adam --optimizer.learning_rate 0.003 --batch_size 32 --max_steps 100)
    local transformer=("${text[@]}" --model.width 24 --model.heads 3 --model.depth 2)
    find_peers
    "$peers" -c 'import numpy, onnx, onnxruntime, safetensors, torch
for p in numpy, onnx, onnxruntime, safetensors, torch: print(p.__name__, p.__version__)'
    peer mlp classes.h5 --model.hidden 32,16 --model.activation gelu --epochs 2
    peer sine sinusoid.h5 --model.hidden 16 --model.activation tanh --epochs 2
    peer cnn pictures.h5 "${image[@]}" --model.name cnn --model.channels 6,12 --model.hidden 16
    peer cnn5 pictures.h5 "${image[@]}" --model.name cnn5 --model.width 4
    peer resnet18 pictures.h5 "${image[@]}" --model.name resnet18 --model.width 4
    peer gpt text.h5 "${transformer[@]}" --model.name gpt
    peer encoder labeled.h5 "${transformer[@]}" --model.name encoder
    peer seq2seq pairs.h5 "${transformer[@]}" --model.name seq2seq
    peer token_mlp text.h5 "${text[@]}" --model.name token_mlp --model.hidden 16,24
    peer nested pictures.h5 --epochs 3 nested.yaml
    peer tokens text.h5 "${text[@]}" tokens.yaml
}

if [[ ${TREN_LONG:-} ]]; then
    make_data 10000 7000 3000 10050
    test_peers
else
    make_data 300 100 60 450
    test_files
fi
