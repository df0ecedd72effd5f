#!/usr/bin/env bash
# Hostile names: of folders, datasets and classes. Runs go on whatever their paths are; what is written is read back by
# the readers of other people; a terminal is shown no control character, a spreadsheet no formula.
# shellcheck source=tests/program/lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"

for python in /usr/bin/python3 python3; do command -v "$python" >/dev/null && break; done
command -v "$python" >/dev/null || skip "no python3, which reads back what was written"
yaml=$("$python" -c 'import yaml' 2>/dev/null && echo yes || true)
here=$TREN_SOURCE/tests/program

shell='$(touch run-by-a-shell) `touch run-by-a-shell` "a" '"it's \\ %s%n & *?~;"
names=("$shell" ' blank ' '<script>alert(1)&lt;' '=1+1' '--x' '#{a: b, [c' '1e5' null
    $'gr\xc3\xb6\xc3\x9fe \xf0\x9f\x98\x80' $'latin-\xf6' $'\xff\xfe' $'c1-\xc2\x9b31m \xc2\x85'
    $'none-\xef\xbb\xbf-\xef\xbf\xbf' $'rtl-\xe2\x80\xaegpj')

# Nothing that was said holds a control character, UTF-8 or not.
expect_harmless() { # what
    ! LC_ALL=C grep -qP '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]' output || fail "$1: control characters: $(cat -v output)"
}

quick=(--model.hidden 4 --shards 2 --no-plots --progress off)
make_sinusoid waves.h5 100

# ---- each name as a dataset's and as a run folder's
test_path() { # name
    local data=data/$1.h5 out=runs/$1
    cp waves.h5 "$data"
    expect 0 "" "$tren" train --data="$data" --out="$out" "${quick[@]}" --epochs 1
    expect_harmless "train $1"
    expect 0 "" "$tren" train --data="$data" --out="$out" "${quick[@]}" --epochs 2 --resume
    [[ $(field "$out" epochs) == 2 ]] || fail "$1: not resumed"
    expect 0 "" "$tren" eval "$out"
    expect_harmless "eval $1"
    "$tren" eval "$out" --json >eval.json
    "$tren" config "$out/config.yaml" >again.yaml
    cmp again.yaml "$out/config.yaml" || fail "$1: the record reads back as another config"
    [[ $("$tren" config --get data "$out/config.yaml") == "$data" ]] || fail "$1: --get data"
    [[ $("$tren" config again.yaml --out="$out" --get=out) == "$out" ]] || fail "$1: --get out"
    "$python" "$here/read_names.py" paths "$data" "$out" eval.json "$yaml" || fail "$1: see above"
}

test_paths() {
    local name
    mkdir data
    for name in "${names[@]}"; do test_path "$name"; done
    [[ ! -e run-by-a-shell ]] || fail "a shell ran a name"
}

# A name that cannot be kept is refused before anything is made.
test_control_characters() {
    local name
    for name in $'a\nb' $'a\x1b[31mb' $'\x7f'; do
        expect 2 "is a control character (0x" "$tren" train --data waves.h5 --out "new/$name" "${quick[@]}"
        expect_harmless "out"
        cp waves.h5 "$name.h5"
        expect 2 "rename the file or folder" "$tren" train --data "$name.h5" "${quick[@]}"
        expect_harmless "data"
        printf 'data: waves.h5\n' >"$name.yaml"
        expect 2 "is a control character (0x" "$tren" train "$name.yaml" "${quick[@]}"
        expect_harmless "config"
        expect 0 "" "$tren" data info "$name.h5"
        expect_harmless "info"
        expect 4 "" "$tren" data check "$name-gone.h5"
        expect_harmless "check"
    done
    [[ ! -e new ]] || fail "a folder was made"
}

# ---- classes of these names
read_classes() { "$python" "$here/read_names.py" classes "$1" "${@:2}" || fail "see above"; } # kind, files

test_classes() {
    local part
    "$python" "$here/read_names.py" make classes.csv
    expect 0 "" "$tren" data import csv classes.csv --label name --split 60/20/20 --out classes.h5
    for part in info check; do
        expect 0 "" "$tren" data $part classes.h5
        expect_harmless "data $part"
    done
    expect 0 "" "$tren" train --data classes.h5 --out classes "${quick[@]}" --epochs 1
    expect 0 "" "$tren" eval classes --out confusion.csv
    expect_harmless "eval"
    "$tren" eval classes --json >classes.json
    "$tren" predict classes --data classes.h5 --out predicted.csv >output
    expect_harmless "predict"
    "$tren" predict classes --data classes.h5 --top 2 --out top.csv >output
    read_classes json classes.json
    read_classes confusion confusion.csv
    read_classes predicted predicted.csv
    read_classes top top.csv
}

test_other_encodings() {
    printf 'a,y\n1,Gr\xf6sse\n2,b\n' >latin.csv
    expect 4 "latin.csv:2: the label: the class name 'Gr\\xf6sse' is not UTF-8, but perhaps ISO-8859-1" \
        "$tren" data import csv latin.csv --label y --out latin.h5
    printf 'a,y\n1,b\n2,\x80uro\n' >cp1252.csv
    expect 4 "cp1252.csv:3: the label: the class name '\\x80uro' is not UTF-8, but perhaps WINDOWS-1252" \
        "$tren" data import csv cp1252.csv --label y --out latin.h5
    printf 'a,y\n1,0\n2,1\n' >plain.csv
    expect 2 "--class-names: the class name 'b\\xf6' is not UTF-8" \
        "$tren" data import csv plain.csv --label y --class-names $'a,b\xf6' --out latin.h5
    [[ ! -e latin.h5 ]] || fail "a dataset was made"
    iconv -f ISO-8859-1 -t UTF-8 latin.csv >utf-8.csv
    expect 0 "" "$tren" data import csv utf-8.csv --label y --split 100/0/0 --out utf-8.h5
}

# ---- a sweep over datasets of these names
test_sweep() {
    { printf 'data: waves.h5\nmodel.hidden: [4]\nepochs: 1\ngrid:\n  seed: [1, 2]\n  data:\n'
      "$python" "$here/read_names.py" list data; } >grid.yaml
    expect 0 "" "$tren" sweep grid.yaml --out "it's a \"sweep\" of \$(id)"
    expect_harmless "sweep"
    "$python" "$here/read_names.py" sweep "it's a \"sweep\" of \$(id)" data || fail "see above"
    expect 0 "0 trained" "$tren" sweep grid.yaml --out "it's a \"sweep\" of \$(id)"
}

# ---- gnuplot takes them as they are, and the pictures and pages are well formed
test_pictures() {
    command -v gnuplot >/dev/null || return 0
    local name
    for name in "${names[@]}"; do
        expect 0 "" "$tren" plot "runs/$name" --out "runs/$name/picture.svg"
        refuse_part warning
        expect_harmless "plot $name"
        "$python" -c 'import sys, xml.dom.minidom as m; m.parse(sys.stdin.buffer)' <"runs/$name/picture.svg" ||
            fail "$name: no XML"
    done
    expect 0 "" "$tren" plot "${names[@]/#/runs/}" --out all.svg
    refuse_part warning
    "$python" -c 'import xml.dom.minidom as m; m.parse("all.svg")' || fail "all.svg: no XML"
    [[ ! -e run-by-a-shell ]] || fail "a shell ran a name"
}

test_report() {
    command -v gnuplot >/dev/null || return 0
    local lab="a'b\"<script>\$(id)"
    expect 0 "" "$tren" lab run W1 --quick --seeds 1 --out "$lab"
    # What somebody else wrote into the record must not become a part of the page.
    printf '1.0\ntren lab run <script>alert(1)</script> "&\x1b[31m \xf6\n' >"$lab/W1/run.txt"
    expect 0 "" "$tren" lab report "$lab"
    "$python" "$here/read_names.py" html "$lab/report.html" || fail "see above"
    "$python" -m json.tool "$lab/W1/verdict.json" >/dev/null || fail "verdict.json: no JSON"
}

# ---- a page about launches, and the batch script in a job that is none
test_scale() {
    local name="it's \"a\" \$(touch run-by-a-shell) \`id\` %s 100 % <script>alert(1)"
    mkdir "$name"
    cp waves.h5 "$name/d'a t\"a.h5"
    cp -r "$TREN_SOURCE/slurm" "$name/the scripts"
    "$tren" config --data "$name/d'a t\"a.h5" --model.hidden 4 --batch_size 8 >"$name/$name.yaml"
    SLURM_JOB_ID=1 TREN=$tren TREN_LAUNCHER=mpirun expect 0 "the same digest" bash "$name/the scripts/scaling.sbatch" \
        "$name/$name.yaml" --ranks 1,2 --steps 3 --repeats 1 --max-repeats 1 --out "$name/=out"
    expect_harmless "scale"
    ! grep -q '<script' "$name/=out/scaling.html" || fail "a name has become a part of the page"
    grep -q '&lt;script&gt;alert(1)' "$name/=out/scaling.html" || fail "the page does not show the name"
    "$python" -m json.tool "$name/=out/scaling.json" >/dev/null || fail "scaling.json: no JSON"
    [[ ! -e run-by-a-shell ]] || fail "a shell ran a name"
}

test_paths
test_control_characters
test_classes
test_other_encodings
test_sweep
test_pictures
test_report
test_scale
