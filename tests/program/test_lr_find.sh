#!/usr/bin/env bash
# tren lr-find: the same curve on any number of ranks, a suggestion that trains, and a run folder that is not touched.
# shellcheck source=tests/program/lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"

make_classes classes.h5 600
cat >run.yaml <<'END'
{data: classes.h5, shards: 4, batch_size: 32, model.hidden: [16], plots: false, progress: off, epochs: 3, out: runs/run}
END
expect 0 "suggestion: --optimizer.learning_rate" "$tren" lr-find run.yaml --steps 80
[[ ! -e runs/run ]] || fail "the run folder was made"
[[ -s runs/lr-find-run/lr-find.csv ]] || fail "no curve"
if command -v gnuplot >/dev/null; then grep -q '</svg>' runs/lr-find-run/lr-find.svg || fail "no picture"; fi
[[ $(head -n 1 runs/lr-find-run/lr-find.csv) == "step,learning_rate,loss,smoothed_loss" ]] || fail "the header"

# Geometric, from 1e-6 to 10 in 80 steps.
awk -F, 'NR > 2 && ($2 / before < 1.2263 || $2 / before > 1.2265) { exit 1 } { before = $2 }' runs/lr-find-run/lr-find.csv ||
    fail "the rates do not rise geometrically"
[[ $(sed -n '2s/^1,\([^,]*\),.*/\1/p' runs/lr-find-run/lr-find.csv) == 1e-06 ]] || fail "the first rate"

# The same bits, whatever the ranks.
for ranks in 2 3; do
    mpi $ranks "$tren" lr-find run.yaml --steps 80 --out on$ranks >output 2>&1 || fail "$ranks ranks: $(cat output)"
    cmp on$ranks/lr-find.csv runs/lr-find-run/lr-find.csv || fail "$ranks ranks: another curve"
done

# The suggestion lies below where the loss diverged, and trains better than the first rate.
"$tren" lr-find run.yaml --steps 80 --optimizer.name adam --to 1000 --json --out adam >adam.json 2>/dev/null
rate=$(sed -n 's/^  "learning_rate": \(.*\),$/\1/p' adam.json) limit=$(sed -n 's/^  "diverged": \(.*\),$/\1/p' adam.json)
[[ $limit != null ]] || fail "it did not diverge: $(cat adam.json)"
awk -v rate="$rate" -v limit="$limit" 'BEGIN { exit !(rate > 1e-6 && rate * 9.99 <= limit) }' || fail "rate $rate, limit $limit"
"$tren" train run.yaml --optimizer.name adam --optimizer.learning_rate "$rate" --out good >/dev/null
"$tren" train run.yaml --optimizer.name adam --optimizer.learning_rate 1e-6 --out poor >/dev/null
awk -v a="$(field good train_loss)" -v b="$(field poor train_loss)" 'BEGIN { exit !(a < 0.9 * b) }' ||
    fail "the suggested rate is no better: $(field good train_loss), $(field poor train_loss)"

# Nowhere does the loss fall.
expect 0 "no suggestion: the loss never fell" "$tren" lr-find run.yaml --steps 40 --from 1e-12 --to 1e-11 --out flat
# Where an epoch has a single step, each step has a loss of its own.
expect 0 "suggestion: --optimizer.learning_rate" "$tren" lr-find run.yaml --steps 30 --shards 1 --batch_size 600 --format svg,pdf --out one
if command -v gnuplot >/dev/null; then [[ $(head -c 5 one/lr-find.pdf) == %PDF- ]] || fail "no PDF"; fi
[[ $(cut -d, -f3 one/lr-find.csv | sort -u | wc -l) -gt 20 ]] || fail "one loss for many steps"
expect 2 "has no learning rate" "$tren" lr-find run.yaml --optimizer.name scg
cp -r good before
sed "s#runs/run#good#" run.yaml >good.yaml
"$tren" lr-find good.yaml --steps 80 --out next >/dev/null
diff -r good before || fail "a run folder was touched"
echo "the same curve on 1, 2 and 3 ranks, and a rate that trains"
