#!/usr/bin/env bash
# Metrics: eval prints what the predictions say, metrics.csv has the columns that were asked for, and early stopping goes by
# them, with the same bits on any number of ranks, resumed or not.
# shellcheck source=tests/program/lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"

figure() { sed -n "s/^  \"$1\": \\([^,]*\\),\\{0,1\\}\$/\\1/p" "${2:-output}"; }
near() { awk -v a="$1" -v b="$2" -v by="${3:-1e-6}" 'BEGIN { exit !(a != "" && b != "" && (a - b) ^ 2 < by ^ 2) }' || fail "$4: $1, not $2"; }
# column RUN NAME   Its cells in metrics.csv.
column() { awk -F, -v name="$2" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) c = i; next } c { print $c }' "$1/metrics.csv"; }
header() { head -n 1 "$1/metrics.csv"; }
has_columns() { [[ $(header "$1") == *",noise_rows,$2,seconds,"* ]] || fail "$1: $(header "$1")"; }

train() { # RUN OPTION ...
    local run=$1
    shift
    "$tren" train common.yaml --out "$run" "$@" >train.log 2>&1 || fail "$(cat train.log)"
}

cat >common.yaml <<'END'
data: classes.h5
model: {hidden: [8]}
optimizer: {learning_rate: 0.2}
batch_size: 50
shards: 4
epochs: 6
plots: false
END

# Every pair of a row of the class and one of another.
test_eval_of_classes() {
    train plain --precision double
    "$tren" predict plain --data classes.h5 --out p.csv >/dev/null
    expect 0 "" "$tren" eval plain --json
    awk -F, 'NR > 1 { n++; y[n] = $2; t[n] = $3; for (k = 0; k < 3; k++) p[n, k] = $(4 + k) }
        END { for (k = 0; k < 3; k++) { tp = fp = fn = won = pairs = 0
            for (i = 1; i <= n; i++) { tp += y[i] == k && t[i] == k; fp += y[i] != k && t[i] == k; fn += y[i] == k && t[i] != k
                if (y[i] == k) for (j = 1; j <= n; j++) if (y[j] != k) { pairs++; won += p[i, k] > p[j, k] ? 1 : p[i, k] == p[j, k] ? 0.5 : 0 } }
            f1 += 2 * tp / (2 * tp + fp + fn) / 3; auc += won / pairs / 3; precision += (tp + fp ? tp / (tp + fp) : 0) / 3 }
          printf "%.9f %.9f %.9f\n", f1, auc, precision }' p.csv >want
    read -r f1 auc precision <want
    near "$(figure f1)" "$f1" 1e-6 F1
    near "$(figure auc)" "$auc" 1e-6 AUC
    near "$(figure precision)" "$precision" 1e-6 precision
    expect 0 "95 % interval" "$tren" eval plain
    grep -q "^  auc  *$(printf %.4f "$auc")" output || fail "$(cat output)"
    mpi 3 "$tren" eval plain | diff output - || fail "eval on three ranks"
}

test_eval_of_targets() {
    train line --data line.h5
    "$tren" predict line --data line.h5 --out p.csv --force >/dev/null
    expect 0 "" "$tren" eval line --json
    awk -F, 'NR > 1 { n++; s += $2; ss += $2 ^ 2; e += ($3 - $2) ^ 2; a += ($3 > $2 ? $3 - $2 : $2 - $3) }
        END { printf "%.9f %.9f\n", 1 - e / (ss - s * s / n), a / n }' p.csv >want
    read -r r2 mae <want
    near "$(figure r2)" "$r2" 1e-5 R2
    near "$(figure mae)" "$mae" 1e-5 MAE
}

test_columns() {
    local n last
    train none
    [[ $(grep -c '^epoch ' train.log) -eq 6 ]] || fail "a short run does not show each of its epochs: $(cat train.log)"
    [[ $(header none) != *val_* ]] || fail "columns that nobody asked for: $(header none)"
    for n in 1 2 3; do
        mpi $n "$tren" train common.yaml --out "with$n" --metrics "[f1, auc, loss_se, accuracy]" >train.log 2>&1 || fail "$(cat train.log)"
        [[ $n -eq 1 ]] || same_run with1 "with$n"
    done
    has_columns with1 val_loss_se,val_accuracy,val_f1,val_auc
    grep -q "validation loss .* accuracy .* f1 0\." train.log || fail "no f1 in: $(cat train.log)"
    [[ $(field none digest) == "$(field with1 digest)" ]] || fail "metrics change the weights"
    diff <(column none validation_loss) <(column with1 validation_loss) || fail "metrics change the validation loss"
    diff <(column with1 validation_accuracy) <(column with1 val_accuracy) || fail "two accuracies"
    expect 0 "" "$tren" eval with1 --which last --split validation --json
    last=$(column with1 val_auc | tail -n 1)
    [[ $(figure auc) == "$last" ]] || fail "auc $(figure auc), in metrics.csv $last"
    [[ $(figure loss_standard_error) == "$(column with1 val_loss_se | tail -n 1)" ]] || fail "$(cat output)"
}

# More is better: the best epoch is the first of the highest, whatever the losses are; and a run in two parts has them all.
test_monitor() {
    local best
    train auc --early_stopping.monitor auc --early_stopping.rule patience --early_stopping.patience 2 --epochs 12
    has_columns auc val_auc
    best=$(column auc val_auc | awk 'NR == 1 || $1 > most { most = $1; at = NR } END { print at }')
    [[ $(field auc best_epoch) == "$best" ]] || fail "best epoch $(field auc best_epoch), not $best: $(cat auc/metrics.csv)"
    train parts --early_stopping.monitor auc --early_stopping.rule patience --early_stopping.patience 2 --epochs 2
    train parts --early_stopping.monitor auc --early_stopping.rule patience --early_stopping.patience 2 --epochs 12 --resume
    same_run auc parts
    train mae --data line.h5 --early_stopping.monitor mae
    best=$(column mae val_mae | awk 'NR == 1 || $1 < least { least = $1; at = NR } END { print at }')
    [[ $(field mae best_epoch) == "$best" ]] || fail "best epoch $(field mae best_epoch), not $best"
}

# Validation rows of one class, or of one target, have no such metric: told before the first epoch.
test_monitor_of_one_class() {
    local what="has no value for the validation rows of one"
    awk 'BEGIN { for (r = 0; r < 200; r++) printf "%d,%d,%d\n", r % 7, r % 5, r % 100 == 1 }' >one.csv
    "$tren" data import csv one.csv --header no --label 3 --split 90/5/5 --seed 3 --out one.h5 >/dev/null
    "$tren" data import csv one.csv --header no --target 3 --split 90/5/5 --seed 3 --out one-target.h5 >/dev/null
    expect 2 "early_stopping.monitor: auc $what.h5, because their labels are all alike; import the data again with --stratify" \
        "$tren" train common.yaml --data one.h5 --out one --early_stopping.rule patience --early_stopping.monitor auc
    [[ ! -e one/last.h5 && ! -e one/metrics.csv ]] || fail "trained: $(ls one)"
    expect 2 "early_stopping.monitor: r2 $what-target.h5" mpi 3 "$tren" train common.yaml --data one-target.h5 \
        --early_stopping.rule patience --early_stopping.monitor r2
}

test_standard_error() {
    local stop=(--early_stopping.rule standard_error --early_stopping.patience 3 --epochs 40)
    train error "${stop[@]}"
    has_columns error val_loss_se
    paste <(column error validation_loss) <(column error val_loss_se) | awk 'NR == 1 || $1 < reset - margin { reset = $1; margin = $2; bad = -1 }
        { if (++bad >= 3 && !at) at = NR } END { print at, NR }' >want
    read -r at rows <want
    [[ $at == "$rows" && $(field error stop_reason) == early_stopping ]] || fail "stopped after $rows, not $at: $(cat error/metrics.csv)"
    train halves "${stop[@]}" --epochs 2
    train halves "${stop[@]}" --resume
    same_run error halves
}

test_text() {
    local i
    for ((i = 1; i <= 60; i++)); do echo "Line $i of a text that goes on for some lines."; done >words.txt
    "$tren" data import text words.txt --tokens 16 --split 80/10/10 --out text.h5 >/dev/null
    sed 's/model:.*/model: {name: token_mlp, hidden: [8]}/' common.yaml >text.yaml
    expect 0 "perplexity" "$tren" train text.yaml --data text.h5 --out text --metrics "[top5, perplexity, loss_se]"
    grep -q "training loss [0-9.]* perplexity [0-9.]*  validation loss [0-9.]* perplexity [0-9.]* top5 0.*tokens/s" output || fail "$(cat output)"
    has_columns text val_loss_se,val_top5,val_perplexity
    awk -v loss="$(column text validation_loss | tail -n 1)" -v p="$(column text val_perplexity | tail -n 1)" \
        'BEGIN { exit !((exp(loss) / p - 1) ^ 2 < 1e-12) }' || fail "perplexity: $(cat text/metrics.csv)"
    expect 0 "95 % interval" "$tren" eval text
}

make_classes classes.h5 1500
"$tren" data make sinusoid --out line.h5 --n 600 --split 70/15/15 --seed 5 >/dev/null
test_eval_of_classes
test_eval_of_targets
test_columns
test_monitor
test_monitor_of_one_class
test_standard_error
test_text
echo "metrics: as the predictions say, in eval, metrics.csv and early stopping"
