#!/usr/bin/env bash
# tren eval says what the training said, to all digits, on any number of ranks, and what the confusions are.
# shellcheck source=tests/program/lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"

# One number of eval's JSON, as it stands there.
figure() { sed -n "s/^  \"$2\": \\([^,]*\\),\\{0,1\\}\$/\\1/p" "$1"; }

# The confusion matrix as rows of numbers.
confusion() { sed -n '/"confusion"/,/^  \]/s/^    \[\(.*\)\],\{0,1\}$/\1/p' "$1" | tr -d ,; }

train() { # RUN DATA [OPTION ...]
    local run=$1 data=$2
    shift 2
    "$tren" train --data "$data" --out "$run" --no-plots --batch_size 32 --epochs 4 \
        --early_stopping.rule none --seed 3 "$@" >train.log 2>&1 || fail "$(cat train.log)"
}

test_same_figures() {
    local run
    "$tren" eval classes --json >auto.json
    expect 0 "" "$tren" eval classes --json --cpu baseline
    cmp auto.json output || fail "another level, other figures"
    for run in classes sine double; do
        expect 0 "" "$tren" eval $run --json
        cp output $run.json
        [[ $(figure $run.json loss) == "$(field $run test_loss)" ]] || fail "$run: loss $(cat output)"
        [[ $run == sine || $(figure $run.json accuracy) == "$(field $run test_accuracy)" ]] ||
            fail "$run: accuracy $(figure $run.json accuracy), not $(field $run test_accuracy)"
        [[ $(figure $run.json epoch) == "$(field $run best_epoch)" ]] || fail "$run: not the best epoch"
        expect 0 "" "$tren" eval $run --json --split validation
        [[ $(figure output loss) == "$(field $run validation_loss)" ]] || fail "$run: validation loss"
        ! command -v python3 >/dev/null || python3 -m json.tool $run.json >/dev/null || fail "$run: no JSON"
    done
}

# Rows of the matrix are the rows of a class, its trace what the accuracy counts; precision and recall follow.
test_confusion() {
    confusion classes.json | awk -v rows="$(figure classes.json rows)" -v accuracy="$(figure classes.json accuracy)" '
        { for (i = 1; i <= NF; i++) sum += $i; right += $NR }
        END { exit !(NR == 3 && sum == rows && sum == 300 && right / sum - accuracy < 1e-9 && accuracy - right / sum < 1e-9) }' ||
        fail "the confusion matrix does not add up: $(cat classes.json)"
    confusion classes.json | awk '{ for (i = 1; i <= NF; i++) { m[NR, i] = $i; row[NR] += $i; col[i] += $i } }
        END { for (i = 1; i <= NR; i++) printf "%.6f %.6f %d\n", m[i, i] / col[i], m[i, i] / row[i], row[i] }' >want
    sed -n 's/.*"rows": \([0-9]*\), "precision": \([0-9.]*\), "recall": \([0-9.]*\),.*/\2 \3 \1/p' classes.json |
        awk '{ printf "%.6f %.6f %d\n", $1, $2, $3 }' | diff want - || fail "precision or recall of a class"
    expect 0 "" "$tren" eval classes --out confusion.csv
    [[ $(head -n 1 confusion.csv) == 'true,red,"so ""green""",blue' ]] || fail "$(cat confusion.csv)"
    sed 1d confusion.csv | awk -F, '{ print $(NF - 2), $(NF - 1), $NF }' | diff <(confusion classes.json) - ||
        fail "confusion.csv is not what JSON says"
    refuse_part "most frequent"
    grep -q "confusion matrix" output || fail "no matrix: $(cat output)"
    [[ $(sed -n 's/^  accuracy  \([0-9.]*\),.*/\1/p' output) == "$(printf %.4f "$(figure classes.json accuracy)")" ]] ||
        fail "the terminal says another accuracy"
}

test_intervals() { # Wilson's, worked out by awk
    awk -v p="$(figure classes.json accuracy)" -v n=300 -v low="$(figure classes.json accuracy_low)" \
        -v high="$(figure classes.json accuracy_high)" 'BEGIN { z = 1.959963984540054; d = 1 + z * z / n
        c = (p + z * z / (2 * n)) / d; h = z / d * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        exit !((c - h - low) ^ 2 < 1e-14 && (c + h - high) ^ 2 < 1e-14) }' || fail "the interval of the accuracy"
    # Half the mean of the squares is the loss of one target.
    awk -v loss="$(figure sine.json loss)" -v rmse="$(sed -n 's/.*"rmse": \[\(.*\)\]/\1/p' sine.json)" \
        'BEGIN { exit !((rmse * rmse / 2 - loss) ^ 2 < 1e-14) }' || fail "RMSE and loss: $(cat sine.json)"
}

test_ranks() {
    local run ranks
    for run in classes sine; do
        "$tren" eval $run >$run.txt
        for ranks in 1 2 3; do
            mpi "$ranks" "$tren" eval $run --json | diff $run.json - || fail "$run on $ranks ranks"
            mpi "$ranks" "$tren" eval $run | diff $run.txt - || fail "$run on $ranks ranks"
        done
    done
    mpi 2 "$tren" eval double --json | diff double.json - || fail "double on two ranks"
}

# The network's own normalisation holds, whatever the training part beside the rows is like.
test_normalisation() {
    awk 'NR <= 300' data.h5.csv >rows.csv
    awk -F, -v OFS=, '{ for (i = 1; i < NF; i++) $i = 100 + 3 * $i } { print }' rows.csv >far_rows.csv
    import rows.csv near.h5 --test rows.csv --keep-test --split 100/0/0
    import far_rows.csv far.h5 --test rows.csv --keep-test --split 100/0/0
    "$tren" eval classes --data near.h5 --json | grep -v '"data"' >near.json
    "$tren" eval classes --data far.h5 --json | grep -v '"data"' | diff near.json - ||
        fail "the training part of another dataset changes what eval says of its test part"
    grep -q '"rows": 300,' near.json || fail "$(cat near.json)"
}

test_other_checkpoints() {
    expect 0 "last.h5" "$tren" eval classes --which last
    expect 0 "best.h5" "$tren" eval classes/best.h5
    expect 0 "train part, 2400 rows" "$tren" eval classes --split train
    mkdir started && cp classes/last.h5 started/
    expect 0 "started/last.h5" "$tren" eval started
    expect 7 "--which last uses the last checkpoint" "$tren" eval started --which best
    # Many classes do not fit into a window.
    awk 'BEGIN { srand(1); for (i = 0; i < 3000; i++) print rand() "," rand() "," i % 60 }' >many.csv
    "$tren" data import csv many.csv --header no --label 3 --split 80/10/10 --out many.h5 >/dev/null
    train many many.h5 --epochs 1
    expect 0 "most frequent confusions" "$tren" eval many
    [[ $(wc -L <output) -le 100 ]] || fail "the output is $(wc -L <output) wide"
}

# docs/metrics.md lists every column and every key.
test_documentation() {
    local name
    for name in $(head -n 1 classes/metrics.csv | tr , ' ') $(sed -n 's/^  "\([a-z_]*\)":.*/\1/p' classes/result.json); do
        grep -q "^|.*\`$name\`.*|.*|" "$TREN_SOURCE/docs/metrics.md" || fail "docs/metrics.md lacks $name"
    done
    for name in classes/*; do
        grep -q "^|.*\`${name#classes/}\`.*|" "$TREN_SOURCE/docs/metrics.md" || fail "docs/metrics.md lacks $name"
    done
}

test_mistakes() {
    expect 2 "a run folder or checkpoint is missing" "$tren" eval
    expect 7 "there is no run folder or checkpoint 'nowhere'" "$tren" eval nowhere
    mkdir empty
    expect 7 "empty has no checkpoint (best.h5 or last.h5)" "$tren" eval empty
    expect 7 "not a checkpoint of tren" "$tren" eval data.h5
    echo junk >junk.h5
    expect 7 "junk.h5" "$tren" eval junk.h5
    expect 2 "'bets' is neither best nor last" "$tren" eval classes --which bets
    expect 2 "chooses within a run folder" "$tren" eval classes/best.h5 --which best
    expect 2 "'tset' is not a part of a dataset; did you mean 'test'?" "$tren" eval classes --split tset
    expect 4 "no.h5" "$tren" eval classes --data no.h5
    expect 4 "sine.h5 has rows of 1 column and 1 target, but the network of classes/best.h5 was trained on rows of 8 columns and 3 classes" \
        "$tren" eval classes --data sine.h5
    expect 4 "was trained on rows of 8 columns and 3 classes" mpi 2 "$tren" eval classes --data many.h5
    "$tren" data import csv data.h5.csv --header no --label 9 --class-names red,black,white --out named.h5 >/dev/null
    expect 4 "class 1 is 'black' in named.h5, but 'so \"green\"'" "$tren" eval classes --data named.h5
    import data.h5.csv untested.h5 --split 90/10/0
    expect 4 "untested.h5 has no rows in its test part" "$tren" eval classes --data untested.h5
    echo mine >mine.csv
    expect 2 "mine.csv: exists already: --force replaces it" "$tren" eval classes --out mine.csv
    [[ $(cat mine.csv) == mine ]] || fail "mine.csv was replaced"
    expect 0 "" "$tren" eval classes --out mine.csv --force
    expect 3 "No such file" "$tren" eval classes --out nowhere/a.csv
    expect 2 "did you mean '--split'?" "$tren" eval classes --spilt test
    mv data.h5 moved.h5
    expect 4 "'data.h5', does not exist; give another with --data" "$tren" eval classes
    import data.h5.csv data.h5 --seed 77
    expect 4 "data.h5 has changed since" "$tren" eval classes
    expect 0 "data.h5" "$tren" eval classes --data data.h5
    [[ -z $(find . -name "*.tmp") ]] || fail "left behind: $(find . -name "*.tmp")"
}

import() { # CSV OUT [OPTION ...]
    local csv=$1 out=$2
    shift 2
    "$tren" data import csv "$csv" --header no --label 9 --class-names 'red,so "green",blue' \
        --split 80/10/10 --seed 3 --out "$out" "$@" >/dev/null
}

make_classes data.h5 3000
rm data.h5
import data.h5.csv data.h5
make_sinusoid sine.h5 600
train classes data.h5 --model.hidden 16 --loss.label_smoothing 0.1
train sine sine.h5 --model.hidden 16 --model.activation tanh
train double data.h5 --model.hidden 8 --precision double
test_same_figures
test_confusion
test_intervals
test_ranks
test_normalisation
test_other_checkpoints
test_documentation
test_mistakes
echo "eval: the figures of the training, on any number of ranks"
