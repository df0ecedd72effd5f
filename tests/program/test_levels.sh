#!/usr/bin/env bash
# With gemm: portable a training has one digest on every level of the CPU, on any number of ranks, stacked or not; with
# OpenBLAS the kernels of tren itself still do not depend on the level.
# shellcheck source=tests/program/lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"

make_pictures pictures.h5
make_classes classes.h5 600
"$tren" data make sinusoid --out sinusoid.h5 --n 200 --split 70/15/15 --seed 5 >/dev/null

# The levels that this program has and this CPU can run, the highest first.
levels=()
for level in $("$tren" --version | sed -n "s/^CPU level: .*, of //; T; s/,//g; p"); do
    "$tren" train --data classes.h5 --cpu $level --dry-run >/dev/null 2>&1 && levels+=("$level")
done
[[ ${#levels[@]} -ge 1 ]] || fail "no level runs here"

digest_of() { # RANKS OPTION ...
    local ranks=$1
    shift
    rm -rf run
    mpi "$ranks" "$tren" train "$@" --no-plots --progress off --out run >log 2>&1 || fail "$*: $(tail -n 5 log)"
    field run digest
}

# one_digest OPTION ...   All levels on one rank; then 2 and 3 ranks, and one that stacks nothing, on the highest.
one_digest() {
    local level first other ranks
    first=$(digest_of 1 "$@" --cpu "${levels[0]}")
    [[ $(field run cpu_level) == "${levels[0]}" ]] || fail "$*: the level is $(field run cpu_level)"
    for level in "${levels[@]:1}"; do
        other=$(digest_of 1 "$@" --cpu "$level")
        [[ $other == "$first" ]] || fail "$*: $other on level $level, $first on ${levels[0]}"
    done
    for ranks in 2 3; do
        other=$(digest_of $ranks "$@")
        [[ $other == "$first" ]] || fail "$*: $other on $ranks ranks, $first on one"
    done
    other=$(digest_of 1 "$@" --no-stacking)
    [[ $other == "$first" ]] || fail "$*: $other without stacking, $first with it"
}

# Rows of tokens: texts of different length, pairs of them, and such with a label.
for ((i = 0; i < 120; i++)); do printf '%s %d %d %d.\n' "some words and numbers" $i $((i * i)) $((i * i * i)); done >lines.txt
cut -d ' ' -f 3- lines.txt | paste lines.txt - >pairs.tsv
awk '{ print NR % 3 "\t" substr($0, 1, 15 + NR % 30) }' lines.txt >labeled.tsv
"$tren" data import text lines.txt --tokens 40 --split 80/10/10 --out text.h5 >/dev/null
"$tren" data import pairs pairs.tsv --vocabulary 280 --split 80/10/10 --out pairs.h5 >/dev/null
"$tren" data import labeled labeled.tsv --split 80/10/10 --out labeled.h5 >/dev/null
texts=(--shards 4 --batch_size 16 --max_steps 3 --model.width 24 --model.heads 2 --model.depth 1 --dropout 0.1
    --optimizer.name adamw --optimizer.learning_rate 0.001)

images=(--data pictures.h5 --shards 4 --batch_size 72 --max_steps 4 --optimizer.momentum 0.9)
for gemm in portable openblas; do
    one_digest --data classes.h5 --shards 4 --batch_size 60 --epochs 2 --model.hidden 300,41 --dropout 0.2 \
        --optimizer.lambda 1 --optimizer.clip_norm 1 --gemm $gemm
    one_digest "${images[@]}" --model.name cnn --model.channels 6,12 --augment.rotation 5 --augment.noise 0.02 --gemm $gemm
    one_digest "${images[@]}" --model.name resnet18 --model.width 4 --max_steps 2 --gemm $gemm
    one_digest "${texts[@]}" --data text.h5 --model.name gpt --gemm $gemm
    one_digest "${texts[@]}" --data pairs.h5 --model.name seq2seq --loss.label_smoothing 0.1 --gemm $gemm
    one_digest "${texts[@]}" --data labeled.h5 --model.name encoder --gemm $gemm
    one_digest --data sinusoid.h5 --shards 4 --optimizer.name scg --epochs 4 --precision double --gemm $gemm
done

# OpenBLAS computes nothing then: ranks may run it with kernels of different CPUs.
first=$(digest_of 1 --data classes.h5 --model.hidden 300,41 --epochs 2 --gemm portable)
rm -rf run
mpi 2 env OPENBLAS_CORETYPE=Sandybridge "$tren" train --data classes.h5 --model.hidden 300,41 --epochs 2 --gemm portable \
    --no-plots --progress off --out run >log 2>&1 || fail "$(tail -n 5 log)"
[[ $(field run digest) == "$first" ]] || fail "another OpenBLAS core changes the digest of gemm: portable"

# It is a part of the recipe.
expect 2 "gemm: portable" "$tren" train --data classes.h5 --model.hidden 300,41 --gemm openblas --out run --resume
echo "one digest on ${levels[*]}"
