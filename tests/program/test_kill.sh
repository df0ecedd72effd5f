#!/usr/bin/env bash
# Runs that are killed three times or more, each time resumed on another number of ranks, end as the run that nobody
# disturbed. TREN_KILL_RUNS=40 is the whole test, TREN_KILL_SEED another choice of moments and victims.
# shellcheck source=tests/program/lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"
needs_killing

exec 2> >(grep -v ' Killed  ' >&2) # bash tells of each

runs=${TREN_KILL_RUNS:-8}
RANDOM=${TREN_KILL_SEED:-1}
points=(begin created parameters states closed linked renamed "done")
counts=(1 2 3 4 5 8)
declare -A killed=() # by point, or by victim
kills=0 launches=0 resumes=0

make_classes data.h5 2000
cat >config.yaml <<'END'
data: data.h5
shards: 8
batch_size: 32
model.hidden: [96, 64]
dropout: [0.05, 0.1, 0.1]
optimizer: {name: adamw, learning_rate: 0.002, lambda: 1, clip_norm: 1}
schedule: {name: cosine, warmup_steps: 50}
early_stopping: {rule: patience, patience: 9}
epochs: 24
checkpoint_steps: 10
reduction: auto
END

pick() { echo "${@:RANDOM % $# + 1:1}"; }

# Another number of ranks than the last.
next_ranks() {
    local now=$ranks
    while [[ $now -eq $ranks ]]; do now=$(pick "${counts[@]}"); done
    ranks=$now
}

launch() { # RUN [VARIABLE=VALUE ...]
    local run=$1
    shift
    env "$@" mpirun -n "$ranks" "$tren" train config.yaml --out "$run" --resume >"$run.out" 2>&1 &
    mpirun=$!
    launches=$((launches + 1))
}

# mpirun and its ranks are gone; its exit code is in $code.
landed() {
    local i
    code=0
    for ((i = 0; i < 600; i++)); do
        kill -0 "$mpirun" 2>/dev/null || break
        sleep 0.05
    done
    ! kill -0 "$mpirun" 2>/dev/null || fail "mpirun hangs: $(tail -n 5 "$1.out")"
    wait "$mpirun" 2>/dev/null || code=$?
}

count() {
    killed[$1]=$((${killed[$1]:-0} + 1))
    kills=$((kills + 1))
    mine=$((mine + 1))
}

# A save comes to one of its points, and is no more.
kill_in_save() {
    local run=$1 point=$2
    launch "$run" "${killing[@]}" "TREN_TEST_KILL=$point:$((RANDOM % 9 + 1))"
    landed "$run"
    if [[ $code -eq 137 ]]; then count "$point"; else [[ $code -eq 0 ]] || fail "$run: $(cat "$run.out")"; fi
}

trains() { grep -qs "recipe:" "$1.out" || ! kill -0 "$mpirun" 2>/dev/null; }

# Within the first three quarters of an undisturbed training, however fast the machine.
moment() { awk -v r="$RANDOM" -v s="$training" 'BEGIN { printf "%.3f", r / 32768 * 0.75 * s }'; }

# At a moment of its life, a launch loses a rank, several ranks, or mpirun.
kill_somebody() {
    local run=$1 victim=$2 pids=()
    launch "$run"
    # Open MPI 4.1's own mpirun may hang when a rank dies while it connects: ranks are killed once they train.
    [[ $victim == mpirun && $((RANDOM % 2)) -eq 0 ]] || await trains "$run"
    sleep "$(moment)"
    case $victim in
    mpirun) pids=("$mpirun") ;;
    rank) mapfile -t pids < <(pgrep -P "$mpirun" | shuf -n 1 --random-source=<(yes "$RANDOM")) ;;
    ranks) mapfile -t pids < <(pgrep -P "$mpirun" | shuf -n 3 --random-source=<(yes "$RANDOM")) ;;
    esac
    if kill -0 "$mpirun" 2>/dev/null && [[ ${#pids[@]} -gt 0 ]] && kill -KILL "${pids[@]}" 2>/dev/null; then
        landed "$run"
        [[ $code -eq 0 ]] || count "$victim"
    else
        landed "$run"
        [[ $code -eq 0 ]] || fail "$run: exit code $code: $(cat "$run.out")"
    fi
}

ended() { [[ -f $1/result.json ]]; }

# Ranks outlive a killed mpirun by up to a second, and write until then.
alone() { [[ -z $(own_processes mpirun tren) ]]; }

# Three kills or more; a run that was quicker than they were is done again.
torment() { # RUN NUMBER
    local run=$1 order step
    for ((; ;)); do
        mine=0
        await alone
        rm -rf "$run"
        mapfile -t order < <(printf '%s\n' save "$(pick rank ranks)" mpirun "$(pick save rank none)" |
            shuf --random-source=<(yes "$RANDOM"))
        for step in "${order[@]}"; do
            next_ranks
            case $step in
            save) kill_in_save "$run" "${points[$2 % ${#points[@]}]}" ;;
            none) ;;
            *) kill_somebody "$run" "$step" ;;
            esac
            ! ended "$run" || break
        done
        [[ $mine -lt 3 ]] || return 0
    done
}

ranks=1
mpi 2 "$tren" train config.yaml --out plain >plain.out 2>&1 || fail "$(cat plain.out)"
[[ $(field plain status) == finished && $(field plain epochs) -ge 10 ]] || fail "plain run: $(cat plain/result.json)"
training=$(field plain wall_seconds)

for ((i = 0; i < runs; i++)); do
    torment "run$i" "$i"
    next_ranks
    launch "run$i"
    landed "run$i"
    [[ $code -eq 0 ]] || fail "run$i, last launch: exit code $code: $(cat "run$i.out")"
    ! grep "warning.*h5" "run$i/run.log" || fail "run$i: a checkpoint was damaged"
    resumes=$((resumes + $(grep -c "resumed from" "run$i/run.log")))
    same_run plain "run$i"
    [[ -z $(own_processes mpirun tren) ]] || fail "run$i: processes are left: $(own_processes mpirun tren)"
    rm -rf "run$i" "${shared_memory:?}"/* mpi/*
done

inside=0
for point in "${points[@]}"; do inside=$((inside + ${killed[$point]:-0})); done
[[ $inside -ge $((runs / 4)) ]] || fail "only $inside kills inside saves"
[[ $resumes -ge $((runs * 3 / 2)) ]] || fail "only $resumes launches began from a checkpoint"
echo "$runs of $runs runs end as the undisturbed one: digest $(field plain digest)"
echo "$kills kills in $launches launches, $resumes of which began from a checkpoint"
echo "inside saves: $inside ($(for point in "${points[@]}"; do echo -n "$point ${killed[$point]:-0} "; done))"
echo "at random: rank ${killed[rank]:-0}, several ranks ${killed[ranks]:-0}, mpirun ${killed[mpirun]:-0}"
