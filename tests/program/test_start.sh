#!/usr/bin/env bash
# What a start costs, counted: whatever the number of ranks, each rank makes the same collective calls, at most so many
# messages for each doubling of the ranks, and opens the dataset once; rank 0 alone looks into it.
# shellcheck source=tests/program/lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"
counter=$(realpath "${TREN_BUILD:-$TREN_BIN}")/tests/libcounter.so
[[ -e $counter ]] || skip "the counting library is not built with sanitizers"
needs_open_mpi

make_classes data.h5 3000
for i in {1..200}; do echo "Line $i of a text that goes on for some lines."; done >words.txt
"$tren" data import text words.txt --tokens 16 --split 80/10/10 --out text.h5 >/dev/null
train=("$tren" train --shards 16 --progress off --no-plots --max_steps 1)
readonly MOST_COLLECTIVES=90 MOST_MESSAGES=40 # of a rank; messages: for each doubling

# count RANKS OPTIONS ...   `counts` gets a line for each rank: rank, collectives, messages, opens.
count() {
    local ranks=$1
    shift
    rm -rf run
    mpi "$ranks" -x LD_PRELOAD="$counter" -x TREN_TEST_COUNT=.h5 "${train[@]}" --out run "$@" >output 2>&1 ||
        fail "$ranks ranks, $*: $(tail -n 20 output)"
    sed -n 's/^count: rank \([0-9]*\): \([0-9]*\) collectives, \([0-9]*\) messages, \([0-9]*\) opens$/\1 \2 \3 \4/p' \
        output | sort -n >counts
    [[ $(wc -l <counts) -eq $ranks ]] || fail "$ranks ranks, $*: $(wc -l <counts) of them have counted"
}

# The most of a column, over ranks from `first` on.
most() { awk -v column="$1" -v first="$2" '$1 >= first && $column > most { most = $column } END { print most + 0 }' counts; } # column first

check() { # what OPTIONS ...
    local what=$1 ranks height=0 collectives messages few=""
    shift
    for ranks in 2 4 8; do
        height=$((height + 1))
        count "$ranks" "$@"
        collectives=$(most 2 0) messages=$(most 3 0)
        echo "$what, $ranks ranks: at most $collectives collectives and $messages messages a rank;" \
            "opens of a dataset or checkpoint: rank 0 $(awk '$1 == 0 { print $4 }' counts), others at most $(most 4 1)"
        [[ -z $few || $collectives -eq $few ]] || fail "$what: $collectives collectives on $ranks ranks, $few on fewer"
        few=$collectives
        ((collectives <= MOST_COLLECTIVES)) || fail "$what: $collectives collectives, not $MOST_COLLECTIVES"
        ((messages <= MOST_MESSAGES * height)) || fail "$what: $messages messages on $ranks ranks"
        [[ $(most 4 1) -eq 1 ]] || fail "$what: a rank of $ranks opens the dataset $(most 4 1) times"
    done
}

check numbers --data data.h5 --model.hidden 6
check tokens --data text.h5 --model.name token_mlp --model.hidden 8
