#!/usr/bin/env bash
# slurm-up.sh FOLDER [NODES]: a real SLURM with two (or so many) pretend nodes of two CPUs each on this machine, in a
# folder of its own and on ports of its own. Prints the environment to eval. Needs root; slurm-down.sh ends it.
set -euo pipefail
folder=$(realpath -m "$1")
host=$(hostname -s)
nodes=()
for ((i = 1; i <= ${2:-2}; i++)); do nodes+=("n$i"); done
mkdir -p "$folder"/{state,log,run} "${nodes[@]/#/$folder/spool-}" "${nodes[@]/#/$folder/tmp-}"
cd "$folder"

# Ports in a row that nobody listens on, one more than nodes.
free_ports() {
    local base port
    while :; do
        base=$((20000 + RANDOM % 10000))
        for ((port = base; port <= base + ${#nodes[@]}; port++)); do
            if (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then continue 2; fi
        done
        echo "$base"
        return
    done
}
port=$(free_ports)

# The nodes must not share a TmpFS, where PMIx keeps its sockets. cred_expire is how long a requeued job waits.
cat >slurm.conf <<CONF
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmUser=root
SlurmdUser=root
AuthType=auth/none
CredType=cred/none
AuthInfo=cred_expire=10
SlurmctldPidFile=$folder/run/slurmctld.pid
SlurmdPidFile=$folder/run/slurmd-%n.pid
SlurmctldLogFile=$folder/log/slurmctld.log
SlurmdLogFile=$folder/log/slurmd-%n.log
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool-%n
TmpFS=$folder/tmp-%n
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
SchedulerType=sched/builtin
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
JobRequeue=1
KillWait=5
SlurmdTimeout=10
MinJobAge=300
$(for i in "${!nodes[@]}"; do
    echo "NodeName=${nodes[i]} NodeHostname=$host NodeAddr=127.0.0.1 Port=$((port + 1 + i)) CPUs=2 RealMemory=500 State=UNKNOWN"
done)
PartitionName=test Nodes=$(IFS=, && echo "${nodes[*]}") Default=YES MaxTime=120 State=UP
CONF
echo 'CgroupPlugin=cgroup/v1' >cgroup.conf # so that slurmd starts where no cgroup is mounted

export SLURM_CONF=$folder/slurm.conf
slurmctld -f "$SLURM_CONF"
for node in "${nodes[@]}"; do slurmd -f "$SLURM_CONF" -N "$node"; done
for ((i = 0; i < 150; i++)); do
    if [[ $(sinfo -h -o %T 2>/dev/null) == idle ]]; then
        # Nodes that share a host name share /dev/shm too, where vader would take the wrong segment.
        echo "export SLURM_CONF=$SLURM_CONF OMPI_MCA_btl=self,tcp"
        exit
    fi
    sleep 0.1
done
tail -n 5 log/*.log >&2
echo "slurm-up.sh: the nodes did not become idle in 15 s" >&2
exit 1
