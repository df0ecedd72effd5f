#!/usr/bin/env bash
# Network namespaces stand in for two and three hosts, each with its own name and /dev/shm: `auto` must see how far
# shared memory reaches, and every engine must give the bits of one rank, whatever ranks are on whatever host.
set -euo pipefail

skip() {
    echo "skipped: $*"
    exit 77
}

fail() {
    echo "FAILED: $*" >&2
    exit 1
}

[[ $EUID -eq 0 ]] || skip "network namespaces need root"
for name in ip nsenter unshare; do
    command -v "$name" >/dev/null || skip "$name is not installed"
done
[[ $("$TREN_BIN/tren" launch) == *"mpi: Open MPI"* ]] || skip "the options used here are Open MPI's"

tren=$TREN_BIN/tren
# Names of at most 15 letters for the links, and a net of their own: no other run of this test is disturbed.
readonly tag=$$ net=10.$((64 + RANDOM % 64)).$((RANDOM % 256))
readonly switch=tren-$tag-s
scratch=$(mktemp -d)

clean_up() {
    local i
    for i in 1 2 3; do ip netns del "tren-$tag-$i" 2>/dev/null || true; done
    ip netns del "$switch" 2>/dev/null || true
    rm -rf "$scratch"
}
trap clean_up EXIT
trap 'exit 143' TERM INT HUP

# Three hosts at one switch.
make_hosts() {
    local i
    ip netns add "$switch" && ip -n "$switch" link add bridge type bridge && ip -n "$switch" link set bridge up || return
    for i in 1 2 3; do
        ip netns add "tren-$tag-$i" &&
            ip link add "v$tag-$i" netns "tren-$tag-$i" type veth peer name "w$i" netns "$switch" &&
            ip -n "$switch" link set "w$i" master bridge && ip -n "$switch" link set "w$i" up &&
            ip -n "tren-$tag-$i" addr add "$net.$i/24" dev "v$tag-$i" &&
            ip -n "tren-$tag-$i" link set lo up && ip -n "tren-$tag-$i" link set "v$tag-$i" up || return
        # Slow links, where there is tc: what does not wait for values that still travel is found out.
        ip netns exec "tren-$tag-$i" tc qdisc replace dev "v$tag-$i" root tbf rate 200mbit burst 64kb latency 100ms 2>/dev/null || true
    done
}

# Stands in for ssh: HOST COMMAND ...
make_shell() {
    mkdir -p "$scratch/mpi" # the daemons of two hosts must not meet there
    cat >"$scratch/shell" <<SH
#!/bin/sh
while [ "\${1#-}" != "\$1" ]; do shift; done
case "\$1" in
    $net.[123]) host=tren-$tag-\${1##*.} ;;
    *) echo "no host \$1" >&2; exit 255 ;;
esac
shift
exec nsenter --net="/run/netns/\$host" unshare --uts --mount sh -c \
    "hostname \$host; for i in /dev/shm '$scratch/mpi'; do mount -t tmpfs tmpfs \\\$i; done; cd '$scratch'; \$*"
SH
    chmod +x "$scratch/shell"
}

# Open MPI 5 has other names for the options of its launcher.
by_shell="--mca plm rsh --mca plm_rsh_agent $scratch/shell --mca plm_rsh_no_tree_spawn 1 --mca oob_tcp_if_include $net.0/24"
[[ $("$tren" launch) != *"mpi: Open MPI 5"* ]] ||
    by_shell="--prtemca plm ssh --prtemca plm_ssh_agent $scratch/shell --prtemca plm_ssh_no_tree_spawn 1 --prtemca prte_if_include $net.0/24"

# Ranks on each host, and how they are numbered: slot (host after host) or node (by turns). The launch is told by
# options alone, as variables do not reach the other hosts.
on_hosts() { job_on_hosts "$1" "$2" train "${@:3}"; } # ranks of each host; slot or node; what follows `tren train`
job_on_hosts() { # the same; what follows `tren`
    local ranks=$1 order=$2 i=0 n=0 count code
    shift 2
    : >"$scratch/hosts"
    for count in $ranks; do
        i=$((i + 1)) n=$((n + count))
        echo "$net.$i slots=$count" >>"$scratch/hosts"
    done
    for _ in 1 2 3; do # the daemons of Open MPI 5 now and then lose each other at the start
        code=0
        env -u OMPI_MCA_oob_tcp_if_include -u OMPI_MCA_btl_tcp_if_include timeout -k 5 60 "$scratch/shell" "$net.1" \
            "mpirun $by_shell --mca btl_tcp_if_include $net.0/24 --bind-to none --map-by $order \
            --mca mpi_yield_when_idle 1 --hostfile $scratch/hosts -n $n $tren $*" >"$scratch/out" 2>&1 || code=$?
        grep -q "PRTE has lost communication" "$scratch/out" && ! grep -q "^recipe:" "$scratch/out" || return $code
    done
    return $code
}

digest_of() { sed -n 's/^ *"digest": "\(.*\)",/\1/p' "$scratch/$1/result.json"; } # run folder

write_config() { # file, hidden layers, epochs
    cat >"$scratch/$1" <<YAML
data: waves.h5
shards: 12
batch_size: 64
model.hidden: [$2]
dropout: [0, 0.1, 0.1]
optimizer.learning_rate: 0.02
optimizer.lambda: 0.1
bucket_kib: 16
epochs: $3
plots: false
progress: off
YAML
}

make_runs() {
    local run
    "$tren" data make sinusoid --n 2500 --out waves.h5 >out || fail "$(cat out)"
    write_config large.yaml 300,100 2
    write_config small.yaml 30,20 2
    write_config long.yaml 300,100 12
    for run in large small long; do
        "$tren" train "$run.yaml" --out "$run-1" >out 2>&1 || fail "$(cat out)"
    done
}

expect_digest() { # run folder, config
    [[ $(digest_of "$1") == "$(digest_of "$2-1")" ]] ||
        fail "$1: digest $(digest_of "$1"), not that of one rank, $(digest_of "$2-1")"
}

runs=0
test_launch() { # config; ranks of each host; slot or node; reduction; the engine it must be
    local out=run-$((runs += 1)) what="$1 on '$2' by $3, reduction $4"
    on_hosts "$2" "$3" "$1.yaml" --out "$out" --reduction "$4" || fail "$what: $(cat "$scratch/out")"
    grep -q "on $(wc -w <<<"$2") nodes, reduction $5\$" "$scratch/out" || fail "$what: not $5: $(cat "$scratch/out")"
    expect_digest "$out" "$1"
    echo "$what ($5): $(digest_of "$out")"
}

test_shared_is_refused() {
    local code=0
    on_hosts '2 2' slot large.yaml --out refused --reduction shared || code=$?
    [[ $code -eq 2 ]] || fail "reduction shared on two hosts: exit code $code, not 2: $(cat "$scratch/out")"
    grep -q "4 ranks are on 2 nodes; use auto, halving or direct" "$scratch/out" ||
        fail "reduction shared on two hosts: no remedy in: $(cat "$scratch/out")"
    echo "reduction shared: refused"
}

# Each host is looked at once, however its ranks are numbered.
test_doctor() { # slot or node
    local i name what="doctor on '2 1 2' by $1"
    job_on_hosts '2 1 2' "$1" doctor --dir . || fail "$what: $(cat "$scratch/out")"
    grep -q "^ok  *job  *5 ranks on 3 nodes" "$scratch/out" || fail "$what: $(cat "$scratch/out")"
    job_on_hosts '2 1 2' "$1" doctor --dir . --json || fail "$what: $(cat "$scratch/out")"
    for i in 1 2 3; do
        for name in MPI "shared memory" BLAS clock; do
            [[ $(grep -A 1 "\"node\": \"tren-$tag-$i\"" "$scratch/out" | grep -c "\"name\": \"$name\"") -eq 1 ]] ||
                fail "$what: not one $name of host $i: $(cat "$scratch/out")"
        done
    done
    echo "$what: each host once"
}

# Stopped on three hosts, resumed on two, and on one rank of one.
test_resume_elsewhere() {
    on_hosts '2 1 2' node large.yaml --out moved --max_steps 40 || fail "$(cat "$scratch/out")"
    on_hosts '1 2' slot large.yaml --out moved --resume --max_steps 60 || fail "$(cat "$scratch/out")"
    "$tren" train large.yaml --out moved --resume >out 2>&1 || fail "$(cat out)"
    expect_digest moved large
    echo "40 steps on three hosts, 20 on two, the rest on one rank: $(digest_of moved)"
}

# ---- a rank dies, or stops -------------------------------------------------------------------------------------------

pid_of_rank() { # rank: of ours, on whichever host
    local process
    for process in /proc/[0-9]*; do
        [[ $process/cwd -ef $scratch && $(cat "$process/comm" 2>/dev/null) == tren ]] || continue
        ! grep -qzx "OMPI_COMM_WORLD_RANK=$1" "$process/environ" 2>/dev/null || echo "${process#/proc/}"
    done
}

wait_for_checkpoint() { # run folder
    local tries
    for ((tries = 0; tries < 600; tries++)); do
        [[ ! -e $scratch/$1/last.h5 ]] || return 0
        sleep 0.1
    done
    fail "$1: no checkpoint in a minute: $(cat "$scratch/out")"
}

# Hit by a signal after its first checkpoint, and then resumed, the run ends as if nothing had happened.
test_fault() { # signal; ranks of each host; slot or node; the rank that it hits; exit code, or "any" that is not 0
    local out=fault-$((runs += 1)) what="SIG$1 to rank $4 on '$2' by $3" code=0 launch stall=300
    [[ $1 != STOP ]] || stall=8
    on_hosts "$2" "$3" long.yaml --out "$out" --reduction hierarchical --checkpoint_steps 10 --stall_timeout $stall &
    launch=$!
    wait_for_checkpoint "$out"
    kill -"$1" "$(pid_of_rank "$4")" || fail "$what: there is no such rank"
    wait $launch || code=$?
    [[ $code -ne 0 && ($5 == any || $code -eq $5) ]] || fail "$what: exit code $code, not $5: $(cat "$scratch/out")"
    [[ $1 != STOP ]] || { grep -q "rank [0-9]* has made no progress" "$scratch/out" && ! grep -q "rank $4 has made" "$scratch/out"; } ||
        fail "$what: it is not told apart: $(cat "$scratch/out")"
    on_hosts "$2" "$3" long.yaml --out "$out" --reduction hierarchical --resume || fail "$what, resumed: $(cat "$scratch/out")"
    grep -q "resumed from" "$scratch/out" || fail "$what: it was not resumed: $(cat "$scratch/out")"
    expect_digest "$out" long
    echo "$what: exit code $code, resumed: $(digest_of "$out")"
}

# Two and three hosts of one to four ranks, even and not, each numbered in both ways.
test_placements() {
    local ranks order n=0
    for ranks in '2 2' '3 3' '4 4' '1 3' '4 2' '1 4' '2 2 2' '4 4 4' '1 2 3' '4 1 2'; do
        for order in slot node; do
            on_hosts "$ranks" "$order" large.yaml --out "place-$((n += 1))" --reduction hierarchical || fail "$ranks by $order: $(cat "$scratch/out")"
            expect_digest "place-$n" large
            test_fault KILL "$ranks" "$order" 1 any
            test_fault STOP "$ranks" "$order" 2 6
        done
    done
}

make_hosts 2>"$scratch/log" || skip "no network namespaces here: $(cat "$scratch/log")"
make_shell
cd "$scratch"
"$scratch/shell" "$net.1" true 2>"$scratch/log" || skip "no namespaces of mounts or names here: $(cat "$scratch/log")"
make_runs
test_launch large '2 2' slot auto 'hierarchical (halving)'
test_launch large '2 2' node auto 'hierarchical (halving)'
test_launch large '3 1' slot auto 'hierarchical (direct)'
test_launch large '3 2' node auto 'hierarchical (direct)'
test_launch large '1 1' slot auto halving
test_launch large '3 3 3' slot auto 'hierarchical (scatter)'
test_launch large '2 3 2' node auto 'hierarchical (direct)'
test_launch large '1 1 1' slot auto direct
test_launch small '2 2' node auto 'hierarchical (doubling)'
test_launch small '3 1 2' node auto 'hierarchical (scatter)'
test_launch small '1 1 1' slot auto scatter
test_launch large '2 2' node halving halving
test_launch large '2 1 2' node direct direct
test_launch large '2 1 2' node doubling doubling
test_launch large '2 2' node scatter scatter
test_shared_is_refused
test_doctor slot
test_doctor node
test_resume_elsewhere
test_fault KILL '3 1' slot 3 any
test_fault STOP '2 4' node 2 6
[[ ! ${TREN_LONG:-} ]] || test_placements
