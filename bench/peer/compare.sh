#!/usr/bin/env bash
# Side by side with PyTorch on this machine, taking turns: bench/peer/compare.sh [ROUNDS [mlp|images|texts|all]]
# Needs tren on PATH and a python3 that has torch (PYTHON names another). PyTorch runs as it runs best here: one process
# with 1 or 2 threads, or two processes under DDP, for images also with channels last, for texts also compiled; tren on 2
# ranks with one shard each.
#
# LEVEL=v3       hold both to AVX2: tren by --cpu v3, OpenBLAS, oneDNN, MKL and PyTorch's own kernels by their variables
# TREN_OLD=PATH  an older tren as well, in the same turns
# LIMIT=60       seconds after which a configuration of PyTorch is given up for the rest of its case
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
rounds=${1:-5} what=${2:-all} python=${PYTHON:-python3} limit=${LIMIT:-60}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
if [ "$(id -u)" = 0 ]; then export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1; fi
cpu=()
if [[ -n ${LEVEL:-} ]]; then
    [[ $LEVEL == v3 ]] || { echo "LEVEL=$LEVEL: only v3 can be asked of PyTorch" >&2; exit 2; }
    cpu=(--cpu v3)
    export OPENBLAS_CORETYPE=Zen ATEN_CPU_CAPABILITY=avx2 ONEDNN_MAX_CPU_ISA=AVX2 MKL_ENABLE_INSTRUCTIONS=AVX2
fi
"$python" -c 'import torch; print("# PyTorch", torch.__version__, torch.backends.cpu.get_cpu_capability())'
tren --version | sed 's/^/# /'
echo "# microseconds a step, median of $rounds rounds; x: PyTorch's best over tren"

median() { sort -n "$1" | awk '{ x[NR] = $1 } END { print NR % 2 ? x[(NR + 1) / 2] : (x[NR / 2] + x[NR / 2 + 1]) / 2 }'; }

# torch NAME ARGUMENTS...: one time, unless this configuration has failed before.
program=train.py
torch() {
    local name=$1
    shift
    [[ ! -e $scratch/$name.failed ]] || return 0
    timeout "$limit" "$python" "$here/$program" "$@" >> "$scratch/$name.us" 2> "$scratch/error" || {
        local code=$?
        [[ $code != 124 ]] || echo "# PyTorch $name: more than $limit s" >&2
        [[ -s $scratch/$name.us ]] || touch "$scratch/$name.failed" # DDP may fail at its end, with its time printed
    }
}

# ours NAME PROGRAM ARGUMENTS...
ours() {
    local name=$1
    shift
    mpirun --bind-to core -n 2 "$@" >> "$scratch/$name.us"
}

# compare STEPS LAYOUTS ARGUMENTS...: one network. LAYOUTS of PyTorch: "" or "--channels-last".
compare() {
    local steps=$1 layouts=$2 r layout
    shift 2
    rm -f "$scratch"/*.us "$scratch"/*.failed
    for ((r = 0; r < rounds; r++)); do
        for layout in "" $layouts; do
            local -a more=()
            [[ -z $layout ]] || more=("$layout")
            torch "1-thread$layout" "$@" --steps "$steps" --threads 1 --ranks 1 "${more[@]}"
            torch "2-threads$layout" "$@" --steps "$steps" --threads 2 --ranks 1 "${more[@]}"
            torch "DDP$layout" "$@" --steps "$steps" --threads 1 --ranks 2 "${more[@]}"
        done
        ours tren tren bench step --bare "$@" --steps "$steps" "${cpu[@]}"
        ours tren-portable tren bench step --bare "$@" --steps "$steps" "${cpu[@]}" --gemm portable
        [[ -z ${TREN_OLD:-} ]] || ours tren-old "$TREN_OLD" bench step --bare "$@" --steps "$steps"
    done
    report "$*"
}

# The medians of one network, and PyTorch's best over each of ours.
report() {
    local name us best=
    echo "$1"
    for name in {1-thread,2-threads,DDP}{,--channels-last,--compile}; do
        [[ -s $scratch/$name.us ]] || continue
        us=$(median "$scratch/$name.us")
        printf '  %-28s %10.1f\n' "PyTorch $name" "$us"
        best=$(awk -v a="$us" -v b="${best:-$us}" 'BEGIN { print a < b ? a : b }')
    done
    for name in tren tren-portable tren-old; do
        [[ -s $scratch/$name.us ]] || continue
        us=$(median "$scratch/$name.us")
        printf '  %-28s %10.1f   x %.2f\n' "$name" "$us" "$(awk -v a="${best:-0}" -v u="$us" 'BEGIN { print a / u }')"
    done
}

# letters COUNT LENGTH: so many lines of so many letters at random.
letters() {
    awk -v n="$1" -v size="$2" 'BEGIN { srand(1); for (i = 0; i < n; i++) {
        for (j = 0; j < size; j++) printf "%c", 97 + int(26 * rand() * rand())
        print "" } }'
}

# texts STEPS MODEL WIDTH DEPTH HEADS TOKENS BATCH: one transformer, on rows of bytes that are all of one length.
texts() {
    local steps=$1 model=$2 width=$3 depth=$4 heads=$5 tokens=$6 batch=$7 kind r compile
    local -a sizes=(--model "$model" --width "$width" --depth "$depth" --heads "$heads" --tokens "$tokens" --batch "$batch"
                    --vocabulary 259 --steps "$steps")
    rm -f "$scratch"/*.us "$scratch"/*.failed "$scratch"/text*
    letters 6000 "$tokens" > "$scratch/text"
    case $model in
        gpt) kind=text && cp "$scratch/text" "$scratch/text.tsv" ;;
        encoder) kind=labeled && awk '{ print NR % 10 "\t" $0 }' "$scratch/text" > "$scratch/text.tsv" ;;
        seq2seq) kind=pairs && paste "$scratch/text" "$scratch/text" > "$scratch/text.tsv" ;;
    esac
    tren data import "$kind" "$scratch/text.tsv" --tokens "$tokens" --out "$scratch/text.h5" > /dev/null
    printf '%s\n' "data: $scratch/text.h5" 'shards: 2' "batch_size: $batch" 'optimizer: {name: adamw, learning_rate: 0.001}' \
        "model: {name: $model, width: $width, depth: $depth, heads: $heads, init: glorot}" > "$scratch/text.yaml"
    program=train_tokens.py
    for ((r = 0; r < rounds; r++)); do
        for compile in "" --compile; do
            torch "1-thread$compile" "${sizes[@]}" --threads 1 $compile
            torch "2-threads$compile" "${sizes[@]}" --threads 2 $compile
            torch "DDP$compile" "${sizes[@]}" --threads 1 --ranks 2 $compile
        done
        ours tren tren bench step --bare --config "$scratch/text.yaml" --steps "$steps" "${cpu[@]}"
        ours tren-portable tren bench step --bare --config "$scratch/text.yaml" --steps "$steps" "${cpu[@]}" --gemm portable
    done
    program=train.py
    report "${sizes[*]}"
}

if [[ $what == mlp || $what == all ]]; then
    compare 200 "" --dims 784-512-512-10 --batch 256
    compare 200 "" --dims 784-512-512-10 --batch 256 --optimizer momentum --dropout 0.5
    compare 200 "" --dims 784-512-512-10 --batch 256 --optimizer adamw
    compare 2000 "" --dims 40-61-61-10 --batch 100
    compare 15 "" --dims 784-2048-2048-2048-10 --batch 512
fi
if [[ $what == texts || $what == all ]]; then
    texts 10 gpt 128 4 4 128 32
    texts 5 gpt 256 6 8 256 16
    texts 10 seq2seq 64 3 4 32 64
    texts 10 encoder 64 4 4 64 64
fi
if [[ $what == images || $what == all ]]; then
    compare 12 --channels-last --model cnn5 --width 16 --shape 1x28x28 --batch 128
    compare 12 --channels-last --model resnet18 --width 4 --shape 1x28x28 --batch 128
    compare 12 --channels-last --model resnet18 --width 8 --shape 1x28x28 --batch 128
    compare 8 --channels-last --model resnet18 --width 16 --shape 1x28x28 --batch 128
    compare 3 --channels-last --model resnet18 --width 64 --shape 3x32x32 --batch 128
fi
