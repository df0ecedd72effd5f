#!/usr/bin/env bash
# What prints figures prints them as JSON, too: a document that a parser takes, with the figures that the table has.
# shellcheck source=tests/program/lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"
command -v python3 >/dev/null || skip "no python3 to read JSON"

make_classes classes.h5 300
for i in {1..60}; do echo "Line $i of a text that goes on for some lines."; done >words.txt
"$tren" data import text words.txt --tokens 16 --split 80/10/10 --out text.h5 >/dev/null
cat >run.yaml <<'END'
{data: classes.h5, shards: 2, batch_size: 32, model.hidden: [16], plots: false, progress: off, epochs: 2}
END
"$tren" train run.yaml --out run >/dev/null
"$tren" train run.yaml --data text.h5 --model.name token_mlp --model.hidden 8 --out talk >/dev/null

# check EXPRESSION COMMAND ...   Python's EXPRESSION on the document d is true.
check() {
    local expression=$1
    shift
    "$@" >output.json 2>errors || fail "$*: $(cat errors)"
    python3 -c "import json; d = json.load(open('output.json')); assert $expression, d" || fail "$*"
}
# check_lines EXPRESSION COMMAND ...   The same of the list of all lines.
check_lines() {
    local expression=$1
    shift
    "$@" >output.json 2>errors || fail "$*: $(cat errors)"
    python3 -c "import json; d = [json.loads(l) for l in open('output.json')]; assert $expression, d" || fail "$*"
}

check "d[0]['rows']['train'] == 240 and d[0]['classes'] == 3 and len(d[0]['mean']) == 8 and len(d) == 2 and d[1]['layout'] == 'text'" \
    "$tren" data info classes.h5 text.h5 --json
check "d['rows'] == 30 and 0 < d['accuracy'] <= 1" "$tren" eval run --json
check "d[0]['name'] == 'run' and d[0]['status'] == 'finished' and d[0]['seed'] == 1" "$tren" runs run --json --columns name,status,seed
check "d[0]['from'] == 'Line' and d[0]['tokens'] == 3 and d[0]['log_probability'] < 0" \
    "$tren" generate talk --prompt Line --tokens 3 --json
check "d['same_bits'] and len(d['ways']) == 2 and len(d['ways'][0]['digest']) == 16" \
    "$tren" verify run.yaml --ranks 1 --cpu baseline --steps 2 --json
check "d['predicted'][1]['ranks'] == 2 and d['predicted'][0]['step_seconds'] > 0" "$tren" plan run.yaml --out plan --ranks 1,2 --json
check_lines "d[0]['bench'] == 'machine' and d[1]['median_seconds'] > 0" "$tren" bench load --data classes.h5 --json
if [[ ${TREN_LONG:-} ]]; then
    check_lines "len(d) == 8 and d[1]['product'] == '2048-cubed' and d[2]['m'] == 32" "$tren" bench gemm --dims 40-20-10 --batch 32 --json
    check_lines "d[1]['bench'] == 'step' and d[1]['step_seconds'] > 0" \
        "$tren" bench step --dims 40-20-10 --batch 32 --steps 20 --json
    check_lines "any(row.get('pass') for row in d)" "$tren" bench conv --model cnn --width 2 --shape 1x8x8 --batch 4 --seconds 0 --json
fi
check "d[0]['good'] and d[0]['rows']['train'] == 240 and sum(c['train'] for c in d[0]['classes']) == 240 and d[1]['errors'] == 0" \
    "$tren" data check classes.h5 text.h5 --json
check "len(d) == 3 and d[0]['row'] == 0 and d[0]['tokens'] == 16 and 'lines' in d[2]['text']" "$tren" data preview text.h5 --n 3 --json
make_pictures pictures.h5 90
check "d['picture'] == 'sheet.png' and d['images'] == 2 and d['width'] > 50" \
    "$tren" data preview pictures.h5 --n 2 --augment.rotation 9 --out sheet.png --json
check "d['parameters'] == 8 * 16 + 16 + 16 * 3 + 3 == sum(l['parameters'] for l in d['layers']) and d['rows']['train'] == 240 and [m['ranks'] for m in d['memory']] == [1, 2]" "$tren" train run.yaml --dry-run --json
check "[(m['ranks'], m['nodes']) for m in d['memory']] == [(2, 2)] and d['memory'][0]['rank_bytes'] > 1000" \
    "$tren" train run.yaml --dry-run --json --ranks 2 --nodes 2
check "d['epochs_left'] == 98 and d['jobs'] == 1 and d['seconds_left'] > 0" \
    "$tren" plan jobs run.yaml --out run --epochs 100 --job-time 1:00:00 --json
check "d['jobs'] is None" "$tren" plan jobs run.yaml --out none --job-time 1:00:00 --json
check "any(e['name'] == 'W1' and e['full_seconds'] > e['quick_seconds'] > 0 and e['verdict'] is None for e in d)" \
    "$tren" lab list --out none --json
for command in "data info" "data check" "data preview" "plan jobs" "lab list" lr-find doctor eval runs generate verify plan "scale compare" "bench gemm" "bench conv" "bench step" "bench allreduce" "bench load"; do
    # shellcheck disable=SC2086
    "$tren" $command --help | grep -q -- --json || fail "tren $command has no --json"
done
echo "commands that print figures print JSON"
