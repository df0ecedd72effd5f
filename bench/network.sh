#!/usr/bin/env bash
# A program of MPI on hosts of this machine's own making: bench/network.sh RATE HOSTS RANKS COMMAND...
# Each host is a network namespace at one switch, with a link of RATE (1gbit; '-': as fast as it goes) in both directions,
# and has RANKS ranks. With DELAY=100 a packet needs 100 microseconds more on each link, so 200 from host to host. Needs
# root, iproute2 and Open MPI 4, for DELAY also a C compiler. All hosts share this machine's cores, so have at least one
# for each rank.
#
# COMMAND is run by mpirun. With EACH=1 it is run once for each rank instead, without MPI, with RANK, WORLD_SIZE,
# MASTER_ADDR, MASTER_PORT and GLOO_SOCKET_IFNAME set, as PyTorch wants it. With HERE=1 it is run once, on the first host,
# and the launches that it makes ('tren plan', 'tren scale') find all hosts; MPIRUN_OPTIONS are not for them.
set -euo pipefail
rate=$1 hosts=$2 ranks=$3 here=$(cd "$(dirname "$0")" && pwd)
shift 3
readonly tag=$$ net=10.$((128 + RANDOM % 64)).$((RANDOM % 256))
scratch=$(mktemp -d)

clean_up() {
    local i
    [[ -z ${wires:-} ]] || { kill "$wires" && wait "$wires"; } 2>/dev/null || true
    for ((i = 0; i <= hosts; i++)); do ip netns del "tren-$tag-$i" 2>/dev/null || true; done
    rm -rf "$scratch"
}
trap clean_up EXIT
trap 'exit 143' TERM INT HUP

limit() { # namespace, link
    [[ $rate == - ]] || ip netns exec "$1" tc qdisc replace dev "$2" root tbf rate "$rate" burst 96kb latency 50ms
}

# tren-TAG-0 is the switch.
ip netns add "tren-$tag-0"
ip -n "tren-$tag-0" link add bridge type bridge
ip -n "tren-$tag-0" link set bridge up
ends=()
for ((i = 1; i <= hosts; i++)); do
    ip netns add "tren-$tag-$i"
    ends+=("tren-$tag-$i" "v$i" "tren-$tag-0" "w$i")
    [[ -n ${DELAY:-} ]] || ip link add "v$i" netns "tren-$tag-$i" type veth peer name "w$i" netns "tren-$tag-0"
done
if [[ -n ${DELAY:-} ]]; then
    cc -O2 -o "$scratch/wire" "$here/wire.c"
    mkfifo "$scratch/ready"
    "$scratch/wire" "$DELAY" "${ends[@]}" >"$scratch/ready" &
    wires=$!
    grep -q ready "$scratch/ready"
fi
for ((i = 1; i <= hosts; i++)); do
    host=tren-$tag-$i
    ip -n "tren-$tag-0" link set "w$i" master bridge up
    ip -n "$host" addr add "$net.$i/24" dev "v$i"
    ip -n "$host" link set lo up
    ip -n "$host" link set "v$i" up
    limit "$host" "v$i"
    limit "tren-$tag-0" "w$i"
    echo "$net.$i slots=$ranks" >>"$scratch/hosts"
done

# Stands in for ssh: HOST COMMAND ...
cat >"$scratch/shell" <<SH
#!/bin/sh
while [ "\${1#-}" != "\$1" ]; do shift; done
host=tren-$tag-\${1##*.}
shift
exec nsenter --net="/run/netns/\$host" unshare --uts --mount sh -c \
    "hostname \$host; mount -t tmpfs tmpfs /dev/shm; cd '$PWD'; \$*"
SH
chmod +x "$scratch/shell"

# One core for each rank of all hosts, as they would have on machines of their own.
open_mpi="OMPI_MCA_plm=rsh OMPI_MCA_plm_rsh_agent=$scratch/shell OMPI_MCA_plm_rsh_no_tree_spawn=1
    OMPI_MCA_oob_tcp_if_include=$net.0/24 OMPI_MCA_btl_tcp_if_include=$net.0/24
    OMPI_MCA_hwloc_base_binding_policy=none OMPI_MCA_orte_default_hostfile=$scratch/hosts"
if [[ -n ${EACH:-} ]]; then
    each=()
    for ((i = 0; i < hosts * ranks; i++)); do
        host=$((i / ranks + 1))
        "$scratch/shell" "$net.$host" "GLOO_SOCKET_IFNAME=v$host MASTER_ADDR=$net.1 MASTER_PORT=29500 RANK=$i WORLD_SIZE=$((hosts * ranks)) $*" &
        each+=($!)
    done
    wait "${each[@]}"
elif [[ -n ${HERE:-} ]]; then
    "$scratch/shell" "$net.1" "export ${open_mpi//$'\n'/ }; $*"
else
    "$scratch/shell" "$net.1" "${open_mpi//$'\n'/ } mpirun -n $((hosts * ranks)) ${MPIRUN_OPTIONS:-} $*"
fi
