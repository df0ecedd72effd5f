#!/usr/bin/env bash
# tren predict writes what eval counts: a row for each row, as CSV or HDF5, the same from any number of ranks.
# shellcheck source=tests/program/lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"

# One number of eval's JSON, as it stands there.
figure() { sed -n "s/^  \"$2\": \\([^,]*\\),\\{0,1\\}\$/\\1/p" "$1"; }

train() { # RUN DATA [OPTION ...]
    local run=$1 data=$2
    shift 2
    "$tren" train --data "$data" --out "$run" --no-plots --batch_size 32 --epochs 4 \
        --early_stopping.rule none --seed 3 "$@" >train.log 2>&1 || fail "$(cat train.log)"
}

# Every row once, probabilities that sum to one, the largest of which is the prediction; as many right as eval says.
test_csv() {
    expect 0 "300 rows of the test part" "$tren" predict classes --data data.h5 --out all.csv
    [[ $(head -n 1 all.csv) == 'row,label,label_name,predicted,predicted_name,p_red,"p_so ""green""",p_blue' ]] ||
        fail "$(head -n 1 all.csv)"
    sed '1d; s/"so ""green"""/green/g' all.csv | awk -F, -v accuracy="$(figure eval.json accuracy)" '
        $1 != NR - 1 { print "row " $1 " on line " NR; exit bad = 1 }
        { best = 0; sum = 0; for (j = 0; j < 3; j++) { sum += $(6 + j); if ($(6 + j) > $(6 + best)) best = j }
          if (best != $4 || (sum - 1) ^ 2 > 1e-10) { print "line " NR ": " $0; exit bad = 1 } right += $2 == $4 }
        { split("red green blue", name, " ") }
        $3 != name[$2 + 1] || $5 != name[$4 + 1] { print "names: " $0; exit bad = 1 }
        END { if (!bad && (NR != 300 || (right / NR - accuracy) ^ 2 > 1e-16)) { print right, NR; bad = 1 } exit bad }' ||
        fail "all.csv"
    # The counts of the confusion matrix, from the rows.
    sed -n '/"confusion"/,/^  \]/s/^    \[\(.*\)\],\{0,1\}$/\1/p' eval.json | tr -d , >want
    sed '1d; s/"so ""green"""/green/g' all.csv | awk -F, '{ n[$2, $4]++ }
        END { for (i = 0; i < 3; i++) print n[i, 0] + 0, n[i, 1] + 0, n[i, 2] + 0 }' | diff want - ||
        fail "other confusions than eval counts"
}

test_top() {
    expect 0 "" "$tren" predict classes --data data.h5 --out top.csv --top 2
    [[ $(head -n 1 top.csv) == row,label,label_name,top1,top1_name,top1_p,top2,top2_name,top2_p ]] ||
        fail "$(head -n 1 top.csv)"
    # Beside the row of all: the same prediction, and the two largest of its three.
    paste -d, <(sed '1d; s/"so ""green"""/green/g' all.csv) <(sed '1d; s/"so ""green"""/green/g' top.csv) |
        awk -F, '$4 != $12 || $14 != $(6 + $12) || $17 != $(6 + $15) || $14 < $17 { print; exit 1 }
            { other = 3 - $12 - $15; if ($(6 + other) > $17) { print; exit 1 } }' || fail "top.csv"
}

test_targets() {
    expect 0 "90 rows" "$tren" predict sine --data sine.h5 --out sine.csv
    [[ $(head -n 1 sine.csv) == row,target_0,prediction_0 ]] || fail "$(head -n 1 sine.csv)"
    awk -F, -v loss="$("$tren" eval sine --json | sed -n 's/^  "loss": \(.*\),/\1/p')" 'NR > 1 { sum += ($2 - $3) ^ 2 / 2 }
        END { x = sum / (NR - 1) - loss; exit !(NR == 91 && x * x < 1e-14) }' sine.csv || fail "sine.csv and eval"
}

# Targets that float does not tell apart are learned and told in double.
test_far_targets() {
    awk 'BEGIN { srand(5); for (r = 0; r < 600; r++) { x = rand(); printf "%.5f,%.3f\n", x, 3e9 + 100 * x } }' >far.csv
    "$tren" data import csv far.csv --header no --target 2 --split 80/10/10 --out far.h5 >/dev/null
    train far far.h5 --model.hidden 16 --epochs 40
    expect 0 "60 rows" "$tren" predict far --data far.h5 --out told.csv
    cut -d, -f2 far.csv | sort >given
    [[ $(awk -F, 'NR > 1 { printf "%.3f\n", $2 }' told.csv | sort | comm -12 - given | wc -l) -eq 60 ]] ||
        fail "other targets than those of the file: $(head -n 3 told.csv)"
    awk -F, 'NR > 1 { sum += ($2 - $3) ^ 2 } END { exit !(sum / 60 < 100) }' told.csv || fail "far from them: $(head -n 3 told.csv)"
}

test_hdf5() {
    local python
    expect 0 "" "$tren" predict classes --data data.h5 --out all.h5
    expect 0 "" "$tren" predict classes --data data.h5 --out top.h5 --top 2
    expect 0 "" "$tren" predict sine --data sine.h5 --out sine-out.hdf5
    for python in /usr/bin/python3 python3; do
        "$python" -c "import h5py" 2>/dev/null || continue
        "$python" - <<'CHECK' || fail "HDF5 and CSV say different things"
import csv, h5py, numpy as np
rows = list(csv.DictReader(open("all.csv")))
f = h5py.File("all.h5")
assert f.attrs["split"] == b"test" or f.attrs["split"] == "test"
assert [n.decode() for n in f.attrs["class_names"]] == ["red", 'so "green"', "blue"]
assert list(f["predicted"]) == [int(r["predicted"]) for r in rows]
assert list(f["label"]) == [int(r["label"]) for r in rows]
p = np.array([[r["p_red"], r['p_so "green"'], r["p_blue"]] for r in rows]).astype(np.float32)
assert np.array_equal(p, f["probability"][:])
top = h5py.File("top.h5")
order = np.argsort(-f["probability"][:], axis=1)[:, :2]
assert np.array_equal(order, top["top_class"][:])
assert np.array_equal(np.take_along_axis(p, order, 1), top["top_probability"][:])
s, rows = h5py.File("sine-out.hdf5"), list(csv.DictReader(open("sine.csv")))
assert np.array_equal(s["prediction"][:, 0], np.array([r["prediction_0"] for r in rows], float))
CHECK
        return 0
    done
    echo "no h5py: what is in the HDF5 files is not looked at"
}

# Rows so large that the network computes infinite values for them.
test_not_finite() {
    awk 'BEGIN { for (r = 0; r < 100; r++) { for (j = 0; j < 8; j++) printf "%de38,", (r + j) % 3; print r % 3 } }' >huge.csv
    "$tren" data import csv huge.csv --header no --label 9 --class-names 'red,so "green",blue' --type f32 --split 80/10/10 --out huge.h5 >/dev/null
    expect 0 "warning: for some rows the network computes values that are not finite, so their predictions mean nothing" \
        "$tren" predict classes --data huge.h5 --out huge-out.csv
    expect 0 "so the loss and metrics mean nothing; look for extreme values in the data with 'tren data check huge.h5'" \
        "$tren" eval classes --data huge.h5
}

test_ranks() {
    local ranks
    for ranks in 2 3; do
        mpi "$ranks" "$tren" predict classes --data data.h5 --out "$ranks.csv" >/dev/null
        cmp all.csv "$ranks.csv" || fail "$ranks ranks write another file"
    done
    # Double weights start tren64, which writes all digits of a double.
    expect 0 "" "$tren" predict double --data data.h5 --out double.csv
    awk -F, 'NR > 1 && length($NF) > 15 { long++ } END { exit !long }' double.csv || fail "double.csv has no doubles"
}

test_mistakes() {
    expect 2 "a run folder or checkpoint is missing" "$tren" predict
    expect 2 "--data is missing" "$tren" predict classes --out a.csv
    expect 2 "--out is missing" "$tren" predict classes --data data.h5
    expect 2 "'a.txt' ends neither in .csv nor in .h5" "$tren" predict classes --data data.h5 --out a.txt
    expect 0 ".csv: predictions for" "$tren" predict classes --data data.h5 --out .csv
    rm .csv
    expect 2 "--top 4: there are only 3 classes" "$tren" predict classes --data data.h5 --out a.csv --top 4
    expect 2 "'0' is out of range" "$tren" predict classes --data data.h5 --out a.csv --top 0
    expect 2 "sine.h5 has targets" "$tren" predict sine --data sine.h5 --out a.csv --top 1
    expect 4 "was trained on rows of 8 columns and 3 classes" "$tren" predict classes --data sine.h5 --out a.csv
    [[ ! -e a.csv && -z $(find . -name "*.tmp") ]] || fail "a refused command wrote"
    echo mine >mine.csv && cp mine.csv mine.h5
    expect 2 "mine.csv: exists already: --force replaces it" "$tren" predict classes --data data.h5 --out mine.csv
    expect 2 "mine.h5: exists already" mpi 2 "$tren" predict classes --data data.h5 --out mine.h5
    [[ $(cat mine.csv mine.h5 | uniq) == mine ]] || fail "a file was replaced"
    expect 0 "" "$tren" predict classes --data data.h5 --out mine.csv --force
    cmp all.csv mine.csv || fail "--force writes something else"
    [[ -z $(find . -name "*.tmp") ]] || fail "left behind: $(find . -name "*.tmp")"
}

# A file of rows to predict, without labels, gives the predictions of the same rows with them.
test_unlabeled() {
    expect 0 "0 training, 0 validation and 3000 test rows of 8 f32, without labels" \
        "$tren" data import csv data.h5.csv --header no --ignore 9 --unlabeled --out rows.h5 --force
    expect 0 "labels        none: rows to predict" "$tren" data info rows.h5
    expect 0 "good" "$tren" data check rows.h5
    "$tren" data import csv data.h5.csv --header no --label 9 --class-names 'red,so "green",blue' --split 0.1/0/99.9 \
        --no-shuffle --out labeled.h5 --force >/dev/null 2>&1
    expect 0 "rows.csv: predictions for 3000 rows" "$tren" predict classes --data rows.h5 --out rows.csv
    [[ $(head -n 1 rows.csv) == 'row,predicted,predicted_name,p_red,"p_so ""green""",p_blue' ]] ||
        fail "$(head -n 1 rows.csv)"
    "$tren" predict classes --data labeled.h5 --out labeled.csv >/dev/null
    diff <(tail -n 2997 rows.csv | cut -d, -f2-) <(tail -n 2997 labeled.csv | cut -d, -f4-) || fail "rows.csv"
    expect 0 "predictions for 3000 rows" "$tren" predict classes --data rows.h5 --out rows-top.csv --top 1
    expect 0 "predictions for 3000 rows" "$tren" predict classes --data rows.h5 --out rows-out.h5
    expect 4 "contains rows without labels" "$tren" eval classes --data rows.h5
}

# The columns of a table are compared by name.
test_columns() {
    local i
    echo u,v,y >named.csv
    for ((i = 0; i < 60; i++)); do echo "$((i % 7)).5,$((i % 3)),$((i % 2))"; done >>named.csv
    "$tren" data import csv named.csv --label y --out named.h5 >/dev/null
    expect 0 "columns       2: u, v" "$tren" data info named.h5
    if /usr/bin/python3 -c "import h5py" 2>/dev/null; then
        /usr/bin/python3 -c 'import h5py; assert list(h5py.File("named.h5").attrs["column_names"]) == [b"u", b"v"]' ||
            fail "h5py reads other column names"
    fi
    train named named.h5 --model.hidden 4
    printf ',u,v\n0,1.5,2\n1,0.5,1\n' >rows.csv
    expect 0 "ignored; give --index keep" "$tren" data import csv rows.csv --unlabeled --out same.h5
    expect 0 "2 rows" "$tren" predict named --data same.h5 --out same.csv
    printf 'v,u\n2,1.5\n1,0.5\n' >rows.csv
    "$tren" data import csv rows.csv --unlabeled --out other.h5 >/dev/null
    expect 4 "column 0 of other.h5, counted from 0, is 'v', but 'u' in the training data of named/best.h5; put the columns into the order" \
        "$tren" predict named --data other.h5 --out other.csv
    printf 'u,v,w\n1.5,2,1\n0.5,1,1\n' >rows.csv
    "$tren" data import csv rows.csv --unlabeled --out other.h5 --force >/dev/null
    expect 4 "has a column 'w', on which named/best.h5 was not trained; remove it (tren data import csv --ignore 'w')" \
        "$tren" predict named --data other.h5 --out other.csv
    printf 'u,w\n1.5,2\n0.5,1\n' >rows.csv
    "$tren" data import csv rows.csv --unlabeled --out other.h5 --force >/dev/null
    expect 4 "other.h5 has no column 'v', on which named/best.h5 was trained" \
        "$tren" predict named --data other.h5 --out other.csv
    [[ ! -e other.csv ]] || fail "a refused table was predicted"
}

# A disk that is full: nothing is left, what was there stays.
test_full_disk() {
    mkdir full
    if ! mount -t tmpfs -o size=64k tmpfs full 2>/dev/null; then
        echo "the full disk is not tried: no right to mount"
        return
    fi
    trap 'umount -l "$scratch/full" || true; teardown' EXIT
    cp all.csv full/mine.csv
    expect 3 "cannot write full/mine.csv: No space left on device" \
        "$tren" predict classes --data data.h5 --split train --out full/mine.csv --force
    cmp all.csv full/mine.csv || fail "a failed command changed the file"
    [[ $(ls full) == mine.csv ]] || fail "left behind: $(ls full)"
}

make_classes data.h5 3000
"$tren" data import csv data.h5.csv --header no --label 9 --class-names 'red,so "green",blue' --split 80/10/10 --seed 3 \
    --out data.h5 --force >/dev/null
make_sinusoid sine.h5 600
train classes data.h5 --model.hidden 16
train sine sine.h5 --model.hidden 16 --model.activation tanh
train double data.h5 --model.hidden 8 --precision double
"$tren" eval classes --json >eval.json
test_csv
test_top
test_targets
test_far_targets
test_hdf5
test_not_finite
test_ranks
test_mistakes
test_unlabeled
test_columns
test_full_disk
echo "predict: what eval counts, row by row"
