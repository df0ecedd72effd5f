#!/usr/bin/env bash
# The example reads checkpoints as docs/checkpoint-format.md describes them, and notices a damaged one.
# shellcheck source=tests/program/lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"

python=""
for candidate in /usr/bin/python3 python3; do
    [[ $python ]] || ! "$candidate" -c "import h5py" 2>/dev/null || python=$candidate
done
[[ $python ]] || skip "no Python with h5py"
example=$TREN_SOURCE/examples/read_checkpoint.py
digests=""
! "$python" -c "import xxhash" 2>/dev/null || digests=yes

make_classes data.h5 500
# With names of columns and classes, which the digest covers
{ echo a,b,c,d,e,f,g,h,kind && sed 's/.$/class &/' data.h5.csv; } >named.csv
"$tren" data import csv named.csv --label kind --out data.h5 --force >/dev/null
make_sinusoid line.h5 300
options=(--model.hidden "[8, 6]" --epochs 2 --progress off)
"$tren" train --data data.h5 --out classes "${options[@]}" --optimizer.name adamw --max_steps 3 >/dev/null
"$tren" train --data line.h5 --out line "${options[@]}" --optimizer.momentum 0.9 >/dev/null
[[ ! -x $TREN_BIN/tren64 ]] || "$tren" train --data line.h5 --out double "${options[@]}" --precision double >/dev/null

for file in */last.h5 */best.h5 */previous.h5; do
    [[ -f $file ]] || continue
    expect 0 "dense1/weight: 8 x" "$python" "$example" "$file"
    [[ -z $digests ]] || grep -q "digest: good" output || fail "$file: $(cat output)"
done
if [[ $digests ]]; then
    expect 0 "of the weights: $(field line digest)" "$python" "$example" line/last.h5
    expect 0 "of the weights: $(field line best_digest)" "$python" "$example" line/best.h5
    "$python" -c "import h5py; h5py.File('line/last.h5', 'r+')['parameters/dense1/weight'][2, 0] *= 1.0001"
    expect 1 "damaged" "$python" "$example" line/last.h5
    expect 0 "line/last.h5 is damaged" "$tren" train --data line.h5 --out line "${options[@]}" \
        --optimizer.momentum 0.9 --resume
else
    echo "no xxhash module: digests are not checked"
fi
expect 1 "not a tren checkpoint" "$python" "$example" data.h5
# Of a folder the best one; and no mistake ends in a traceback.
for mistake in none empty junk; do
    case $mistake in
    none) part="No such file or directory; name a checkpoint or a run folder" ;;
    empty) part="empty: holds neither best.h5 nor last.h5" && mkdir empty ;;
    junk) part="; name a checkpoint or a run folder" && echo junk >junk ;;
    esac
    expect 1 "$part" "$python" "$example" $mistake
    refuse_part Traceback
done
"$python" "$example" classes/best.h5 >best.out
expect 0 "" "$python" "$example" classes
cmp best.out output || fail "a run folder is not its best.h5: $(cat output)"
mkdir unfinished && cp classes/last.h5 unfinished
expect 0 "dense1/weight: 8 x" "$python" "$example" unfinished
echo "checkpoints read by h5py: all as expected"
