#!/usr/bin/env bash
# tren sweep: one table whatever the ranks; killed, it goes on; a longer grid computes what is new; mistakes are refused.
# shellcheck source=tests/program/lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"

make_sinusoid waves.h5 400
cat >grid.yaml <<'END'
data: waves.h5
shards: 2
batch_size: 50
epochs: 12
progress: off
model.activation: tanh
grid:
  model.hidden: [[5], [12, 12]]
  optimizer.learning_rate: [0.02, 0.1, 1000]
  seed: [1, 2]
END

sweep() { # RANKS OUT [OPTION ...]
    local ranks=$1 out=$2
    shift 2
    mpi "$ranks" "$tren" sweep grid.yaml --out "$out" "$@"
}

# ---- one table, whoever computes it
expect 0 "12 points: 12 trained, 0 cached" sweep 1 one
[[ $(wc -l <one/sweep.csv) -eq 13 ]] || fail "not 12 rows: $(cat one/sweep.csv)"
[[ $(grep -c ',diverged,' one/sweep.csv) -eq 4 ]] || fail "not 4 diverged points: $(cat one/sweep.csv)"
[[ $(cut -d, -f-4 one/sweep.csv | grep -c '^\[5\],0.1,2,epochs') -eq 1 ]] || fail "no point [5], 0.1, 2"
for ranks in 2 3; do
    expect 0 "12 trained" sweep $ranks on$ranks
    cmp one/sweep.csv on$ranks/sweep.csv || fail "$ranks ranks: another table"
done
expect 0 "12 trained" sweep 4 pairs --ranks-per-run 2
cmp one/sweep.csv pairs/sweep.csv || fail "two ranks a run: another table"

# A point is what a training by itself would have been.
expect 0 "" "$tren" train --data waves.h5 --shards 2 --batch_size 50 --epochs 12 --model.activation tanh \
    --model.hidden '[5]' --optimizer.learning_rate 0.1 --seed 2 --out alone --no-plots
grep -q "^\[5\],0.1,2,.*,$(field alone digest)\$" one/sweep.csv || fail "a training by itself has another digest"

# ---- nothing is computed twice
expect 0 "12 points: 0 trained, 12 cached" sweep 2 one
sed -i 's/seed: \[1, 2\]/seed: [1, 2, 3]/' grid.yaml
expect 0 "18 points: 6 trained, 12 cached" sweep 2 one
[[ $(wc -l <one/sweep.csv) -eq 19 ]] || fail "not 18 rows"

"$tren" sweep grid.yaml --out one --no-plots --json >one.json 2>/dev/null
for part in '"points": 18' '"cached": 18' '"remaining": 0' '"by": "validation_' '"seeds": 3'; do
    grep -qF "$part" one.json || fail "no $part in: $(cat one.json)"
done

# Another order of the keys, and one more that changes nothing, are other columns of the same points.
sed '/^epochs/d; /seed:/d; s/^grid:/grid:\n  seed: [1, 2, 3]\n  epochs: [12]/' grid.yaml >other.yaml
cp -r one other
expect 0 "18 points: 0 trained, 18 cached" "$tren" sweep other.yaml --out other
head -n 1 other/sweep.csv | grep -q '^seed,epochs,model.hidden,optimizer.learning_rate,status' || fail "$(head -n 1 other/sweep.csv)"
cmp <(sed 's/.*,//' one/sweep.csv | sort) <(sed 's/.*,//' other/sweep.csv | sort) || fail "other digests"
for file in other/points/*; do head -c 20 /dev/urandom >"$file" && break; done
expect 4 "is damaged, or was written by another version" "$tren" sweep other.yaml --out other
[[ $(wc -l <other/sweep.csv) -eq 19 ]] || fail "a damaged point has cost the table"
for change in 's/^[a-z]*,/nonsense,/' 's/,[0-9.]*,/,x,/' 's/.$/z/' 's/$/\n&/'; do # a status, a number, a digest, two rows
    rm -r other && cp -r one other
    for file in other/points/*; do sed -i "2$change" "$file" && break; done
    ! cmp -s "$file" "one/points/${file##*/}" || fail "$change: nothing was changed"
    expect 4 "is damaged, or was written by another version" "$tren" sweep other.yaml --out other
done

# Another grid in the same folder does not cost the first one its table, and goes back and forth without new copies.
cp -r one two
sed 's/seed: .*/seed: [7]/' grid.yaml >seven.yaml
expect 0 "it is now two/sweep-1.csv" "$tren" sweep seven.yaml --out two
cmp two/sweep-1.csv one/sweep.csv || fail "the table of the first grid is not kept"
[[ $(wc -l <two/sweep.csv) -eq 7 ]] || fail "not 6 rows"
expect 0 "it is now two/sweep-2.csv" "$tren" sweep grid.yaml --out two
cmp two/sweep.csv one/sweep.csv || fail "another table than the first time"
expect 0 "it is now two/sweep-1.csv" "$tren" sweep seven.yaml --out two
[[ ! -e two/sweep-3.csv ]] || fail "a third copy of two tables"
[[ ! -e other/sweep-1.csv ]] || fail "a longer grid kept the table of the shorter one, which is part of it"

# ---- killed half-way, resumed on another number of ranks
expect 0 "18 trained" sweep 1 whole
sweep 2 cut --epochs 8000 --checkpoint_seconds 0 >cut.log 2>&1 &
job=$!
some_done() { compgen -G 'cut/points/*.csv' >/dev/null; }
await some_done
read -ra processes <<<"$(own_processes mpirun tren | tr '\n' ' ')"
kill -KILL "${processes[@]}" 2>/dev/null || true # the first may take the others with it
wait $job 2>/dev/null || true
alone() { [[ -z $(own_processes mpirun tren) ]]; }
await alone
before=$(find cut/points -name '*.csv' | wc -l)
[[ $before -lt 18 && ! -e cut/sweep.csv ]] || fail "it was over before it was killed"
expect 0 "18 points: $((18 - before)) trained, $before cached, 0 remaining" sweep 3 cut --epochs 8000
expect 0 "18 trained" sweep 1 long --epochs 8000
cmp cut/sweep.csv long/sweep.csv || fail "killed and resumed: another table"
[[ -z $(find cut -name '*.tmp') ]] || echo "note: a temporary file of the killed ranks is left"

# ---- with run folders a killed point goes on at its step
expect 0 "" sweep 2 kept --keep-runs
cmp whole/sweep.csv kept/sweep.csv || fail "--keep-runs: another table"
[[ $(find kept/runs -name last.h5 | wc -l) -ge 12 ]] || fail "--keep-runs: no checkpoints"

# ---- started twice at once, each point is trained by one of them
sweep 1 both --epochs 8000 >first.log 2>&1 &
job=$!
sweep 2 both --epochs 8000 >second.log 2>&1 || fail "started twice at once: $(cat second.log)"
wait $job || fail "started twice at once: $(cat first.log)"
twice=$(sed -n 's/^\(sweep: .*\), [^ ]* s, .*/\1/p' first.log second.log | sort | uniq -d)
[[ -z $twice ]] || fail "trained twice: $twice"
[[ $(sed -n 's/^18 points: \([0-9]*\) trained.*/\1/p' first.log second.log | awk '{ n += $1 } END { print n }') -eq 18 ]] ||
    fail "not 18 trained: $(cat first.log second.log)"
for log in first.log second.log; do grep -q ': 0 trained' $log && fail "one trained all"; done
cmp both/sweep.csv long/sweep.csv || fail "started twice at once: another table"

# A point whose owner stands still is left; once that is killed, it is taken.
sweep 1 held --epochs 8000 >held.log 2>&1 &
job=$!
some_held() { compgen -G 'held/points/*.csv' >/dev/null; }
await some_held
read -ra processes <<<"$(own_processes tren | tr '\n' ' ')"
kill -STOP "${processes[@]}"
expect 0 " 1 remaining" sweep 1 held --epochs 8000
[[ ! -e held/sweep.csv ]] || fail "a table without the point that is held"
kill -KILL "${processes[@]}" 2>/dev/null || true # the first may take the others with it
wait $job 2>/dev/null || true
expect 0 " 1 trained" sweep 1 held --epochs 8000
cmp held/sweep.csv long/sweep.csv || fail "held and killed: another table"

# ---- parts of a job array
expect 0 " 12 remaining" sweep 1 parts --part 2/3
[[ ! -e parts/sweep.csv ]] || fail "a table of one part"
expect 0 "" sweep 1 parts --part 1/3
expect 0 " 0 remaining" sweep 2 parts --part 3/3
cmp whole/sweep.csv parts/sweep.csv || fail "in parts: another table"

# ---- pictures
if command -v gnuplot >/dev/null; then
    grep -q '</svg>' one/sweep.svg || fail "no picture"
    # By validation, with seeds as bars, and the learning rates by their logarithm: 1 is a tic.
    grep -q 'validation loss, median and range of 3 seeds' one/sweep.svg || fail "no seeds in the picture"
    grep -q '>test' one/sweep.svg && fail "the picture shows the test part unasked"
    grep -q '>1</text>' one/sweep.svg || fail "0.02 to 1000 is no logarithmic axis"
    expect 0 "best by validation_loss, median and range of 3 seeds" "$tren" sweep grid.yaml --out one --x model.hidden
    grep -qF '[12, 12]</text>' one/sweep.svg || fail "lists are no categories"
    [[ $(grep -c '^  [0-9]  ' output) -eq 4 ]] || fail "not the four settings that did not diverge: $(cat output)"
    grep -q "test part" output && fail "ranked by the test part unasked"
    expect 0 "note: this choice used the test part" "$tren" sweep grid.yaml --out one --by test_loss
    expect 0 "one/sweep.svg" "$tren" sweep grid.yaml --out one --y train_loss --x seed --logy
fi

# ---- mistakes
refuse() { # CODE PART ARGUMENTS ...
    local code=$1 part=$2
    shift 2
    expect "$code" "$part" "$tren" sweep "$@" --out refused
    [[ ! -e refused ]] || fail "sweep $*: a folder was made"
}
write() { printf '%s\n' "data: waves.h5" "$@" >bad.yaml; }
write "epochs: 1"
refuse 2 "the file has no grid" bad.yaml
write "grid:" "  seeed: [1, 2]"
refuse 2 "did you mean 'seed'" bad.yaml
write "grid:" "  seed: 1"
refuse 2 "needs a list of values" bad.yaml
write "grid:" "  seed: []"
refuse 2 "has no values" bad.yaml
write "grid:" "  seed: [1, 1]"
refuse 2 "the same value twice" bad.yaml
write "grid:" "  optimizer.learning_rate: [0.1, 0.2, 1e-1]"
refuse 2 "the same training: (optimizer.learning_rate 0.1) and (optimizer.learning_rate 1e-1)" bad.yaml
write "grid:" "  seed: [1, 2]"
refuse 2 "seed: its values are in the grid" bad.yaml --seed 5
refuse 2 "seed: its values are in the grid" bad.yaml --seed=5
write "grid:" "  epochs: [1, many]"
refuse 2 "bad.yaml:3: grid" bad.yaml
write "grid: [1, 2]"
refuse 2 "is a section" bad.yaml
write "grid:" "  out: [a, b]"
expect 2 "the same for all points" "$tren" sweep bad.yaml
write "grid:" "  model.name: [mlp, resnet18]"
refuse 2 "the point model.name resnet18" bad.yaml
write "grid:" "  data: [waves.h5, missing.h5]"
refuse 4 "missing.h5" bad.yaml
write "grid:" "  optimizer.lambda: [1]" "optimizer.weight_decay: 0.1"
refuse 2 "weight_decay" bad.yaml
refuse 2 "did you mean 'train_loss'" grid.yaml --y train_los
refuse 2 "it has status,epochs,best_epoch" grid.yaml --y nonsense
refuse 2 "did you mean 'validation_loss'" grid.yaml --by val_loss
refuse 2 "is not a key of the grid" grid.yaml --x epochs
refuse 2 "K/N" grid.yaml --part 4/3
refuse 2 "always continues" grid.yaml --resume
expect 2 "use 'tren sweep'" "$tren" train grid.yaml --out refused
expect 2 "3 ranks for 2 shards" mpi 3 "$tren" sweep grid.yaml --out three --ranks-per-run 3
expect 0 '[5],1000,3,'  "$tren" sweep grid.yaml --dry-run
expect 0 '[5],1000,3,'  "$tren" sweep grid.yaml --dry-run --precision double --out in-double
[[ ! -e runs && ! -e in-double ]] || fail "--dry-run has made a folder"

# ---- stop_loss ends a run at the first epoch that reaches it, and a resumed one knows
expect 0 "reached stop_loss after" mpi 2 "$tren" train --data waves.h5 --shards 2 --model.hidden '[12]' --optimizer.momentum 0.9 \
    --epochs 500 --stop_loss 0.1 --out stop --no-plots
[[ $(field stop stop_reason) == stop_loss && $(field stop epochs) -lt 500 ]] || fail "stop_loss: $(field stop epochs) epochs"
awk -F, 'NR > 1 && $3 <= 0.1 { n++ } END { exit n != 1 }' stop/metrics.csv || fail "stop_loss: not the first epoch below it"
expect 0 "already ended (stop_loss)" "$tren" train --data waves.h5 --shards 2 --model.hidden '[12]' \
    --optimizer.momentum 0.9 --epochs 500 --stop_loss 0.1 --out stop --no-plots --resume
