#!/usr/bin/env bash
# Fashion-MNIST (H. Xiao, K. Rasul, R. Vollgraf, 2017): 70,000 grey images of clothes, 28 x 28, ten classes.
#
#   datasets/fashion-mnist.sh [--out FILE.h5] [options of `tren data import idx`]
#
# All 70,000 images are pooled and split 96/2/2 into datasets/fashion-mnist.h5. With --keep-test the 10,000 test
# images stay apart, as in the published figures, in datasets/fashion-mnist-keep-test.h5. A file that is there already
# is kept; --force makes it again. The sources (Debian: dataset-fashion-mnist) are looked for in $FASHION_MNIST or
# /usr/share/datasets/fashion-mnist, plain or gzipped, and checked against fashion-mnist.sha256.
set -euo pipefail

here=$(dirname "$(readlink -f "$0")")
# shellcheck disable=SC2034 # for lib.sh
NAME=fashion-mnist
# shellcheck source=datasets/lib.sh
source "$here/lib.sh"
source=${FASHION_MNIST:-/usr/share/datasets/fashion-mnist}
folder=$(data_folder)
out=
force=
options=(--stratify)

read_options() {
    local default=$folder/fashion-mnist.h5
    while (($#)); do
        case $1 in
            -h | --help) print_help "$0"; exit 0 ;;
            --out) [[ $# -ge 2 ]] || fail "--out needs a value: FILE.h5" 2; out=$2; shift ;;
            --out=*) out=${1#*=} ;;
            --keep-test) default=$folder/fashion-mnist-keep-test.h5; options+=("$1") ;;
            --force) force=yes; options+=("$1") ;;
            *) options+=("$1") ;;
        esac
        shift
    done
    out=${out:-$default}
}

# The name of a source file as it lies there, its content checked: gzip may have packed it in many ways.
checked() { # NAME
    local path=$source/$1 want have
    [[ -e $path ]] || path=$source/$1.gz
    [[ -e $path ]] || fail "$source/$1(.gz) is missing: install dataset-fashion-mnist, or set FASHION_MNIST" 4
    want=$(awk -v name="$1" '$2 == name { print $1 }' "$here/fashion-mnist.sha256")
    have=$(gzip -cdf -- "$path" | sha256sum | cut -d' ' -f1) || fail "$path: cannot be unpacked" 4
    [[ $have == "$want" ]] || fail "$path: its content is not that of Fashion-MNIST (SHA-256 $have)" 4
    printf '%s\n' "$path"
}

read_options "$@"
if [[ -e $out && -z $force ]]; then
    printf '%s is there already (--force makes it again)\n' "$out"
    exit 0
fi
tren=$(find_tren)
train_images=$(checked train-images-idx3-ubyte)
train_labels=$(checked train-labels-idx1-ubyte)
test_images=$(checked t10k-images-idx3-ubyte)
test_labels=$(checked t10k-labels-idx1-ubyte)
mkdir -p "$(dirname "$out")"
exec "$tren" data import idx --images "$train_images" --labels "$train_labels" \
    --test-images "$test_images" --test-labels "$test_labels" --out "$out" \
    --class-names "T-shirt/top,Trouser,Pullover,Dress,Coat,Sandal,Shirt,Sneaker,Bag,Ankle boot" "${options[@]}"
