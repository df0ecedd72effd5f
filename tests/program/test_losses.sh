#!/usr/bin/env bash
# Class weights, and the losses of targets: what they are for comes out, with the same bits on any number of ranks.
# shellcheck source=tests/program/lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"

# One number of eval's JSON.
figure() { sed -n "s/^  \"$1\": \\([^,]*\\),\\{0,1\\}\$/\\1/p" output; }

# Of 100 rows, 5 are of class 1, whose numbers overlap those of class 0. Two columns of targets say yes and no; a
# third is a line, but for a wild row in 20.
awk 'BEGIN { srand(5); for (r = 0; r < 4000; r++) { rare = r % 20 == 0; x = rand() + rand() + rand() + rare; y = rand()
    printf "%.5f,%.5f,%d\n", x, y, rare > "classes.csv"
    printf "%.5f,%.5f,%d,%d\n", x, y, (x > 1.5), (y > 0.9) > "yes.csv"
    printf "%.5f,%.5f,%.5f\n", x, y, (r % 19 ? 2 * x - y : 300) > "line.csv" } }'
"$tren" data import csv classes.csv --header no --label 3 --split 70/15/15 --out classes.h5 >/dev/null
"$tren" data import csv yes.csv --header no --target 3,4 --split 70/15/15 --out yes.h5 >/dev/null
"$tren" data import csv line.csv --header no --target 3 --split 70/15/15 --out line.h5 >/dev/null
cat >common.yaml <<'END'
model: {hidden: [8]}
optimizer: {name: adam, learning_rate: 0.02}
batch_size: 50
shards: 4
epochs: 15
plots: false
END

# ranks_agree RUN OPTION ...   Trains it on 1, 2 and 3 ranks.
ranks_agree() {
    local run=$1 n
    shift
    for n in 1 2 3; do
        mpi $n "$tren" train common.yaml --out "$run$n" "$@" >train.log 2>&1 || fail "$(cat train.log)"
        [[ $n -eq 1 ]] || same_run "${run}1" "$run$n"
    done
}

# Of the rare rows, how many are found.
recall() {
    expect 0 "" "$tren" eval "$1" --json
    sed -n '/"confusion"/,/^  \]/s/^    \[\(.*\)\],\{0,1\}$/\1/p' output | tr -d , | awk 'NR == 2 { print $2 / ($1 + $2) }'
}

test_class_weights() {
    ranks_agree plain --data classes.h5
    ranks_agree auto --data classes.h5 --loss.class_weights auto
    ranks_agree list --data classes.h5 --loss.class_weights "[2, 38]" # as auto has it, but for rounding
    "$tren" train common.yaml --data classes.h5 --loss.class_weights "[38, 2]" --out against >/dev/null
    awk -v a="$(recall plain1)" -v b="$(recall against)" 'BEGIN { exit !(b < a - 0.2) }' ||
        fail "recall: $(recall plain1), $(recall against) against the rare class"
    [[ $(field plain1 digest) != "$(field auto1 digest)" ]] || fail "class weights change nothing"
    awk -v a="$(recall plain1)" -v b="$(recall auto1)" -v c="$(recall list1)" \
        'BEGIN { exit !(b > a + 0.3 && c > a + 0.3) }' || fail "recall: $(recall plain1) $(recall auto1) $(recall list1)"
    expect 0 "class_weights: auto" "$tren" config common.yaml --data classes.h5 --loss.class_weights auto
}

# The loss of guessing each column's share is 0.69 + 0.33.
test_yes_and_no() {
    ranks_agree yes --data yes.h5 --loss.name binary_cross_entropy
    awk -v loss="$(field yes1 test_loss)" 'BEGIN { exit !(loss > 0 && loss < 0.35) }' || fail "loss: $(field yes1 test_loss)"
    ranks_agree weighted --data yes.h5 --loss.name binary_cross_entropy --loss.positive_weights "[1, 9]"
    [[ $(field yes1 digest) != "$(field weighted1 digest)" ]] || fail "positive weights change nothing"
    expect 4 "binary_cross_entropy needs targets from 0 (no) to 1 (yes)" \
        "$tren" train common.yaml --data line.h5 --loss.name binary_cross_entropy --out refused
}

# The line is found behind wild rows, which the squares follow.
test_wild_rows() {
    local loss
    for loss in absolute huber half_squares; do
        ranks_agree $loss --data line.h5 --loss.name $loss --no-normalize_targets --model.hidden "[]" --epochs 30
        "$tren" predict ${loss}1 --data line.h5 --out $loss.csv --force >/dev/null
    done
    awk -F, 'FNR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; files++; next }
        { d = $at["prediction_0"] - $at["target_0"]; if (d < 100 && d > -100) { sum[files] += d < 0 ? -d : d; n[files]++ } }
        END { exit !(sum[1] / n[1] < 0.5 && sum[2] / n[2] < 1 && sum[3] / n[3] > 5) }' \
        absolute.csv huber.csv half_squares.csv || fail "$(head -n 3 ./*.csv)"
}

test_class_weights
test_yes_and_no
test_wild_rows
echo "weights and losses: all as expected"
