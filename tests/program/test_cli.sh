#!/usr/bin/env bash
# Help, version, manual page, documentation, and what is said about a mistyped command line.
set -euo pipefail

tren=$TREN_BIN/tren
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"

fail() {
    echo "$*" >&2
    exit 1
}

# code, part of stdout or stderr (the stream a person looks at: stdout for 0), command ...
expect() {
    local code=0 want=$1 part=$2
    shift 2
    "$@" >out 2>err || code=$?
    [[ $code -eq $want ]] || fail "$*: exit code $code, not $want: $(cat err)"
    if [[ $want -eq 0 ]]; then
        [[ ! -s err ]] || fail "$*: unasked words on stderr: $(cat err)"
        [[ -z $part ]] || grep -qF -- "$part" out || fail "$*: no '$part' in: $(cat out)"
    else
        [[ -z $part ]] || grep -qF -- "$part" err || fail "$*: no '$part' in: $(cat err)"
    fi
}

commands() { "$tren" help | sed -n '/^Commands/,/^$/s/^  \([a-z-]*\) .*/\1/p'; }

test_help() {
    local name
    expect 2 "" "$tren"
    grep -q Examples out || fail "tren alone shows no examples"
    expect 0 "tren COMMAND --help" "$tren" --help
    expect 0 "tren COMMAND --help" "$tren" -h
    [[ $(commands | wc -l) -ge 9 ]] || fail "only these commands: $(commands | xargs)"
    for name in $(commands); do
        expect 0 "tren" "$tren" "$name" --help
        cp out by-option
        expect 0 "tren" "$tren" help "$name"
        cmp -s out by-option || fail "tren help $name differs from tren $name --help"
        ! grep -q $'\033' out || fail "tren $name --help has colours in a file"
        expect 0 "tren" "$tren" "$name" -h
    done
    expect 0 "optimizer.learning_rate" "$tren" train --help
    [[ $(wc -l <out) -lt 70 ]] || fail "help of train has $(wc -l <out) lines"
    expect 0 "--optimizer.learning_rate" "$tren" train --help-all
    [[ $(grep -c '^  --[a-z]' out) -ge 70 ]] || fail "not every key is in --help-all"
    expect 0 "the running mean of the gradient in adam" "$tren" help optimizer.beta1
    expect 0 "--optimizer.clip_norm" "$tren" help optimizer
    expect 2 "did you mean 'optimizer.beta1'" "$tren" help optimizer.beta9
    expect 0 "--resume" "$tren" train --no-such-option --help
    expect 0 "--optimizer.learning_rate" env COLUMNS=50 "$tren" train --help-all
    [[ $(wc -L <out) -le 50 ]] || fail "help for 50 columns is $(wc -L <out) wide"
    expect 0 "optimizer.learning_rate" env SLURM_STEP_ID=0 SLURM_NTASKS=2 "$tren" train --help
}

test_version() {
    expect 0 "tren 0." "$tren" --version
    grep -q "(float)" out
    grep -q "^OpenBLAS core type: [A-Z]" out
    grep -qE "^BLAS: OpenBLAS [0-9]+\.[0-9]" out || fail "no version of OpenBLAS: $(cat out)"
    grep -q "^MPI: [A-Z]" out
    grep -q "^HDF5: 1\." out
    expect 0 "(double)" "$TREN_BIN/tren64" --version
}

test_man() {
    "$tren" man >tren.1
    grep -q "^.TH TREN 1" tren.1 || fail "the man page has no title"
    local name
    for name in $(commands) optimizer.learning_rate 75; do
        grep -q -- "^\.BI\? $name" tren.1 || fail "the man page lacks $name"
    done
    if command -v groff >/dev/null; then
        groff -man -Tutf8 -ww -z tren.1 2>warnings
        [[ ! -s warnings ]] || fail "groff: $(cat warnings)"
    else
        echo "no groff: the man page is not rendered"
    fi
}

test_docs() {
    "$tren" docs | diff "$TREN_SOURCE/docs/configuration.md" - ||
        fail "docs/configuration.md is out of date: run 'tren docs > docs/configuration.md'"
}

test_mistakes() {
    expect 2 "unknown command 'trian'; did you mean 'train'?" "$tren" trian
    expect 2 "unknown command 'xyzzy'; 'tren --help' lists all commands" "$tren" xyzzy
    expect 2 "did you mean 'train'?" "$tren" help trian
    expect 2 "did you mean 'model'?" "$tren" help modle
    expect 2 "unknown option '--lr'; did you mean '--optimizer.learning_rate'?" "$tren" config --lr 1
    expect 2 "unknown option '--bacth-size'; did you mean '--batch_size'?" "$tren" config --bacth-size=1
    expect 2 "unknown option '--dry-rnu'; did you mean '--dry-run'?" "$tren" config --dry-rnu
    expect 2 "unknown option '--qqq'; 'tren config --help' lists all" "$tren" config --qqq
    expect 2 "give one of its keys, such as '--optimizer.name'" "$tren" config --optimizer adam
    expect 2 "'--epochs' needs a value: a whole number from 1" "$tren" config --epochs
    expect 2 "'--epochs' needs a value" "$tren" config --epochs --seed 1
    expect 2 "command line: epochs: 'many' is not a whole number" "$tren" config --epochs many
    expect 2 "'--no-shuffle=1' takes no value" "$tren" config --no-shuffle=1
    expect 2 "unknown option '-e'; options begin with two dashes" "$tren" config -e
    expect 2 "config file: missing.yaml: cannot open: No such file" "$tren" config missing.yaml
    expect 2 "config file: .: is a folder" "$tren" config .
    echo 'seed: 1' >a.yaml
    expect 2 "'b.yaml' is one argument too many: the config file is 'a.yaml'" "$tren" config a.yaml b.yaml
    expect 2 "did you mean '--epochs=3'?" "$tren" config a.yaml epochs=3
    printf 'seed: 1\noptimizer:\n  lerning_rate: 1\n' >bad.yaml
    expect 2 "bad.yaml:3: unknown key 'optimizer.lerning_rate'; did you mean 'optimizer.learning_rate'?" \
        "$tren" config bad.yaml
    expect 2 "optimizer.nesterov: true needs a momentum" "$tren" config --optimizer.nesterov
    expect 2 "options of 'tren train'" "$tren" config --resume
    expect 2 "no config file and no dataset" "$tren" train
    expect 2 "a.yaml: no dataset" "$tren" train a.yaml
}

# Defaults < file < command line, the last of two options counting, wherever the file stands among them.
test_precedence() {
    printf 'seed: 3\nepochs: 7\noptimizer.lambda: 1\n' >run.yaml
    "$tren" config run.yaml >out
    grep -qx "seed: 3" out && grep -qx "epochs: 7" out && grep -qx "batch_size: 256" out
    "$tren" config --seed 4 --no-shuffle run.yaml --epochs=8 --epochs 9 --optimizer.lambda null --dropout 0.5 >out
    grep -qx "seed: 4" out && grep -qx "shuffle: false" out && grep -qx "epochs: 9" out || fail "precedence"
    grep -qx "  lambda: null" out && grep -qx "dropout: \[0.5\]" out || fail "precedence"
    "$tren" config --plots false --stacking --no-evaluate-test >out
    grep -qx "plots: false" out && grep -qx "stacking: true" out && grep -qx "evaluate_test: false" out || fail "flags"
    # What is printed is a config, and says the same again.
    "$tren" config run.yaml --out "a: b" >once.yaml
    "$tren" config once.yaml | diff once.yaml -
    local example
    for example in "$TREN_SOURCE"/examples/*.yaml; do
        grep -q '^grid:' "$example" && continue # the file of a sweep
        expect 0 "seed:" "$tren" config "$example"
    done
    expect 2 "use 'tren sweep'" "$tren" config "$TREN_SOURCE/examples/sweep.yaml"
    (cd "$TREN_SOURCE" && [[ ! -e datasets/fashion-mnist.h5 || $("$tren" sweep examples/sweep.yaml --dry-run | wc -l) -eq 19 ]]) ||
        fail "examples/sweep.yaml has not 18 points"
}

test_output() {
    expect 3 "the output could not be written: No space left on device" sh -c "'$tren' man >/dev/full"
    "$tren" man | head -n 1 >/dev/null || fail "a closed pipe is an error"
}

test_help
test_version
test_man
test_docs
test_mistakes
test_precedence
test_output
echo "command line: all as expected"
