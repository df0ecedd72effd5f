#!/usr/bin/env bash
# Two network namespaces stand in for two hosts, each with its own name and /dev/shm: `auto` must see that shared
# memory does not reach across, and every engine must give the bits of one rank.
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
readonly tag=$$
readonly host_a=tren-$tag-a host_b=tren-$tag-b net=10.$((64 + RANDOM % 64)).$((RANDOM % 256))
scratch=$(mktemp -d)

clean_up() {
    ip netns del "$host_a" 2>/dev/null || true
    ip netns del "$host_b" 2>/dev/null || true
    rm -rf "$scratch"
}
trap clean_up EXIT
trap 'exit 143' TERM INT HUP

make_hosts() {
    ip netns add "$host_a" && ip netns add "$host_b" &&
        ip link add "v$tag-a" netns "$host_a" type veth peer name "v$tag-b" netns "$host_b" &&
        ip -n "$host_a" addr add "$net.1/24" dev "v$tag-a" && ip -n "$host_b" addr add "$net.2/24" dev "v$tag-b" &&
        ip -n "$host_a" link set lo up && ip -n "$host_b" link set lo up &&
        ip -n "$host_a" link set "v$tag-a" up && ip -n "$host_b" link set "v$tag-b" up
}

# Stands in for ssh: HOST COMMAND ...
make_shell() {
    cat >"$scratch/shell" <<SH
#!/bin/sh
while [ "\${1#-}" != "\$1" ]; do shift; done
case "\$1" in
    $net.1) host=$host_a ;;
    $net.2) host=$host_b ;;
    *) echo "no host \$1" >&2; exit 255 ;;
esac
shift
exec nsenter --net="/run/netns/\$host" unshare --uts --mount sh -c \
    "hostname \$host; mount -t tmpfs tmpfs /dev/shm; cd '$scratch'; \$*"
SH
    chmod +x "$scratch/shell"
    printf '%s slots=2\n' "$net.1" "$net.2" >"$scratch/hosts"
}

# Open MPI 5 has other names for the options of its launcher.
by_shell="--mca plm rsh --mca plm_rsh_agent $scratch/shell --mca plm_rsh_no_tree_spawn 1 --mca oob_tcp_if_include $net.0/24"
[[ $("$tren" launch) != *"mpi: Open MPI 5"* ]] ||
    by_shell="--prtemca plm ssh --prtemca plm_ssh_agent $scratch/shell --prtemca plm_ssh_no_tree_spawn 1 --prtemca prte_if_include $net.0/24"

# 4 ranks, 2 on each host. The launch is told by options alone, as variables do not reach the second host.
on_two_hosts() { # what follows `tren train`
    env -u OMPI_MCA_oob_tcp_if_include -u OMPI_MCA_btl_tcp_if_include timeout -k 5 60 "$scratch/shell" "$net.1" \
        "mpirun $by_shell --mca btl_tcp_if_include $net.0/24 --bind-to none \
        --mca mpi_yield_when_idle 1 --hostfile $scratch/hosts -n 4 $tren train run.yaml $*" >"$scratch/out" 2>&1
}

digest_of() { sed -n 's/^ *"digest": "\(.*\)",/\1/p' "$scratch/$1/result.json"; } # run folder

make_run() {
    cat >"$scratch/run.yaml" <<'YAML'
data: waves.h5
shards: 8
batch_size: 64
model.hidden: [300, 100]
dropout: [0, 0.1, 0.1]
optimizer.learning_rate: 0.02
optimizer.lambda: 0.1
bucket_kib: 16
epochs: 2
plots: false
progress: off
YAML
    "$tren" data make sinusoid --n 2500 --out waves.h5 >out || fail "$(cat out)"
    "$tren" train run.yaml --out one >out 2>&1 || fail "$(cat out)"
    reference=$(digest_of one)
}

test_engine() { # reduction, the engine it must be
    on_two_hosts --out "$1" --reduction "$1" || fail "reduction $1: $(cat "$scratch/out")"
    grep -q "4 ranks on 2 nodes, reduction $2" "$scratch/out" || fail "reduction $1: not $2: $(cat "$scratch/out")"
    [[ $(digest_of "$1") == "$reference" ]] || fail "reduction $1: digest $(digest_of "$1"), not $reference"
    echo "reduction $1 ($2): $reference"
}

test_shared_is_refused() {
    local code=0
    on_two_hosts --out refused --reduction shared || code=$?
    [[ $code -eq 2 ]] || fail "reduction shared on two hosts: exit code $code, not 2: $(cat "$scratch/out")"
    grep -q "4 ranks are on 2 nodes; use auto, halving or direct" "$scratch/out" ||
        fail "reduction shared on two hosts: no remedy in: $(cat "$scratch/out")"
    echo "reduction shared: refused"
}

# Killed on two hosts, resumed on one rank of one.
test_resume_elsewhere() {
    on_two_hosts --out moved --max_steps 40 || fail "$(cat "$scratch/out")"
    "$tren" train run.yaml --out moved --resume >out 2>&1 || fail "$(cat out)"
    [[ $(digest_of moved) == "$reference" ]] || fail "resumed on one rank: digest $(digest_of moved), not $reference"
    echo "40 steps on two hosts, the rest on one rank: $reference"
}

make_hosts 2>"$scratch/log" || skip "no network namespaces here: $(cat "$scratch/log")"
make_shell
cd "$scratch"
"$scratch/shell" "$net.1" true 2>"$scratch/log" || skip "no namespaces of mounts or names here: $(cat "$scratch/log")"
make_run
test_engine auto halving
test_engine halving halving
test_engine direct direct
test_engine gather gather
test_shared_is_refused
test_resume_elsewhere
