#!/usr/bin/env bash
# Targets of any size train as they are, and rows count as their weights say, with the same bits on any number of ranks.
# shellcheck source=tests/program/lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"

figure() { sed -n "s/^  \"$1\": \\([^,]*\\),\\{0,1\\}\$/\\1/p" "${2:-output}"; }
holds() { awk "BEGIN { exit !($1) }" || fail "$2: $1"; }

train() { # RUN OPTION ...
    local run=$1
    shift
    "$tren" train common.yaml --out "$run" "$@" >train.log 2>&1 || fail "$(cat train.log)"
}
ranks_agree() { # RUN OPTION ...   Trains it on 1, 2 and 3 ranks.
    local run=$1 n
    shift
    for n in 1 2 3; do
        mpi $n "$tren" train common.yaml --out "$run$n" "$@" >train.log 2>&1 || fail "$(cat train.log)"
        [[ $n -eq 1 ]] || same_run "${run}1" "$run$n"
    done
}
import() { "$tren" data import csv "$1.csv" --header no --split 70/15/15 --out "$1.h5" "${@:2}" >/dev/null; }

# Prices of about 200,000 by two numbers, and a share of about 0.5.
awk 'BEGIN { srand(3); for (r = 0; r < 1200; r++) { x = rand(); y = rand()
    printf "%.5f,%.5f,%.1f,%.5f\n", x, y, 150000 + 60000 * x + 40000 * y * y + 2000 * rand(), 0.4 + 0.2 * x * y > "prices.csv" } }'
sed -i '1i x,y,price,share' prices.csv
"$tren" data import csv prices.csv --target price,share --split 70/15/15 --out prices.h5 >/dev/null
# Three labels in five are 0 whatever the row says, and weigh nothing.
awk 'BEGIN { srand(4); for (r = 0; r < 1500; r++) { x = rand(); y = rand(); wrong = r % 5 < 3; label = x + y > 1
    printf "%.5f,%.5f,%d,%s,2.5\n", x, y, wrong ? 0 : label, wrong ? "0" : 0.5 + rand() > "noisy.csv" } }'
import noisy --label 3 --weight 4 --ignore 5
cp noisy.csv even.csv && import even --label 3 --weight 5 --ignore 4
cp noisy.csv without.csv && import without --label 3 --ignore 4,5
cat >common.yaml <<'END'
data: prices.h5
model: {hidden: [16], activation: tanh}
optimizer: {learning_rate: 0.1, momentum: 0.9}
batch_size: 64
shards: 4
epochs: 12
plots: false
END

test_targets() {
    local mean
    ranks_agree prices
    expect 0 "" "$tren" eval prices1 --json
    holds "$(figure r2) > 0.9" "R^2 of normalised targets"
    # Half the sum of the mean squares of both targets is the loss, in the units of the data.
    sed -n 's/^  "rmse": \[\(.*\)\],*$/\1/p' output >rmse
    holds "$(awk -F, -v loss="$(figure loss)" '{ print ($1 * $1 / 2 + $2 * $2 / 2) / loss }' rmse) - 1 < 1e-4" "loss and RMSE"
    grep -q '"targets": \["price", "share"\]' output || fail "the names of the targets: $(cat output)"
    expect 0 "target price" "$tren" eval prices1
    expect 0 "" "$tren" predict prices1 --data prices.h5 --out named.csv
    [[ $(head -n 1 named.csv) == row,target_price,target_share,prediction_price,prediction_share ]] || fail "$(head -n 1 named.csv)"
    expect 0 "" "$tren" eval prices1 --json
    [[ $(figure loss) == "$(field prices1 test_loss)" ]] || fail "loss $(figure loss), not $(field prices1 test_loss)"
    holds "$(field prices1 train_loss) > 1e4" "the training loss is told in the units of the data"
    "$tren" predict prices1 --data prices.h5 --out p.csv >/dev/null
    mean=$(awk -F, 'NR > 1 { s += $4; n++ } END { print s / n }' p.csv)
    holds "$mean > 180000 && $mean < 210000" "the mean prediction"
    train raw --no-normalize_targets
    holds "$(field raw test_loss) > 5 * $(field prices1 test_loss)" "raw targets learn as well"
    ranks_agree scg --optimizer.name scg --optimizer.learning_rate 0.1 --optimizer.momentum 0 --precision double --epochs 20
    expect 0 "" "$tren" eval scg1 --json
    holds "$(figure r2) > 0.9" "R^2 by scg"
    train huber --loss.name huber
    train absolute --loss.name absolute --optimizer.momentum 0.5
}

# What the config does not say stays as the run began; what it says must be the same.
test_resume() {
    local off=(--data share.h5 --no-normalize_targets)
    cut -d, -f1,2,4 prices.csv | sed 1d >share.csv && import share --target 3
    train whole "${off[@]}" --epochs 4
    train parts "${off[@]}" --epochs 2
    train parts --data share.h5 --epochs 4 --resume
    same_run whole parts
    expect 2 "normalize_targets: false in the checkpoint, true now" "$tren" train common.yaml --data share.h5 --out parts --resume \
        --normalize_targets true --epochs 5
    train on --data share.h5 --epochs 2
    expect 0 "" mpi 2 "$tren" train common.yaml --data share.h5 --out on --resume --epochs 4
    train straight --data share.h5 --epochs 4
    same_run straight on
    [[ $(field straight digest) != "$(field whole digest)" ]] || fail "normalize_targets changes nothing"
}

test_weights() {
    local weight
    expect 0 "one for each training row" "$tren" data info noisy.h5
    expect 0 "good" "$tren" data check noisy.h5
    ranks_agree noisy --data noisy.h5 --gradient_noise 5
    [[ $(tail -n 1 noisy1/metrics.csv | cut -d, -f13) ]] || fail "no noise of gradients is measured where rows have weights"
    train plain --data without.h5
    train even --data even.h5
    [[ $(field even digest) == "$(field plain digest)" ]] || fail "weights that are all alike change the weights of the network"
    for weight in 1e-300 1e300; do # which no float can hold
        sed "s/2.5$/$weight/" even.csv >"even$weight.csv" && import "even$weight" --label 3 --weight 5 --ignore 4
        train "even$weight" --data "even$weight.h5"
        same_run even "even$weight"
    done
    expect 0 "" "$tren" eval noisy1 --data right.h5 --split train --json
    cp output weighted.json
    expect 0 "" "$tren" eval plain --data right.h5 --split train --json
    holds "$(figure accuracy weighted.json) > 0.93 && $(figure accuracy) < 0.9" "accuracy with and without weights"
    ranks_agree heavy --data heavy.h5
    expect 0 "" "$tren" eval heavy1
}

awk -F, -v OFS=, '{ print $1, $2, ($1 + $2 > 1) }' noisy.csv >right.csv && import right --label 3
# Targets with weights from 1e-3 to 1e3.
awk 'BEGIN { srand(6); for (r = 0; r < 600; r++) { x = rand(); printf "%.5f,%.5f,%.6g\n", x, 3 * x - 1, exp(7 * (2 * rand() - 1)) } }' >heavy.csv
import heavy --target 2 --weight 3
test_targets
test_resume
test_weights
echo "targets: of any size as they are, rows by their weights, with the same bits on any number of ranks"
