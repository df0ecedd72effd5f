#!/usr/bin/env bash
# tren runs lists what lies below some folders: live, finished, saved, stopped and dead runs, in any order and with any
# column; what is damaged or hostile there costs one row at most, and thousands of folders cost seconds.
# shellcheck source=tests/program/lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"

make_classes classes.h5 300
cat >run.yaml <<'END'
{data: classes.h5, shards: 4, batch_size: 32, model.hidden: [16], plots: false, progress: off, epochs: 3}
END
"$tren" train run.yaml --out runs/one/run2 --seed 2 >/dev/null
"$tren" train run.yaml --out runs/one/run10 --optimizer.learning_rate 0.01 >/dev/null
"$tren" train run.yaml --out runs/wild --optimizer.learning_rate 1e30 >/dev/null 2>&1 || true
"$tren" train run.yaml --out runs/saved --epochs 1000000 --max_time 1 >/dev/null 2>&1 || true

# status DIR   As the table says.
status() { "$tren" runs "$1" --columns status | tail -n 1; }
expect_status() { [[ $(status "$1") == "$2" ]] || fail "$1 is $(status "$1"), not $2"; }

# ---- what became of a run ----------------------------------------------------------------------------------------

expect_status runs/one/run2 finished
expect_status runs/wild diverged
expect_status runs/saved saved
cp -r runs/one/run2 runs/stopped && rm runs/stopped/result.json
expect_status runs/stopped stopped
cp -r runs/stopped runs/dead && rm runs/dead/*.h5
expect_status runs/dead dead
"$tren" train run.yaml --out runs/live --epochs 1000000 >live.log 2>&1 &
live=$!
has_rows() { [[ $(wc -l 2>/dev/null <runs/live/metrics.csv) -gt 3 ]]; }
await has_rows
expect_status runs/live live
[[ $("$tren" runs runs/live --columns epochs | tail -n 1) -ge 2 ]] || fail "epochs of a live run: $("$tren" runs runs/live)"
kill -KILL $live
wait $live 2>/dev/null || true
expect_status runs/live stopped

# ---- columns and order -------------------------------------------------------------------------------------------

names() { "$tren" runs runs/one runs/wild --columns name "$@" | tail -n +2 | awk '{ print $1 }' | paste -sd ' '; }
[[ $(names) == "run2 run10 wild" ]] || fail "order of the paths: $(names)"
[[ $(names --sort optimizer.learning_rate) == "run10 run2 wild" ]] || fail "order of numbers: $(names --sort optimizer.learning_rate)"
[[ $(names --sort -optimizer.learning_rate) == "wild run2 run10" ]] || fail "the other way: $(names --sort -optimizer.learning_rate)"
[[ $(names --sort -test_loss --limit 2) == *wild* ]] && fail "a run without a value stands before those that have one"
"$tren" runs runs/one --differ --columns name >output
[[ $(head -n 1 output | xargs) == "name seed optimizer.learning_rate" ]] || fail "--differ shows $(head -n 1 output)"
mkdir keys && cp -a runs/one/run2 keys/a && cp -a runs/one/run2 keys/b
sed -i 's/^checkpoint_seconds: .*/checkpoint_seconds: 500/' keys/b/config.yaml # also a column of metrics.csv
[[ $("$tren" runs keys --differ --columns name | xargs) == "name config.checkpoint_seconds a 0 b 500" ]] ||
    fail "--differ shows $("$tren" runs keys --differ --columns name)"
[[ $("$tren" runs runs/one/run2 --columns test_loss --json | sed -n 's/.*"test_loss": \([^}]*\)}/\1/p') == "$(field runs/one/run2 test_loss)" ]] ||
    fail "test_loss is not that of result.json"
best=$(awk -F, 'NR > 1 && $11 == 1 { loss = $5 } END { print loss }' runs/stopped/metrics.csv)
[[ $("$tren" runs runs/stopped --columns validation_loss --json) == *"\"validation_loss\": $best"* ]] ||
    fail "validation_loss of a run without a result is not that of its best epoch, $best"
"$tren" runs runs | head -n 1 | grep -q validation_accuracy || fail "no accuracy: $("$tren" runs runs)"

# ---- damaged and hostile -----------------------------------------------------------------------------------------

mkdir -p bad/folder/config.yaml bad/empty
copy() { cp -r runs/one/run2 "bad/$1"; }
copy random && head -c 3000 /dev/urandom >bad/random/result.json
copy huge && head -c 100000 /dev/zero >bad/huge/result.json
copy hollow && : >bad/hollow/metrics.csv
copy ragged && echo "1,2,3" >>bad/ragged/metrics.csv
copy pipe && rm bad/pipe/metrics.csv bad/pipe/result.json && mkfifo bad/pipe/metrics.csv
copy torn && printf 'a: [\n' >bad/torn/config.yaml
copy words && sed -i 's/"status": .*/"status": "\x1b[31mred",/' bad/words/result.json
copy $'line\nend\e[31m'
ln -s .. bad/circle
ln -s ../runs/one bad/elsewhere
"$tren" runs bad --sort seed >output 2>&1 || fail "hostile folders: $(cat output)"
[[ $(wc -l <output) -eq 9 ]] || fail "eight runs and a header are not $(cat output)"
[[ $(grep -c " damaged " output) -eq 5 ]] || fail "damaged: $(cat output)"
grep -q $'\e' output && fail "an escape reaches the terminal"
"$tren" runs bad --json >output.json
if command -v python3 >/dev/null; then
    python3 -c 'import json; rows = json.load(open("output.json")); assert len(rows) == 8, rows
assert any(row["path"] == "bad/line\nend\x1b[31m" for row in rows)' || fail "JSON: $(cat output.json)"
fi
ln -s runs/one a-link
[[ $("$tren" runs a-link --columns name | wc -l) -eq 3 ]] || fail "a link that is named is followed"
expect 0 "there is no run below 'bad/empty'" "$tren" runs bad/empty
if [[ $EUID -ne 0 ]]; then
    chmod 0 bad/folder
    expect 0 "1 folder could not be read: bad/folder: Permission denied" "$tren" runs bad
    chmod 755 bad/folder
fi

# ---- many --------------------------------------------------------------------------------------------------------

n=$(few 1000 -- 10000)
mkdir -p many/0
rm runs/one/run2/*.h5
for ((i = 0; i < 10; i++)); do cp -r runs/one/run2 "many/0/$i"; done
for ((i = 1; i < n / 10; i++)); do cp -r many/0 "many/$i"; done
begin=$SECONDS
[[ $("$tren" runs many --columns name,seed | wc -l) -eq $((n + 1)) ]] || fail "not all of $n runs are listed"
[[ $((SECONDS - begin)) -le 30 ]] || fail "$n runs took $((SECONDS - begin)) s"
echo "live, finished and dead runs, damaged ones, and $n within $((SECONDS - begin)) s"
