#!/usr/bin/env bash
# Damaged checkpoints are refused and the one before is used; full disks, second runs and lost names cost nothing good.
# shellcheck source=tests/program/lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"

make_classes data.h5 1500
cat >config.yaml <<'END'
data: data.h5
shards: 8
batch_size: 64
model.hidden: [48, 32]
dropout: 0.1
optimizer: {name: adam, learning_rate: 0.003}
epochs: 3
checkpoint_steps: 10
END

train() { # RANKS RUN [OPTION ...]
    local ranks=$1 run=$2
    shift 2
    mpi "$ranks" "$tren" train config.yaml --out "$run" "$@"
}

fresh_copy() { # RUN   As it was when it was stopped.
    rm -rf "$1"
    cp -r --preserve=links stopped "$1"
}

flip() { # FILE OFFSET   Turns one bit.
    local byte
    byte=$(od -An -tu1 -j "$2" -N 1 "$1")
    printf '%b' "\\x$(printf %02x $((byte ^ 16)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

offset_of() { LC_ALL=C grep -obUam 1 -- "$2" "$1" | head -n 1 | cut -d: -f1; } # FILE TEXT

# Where the raw bytes of a dataset begin: address_of FILE NAME
address_of() {
    "$h5py" -c "import h5py, sys; print(h5py.File(sys.argv[1])[sys.argv[2]].id.get_offset())" "$1" "$2"
}

# With last.h5 damaged, the run goes on from previous.h5 and ends as ever.
falls_back() { # RUN MESSAGE
    expect 0 "$2" train 3 "$1" --resume
    grep -qF "using $1/previous.h5, the previous checkpoint" output || fail "$1: $(cat output)"
    grep -qF "resumed from $1/previous.h5: epoch 2, step 1" output || fail "$1: $(cat output)"
    same_run plain "$1"
}

test_truncated() {
    local size keep
    size=$(stat -c %s stopped/last.h5)
    for keep in 0 1 $((size / 2)) $((size - 1)); do
        fresh_copy cut
        truncate -s "$keep" cut/last.h5
        case $keep in
        0) falls_back cut "cut/last.h5: the file is empty" ;;
        1) falls_back cut "not an HDF5 file" ;;
        *) falls_back cut "truncated file" ;;
        esac
    done
}

# A bit of whatever the checkpoint consists of: metadata by HDF5's checksums, the rest by the digest.
test_flipped() {
    local place offset message
    for place in superblock attribute config metrics history weights state; do
        fresh_copy flipped
        case $place in
        superblock) offset=20 ;;
        attribute) offset=$(offset_of flipped/last.h5 dataset_digest) ;;
        config) offset=$(offset_of flipped/last.h5 "batch_size: 64") ;;
        metrics) offset=$(offset_of flipped/last.h5 "epoch,steps,train_loss") ;;
        *)
            [[ $h5py ]] || continue
            case $place in
            weights) offset=$(($(address_of flipped/last.h5 "$first_parameter") + 7)) ;;
            history) offset=$(address_of flipped/last.h5 /history) ;;
            state) offset=$(($(address_of flipped/last.h5 "$first_state") + 1001)) ;;
            esac
            ;;
        esac
        [[ -n $offset ]] || fail "no $place in the checkpoint"
        flip flipped/last.h5 "$offset"
        case $place in
        superblock | attribute) message="flipped/last.h5: cannot open" ;;
        *) message="flipped/last.h5 is damaged: its content has digest" ;;
        esac
        [[ $place != attribute ]] || message="flipped/last.h5"
        falls_back flipped "$message"
    done
}

# A damaged last.h5 must never take the place of the good previous.h5, not even in a killed save.
test_killed_after_damage() {
    local point
    for point in linked closed renamed; do
        fresh_copy again
        truncate -s 1000 again/last.h5
        expect $killed_code "using again/previous.h5" env "TREN_TEST_KILL=$point:1" mpirun -n 2 "$mortal" \
            train config.yaml --out again --resume
        expect 0 "resumed from again/" train 4 again --resume
        same_run plain again
    done
}

test_both_damaged() {
    fresh_copy both
    truncate -s 0 both/last.h5
    truncate -s 5000 both/previous.h5
    find both -type f ! -name run.log -exec sha256sum {} + >before
    expect 7 "no checkpoint in both can be read" train 2 both --resume
    sha256sum --quiet -c before || fail "a file was changed"
    [[ $(find both -type f ! -name run.log | wc -l) -eq $(wc -l <before) ]] || fail "a file came or went"
    expect 2 "both already holds a run" train 2 both
}

# Weights to begin from and best weights are held to their digests as well.
test_other_files() {
    fresh_copy others
    local best=$PWD/others/best.h5
    if [[ $h5py ]]; then
        flip "$best" $(($(address_of "$best" "$first_parameter") + 7))
        expect 7 "others/best.h5 is damaged" train 2 begun --init_from "$best" --optimizer.name sgd
        rm -r begun
    fi
    truncate -s 3000 "$best"
    expect 7 "init_from: $best" train 2 begun --init_from "$best"
    expect 7 "warning: others/best.h5 does not hold the best weights" train 1 others --resume --max_steps 30
    # All else is there, and it is said once more.
    [[ $(field others status) == finished && $(field others steps) -eq 30 && $(field others test_loss) == null ]] || fail "$(cat others/result.json)"
    rm "$best"
    # A later epoch is better and writes the file anew.
    expect 0 "warning: others/best.h5 does not hold the best weights" train 2 others --resume --max_steps 40
    [[ $(field others best_epoch) -eq 2 && -s $best ]] || fail "$(cat others/result.json)"
    truncate -s 0 "$best"
    expect 7 "this run has ended, but others/best.h5 is lost" train 2 others --resume --max_steps 40
    [[ $(field others best_epoch) -eq 2 ]] || fail "the result of a run that has ended is lost"
}

# Where the folder's disk is full for a while: periodic saves fail, training continues, nothing good is lost.
test_full_disk() {
    mkdir small
    mount -t tmpfs -o size=700k tmpfs small 2>/dev/null || {
        echo "full disk: skipped, as a small tmpfs cannot be mounted here"
        return 0
    }
    trap 'umount "$scratch/small"; teardown' EXIT
    expect 0 "" train 2 small/run --max_steps 25
    cp small/run/last.h5 kept.h5
    dd if=/dev/zero of=small/filler bs=1k count=2000 2>/dev/null || true
    expect 7 "No space left on device" train 3 small/run --resume --max_steps 45
    grep -q "warning: this checkpoint failed, training continues: .*No space left" output || fail "$(cat output)"
    cmp kept.h5 small/run/last.h5 || fail "last.h5 was changed"
    [[ -z $(find small/run -name '*.tmp') ]] || fail "left over: $(find small/run -name '*.tmp')"

    # A signal that cannot be obeyed is an error too.
    mpirun -n 2 "$tren" train config.yaml --out small/run --resume --epochs 1000000 >signalled 2>&1 &
    local launched=$! code=0
    await grep -qs "training continues" signalled
    kill -USR1 "$launched"
    wait "$launched" || code=$?
    [[ $code -eq 7 ]] || fail "exit code $code, not 7: $(tail -n 9 signalled)"
    cmp kept.h5 small/run/last.h5 || fail "last.h5 was changed"

    # With room again, it goes on, and metrics.csv is whole.
    rm small/filler
    expect 0 "resumed from small/run/last.h5: epoch 2, step 6" train 1 small/run --resume
    same_run plain small/run

    # Full in the middle: the best weights wait in memory.
    mpirun -n 2 "$tren" train config.yaml --out small/live --epochs 400 --batch_size 16 --checkpoint_steps 50 >live 2>&1 &
    launched=$!
    await grep -qs "^epoch" live
    dd if=/dev/zero of=small/filler bs=1k count=2000 2>/dev/null || true
    await grep -qs "training continues" live
    sleep 0.1
    rm small/filler
    wait "$launched" || fail "exit code $?: $(tail -n 9 live)"
    umount small
    trap teardown EXIT
}

in_use() { # A second run on the folder of one that runs, alone or on several ranks.
    find live2 -type f ! -name run.log -exec sha256sum {} + >before
    expect 3 "the run folder live2 is in use by another run" "$@"
    sha256sum --quiet -c before || fail "the second run touched the first one's folder"
}

test_two_runs() {
    local launched pids code=0
    mpirun -n 2 "$tren" train config.yaml --out live2 --epochs 1000000 >live2.out 2>&1 &
    launched=$!
    await grep -qs "^epoch" live2.out
    mapfile -t pids < <(own_processes tren)
    kill -STOP "${pids[@]}"
    in_use train 2 live2 --resume
    in_use "$tren" train config.yaml --out live2
    kill -KILL "$launched" "${pids[@]}"
    wait "$launched" 2>/dev/null || true
    expect 0 "resumed from live2/last.h5" train 3 live2 --resume --max_steps 1
    # Without its mpirun a rank lives on for up to a second: the next run waits for the lock until then.
    mpirun -n 2 "$tren" train config.yaml --out live3 --epochs 1000000 >live3.out 2>&1 &
    launched=$!
    await grep -qs "^epoch" live3.out
    kill -KILL "$launched"
    expect 0 "resumed from live3/last.h5" train 3 live3 --resume --max_steps 1
    wait "$launched" 2>/dev/null || code=$?
    [[ $code -eq 137 ]] || fail "mpirun: exit code $code"
}

# A run whose folder goes away ends with an error that says what is lost, and never writes into another run's folder.
gone() { # CODE MESSAGE COMMAND ...   What is done to the folder `live4` of a run that goes on.
    local want=$1 message=$2 launched code=0
    shift 2
    rm -rf live4
    "$tren" train config.yaml --out live4 --epochs 1000000 --batch_size 1 --checkpoint_steps 0 >live4.out 2>&1 &
    launched=$!
    await test -s live4/best.h5 -a -s live4/last.h5
    while touch seen && await test live4/last.h5 -nt seen && kill -STOP "$launched" && compgen -G 'live4/*.tmp' >/dev/null; do
        kill -CONT "$launched" # it was in the middle of a save
    done
    "$@"
    kill -CONT "$launched"
    kill -USR1 "$launched"
    wait "$launched" || code=$?
    [[ $code -eq $want ]] || fail "$*: exit code $code, not $want: $(tail -n 9 live4.out)"
    grep -qF "$message" live4.out || fail "$*: no '$message' in $(tail -n 9 live4.out)"
}
empty() { rm -r live4 && mkdir live4; }
replace() { rm -r live4 && cp -r plain live4 && touch live4/.lock && cp -r live4 live4.before; }

test_folder_gone() {
    gone 3 "the run folder live4 was removed during the run: its checkpoints" rm -r live4
    gone 3 "lost: best.h5; train again" empty
    [[ -s live4/last.h5 ]] || fail "the last weights are not kept"
    gone 3 "the run folder live4 was removed, and now belongs to another run" replace
    diff -r live4 live4.before || fail "the other run's folder was changed"
    gone 75 "metrics.csv was changed or removed" rm live4/config.yaml live4/metrics.csv
    "$tren" config live4/config.yaml >/dev/null || fail "config.yaml was not written anew"
    [[ $(tail -n 1 live4/metrics.csv) == [0-9]* ]] || fail "metrics.csv was not written anew"
}

# says COUNT TEXT FILE
says() { [[ $(grep -cF "$2" "$3") -eq $1 ]] || fail "not $1 times '$2': $(tail -n 20 "$3")"; }

# A run goes on in its folder wherever that is moved; where it is gone, that is said once and not at each save.
test_folder_moved() {
    local launched code=0
    "$tren" train config.yaml --out live5 --epochs 1000000 --batch_size 1 --checkpoint_steps 0 --max_steps 30000 >live5.out 2>&1 &
    launched=$!
    await test -s live5/best.h5 -a -s live5/last.h5
    kill -STOP "$launched" && mv live5 "moved here" && kill -CONT "$launched"
    wait "$launched" || fail "$(tail -n 9 live5.out)"
    says 1 "warning: the run folder live5 was moved to $PWD/moved here during the run" live5.out
    says 1 "warning" live5.out
    says 1 "run folder: $PWD/moved here" live5.out
    [[ ! -e live5 && -s "moved here/result.json" ]] || fail "the result is not in the moved folder"
    "$tren" train config.yaml --out straight --epochs 1000000 --batch_size 1 --checkpoint_steps 0 --max_steps 30000 >/dev/null
    same_run straight "moved here"
    rm -rf live6
    "$tren" train config.yaml --out live6 --epochs 1000000 --batch_size 1 --checkpoint_steps 0 >live6.out 2>&1 &
    launched=$!
    await test -s live6/best.h5 -a -s live6/last.h5
    until rm -rf live6 2>/dev/null && [[ ! -e live6 ]]; do :; done # it may be writing into it
    await grep -qs "was removed or replaced during the run: nothing can be saved" live6.out
    local epochs
    epochs=$(grep -c "^epoch" live6.out)
    some_more() { [[ $(grep -c "^epoch" live6.out) -gt $((epochs + 5)) ]]; }
    await some_more
    kill -USR1 "$launched"
    wait "$launched" || code=$?
    [[ $code -eq 3 ]] || fail "removed: exit code $code: $(tail -n 9 live6.out)"
    # One file may be missed while rm is at work; then it is said, and once.
    [[ $(sed -n '/was removed or replaced/,$p' live6.out | grep -c "^warning") -eq 1 ]] || fail "$(cat live6.out)"
}

# metrics.csv is a copy of what the checkpoint holds: a file that lost rows is noticed, and written anew.
test_metrics_lost() {
    local launched
    for how in empty cut gone; do
        rm -rf lost && cp -r stopped lost
        case $how in
        empty) : >lost/metrics.csv ;;
        gone) rm lost/metrics.csv ;;
        cut) head -n 1 stopped/metrics.csv >lost/metrics.csv ;;
        esac
        expect 0 "lost/metrics.csv did not have the rows of the checkpoint; it was written again from the checkpoint" train 1 lost --resume
        same_run plain lost
        : >lost/metrics.csv # and of a run that has ended
        expect 0 "lost/metrics.csv did not have the rows" train 1 lost --resume
        grep -qF "nothing to do" output || fail "$(cat output)"
        same_run plain lost
        expect 0 "nothing to do" train 1 lost --resume
        refuse_part "warning"
    done
    "$tren" train config.yaml --out live7 --epochs 1000000 --batch_size 1 --checkpoint_steps 0 --max_steps 30000 >live7.out 2>&1 &
    launched=$!
    await test -s live7/best.h5 -a -s live7/last.h5
    kill -STOP "$launched" && : >live7/metrics.csv && kill -CONT "$launched"
    wait "$launched" || fail "$(tail -n 9 live7.out)"
    says 1 "warning: live7/metrics.csv was changed or removed during the run" live7.out
    same_run straight live7
}

h5py="" # a Python that has it
for python in /usr/bin/python3 python3; do
    [[ $h5py ]] || ! "$python" -c "import h5py" 2>/dev/null || h5py=$python
done
[[ $h5py ]] || echo "no h5py: no bits of the weights are flipped"
expect 0 "" train 2 plain
expect 0 "" train 2 stopped --max_steps 25
if [[ $h5py ]]; then
    first_parameter=/parameters/$("$h5py" -c "import h5py
names = h5py.File('stopped/last.h5')['parameters'].attrs['names']
print(names[0].decode() if isinstance(names[0], bytes) else names[0])")
    first_state=$("$h5py" -c "import h5py; print('/optimizer/' + next(iter(h5py.File('stopped/last.h5')['optimizer'])))")
fi
all=(truncated flipped killed_after_damage both_damaged other_files full_disk two_runs folder_gone folder_moved metrics_lost)
[[ $# -gt 0 ]] || set -- "${all[@]}"
for name in "$@"; do "test_$name"; done
echo "damage, full disks and second runs: all as expected"
