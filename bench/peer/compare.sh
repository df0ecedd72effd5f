#!/usr/bin/env bash
# Side by side with PyTorch on this machine, taking turns: bench/peer/compare.sh [ROUNDS [mlp|images|all]]
# Needs tren on PATH and a python3 that has torch (PYTHON names another). PyTorch runs as it runs best here: one process
# with 1 or 2 threads, or two processes under DDP, for images also with channels last; tren on 2 ranks with one shard each.
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
torch() {
    local name=$1
    shift
    [[ ! -e $scratch/$name.failed ]] || return 0
    timeout "$limit" "$python" "$here/train.py" "$@" >> "$scratch/$name.us" 2> "$scratch/error" || {
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
    local steps=$1 layouts=$2 r layout name us best=
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
    echo "$*"
    for name in 1-thread 2-threads DDP 1-thread--channels-last 2-threads--channels-last DDP--channels-last; do
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

if [[ $what != images ]]; then
    compare 200 "" --dims 784-512-512-10 --batch 256
    compare 200 "" --dims 784-512-512-10 --batch 256 --optimizer momentum --dropout 0.5
    compare 200 "" --dims 784-512-512-10 --batch 256 --optimizer adamw
    compare 2000 "" --dims 40-61-61-10 --batch 100
    compare 15 "" --dims 784-2048-2048-2048-10 --batch 512
fi
if [[ $what != mlp ]]; then
    compare 12 --channels-last --model cnn5 --width 16 --shape 1x28x28 --batch 128
    compare 12 --channels-last --model resnet18 --width 4 --shape 1x28x28 --batch 128
    compare 12 --channels-last --model resnet18 --width 8 --shape 1x28x28 --batch 128
    compare 8 --channels-last --model resnet18 --width 16 --shape 1x28x28 --batch 128
    compare 3 --channels-last --model resnet18 --width 64 --shape 3x32x32 --batch 128
fi
