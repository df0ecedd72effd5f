#!/usr/bin/env bash
# --trace: one file of all ranks that any reader of JSON reads, in which steps lie within epochs and phases within steps;
# a path that cannot be written is refused before anything is trained. The log names a rank that is slower than others.
# shellcheck source=tests/program/lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"

for python in /usr/bin/python3 python3; do command -v "$python" >/dev/null && break; done
command -v "$python" >/dev/null || skip "no python3, which reads the traces"
make_sinusoid waves.h5 1000
cat >run.yaml <<'YAML'
data: waves.h5
batch_size: 50
model.hidden: [16, 16]
epochs: 3
gradient_noise: 0
plots: false
progress: off
YAML

# check FILE RANKS STEPS LAYERS
check() {
    "$python" - "$@" <<'PY' || fail "$1: see above"
import collections, json, sys
path, ranks, steps, layers = sys.argv[1], *map(int, sys.argv[2:])
trace = json.load(open(path))
events = [e for e in trace["traceEvents"] if e["ph"] == "X"]
names = {e["pid"]: e["args"]["name"] for e in trace["traceEvents"] if e["name"] == "process_name"}
assert sorted(names) == list(range(ranks)) and names[0].startswith("rank 0 ("), names
assert 0 <= trace["otherData"]["clock_error_us"] < 1e5 and trace["otherData"]["events_lost"] == 0
lines = collections.defaultdict(list)
for e in events:
    begin = round(e["ts"] * 1000)
    assert begin >= -1e6, e
    lines[e["pid"], e["tid"]].append((begin, -round(e["dur"] * 1000), e))
for (rank, line), found in lines.items():
    stack = []
    for begin, minus, e in sorted(found, key=lambda x: x[:2]):
        while stack and stack[-1][0] <= begin:
            stack.pop()
        assert not stack or begin - minus <= stack[-1][0], (e, stack[-1][1])
        if e["cat"] == "step":
            assert stack and stack[-1][1]["cat"] == "epoch", "a step outside of an epoch"
        if e["name"] in ("forward", "backward") and e["cat"] == "phase":
            assert stack and stack[-1][1]["cat"] == "step", e
        stack.append((begin - minus, e))
for rank in range(ranks):
    count = collections.Counter(e["cat"] for _, _, e in lines[rank, 0])
    assert count["step"] == steps, (rank, count)
    forward = sum(e["name"] == "forward" for _, _, e in lines[rank, 0])
    assert forward >= steps, (rank, forward)  # it may wait for values in between
    assert len(lines[rank, 2]) == layers * steps, (rank, len(lines[rank, 2]))
    # a message waited for names another rank, within reduce or one of the other phases
    for _, _, e in lines[rank, 1]:
        assert 0 <= int(e["name"].rsplit(" ", 1)[1]) < ranks, e
assert ranks == 1 or any(lines[rank, 1] for rank in range(ranks)), "nobody waited for a message"
PY
}

test_file() {
    expect 0 "" "$tren" train run.yaml --out one --trace one.json
    check one.json 1 42 0
    expect 0 "" mpi 3 "$tren" train run.yaml --out three --trace three.json --trace-layers --reduction direct
    check three.json 3 42 10
    same_run one three # it changes no bit, and one.json stays what it was
    expect 0 "" mpi 2 "$tren" train run.yaml --out again --trace one.json --precision double
    check one.json 2 42 0
    # Stopped, it has what was done; resumed, the earlier trace is replaced by the rest.
    expect 75 "" "$tren" train run.yaml --out stopped --trace stopped.json --max_time 1 --epochs 1000000
    "$python" -m json.tool stopped.json >/dev/null || fail "the trace of a stopped run is no JSON"
    [[ -z $(find . -name '*.tmp') ]] || fail "left behind: $(find . -name '*.tmp')"
}

test_lost() {
    expect 0 "are missing: trace fewer steps" "$tren" train run.yaml --out long --trace long.json --trace-layers --epochs 2000
    "$python" -c 'import json; t = json.load(open("long.json")); assert t["otherData"]["events_lost"] > 0'
}

test_refused() {
    expect 2 "run.yaml exists already and is no trace of tren; name another file" "$tren" train run.yaml --out no --trace run.yaml
    expect 3 "gone/x.json" mpi 2 "$tren" train run.yaml --out no --trace gone/x.json
    expect 2 "needs --trace FILE" "$tren" train run.yaml --out no --trace-layers
    [[ ! -e no ]] || fail "a run was begun although its trace cannot be written"
}

# Rank 1 computes with the instructions of any CPU, on a CPU that has better ones: the same bits, but later.
test_straggler() {
    [[ $(nproc) -ge 2 && $(uname -m) == x86_64 ]] && grep -qw avx2 /proc/cpuinfo || return 0
    make_sinusoid long.h5 6000
    local -a wide=("$tren" train run.yaml --data long.h5 --gemm portable --optimizer.learning_rate 0.001 --model.hidden '256,256' --batch_size 256 --shards 2 --epochs 5 --out slow)
    expect 0 "straggler: rank 1 (" timeout -k 5 120 mpirun -n 1 "${wide[@]}" : -n 1 "${wide[@]}" --cpu baseline
    grep -qE "straggler: rank 1 \(.*\): (forward|backward) [0-9]+ % slower than the median of the ranks for 3 epochs" output ||
        fail "$(cat output)"
    grep -q "straggler: rank 1" slow/run.log || fail "the log of the run does not name it"
}

test_file
test_lost
test_refused
test_straggler
