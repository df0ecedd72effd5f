#!/usr/bin/env bash
# Side by side with PyTorch on this machine, taking turns: bench/peer/compare.sh [ROUNDS [images]]
# Needs tren on PATH and a python3 that has torch (PYTHON names another). PyTorch runs as it runs best here: one process
# with 1 or 2 threads, or two processes under DDP; tren on 2 ranks with one shard each, and on one.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
rounds=${1:-5}
python=${PYTHON:-python3}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
if [ "$(id -u)" = 0 ]; then export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1; fi
"$python" -c 'import torch; print("# PyTorch", torch.__version__)'

median() { sort -n | awk '{ x[NR] = $1 } END { print NR % 2 ? x[(NR + 1) / 2] : (x[NR / 2] + x[NR / 2 + 1]) / 2 }'; }

# case DIMS BATCH OPTIMIZER DROPOUT STEPS
compare() {
    local dims=$1 batch=$2 optimizer=$3 dropout=$4 steps=$5 r key
    rm -f "$scratch"/*.us
    for ((r = 0; r < rounds; r++)); do
        for key in "1 1" "2 1" "1 2"; do
            read -r threads ranks <<< "$key"
            "$python" "$here/train.py" --dims "$dims" --batch "$batch" --optimizer "$optimizer" --dropout "$dropout" \
                --threads "$threads" --ranks "$ranks" --steps "$steps" >> "$scratch/torch-$threads-$ranks.us" ||
                echo "# PyTorch with $threads thread(s), $ranks process(es) ended with code $?" >&2 # DDP may, at its end
        done
        for ranks in 1 2; do
            mpirun --bind-to core -n "$ranks" tren bench step --bare --dims "$dims" --batch "$batch" --optimizer "$optimizer" \
                --dropout "$dropout" --steps "$steps" >> "$scratch/tren-$ranks.us"
        done
    done
    local best=
    printf '%s batch %s %s%s\n' "$dims" "$batch" "$optimizer" "$([ "$dropout" = 0 ] || echo " dropout $dropout")"
    for key in "1-1 1 thread" "2-1 2 threads" "1-2 DDP, 2 processes"; do
        us=$(median < "$scratch/torch-${key%% *}.us")
        printf '  PyTorch %-20s %10.1f us/step %12.0f samples/s\n' "${key#* }" "$us" \
            "$(awk -v b="$batch" -v u="$us" 'BEGIN { print b / u * 1e6 }')"
        best=$(awk -v a="$us" -v b="${best:-$us}" 'BEGIN { print a < b ? a : b }')
    done
    for ranks in 1 2; do
        us=$(median < "$scratch/tren-$ranks.us")
        printf '  tren    %-20s %10.1f us/step %12.0f samples/s   x %.2f of the best of PyTorch\n' "$ranks rank(s)" "$us" \
            "$(awk -v b="$batch" -v u="$us" 'BEGIN { print b / u * 1e6 }')" \
            "$(awk -v a="$best" -v u="$us" 'BEGIN { print a / u }')"
    done
}

# compare_images MODEL WIDTH SHAPE BATCH STEPS   PyTorch also with channels last.
compare_images() {
    local model=$1 width=$2 shape=$3 batch=$4 steps=$5 r key layout us best=
    local -a network=(--model "$model" --width "$width" --shape "$shape" --batch "$batch")
    rm -f "$scratch"/*.us
    for ((r = 0; r < rounds; r++)); do
        for key in "1 1" "2 1" "1 2"; do
            read -r threads ranks <<< "$key"
            for layout in "" --channels-last; do
                "$python" "$here/train.py" "${network[@]}" --threads "$threads" --ranks "$ranks" --steps "$steps" $layout \
                    >> "$scratch/torch-$threads-$ranks$layout.us" || echo "# PyTorch ended with code $?" >&2
            done
        done
        mpirun --bind-to core -n 2 tren bench step --bare "${network[@]}" --steps $((4 * steps)) >> "$scratch/tren.us"
    done
    printf '%s k=%s, %s, batch %s\n' "$model" "$width" "$shape" "$batch"
    for key in "$scratch"/torch-*.us; do
        us=$(median < "$key")
        printf '  PyTorch %-28s %10.1f us/step\n' "$(basename "$key" .us)" "$us"
        best=$(awk -v a="$us" -v b="${best:-$us}" 'BEGIN { print a < b ? a : b }')
    done
    us=$(median < "$scratch/tren.us")
    printf '  tren    %-28s %10.1f us/step %8.0f samples/s   x %.2f of the best of PyTorch\n' "2 ranks, a shard each" "$us" \
        "$(awk -v b="$batch" -v u="$us" 'BEGIN { print b / u * 1e6 }')" "$(awk -v a="$best" -v u="$us" 'BEGIN { print a / u }')"
}

if [[ ${2:-} == images ]]; then
    compare_images cnn5 16 1x28x28 128 12
    compare_images resnet18 4 1x28x28 128 12
    compare_images resnet18 8 1x28x28 128 12
    compare_images resnet18 16 1x28x28 128 8
    compare_images resnet18 64 3x32x32 128 3
    exit
fi
compare 784-512-512-10 256 sgd 0 300
compare 784-512-512-10 256 momentum 0.5 300
compare 784-512-512-10 256 adamw 0 300
compare 40-61-61-10 100 sgd 0 2000
compare 784-2048-2048-2048-10 512 sgd 0 20
