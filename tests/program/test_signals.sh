#!/usr/bin/env bash
# A signal, by whatever route it comes, makes the run save and leave; and it goes on as if nothing had been.
# shellcheck source=tests/program/lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"

make_classes data.h5 1500
cat >config.yaml <<'END'
data: data.h5
shards: 8
batch_size: 64
model.hidden: [64, 32]
dropout: 0.1
optimizer: {learning_rate: 0.05, momentum: 0.9}
epochs: 2000
END
# Long enough that every signal finds it training.

start() { # RANKS RUN OPTION ...   In the background; 0 ranks: without mpirun.
    local ranks=$1 run=$2
    shift 2
    launcher=(mpirun -n "$ranks")
    [[ $ranks -gt 0 ]] || launcher=()
    rm -f "$run.out" # else what an earlier start said may be taken for this one's
    "${launcher[@]}" "$tren" train config.yaml --out "$run" --resume "$@" >"$run.out" 2>&1 &
    launched=$!
}

says() { grep -qs -- "$2" "$1.out"; }

ends() { # RUN CODE ...   Within ten seconds, with one of the codes.
    local run=$1 code=0 i
    shift
    for ((i = 0; i < 200; i++)); do
        kill -0 "$launched" 2>/dev/null || break
        sleep 0.05
    done
    ! kill -0 "$launched" 2>/dev/null || fail "$run goes on: $(tail -n 5 "$run.out")"
    wait "$launched" 2>/dev/null || code=$?
    # MPICH's launcher may return 0 whatever its ranks return: the result tells.
    [[ $mpi_name != MPICH* || $code -ne 0 ]] || code=$1
    [[ " $* " == *" $code "* ]] || fail "$run: exit code $code, not $*: $(tail -n 9 "$run.out")"
    [[ -z $(own_processes tren mpirun) ]] || fail "$run: processes are left"
}

# The checkpoint is of the step that the run left at: with that many steps as the limit, nothing is left to do but
# the result, which says so.
saved() {
    local run=$1 steps
    [[ -f $run/result.json ]] || fail "$run: no result: $(tail -n 9 "$run.out")"
    steps=$(field "$run" steps)
    [[ $(field "$run" status) == requeue && $(field "$run" stop_reason) == signal ]] ||
        fail "$run: $(cat "$run/result.json")"
    rm -rf copy
    cp -r "$run" copy
    expect 0 "($steps steps," \
        mpi 1 "$tren" train config.yaml --out copy --resume --max_steps "$steps" --no-evaluate_test
}

signal() { # SIGNAL RUN WHOM RANKS OPTION ...
    local number=$1 run=$2 whom=$3 ranks=$4 pids
    shift 4
    start "$ranks" "$run" "$@"
    await says "$run" "^epoch"
    case $whom in
    launcher) pids=("$launched") ;;
    one) mapfile -t pids < <(own_processes tren | tail -n 1) ;;
    first) mapfile -t pids < <(own_processes tren | head -n 1) ;;
    all) mapfile -t pids < <(echo "$launched" && own_processes tren) ;;
    esac
    kill -s "$number" "${pids[@]}"
}

# By every route to one and the same run, on other numbers of ranks.
test_usr1() {
    signal USR1 run launcher 3
    ends run 75
    saved run
    says run "saved at epoch" || fail "$(cat run.out)"
    signal USR1 run one 4
    ends run 75
    saved run
    signal USR1 run first 2
    ends run 75
    saved run
    signal USR1 run all 3
    ends run 75
    saved run
}

# mpirun leaves its ranks one second, and then returns 1 (Open MPI), or 0 or 75 (MPICH), whatever they return.
test_term() {
    signal TERM run launcher 2
    ends run 0 1 75
    saved run
    signal INT run launcher 3
    ends run 0 1 75
    saved run
}

test_without_mpirun() {
    signal TERM run launcher 0
    ends run 75
    saved run
    signal INT run launcher 0
    ends run 75
    saved run
    signal HUP run launcher 0 # its terminal is closed
    ends run 75
    saved run
}

more_epochs() { (($(grep -c ^epoch nohup.out) > $1)); }

# What nohup began outlives its terminal, also where a library has taken HUP before main.
test_nohup() { # COMMAND ...
    rm -rf nohup nohup.out
    (trap '' HUP && exec "$@" "$tren" train config.yaml --out nohup >nohup.out 2>&1) &
    launched=$!
    await says nohup "^epoch"
    kill -HUP "$launched"
    before=$(grep -c ^epoch nohup.out)
    await more_epochs "$before"
    kill -USR1 "$launched"
    ends nohup 75
}

catches() { # PID   It has its own way with USR1 (bit 10 of the signals that it catches).
    local mask
    [[ $(cat "/proc/$1/comm" 2>/dev/null) == tren ]] || return # the name first: before its exec bash catches USR1
    mask=$(sed -n 's/^SigCgt:[[:space:]]*//p' "/proc/$1/status" 2>/dev/null)
    [[ -n $mask ]] && ((0x$mask >> 9 & 1))
}

# A signal that comes while MPI is still starting is not lost and does not kill. If the start was over before the signal
# came, the test tries again.
test_early() {
    local i
    for ((i = 0; i < 20; i++)); do
        rm -rf early
        start 0 early
        await catches "$launched"
        kill -USR1 "$launched"
        ends early 75
        [[ $(field early steps) -ne 1 ]] || return 0
    done
    fail "no signal came before the first step: $(cat early/result.json)"
}

test_in_the_check() {
    start 2 check --check_without_dropout 100000
    await says check "epoch 3 of"
    kill -USR1 "$launched"
    ends check 75
    says check "stopped during check_without_dropout" || fail "$(cat check.out)"
    [[ $(field check status) == requeue && $(field check steps) -eq 0 ]] || fail "$(cat check/result.json)"
    # There is nothing to lose: it begins again.
    expect 0 "the run starts from the beginning" "$tren" train config.yaml --out check --check_without_dropout 2 --epochs 1 --resume
    [[ $(field check status) == finished ]] || fail "$(cat check/result.json)"
}

test_usr1
test_term
test_without_mpirun
test_nohup env
tren=$mortal test_nohup env TREN_TEST_TAKE_HUP=1
test_early
test_in_the_check
# However often it was interrupted, it is the same run. Where cores are shared it takes minutes.
to_the_end() { timeout -k 5 280 mpirun -n 2 "$tren" train config.yaml "$@"; }
expect 0 "finished: reached epochs" to_the_end --out run --resume
expect 0 "finished: reached epochs" to_the_end --out plain
same_run plain run
echo "signals: all as expected"
