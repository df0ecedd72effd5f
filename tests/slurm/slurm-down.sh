#!/usr/bin/env bash
# slurm-down.sh FOLDER: ends the jobs and the daemons that slurm-up.sh started there, and nothing else.
set -uo pipefail
folder=$(realpath -m "$1")
[[ -e $folder/slurm.conf ]] || exit 0
export SLURM_CONF=$folder/slurm.conf
mapfile -t pids < <(cat "$folder"/run/*.pid 2>/dev/null)

ours() { # pid: is it still one of our daemons, and not another program with its number
    [[ -e /proc/$1/cmdline ]] && grep -qF "$SLURM_CONF" "/proc/$1/cmdline"
}

scancel --state=RUNNING --state=PENDING --user="$(id -un)" 2>/dev/null
for ((i = 0; i < 70 && ${#pids[@]} > 0; i++)); do
    [[ -z $(squeue -h 2>/dev/null) ]] && break
    sleep 0.1
done
scontrol shutdown 2>/dev/null
for ((i = 0; i < 50; i++)); do
    compgen -G "$folder/run/*.pid" >/dev/null || break
    sleep 0.1
done
for pid in "${pids[@]}"; do
    if ours "$pid"; then kill -9 "$pid"; fi
done
exit 0
