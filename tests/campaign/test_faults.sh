#!/usr/bin/env bash
# What happens around a run: it is stopped for a while, the disk fills, the folder becomes read-only, the dataset goes,
# a second run wants the folder, the limits of the shell are tight, the locale has decimal commas. Each case expects an
# exit code, and that nothing is lost: once the cause is gone, --resume ends as the run that nobody disturbed.
#     test_faults.sh [CASE ...]
# TREN_LONG=1 tries every limit of a range instead of a few.
# shellcheck source=tests/program/lib.sh
source "${BASH_SOURCE[0]%/*}/../program/lib.sh"

make_classes data.h5 800
cp data.h5 kept.h5
cat >config.yaml <<'YAML'
data: data.h5
shards: 4
batch_size: 32
model.hidden: [48, 32]
dropout: 0.1
optimizer: {name: adamw, learning_rate: 0.002}
epochs: 40
checkpoint_steps: 10
plots: false
YAML
mpi 2 "$tren" train config.yaml --out plain >output 2>&1 || fail "$(cat output)"

unmount() { awk -v s="$scratch/" 'index($2, s) == 1 { print $2 }' /proc/mounts | xargs -r umount -l; }
trap 'unmount; teardown' EXIT

# A small disk of its own at $1, of $2.
small_disk() {
    [[ $EUID -eq 0 ]] || return 1
    mkdir -p "$1"
    mount -t tmpfs -o "size=$2" tmpfs "$1" 2>/dev/null
}

begin() { # OUT [option ...]   In the background; $launched is mpirun.
    local out=$1
    shift
    mpirun -n 2 "$tren" train config.yaml --out "$out" "$@" >"begin.out" 2>&1 &
    launched=$!
}

saved() { [[ -f $1/last.h5 ]] || ! kill -0 "$launched" 2>/dev/null; }

# The exit code of what begin started, in $code.
ended() {
    code=0
    wait "$launched" || code=$?
}

# resumes OUT   Whatever was before, the run ends as the undisturbed one.
resumes() {
    mpi 2 "$tren" train config.yaml --out "$1" --resume >output 2>&1 || fail "$1: exit code $?: $(tail -n 5 output)"
    same_run plain "$1"
}

# one_of CODE ...   The exit code in $code is among them.
one_of() { [[ " $* " == *" $code "* ]] || fail "exit code $code, not one of: $*: $(tail -n 8 "${said:-output}")"; }

# ---- the cases -----------------------------------------------------------------------------------------------------

# Suspended processes go on, and their silence counts as no stall.
case_stopped() {
    begin run
    await saved run
    mapfile -t pids < <(own_processes mpirun tren)
    kill -STOP "${pids[@]}" 2>/dev/null || true
    sleep 1
    kill -CONT "${pids[@]}" 2>/dev/null || true
    said=begin.out ended
    one_of 0
    same_run plain run
}

case_full_disk() {
    small_disk full 400k || return 77
    begin full/run
    await saved full/run
    head -c 1M /dev/zero >full/fill 2>/dev/null || true
    said=begin.out ended
    one_of 0 3 7
    rm full/fill
    resumes full/run
}

# Root may write everywhere, so that the run is somebody else's.
case_read_only() {
    local other=()
    if [[ $EUID -eq 0 ]]; then
        other=(setpriv --reuid=65534 --regid=65534 --clear-groups)
        chmod 755 . && chmod 1777 mpi "$shared_memory"
        "${other[@]}" "$tren" --version >/dev/null 2>&1 || return 77
    fi
    mkdir frozen
    [[ $EUID -ne 0 ]] || chown 65534:65534 frozen
    "${other[@]}" "$tren" train config.yaml --out frozen >begin.out 2>&1 &
    launched=$!
    await saved frozen
    chmod a-w frozen
    said=begin.out ended
    one_of 0 3 7
    chmod u+w frozen
    rm -f frozen/result.json
    "${other[@]}" "$tren" train config.yaml --out frozen --resume >output 2>&1 || fail "exit code $?: $(tail -n 5 output)"
    same_run plain frozen
}

case_read_only_before() {
    small_disk closed 8M || return 77
    mount -o remount,ro closed
    code=0
    mpi 2 "$tren" train config.yaml --out closed/run >output 2>&1 || code=$?
    one_of 3
}

# While it is read, and before it is resumed.
case_vanished_data() {
    begin run
    await saved run
    rm data.h5
    said=begin.out ended
    one_of 0 4
    [[ $code -ne 0 ]] || same_run plain run
    rm -f run/result.json
    code=0
    mpi 2 "$tren" train config.yaml --out run --resume --epochs 41 >output 2>&1 || code=$?
    one_of 4
    cp kept.h5 data.h5
    resumes run
}

case_two_runs() {
    begin run
    await saved run
    code=0
    mpi 2 "$tren" train config.yaml --out run --resume >output 2>&1 || code=$?
    [[ $code -eq 0 ]] || one_of 3 # the first one may have ended in the meantime
    said=begin.out ended
    one_of 0
    same_run plain run
}

# limited OPTION VALUE CODES COMMAND ...   It ends in time, with one of the codes, and without a signal; unless the
# system cannot even load the program.
limited() {
    local option=$1 value=$2 codes=$3
    shift 3
    code=0
    (ulimit "$option" "$value" 2>/dev/null && exec timeout -k 2 60 "$@") >output 2>&1 || code=$?
    [[ $code -ne 127 ]] || ! grep -q "error while loading shared libraries" output || return 0
    # shellcheck disable=SC2086
    (one_of $codes) || fail "ulimit $option $value: $*"
}

case_few_files() {
    for n in $(few 6 24 256 -- 4 5 6 7 8 10 12 16 20 24 28 32 40 48 64 128 256); do
        limited -n "$n" "0 3 4" "$tren" data check data.h5
        rm -rf run
        limited -n "$n" "0 3 4" "$tren" train config.yaml --epochs 1 --out run
    done
}

case_small_stack() {
    for n in $(few 128 1024 unlimited -- 64 96 128 192 256 512 1024 8192 unlimited); do
        limited -s "$n" "0 3" "$tren" data check data.h5
        rm -rf run
        limited -s "$n" "0 3" "$tren" train config.yaml --epochs 1 --out run
    done
}

case_little_memory() {
    for n in $(few 100000 400000 2000000 -- 50000 100000 150000 200000 250000 300000 400000 500000 700000 1000000 2000000); do
        limited -v "$n" "0 3" "$tren" data check data.h5
        rm -rf run
        limited -v "$n" "0 3" "$tren" train config.yaml --epochs 1 --out run
    done
}

# Checkpoints that do not fit below the limit; Open MPI itself needs about 8 MB.
case_small_files() {
    local large=(mpirun -n 2 "$tren" train config.yaml --model.hidden "[4000, 800]" --epochs 1 --no-evaluate_test)
    "${large[@]}" --out large >output 2>&1 || fail "$(tail -n 5 output)"
    for n in $(few 12000 -- 12000 16000 24000); do
        rm -rf run
        limited -f "$n" "3 7" "${large[@]}" --out run
        limited -f unlimited 0 "${large[@]}" --out run --resume
        same_run large run
    done
}

case_decimal_commas() {
    command -v localedef >/dev/null || return 77
    mkdir -p locales
    localedef -i de_DE -f UTF-8 locales/de_DE.UTF-8 2>/dev/null || return 77
    german=(env "LOCPATH=$PWD/locales" LC_ALL=de_DE.UTF-8)
    [[ $("${german[@]}" printf '%.1f' 0,5 2>/dev/null) == 0,5 ]] || return 77
    "${german[@]}" mpirun -n 2 "$tren" train config.yaml --out run >output 2>&1 || fail "$(tail -n 5 output)"
    "${german[@]}" "$tren" config config.yaml >german.yaml
    "${german[@]}" "$tren" data import csv data.h5.csv --header no --label 9 --split 80/10/10 --seed 3 --out german.h5 >/dev/null
    "${german[@]}" "$tren" predict run --data german.h5 --out german.csv >/dev/null
    same_run plain run
    "$tren" config config.yaml | diff - german.yaml || fail "another config"
    cmp data.h5 german.h5 || fail "another dataset"
    "$tren" predict plain --data data.h5 --out plain.csv >/dev/null
    cmp plain.csv german.csv || fail "other predictions"
}

# ---- all of them ---------------------------------------------------------------------------------------------------

mapfile -t all < <(declare -F | sed -n 's/^declare -f case_//p')
[[ $# -gt 0 ]] || set -- "${all[@]}"
wrong=0
for name in "$@"; do
    rm -rf run
    cp kept.h5 data.h5
    result=0
    (set -e; trap - EXIT; "case_$name") || result=$?
    for pid in $(own_processes mpirun tren); do kill -KILL "$pid" 2>/dev/null || true; done
    case $result in
    0) echo "ok       $name" ;;
    77) echo "skipped  $name" ;;
    *)
        echo "FAILED   $name"
        wrong=$((wrong + 1))
        ;;
    esac
done
[[ $wrong -eq 0 ]] || fail "$wrong of $# cases"
echo "$# cases: each ends with the exit code it should, and loses nothing"
