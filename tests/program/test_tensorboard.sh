#!/usr/bin/env bash
# tensorboard: true leaves an event file with each column of metrics.csv, checksums and all; a run that was killed and
# resumed has each step once; a file that cannot be written costs a warning and nothing else.
# shellcheck source=tests/program/lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"
command -v python3 >/dev/null || skip "no python3 to read event files"

make_classes classes.h5 300
cat >run.yaml <<'END'
{data: classes.h5, shards: 2, batch_size: 32, model.hidden: [16], plots: false, progress: off, tensorboard: true}
END
events() { python3 "$TREN_SOURCE/tests/program/read_events.py" "$@" | cut -d ' ' -f 2-; }

# same_as_metrics RUN   The event file has the numbers of metrics.csv, each step and column once.
same_as_metrics() {
    events "$1" | sort >events.txt || fail "the event file of $1 cannot be read"
    python3 - "$1" <<'END' | sort >metrics.txt
import csv, struct, sys
for row in csv.DictReader(open(sys.argv[1] + "/metrics.csv")):
    for name, cell in row.items():
        if cell and name not in ("epoch", "digest"):
            print(row["epoch"], name, repr(struct.unpack("<f", struct.pack("<f", float(cell)))[0]))
END
    [[ -s metrics.txt ]] || fail "$1 has no metrics"
    diff events.txt metrics.txt >differences || fail "$1: events and metrics.csv differ: $(head differences)"
}

"$tren" train run.yaml --out plain --epochs 5 >/dev/null
same_as_metrics plain
[[ $(grep -c " train_loss " events.txt) -eq 5 ]] || fail "five epochs are not $(grep -c " train_loss " events.txt)"
"$tren" train run.yaml --out off --epochs 1 --no-tensorboard >/dev/null
compgen -G "off/events*" && fail "an event file that nobody asked for"
[[ $(field plain digest) == $("$tren" train run.yaml --out other --epochs 5 --no-tensorboard | sed -n 's/^digest //p') ]] ||
    fail "an event file changes the weights"

# Killed, and resumed: what an earlier launch wrote beyond its checkpoint is written again, once.
mpi 2 env TREN_TEST_KILL=renamed:3 "$mortal" train run.yaml --out killed --epochs 5 >killed.log 2>&1 && fail "it was not killed"
compgen -G "killed/events*" >/dev/null || fail "no event file of a killed run"
"$tren" train run.yaml --out killed --epochs 5 --resume >/dev/null
same_as_metrics killed
[[ $(compgen -G "killed/events*" | wc -l) -eq 1 ]] || fail "more than one event file: $(ls killed)"
"$tren" train run.yaml --out killed --epochs 7 --resume >/dev/null
same_as_metrics killed

# A disk that has no room for it, as far as this file is concerned.
cat >full.c <<'END'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
int open(const char *path, int flags, ...) {
    va_list args;
    va_start(args, flags);
    mode_t mode = flags & O_CREAT ? va_arg(args, mode_t) : 0;
    va_end(args);
    if (strstr(path, "tfevents")) {
        errno = ENOSPC;
        return -1;
    }
    return ((int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open"))(path, flags, mode);
}
END
if "${CC:-cc}" -shared -fPIC -o full.so full.c -ldl 2>/dev/null; then
    expect 0 "warning: tensorboard: cannot write" env LD_PRELOAD="$PWD/full.so" "$tren" train run.yaml --out full --epochs 5
    grep -q "No space left on device" output || fail "no reason in: $(cat output)"
    [[ $(grep -c "warning: tensorboard" output) -eq 1 ]] || fail "not one warning: $(cat output)"
    same_run plain full
else
    echo "a full disk is not tried: no C compiler"
fi

python=python3
[[ ! -x ${TREN_TENSORBOARD:-} ]] || python=$TREN_TENSORBOARD
if ! "$python" -c 'import tensorboard' 2>/dev/null; then
    echo "one scalar a column, killed and resumed; TensorBoard itself is not asked: no Python with the package tensorboard"
    exit 0
fi
"$python" - killed <<'END' || fail "TensorBoard reads something else"
import csv, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
board = EventAccumulator(sys.argv[1], size_guidance={"scalars": 0, "tensors": 0})
board.Reload()
rows = list(csv.DictReader(open(sys.argv[1] + "/metrics.csv")))
seen = board.Scalars("train_loss") if "train_loss" in board.Tags()["scalars"] else board.Tensors("train_loss")
assert [event.step for event in seen] == [int(row["epoch"]) for row in rows], seen
if hasattr(seen[0], "value"):
    assert all(abs(event.value - float(row["train_loss"])) < 1e-5 for event, row in zip(seen, rows)), seen
assert len(board.Tags()["scalars"]) + len(board.Tags()["tensors"]) == len(rows[0]) - 2, board.Tags()
END
echo "one scalar a column, killed and resumed, and TensorBoard reads them"
