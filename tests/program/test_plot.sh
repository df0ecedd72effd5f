#!/usr/bin/env bash
# tren plot: pictures of one run, of several and of running ones, without a warning; what it says of broken folders.
# shellcheck source=tests/program/lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"

command -v gnuplot >/dev/null || skip "there is no gnuplot"

train() { # RUN DATA [OPTION ...]
    local run=$1 data=$2
    shift 2
    "$tren" train --data "$data" --out "$run" --batch_size 32 --epochs 4 --early_stopping.rule none --seed 3 "$@" \
        >train.log 2>&1 || fail "$(cat train.log)"
}

is_svg() {
    grep -qx "</svg>" "$1" || fail "$1 is no SVG: $(tail -n 2 "$1")"
    ! command -v python3 >/dev/null || python3 -c "import sys, xml.dom.minidom as m; m.parse(sys.argv[1])" "$1" ||
        fail "$1 is no XML"
}

is_png() { [[ $(head -c 8 "$1" | od -An -tx1 | tr -d ' \n') == 89504e470d0a1a0a ]] || fail "$1 is no PNG"; }

# plot PICTURE [ARGUMENT ...]   Nothing but its name is said.
plot() {
    local picture=$1
    shift
    expect 0 "" "$tren" plot "$@" --out "$picture"
    [[ $(cat output) == "$picture" ]] || fail "tren plot $*: $(cat output)"
    case $picture in *.svg) is_svg "$picture" ;; *) is_png "$picture" ;; esac
}

# How often a text stands in the picture.
texts() { grep -oF -- "$2" "$1" | wc -l; }

has() { # PICTURE TEXT ...
    local picture=$1 text
    shift
    for text; do [[ $(texts "$picture" "$text") -gt 0 ]] || fail "$picture lacks '$text'"; done
}

test_one_run() {
    is_svg classes/curves.svg # made by the training itself
    grep -qF "curves: classes/curves.svg" classes.log || fail "$(cat classes.log)"
    rm classes/curves.svg
    expect 0 "classes/curves.svg" "$tren" plot classes
    has classes/curves.svg ">classes<" "mlp 16, relu, sgd" "test loss" "training" "validation" "best: epoch" \
        "learning rate" "mean |z|" "where the time goes" "in 4 epochs"
    [[ $(texts classes/curves.svg ">epoch<") -eq 4 ]] || fail "four panels have epochs"
    LC_ALL=C plot sine.svg sine # where gnuplot itself would warn of degree signs
    [[ $(texts sine.svg ">accuracy<") -eq 0 ]] || fail "targets have no accuracy"
    plot both.png classes --logx --logy
    plot one.svg short
    has one.svg "in 1 epoch<"
    plot columns.svg classes --y train_loss,validation_loss,weight_norm --logy
    has columns.svg ">training loss<" ">validation loss<" ">weight norm<"
}

test_several_runs() {
    plot several.svg classes "odd names/a_b <'\`id\`'> & c" sine
    has several.svg ">validation loss<" ">validation accuracy<" ">classes<" ">sine<" "a_b &lt;" "\`id\`" "&amp; c<"
    mkdir elsewhere && cp -r classes elsewhere/
    plot same.svg classes elsewhere/classes
    has same.svg ">elsewhere/classes<"
    plot several.png classes sine --logx --logy
    (mkdir here && cd here && expect 0 "curves.svg" "$tren" plot ../classes ../sine && is_svg curves.svg)
    local many=() i
    for i in {1..30}; do
        ln -s "$PWD/classes" "link$i"
        many+=("link$i")
    done
    plot many.svg "${many[@]}"
    has many.svg ">link30<"
}

has_rows() { [[ $(wc -l <"$1/metrics.csv") -gt $2 ]]; }

# A run in the middle of an epoch, or of a row.
test_live_runs() {
    local bytes
    mkdir live
    for bytes in 1 50 300; do
        { head -n 3 classes/metrics.csv && sed -n 4p classes/metrics.csv | head -c $bytes | tr -d '\n'; } >live/metrics.csv
        plot live.svg live
        has live.svg "in 2 epochs"
    done
    "$tren" train --data data.h5 --out running --batch_size 8 --epochs 100000 --max-time 20 --no-plots >/dev/null 2>&1 &
    await test -s running/metrics.csv
    await has_rows running 2
    plot running.svg running
    kill -USR1 $!
    wait $! || [[ $? -eq 75 ]] || fail "the running training did not stop as asked"
}

test_mistakes() {
    local run
    for run in none empty header cells number other; do mkdir "bad-$run"; done
    : >bad-empty/metrics.csv
    head -n 1 classes/metrics.csv >bad-header/metrics.csv
    { head -n 2 classes/metrics.csv && echo 1,2,3; } >bad-cells/metrics.csv
    { head -n 2 classes/metrics.csv && sed -n '3s/,0\.[0-9]*/,abc/p' classes/metrics.csv; } >bad-number/metrics.csv
    printf 'a,b\n1,2\n' >bad-other/metrics.csv
    expect 4 "bad-none/metrics.csv: cannot open: No such file or directory; check the path; is this the folder of a 'tren train'?" "$tren" plot bad-none
    expect 4 "bad-empty/metrics.csv is empty: no epoch is complete yet" "$tren" plot bad-empty
    expect 4 "bad-header/metrics.csv has no rows: no epoch is complete yet" "$tren" plot bad-header
    expect 4 "bad-cells/metrics.csv:3: 3 cells, but the header has" "$tren" plot classes bad-cells
    expect 4 "bad-number/metrics.csv:3: train_loss: 'abc' is not a number" "$tren" plot bad-number
    expect 4 "first column is 'a', not epoch" "$tren" plot bad-other
    expect 4 "there is no run folder 'nowhere'" "$tren" plot nowhere
    expect 4 "is a file; give its run folder" "$tren" plot classes/metrics.csv
    expect 2 "a run folder is missing" "$tren" plot
    expect 2 "'a.jpg' does not end in .svg, .png or .pdf" "$tren" plot classes --out a.jpg
    "$tren" plot classes --out a.pdf >/dev/null && [[ $(head -c 5 a.pdf) == %PDF- ]] || fail "no PDF"
    expect 0 "a.pdf" "$tren" plot classes --out a.pdf # an older picture may be replaced
    expect 2 "no column 'vlidation_loss'; did you mean 'validation_loss'?" "$tren" plot classes --y vlidation_loss
    expect 2 "the column 'train_accuracy' contains no numbers" "$tren" plot sine --y train_accuracy
    expect 3 "cannot write nowhere/a.svg" "$tren" plot classes --out nowhere/a.svg
    echo '<svg>before' >kept.svg
    # shellcheck disable=SC2016
    expect 3 "cannot write kept.svg: the picture is incomplete; is the disk full?" \
        bash -c 'ulimit -f 8 && exec "$@"' - "$tren" plot classes --out kept.svg
    [[ $(cat kept.svg) == '<svg>before' ]] || fail "a failed picture replaced the one before"
    [[ -z $(find . -name "*.tmp") ]] || fail "left behind: $(find . -name "*.tmp")"
}

# Everything on PATH but gnuplot; then one that fails.
test_without_gnuplot() {
    mkdir bin
    IFS=: read -ra folders <<<"$PATH"
    local folder
    for folder in "${folders[@]}"; do
        [[ ! -d $folder ]] || find "$folder/" -maxdepth 1 ! -name 'gnuplot*' ! -type d -exec ln -st bin {} + 2>/dev/null || true
    done
    PATH=$PWD/bin expect 3 "gnuplot, which draws the pictures, is not on PATH" "$tren" plot classes
    PATH=$PWD/bin expect 0 "warning: no curves drawn: gnuplot, which" \
        "$tren" train --data sine.h5 --out blind --epochs 1
    [[ -z $(find blind -name "curves.svg*") ]] || fail "a picture without gnuplot"
    printf '#!/bin/sh\necho "line 1: it hurts" >&2\nexit 3\n' >bin/gnuplot
    chmod +x bin/gnuplot
    PATH=$PWD/bin expect 3 "gnuplot failed: line 1: it hurts" "$tren" plot classes
}

make_classes data.h5 1500
make_sinusoid sine.h5 300
train classes data.h5 --model.hidden 16
cp train.log classes.log
train sine sine.h5 --model.hidden 16 --no-plots
train "odd names/a_b <'\`id\`'> & c" data.h5 --optimizer.name adam --optimizer.learning_rate 0.01 --epochs 2
train short data.h5 --epochs 1 --no-plots
test_one_run
test_several_runs
test_live_runs
test_mistakes
test_without_gnuplot
echo "plot: one run, several, running ones"
