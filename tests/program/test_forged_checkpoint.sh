#!/usr/bin/env bash
# A checkpoint is input: with every attribute and every dataset changed in turn, and the right digest stored beside it,
# the program refuses what could do harm with exit code 7, and never crashes.
# shellcheck source=tests/program/lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"

python=""
for candidate in /usr/bin/python3 python3; do
    if "$candidate" -c "import h5py" 2>/dev/null; then python=$candidate && break; fi
done
[[ $python ]] || skip "there is no Python with h5py"

make_classes classes.h5 200
cat >common.yaml <<'END_OF_CONFIG'
data: classes.h5
shards: 2
batch_size: 32
model.hidden: [5]
epochs: 3
evaluate_test: false
plots: false
progress: off
END_OF_CONFIG
mkdir adam scg
{ cat common.yaml && echo "optimizer.name: adam" && echo "early_stopping.rule: patience"; } >adam/config.yaml
{ grep -v batch_size common.yaml && echo "optimizer.name: scg"; } >scg/config.yaml
"$tren" train adam/config.yaml --out adam/run --max_steps 12 >/dev/null
"$tren" train scg/config.yaml --out scg/run --max_steps 2 >/dev/null
for run in adam scg; do cp $run/run/last.h5 $run; done
"$python" "$TREN_SOURCE/tests/program/forge_checkpoint.py" "$tren" adam scg
