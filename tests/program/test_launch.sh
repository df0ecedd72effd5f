#!/usr/bin/env bash
# What is settled before MPI starts: BLAS kernels, precision, srun without PMIx, whether a person watches, limits that
# are too low; and a start of MPI that hangs.
# shellcheck source=tests/program/lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"
trap 'teardown; rmdir /sys/fs/cgroup/{,memory/}tren-test.$$ 2>/dev/null || true' EXIT
unset OPENBLAS_CORETYPE PMIX_RANK OMPI_COMM_WORLD_SIZE SLURM_STEP_ID SLURM_NTASKS SLURM_STEP_NUM_TASKS

field_of() { # name, output of tren launch
    sed -n "s/^$1: //p" <<<"${2//$'\r'/}"
}

expect_field() { # name, value, output
    local found
    found=$(field_of "$1" "$3")
    [[ $found == "$2" ]] || fail "$1: '$found', not '$2'"
}

expect_code() { # code, part of the message, command ...
    local code=0 want=$1 part=$2
    shift 2
    "$@" >"$scratch/out" 2>"$scratch/err" || code=$?
    [[ $code -eq $want ]] || fail "$*: exit code $code, not $want: $(cat "$scratch/err")"
    [[ -z $part ]] || grep -qF -- "$part" "$scratch/err" || fail "$*: no '$part' in: $(cat "$scratch/err")"
}

test_blas_core() {
    local core
    core=$(field_of core "$("$tren" launch)")
    if grep -qw avx2 /proc/cpuinfo; then
        [[ $core != Prescott ]] || fail "OpenBLAS runs with its Prescott kernels on a CPU with AVX2"
    fi
    # What the user has set is kept, and nothing is started twice for ever.
    core=$(field_of core "$(OPENBLAS_CORETYPE=Prescott timeout 10 "$tren" launch)")
    [[ $core == Prescott || $core == $(field_of core "$("$tren" launch)") ]] || fail "OPENBLAS_CORETYPE=Prescott gave $core"
    # Ranks of mpirun survive being started again.
    core=$(mpirun -n 2 "$tren" launch | sed -n 's/^core: //p' | sort -u)
    [[ $core == $(field_of core "$("$tren" launch)") ]] || fail "the ranks run with '$core'"
}

test_precision() {
    expect_field precision float "$("$tren" launch float)"
    expect_field precision double "$("$tren" launch double)"
    expect_field precision float "$("$TREN_BIN/tren64" launch float)"
    expect_field precision double "$("$TREN_BIN/tren64" launch double)"
    (cd / && expect_field precision double "$("$tren" launch double)")
    cp "$tren" "$scratch/tren"
    LD_LIBRARY_PATH=$TREN_BIN expect_code 3 "tren64': No such file or directory; build it, or install it in the same folder" \
        "$scratch/tren" launch double
}

test_srun() {
    expect_code 3 "srun --mpi=pmix" env SLURM_STEP_ID=0 SLURM_NTASKS=2 "$tren" launch
    expect_code 0 "" env SLURM_STEP_ID=0 SLURM_NTASKS=1 "$tren" launch
    expect_code 0 "" env SLURM_NTASKS=2 "$tren" launch
    expect_code 0 "" env SLURM_STEP_ID=0 SLURM_NTASKS=2 "$tren" config
    [[ $mpi_name == "Open MPI"* ]] || return 0
    # Of many ranks one speaks, and mpirun does not kill it before.
    expect_code 3 "srun --mpi=pmix" mpirun -n 2 env -u PMIX_RANK -u OMPI_COMM_WORLD_SIZE SLURM_STEP_ID=0 \
        SLURM_NTASKS=2 "$tren" launch
    [[ $(grep -c "srun started" "$scratch/err") -eq 1 ]] || fail "the ranks say it $(grep -c "srun started" "$scratch/err") times"
}

# With the launcher of another MPI each rank would be a run of its own, which --resume would then take for ended.
test_other_mpi() {
    local other=(PMI_RANK=0 PMI_SIZE=2) name="a launcher with PMI"
    if [[ $mpi_name != "Open MPI"* ]]; then other=(OMPI_COMM_WORLD_RANK=0 OMPI_COMM_WORLD_SIZE=2) name="Open MPI's mpirun"; fi
    "$tren" data make sinusoid --out "$scratch/o.h5" --n 60 >/dev/null
    for command in "train --data $scratch/o.h5 --out $scratch/o" "bench gemm"; do
        # shellcheck disable=SC2086
        expect_code 3 "2 processes were started by $name" env "${other[@]}" "$tren" $command
        grep -qE "but this program is built with .*${mpi_name%% *}.*; use the launcher of its own MPI: /" "$scratch/err" ||
            fail "other MPI: $(cat "$scratch/err")"
    done
    [[ ! -e $scratch/o ]] || fail "other MPI: there is a run folder"
    expect_code 3 "2 processes were started by srun" env SLURM_STEP_ID=0 SLURM_NTASKS=2 PMIX_RANK=0 "$tren" launch
    # The others say nothing, or wait for mpirun to end them first.
    other=("${other[@]/RANK=0/RANK=1}")
    [[ $mpi_name != "Open MPI"* || -z $(env "${other[@]}" "$tren" train --data "$scratch/o.h5" --out "$scratch/o" 2>&1) ]] || fail "other MPI: rank 1 speaks"
}

# Commands that write by themselves are not started twice side by side.
test_alone() {
    local part="2 processes were started, but this command uses one" out=$scratch/alone.h5
    expect_code 2 "$part" mpirun -n 2 "$tren" data make sinusoid --out "$out"
    [[ $(grep -c "processes were started" "$scratch/err") -eq 1 && ! -e $out ]] || fail "alone: $(cat "$scratch/err")"
    expect_code 2 "$part" mpirun -n 2 "$tren" plot "$scratch"
    expect_code 2 "$part" env SLURM_STEP_ID=0 SLURM_NTASKS=2 "$tren" data make sinusoid --out "$out"
    expect_code 2 "$part" env PMI_SIZE=2 PMI_RANK=0 "$tren" data make sinusoid --out "$out"
    expect_code 0 "" env SLURM_STEP_ID=0 SLURM_NTASKS=1 "$tren" data make sinusoid --out "$out"
    expect_code 0 "" env SLURM_NTASKS=2 "$tren" data make sinusoid --out "$out" --force
    expect_code 0 "" mpirun -n 1 "$tren" data make sinusoid --out "$out" --force
    expect_code 0 "" mpirun -n 2 "$tren" data make --help
}

# script(1) stands in for a terminal with a person behind it.
on_terminal() { script -qec "$1" /dev/null </dev/null; }

test_watched() {
    expect_field "stdout watched" no "$("$tren" launch)"
    expect_field "stdout watched" no "$(mpirun -n 1 "$tren" launch)"
    if ! command -v script >/dev/null; then
        echo "no script(1): terminals are not tested"
        return
    fi
    expect_field "stdout watched" yes "$(on_terminal "$tren launch")"
    expect_field "stdout watched" yes "$(on_terminal "mpirun -n 1 $tren launch")"
    expect_field "stderr watched" yes "$(on_terminal "mpirun -n 1 $tren launch")"
    expect_field "stderr watched" yes "$(on_terminal "mpirun -n 1 sh -c '$tren launch'")"
    on_terminal "mpirun -n 1 $tren launch >$scratch/file"
    expect_field "stdout watched" no "$(cat "$scratch/file")"
    expect_field "stderr watched" yes "$(cat "$scratch/file")"
    on_terminal "mpirun -n 1 sh -c '$tren launch >$scratch/file'"
    expect_field "stdout watched" no "$(cat "$scratch/file")"
}

# What no program can work with is refused in one line, whichever limit it is: not by MPI's or HDF5's own ways out.
test_limits() {
    local rows=$scratch/c.h5 options=(--data "$scratch/c.h5" --shards 2 --progress off --no-plots --epochs 1)
    options+=(--out "$scratch/run")
    "$tren" data make sinusoid --out "$rows" --n 60 >/dev/null
    limited() { (ulimit "$1" "$2" && shift 2 && exec "$@"); }
    expect_code 3 "may have 20 open files, but MPI and HDF5 need at least 64; raise the limit with 'ulimit -n 1024'" \
        limited -n 20 "$tren" train "${options[@]}"
    expect_code 3 "may have 128 KiB of stack" limited -s 128 "$tren" train "${options[@]}"
    expect_code 3 "may have 300000 KiB of address space" limited -v 300000 "$tren" train "${options[@]}"
    expect_code 3 "may have 200000 KiB of data" limited -d 200000 "$tren" data check "$rows"
    [[ ! -e $scratch/run ]] || fail "limits: there is a run folder"
    # Enough to start, and too little for this: OpenBLAS would wait for ever for its buffer.
    expect_code 3 "(ulimit -v)" limited -v 600000 timeout 60 "$tren" train "${options[@]}" --model.hidden "[4000, 4000]"
    rm -rf "$scratch/run"
    expect_code 0 "" limited -v 1500000 "$tren" train "${options[@]}"
    rm -r "$scratch/run"
    expect_code 0 "" limited -n 64 "$tren" train "${options[@]}"
    rm -r "$scratch/run"
    expect_code 0 "" limited -s 512 "$tren" train "${options[@]}"
    rm -r "$scratch/run"
}

# What SLURM grants bounds the ranks of a node together.
test_slurm_memory() {
    local options=(--data "$scratch/c.h5" --shards 2 --model.hidden "[3000, 3000]" --progress off --no-plots
        --epochs 1 --max_steps 1 --out "$scratch/run")
    expect_code 3 "SLURM grants this job 64 MiB on a node" env SLURM_MEM_PER_NODE=64 "$tren" train "${options[@]}"
    expect_code 3 "; make model.hidden or batch_size smaller, or ask SLURM for more (sbatch --mem or --mem-per-cpu)" \
        env SLURM_MEM_PER_CPU=32 SLURM_CPUS_ON_NODE=2 "$tren" train "${options[@]}"
    expect_code 3 "SLURM grants this job 150 MiB on a node" \
        env SLURM_MEM_PER_NODE=150 mpirun -n 2 "$tren" train "${options[@]}"
    expect_code 0 "" env SLURM_MEM_PER_NODE=0 SLURM_MEM_PER_CPU=8000 "$tren" train "${options[@]}"
}

# A real control group, where this user may make one: what does not fit is refused, what is not refused is not killed.
test_group_memory() {
    local options=(--data "$scratch/c.h5" --shards 4 --progress off --no-plots --epochs 1 --out "$scratch/run") group limit
    if [[ -e /sys/fs/cgroup/memory/memory.limit_in_bytes ]]; then
        group=/sys/fs/cgroup/memory/tren-test.$$ limit=memory.limit_in_bytes
    else
        group=/sys/fs/cgroup/tren-test.$$ limit=memory.max
    fi
    if ! mkdir "$group" 2>/dev/null || ! echo 120M >"$group/$limit" 2>/dev/null; then
        echo "not tried: a control group of memory cannot be made here"
        rmdir "$group" 2>/dev/null || true
        return
    fi
    # shellcheck disable=SC2016
    inside() { bash -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$group" "$@"; }
    for hidden in "[2500, 2500]" "[1800, 1800]" "[1400, 1400]" "[1000, 1000]" "[100]"; do
        local code=0
        rm -rf "$scratch/run"
        inside "$tren" train "${options[@]}" --model.hidden "$hidden" >"$scratch/out" 2>"$scratch/err" || code=$?
        [[ $code -eq 0 ]] || expect_code 3 "the control group $group allows 120 MiB ($limit), of which" \
            inside "$tren" train "${options[@]}" --model.hidden "$hidden"
        [[ $code -eq 0 || $code -eq 3 ]] || fail "group: $hidden: exit code $code: $(cat "$scratch/err")"
    done
    [[ $code -eq 0 ]] || fail "group: the smallest network is refused"
    rm -rf "$scratch/run"
    rmdir "$group"
}

# Without a launcher, a process needs nothing of the folder that Open MPI has for all processes of a user: there, what
# begins meets what ends.
test_session() {
    local base=$scratch/session common
    common=$base/ompi.$(hostname -s).$EUID
    mkdir "$base" && echo kept >"$common"
    OMPI_MCA_orte_tmpdir_base=$base expect_code 0 "" "$tren" train --data "$scratch/c.h5" --shards 2 --epochs 1 \
        --no-plots --out "$scratch/run"
    [[ $(ls "$base") == "${common##*/}" ]] || fail "session: is left: $(ls "$base")"
    rm -r "$scratch/run"
}

# One rank that never comes keeps the other in MPI_Init: it says so, or obeys a signal, but is not there for ever.
test_mpi_start() {
    local options=(train --data "$scratch/c.h5" --shards 2 --epochs 1) began=$SECONDS
    # shellcheck disable=SC2016
    local lonely='[[ ${OMPI_COMM_WORLD_RANK:-$PMI_RANK} -eq 0 ]] || exec sleep 100; exec "$@"'
    expect_code 6 "tren: rank 0: MPI did not start within 10 s (MPI_Init)" \
        mpirun -n 2 bash -c "$lonely" bash "$tren" "${options[@]}" --stall_timeout 2
    expect_code 124 "stopped by a signal during the start of MPI; nothing was trained" \
        mpirun -n 2 bash -c "$lonely" bash timeout 1 "$tren" "${options[@]}"
    ((SECONDS - began < 60)) || fail "MPI start: took $((SECONDS - began)) s"
}

test_blas_core
test_precision
test_srun
test_other_mpi
test_alone
test_watched
test_limits
test_slurm_memory
test_group_memory
test_session
test_mpi_start
echo "launch: all as expected"
