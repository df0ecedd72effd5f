#!/usr/bin/env bash
# A stuck rank ends the run with a message that names it; a dead one ends it at once; nothing is left of either.
# shellcheck source=tests/program/lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"

make_classes data.h5 1500
cat >config.yaml <<'END'
data: data.h5
shards: 8
batch_size: 64
model.hidden: [48, 32]
dropout: 0.1
epochs: 1000000
stall_timeout: 2
END

start() { # RANKS RUN OPTION ...   In the background; returns when it has saved.
    local ranks=$1 run=$2
    shift 2
    mpirun -n "$ranks" "$tren" train config.yaml --out "$run" "$@" >"$run.out" 2>&1 &
    mpirun=$!
    await test -e "$run/previous.h5"
}

# The run is over with this code before so many seconds are, and its processes are gone.
ends() { # CODE SECONDS RUN
    local began=$SECONDS code=0
    while kill -0 "$mpirun" 2>/dev/null; do
        ((SECONDS - began <= $2)) || fail "$3: goes on after $2 s: $(tail -n 5 "$3.out")"
        sleep 0.05
    done
    wait "$mpirun" 2>/dev/null || code=$?
    [[ $mpi_name != MPICH* || $code -ne 9 ]] || code=$1 # what MPICH's launcher makes of it
    [[ $code -eq $1 ]] || fail "$3: exit code $code, not $1: $(cat "$3.out")"
    [[ -z $(own_processes tren mpirun) ]] || fail "$3: processes are left"
}

# Whichever engine, wherever it waits.
test_stopped() { # ENGINE RANKS STOPPED
    local engine=$1 ranks=$2 stopped=$3
    start "$ranks" "$engine" --reduction "$engine"
    kill -STOP "$(pid_of_rank "$stopped")"
    ends 6 8 "$engine"
    grep -q "rank [0-9] has made no progress for 2 s in phase [a-z]* at epoch [0-9]*, step [0-9]*: " "$engine.out" ||
        fail "$engine: $(cat "$engine.out")"
    grep -q "; the last checkpoint is good: start again with --resume. If" "$engine.out" || fail "$engine: $(cat "$engine.out")"
    [[ $engine == mpi ]] || grep -q "the message of rank $stopped is missing" "$engine.out" ||
        fail "$engine: rank $stopped is not named: $(cat "$engine.out")"
    ! grep -q "rank $stopped has made no progress" "$engine.out" || fail "$engine: the stopped rank speaks"
    expect 0 "resumed from $engine/last.h5" mpi 1 "$tren" train config.yaml --out "$engine" --resume --max_steps 1 \
        --reduction "$engine"
}

# Before the first epoch is over there is nothing to go on from, and after --resume there is.
test_before_the_first_checkpoint() {
    local options=(--shards 2 --batch_size 2 --model.hidden "[2048, 2048, 2048]" --reduction shared
        --optimizer.learning_rate 1e-6) # so that it does not diverge, however late the signal comes
    mpirun -n 2 "$tren" train config.yaml --out early "${options[@]}" >early.out 2>&1 &
    mpirun=$!
    await test -e early/metrics.csv
    kill -STOP "$(pid_of_rank 1)"
    ends 6 8 early
    [[ ! -e early/last.h5 ]] || fail "early: there is a checkpoint"
    grep -q "; no checkpoint was written yet: --resume begins anew. If" early.out || fail "early: $(cat early.out)"
    expect 0 "" mpi 2 "$tren" train config.yaml --out early "${options[@]}" --resume --max_steps 1
    options+=(--max_steps 100000)
    mpirun -n 2 "$tren" train config.yaml --out early "${options[@]}" --resume >early.out 2>&1 &
    mpirun=$!
    await grep -qs "resumed from" early.out
    kill -STOP "$(pid_of_rank 1)"
    ends 6 8 early
    grep -q "the last checkpoint is good" early.out || fail "early: $(cat early.out)"
    rm -r early
}

# Ctrl-Z and fg, a suspended machine: nobody was stuck, though some were waiting already when it began.
test_suspended() {
    local pids
    start 3 suspended
    mapfile -t pids < <(own_processes tren)
    kill -STOP "$(pid_of_rank 1)"
    sleep 0.7
    kill -STOP "${pids[@]}"
    sleep 3
    kill -CONT "${pids[@]}"
    sleep 0.5
    kill -USR1 "$mpirun"
    ends 75 8 suspended
}

# Ranks that wait for another run to leave the folder are not stuck, however short the time for that.
test_locked() {
    mkdir -p locked
    flock locked/.lock sleep 30 &
    local holder=$!
    await bash -c "! flock -n locked/.lock true"
    expect 3 "the run folder locked is in use by another run (its .lock is held)" \
        mpi 2 "$tren" train config.yaml --out locked --stall_timeout 1
    kill "$holder"
    wait "$holder" 2>/dev/null || true
}

test_dead() { # RANK
    start 3 "dead$1"
    kill -KILL "$(pid_of_rank "$1")"
    ends $killed_code 3 "dead$1"
}

test_stopped shared 3 1
test_stopped direct 3 2
test_stopped halving 4 0
rm -r halving
test_stopped halving 2 1
test_stopped scatter 3 0
test_stopped mpi 2 1
test_before_the_first_checkpoint
test_suspended
test_locked
test_dead 0
test_dead 2
expect 0 "reached max_steps after" mpi 2 "$tren" train config.yaml --out none --stall_timeout 0 --max_steps 10
echo "stuck, suspended and dead ranks: all as expected"
