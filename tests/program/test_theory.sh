#!/usr/bin/env bash
# t = sin 2 pi x + noise of standard deviation 0.1: the loss, half the mean square, cannot fall below 0.005. A line
# leaves the residual of its best fit, 1/2 - 3/pi^2 before the noise; a two-layer net comes near the noise.
# shellcheck source=tests/program/lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"

"$tren" data make sinusoid --out wave.h5 --n 4000 --sd 0.1 --split 70/15/15 --seed 2 >/dev/null
cat >config.yaml <<'END'
data: wave.h5
shards: 4
batch_size: 50
model.activation: tanh
model.init: glorot
optimizer: {name: sgd, learning_rate: 0.05, momentum: 0.9}
early_stopping.rule: none
normalize_targets: false
plots: false
END

train() { # RUN OPTION ...
    local run=$1
    shift
    expect 0 "" mpi 2 "$tren" train config.yaml --out "$run" "$@"
    echo "$run: test loss $(field "$run" test_loss)"
}

between() { # RUN LOW HIGH
    awk -v loss="$(field "$1" test_loss)" "BEGIN { exit !(loss >= $2 && loss <= $3) }" ||
        fail "$1: the test loss is $(field "$1" test_loss), expected $2 to $3"
}

# E(t - a - b x)^2 / 2 = (1/2 - 3/pi^2 + 0.01) / 2 = 0.1030
train line --model.hidden '[]' --epochs 30
between line 0.094 0.112
train two_layers --model.hidden '[16]' --epochs 150
between two_layers 0.0043 0.0065

# Softmax regression parts what a line parts, and not the classes of an exclusive or: cutting off a corner, the best
# that a line can do, is right in 2 of 3.
make_xor() {
    awk 'BEGIN { srand(4); for (i = 0; i < 3000; i++) { x = 2 * rand() - 1; y = 2 * rand() - 1
        printf "%.5f,%.5f,%d,%d\n", x, y, (x * y > 0), (x + y > 0) } }' >points.csv
    cut -d, -f1,2,3 points.csv >xor.csv
    cut -d, -f1,2,4 points.csv >half.csv
    "$tren" data import csv xor.csv --header no --label 3 --split 70/15/15 --out xor.h5 >/dev/null
    "$tren" data import csv half.csv --header no --label 3 --split 70/15/15 --out half.h5 >/dev/null
}

accuracy() { # RUN LOW HIGH
    awk -v found="$(field "$1" test_accuracy)" "BEGIN { exit !(found >= $2 && found <= $3) }" ||
        fail "$1: the test accuracy is $(field "$1" test_accuracy), expected $2 to $3"
    echo "$1: test accuracy $(field "$1" test_accuracy)"
}

make_xor
train softmax_line --data half.h5 --model.hidden '[]' --epochs 30
accuracy softmax_line 0.97 1
train softmax_xor --data xor.h5 --model.hidden '[]' --epochs 30
accuracy softmax_xor 0.35 0.7
train layers_xor --data xor.h5 --model.hidden '[16]' --epochs 60
accuracy layers_xor 0.95 1
