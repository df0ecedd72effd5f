#!/usr/bin/env bash
# Runs that are killed again and again, each time resumed on another number of ranks, end as the run that nobody
# disturbed: the same weights, metrics and losses.
#     test_kill.sh [KILLS [SEED [PROCESSES]]]
# KILLS or more in all: 16 by default, 1,000 in the long form (TREN_LONG=1). SEED chooses other moments and victims.
# PROCESSES share the work, two in the long form: most of a launch is waiting.
# shellcheck source=tests/program/lib.sh
source "${BASH_SOURCE[0]%/*}/../program/lib.sh"

wanted=${1:-$([[ ${TREN_LONG:-} ]] && echo 1000 || echo 16)}
seed=${2:-1}
processes=${3:-$([[ ${TREN_LONG:-} ]] && echo 2 || echo 1)}

if [[ $processes -gt 1 ]]; then
    pids=()
    for ((i = 0; i < processes; i++)); do
        TREN_LONG="" bash "$TREN_SOURCE/tests/campaign/test_kill.sh" $((wanted / processes)) $((100 * seed + i)) >"part$i" &
        pids+=($!)
    done
    for pid in "${pids[@]}"; do wait "$pid" || fail "a part of the kills failed"; done
    cat part*
    awk '/kills in/ { k += $1; l += $4; r += $6 } END { print k, "kills in", l, "launches,", r, "of which resumed: all runs end as the undisturbed one" }' part*
    exit 0
fi

exec 2> >(grep -v ' Killed  ' >&2) # bash tells of each

RANDOM=$seed
points=(begin created parameters states closed linked renamed "done")
counts=(1 1 2 2 2 2 2 3 4 5 8) # few start sooner
declare -A killed=()           # by point, or by victim
kills=0 launches=0 resumes=0 runs=0 hangs=0

make_classes data.h5 800
cat >config.yaml <<'YAML'
data: data.h5
shards: 8
batch_size: 32
model.hidden: [48, 32]
dropout: [0.05, 0.1, 0.1]
optimizer: {name: adamw, learning_rate: 0.002, lambda: 1, clip_norm: 1}
schedule: {name: cosine, warmup_steps: 50}
early_stopping: {rule: patience, patience: 15}
epochs: 60
checkpoint_steps: 10
reduction: auto
plots: false
YAML

pick() { echo "${@:RANDOM % $# + 1:1}"; }

# Another number of ranks than the last.
next_ranks() {
    local now=$ranks
    while [[ $now -eq $ranks ]]; do now=$(pick "${counts[@]}"); done
    ranks=$now
}

launch() { # [TREN_TEST_KILL=...]
    env "$@" mpirun -n "$ranks" "$tren" train config.yaml --out run --resume >run.out 2>&1 &
    mpirun=$!
    launches=$((launches + 1))
}

# mpirun and its ranks are gone; its exit code is in $code. Open MPI 4.1's own mpirun may hang when all its ranks are
# gone: that is counted, and it is killed; a rank that is left is a failure.
landed() {
    local i
    code=0
    for ((i = 0; i < 1200; i++)); do
        kill -0 "$mpirun" 2>/dev/null || break
        [[ $((i % 400)) -lt 399 || $(own_processes tren) ]] || break # 20 seconds
        sleep 0.05
    done
    if kill -0 "$mpirun" 2>/dev/null; then
        [[ -z $(own_processes tren) ]] || fail "ranks do not end: $(own_processes tren): $(tail -n 5 run.out)"
        hangs=$((hangs + 1))
        kill -KILL "$mpirun"
    fi
    wait "$mpirun" 2>/dev/null || code=$?
}

count() {
    killed[$1]=$((${killed[$1]:-0} + 1))
    kills=$((kills + 1))
}

# A save comes to one of its points, and is no more.
kill_in_save() {
    local point
    point=$(pick "${points[@]}")
    tren=$mortal launch "TREN_TEST_KILL=$point:$((RANDOM % 9 + 1))"
    landed
    if [[ $code -eq $killed_code ]]; then count "$point"; else [[ $code -eq 0 ]] || fail "run $runs: $(cat run.out)"; fi
}

trains() { grep -qs "recipe:" run.out || ! kill -0 "$mpirun" 2>/dev/null; }

# Within the first third of an undisturbed training, so that a run lives through several launches.
moment() { awk -v r="$RANDOM" -v s="$training" 'BEGIN { printf "%.3f", r / 32768 * 0.33 * s }'; }

# At a moment of its life, a launch loses a rank, several ranks, or mpirun.
kill_somebody() {
    local victim=$1 pids=()
    launch
    # Open MPI 4.1's own mpirun may hang when a rank dies while it connects: ranks are killed once they train.
    [[ $victim == mpirun && $((RANDOM % 2)) -eq 0 ]] || await trains
    sleep "$(moment)"
    case $victim in
    mpirun) pids=("$mpirun") ;;
    rank) mapfile -t pids < <(own_processes tren | shuf -n 1 --random-source=<(yes "$RANDOM")) ;;
    ranks) mapfile -t pids < <(own_processes tren | shuf -n 3 --random-source=<(yes "$RANDOM")) ;;
    esac
    if kill -0 "$mpirun" 2>/dev/null && [[ ${#pids[@]} -gt 0 ]] && kill -KILL "${pids[@]}" 2>/dev/null; then
        landed
        [[ $code -eq 0 ]] || count "$victim"
    else
        landed
        [[ $code -eq 0 ]] || fail "run $runs: exit code $code: $(cat run.out)"
    fi
}

# Ranks outlive a killed mpirun by up to a second, and write until then.
alone() { [[ -z $(own_processes mpirun tren) ]]; }

# One run, killed until it is there. The last launches of one that is killed without end are left alone.
torment() {
    local launch
    rm -rf run
    for ((launch = 0; launch < 12; launch++)); do
        next_ranks
        if [[ $((RANDOM % 3)) -eq 0 ]]; then kill_in_save; else kill_somebody "$(pick rank ranks mpirun)"; fi
        await alone
        [[ ! -f run/result.json ]] || return 0
    done
}

ranks=1
mpi 2 "$tren" train config.yaml --out plain >plain.out 2>&1 || fail "$(cat plain.out)"
[[ $(field plain status) == finished && $(field plain epochs) -ge 20 ]] || fail "plain run: $(cat plain/result.json)"
training=$(field plain wall_seconds)

while [[ $kills -lt $wanted ]]; do
    runs=$((runs + 1))
    torment
    next_ranks
    launch
    landed
    [[ $code -eq 0 ]] || fail "run $runs, last launch: exit code $code: $(cat run.out)"
    ! grep "warning.*h5" run/run.log || fail "run $runs: a checkpoint was damaged"
    resumes=$((resumes + $(grep -c "resumed from" run/run.log)))
    same_run plain run
    echo "run $runs: as the undisturbed one, $kills kills so far"
    [[ -z $(own_processes mpirun tren) ]] || fail "run $runs: processes are left: $(own_processes mpirun tren)"
    rm -rf "${shared_memory:?}"/* mpi/*
done

inside=0
for point in "${points[@]}"; do inside=$((inside + ${killed[$point]:-0})); done
[[ $inside -ge $((kills / 10)) ]] || fail "only $inside kills inside saves"
[[ $resumes -ge $((launches / 3)) ]] || fail "only $resumes launches began from a checkpoint"
echo "$runs of $runs runs end as the undisturbed one: digest $(field plain digest)"
echo "$kills kills in $launches launches, $resumes of which began from a checkpoint"
echo "inside saves: $inside ($(for point in "${points[@]}"; do echo -n "$point ${killed[$point]:-0} "; done))"
echo "hangs of mpirun itself, all ranks gone: $hangs"
echo "at random: rank ${killed[rank]:-0}, several ranks ${killed[ranks]:-0}, mpirun ${killed[mpirun]:-0}"
