#!/usr/bin/env bash
# tren verify: a line for every way, exit code 0 only where all have the same bits, nothing written.
# shellcheck source=tests/program/lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"

make_classes classes.h5 600
make_sinusoid sinusoid.h5 200
cat >run.yaml <<'END'
data: classes.h5
model.hidden: [40, 30]
dropout: [0.2]
END
before=$(ls)

lines() { grep -cE '^ +[0-9]+ +[a-z0-9]+ +(on|off) +3 +[0-9a-f]{16}  [0-9.e-]+$' output; }

# All levels of this CPU, stacked and not, on 1, 2 and 3 ranks.
expect 0 "give the same bits" "$tren" verify run.yaml --gemm portable --steps 3
n=$(lines)
[[ $n -ge 6 && $((n % 6)) -eq 0 ]] || fail "$n lines: $(cat output)"
grep -qF "all $n ways" output || fail "not all of $n ways: $(cat output)"
refuse_part "OpenBLAS"

# The digest is that of a training.
"$tren" train run.yaml --gemm portable --max_steps 3 --out run --no-plots >/dev/null
grep -qF " $(field run digest) " output || fail "another digest than that of tren train: $(cat output)"
rm -r run

# In double, with options of the config behind those of its own; one level.
level=$(sed -n 's/.* CPU level \([a-z0-9]*\),.*/\1/p' <("$tren" train run.yaml --max_steps 1 --out run --no-plots))
rm -r run
expect 0 "all 2 ways" "$tren" verify --data sinusoid.h5 --ranks=4 --cpu "$level" --precision double --optimizer.name scg
grep -qF "double" output || fail "not in double: $(cat output)"
grep -qF "gemm: portable they do not" output || fail "OpenBLAS's bits are not explained: $(cat output)"

# Under a launcher, on its ranks; each has its own command line, and all must name the same levels.
expect 0 "all 2 ways" mpi 2 "$tren" verify run.yaml --cpu "$level"
verify=("$tren" verify run.yaml --stall_timeout 20)
for first in "" "--cpu baseline,$level"; do
    # shellcheck disable=SC2086
    [[ $level == baseline ]] || expect 2 "the list of CPU levels differs between ranks: " \
        mpi 1 "${verify[@]}" $first : -n 1 "${verify[@]}" --cpu "$level"
done
expect 3 "verify on rank 0" mpi 1 "${verify[@]}" : -n 1 "$tren" train run.yaml --out run

# The steps are those that it made, and a dataset may have no test part.
"$tren" data make sinusoid --out all.h5 --n 100 --split 100/0/0 >/dev/null
expect 0 "all 2 ways" "$tren" verify --data all.h5 --ranks 1 --cpu "$level" --steps 1000 --epochs 2 --batch_size 50
grep -qE '^ +1 +[a-z0-9]+ +on +4 +[0-9a-f]{16}  -$' output || fail "not 4 steps and no loss: $(cat output)"
refuse_part 1000
rm all.h5

# A signal ends it with one message and nothing kept, whoever gets it: the ranks (USR1 is handed on) or mpirun.
for signal in USR1 TERM INT; do
    "$tren" verify run.yaml --ranks 2 --steps 1000000000 --epochs 1000000000 --optimizer.learning_rate 1e-9 >output 2>&1 &
    pid=$!
    sleep 3
    kill -s $signal $pid
    code=0
    wait $pid || code=$?
    [[ $code -eq 75 ]] || fail "SIG$signal: exit code $code: $(cat output)"
    [[ $(grep -c "^tren verify: stopped by a signal: nothing was saved" output) -eq 1 ]] || fail "SIG$signal: $(cat output)"
    refuse_part "resume"
done

# Nothing is kept of a recipe that diverges either.
expect 5 "training has diverged" "$tren" verify run.yaml --optimizer.learning_rate 1e30 --ranks 1 --cpu "$level"
refuse_part "kept"

# One number of ranks that computes otherwise is found.
if [[ $(uname -m) == x86_64 ]]; then
    cat >launcher <<END
#!/bin/bash
[[ " \$* " != *" -n 2 "* ]] || export OPENBLAS_CORETYPE=Nehalem
exec mpirun "\$@"
END
    chmod +x launcher
    expect 1 "ways differ from the first (1 rank" env TREN_LAUNCHER=./launcher OPENBLAS_CORETYPE=Haswell "$tren" verify run.yaml \
        --model.hidden 300,200 --ranks 1,2 --cpu "$level"
    rm launcher
fi
rm output
[[ $(ls) == "$before" ]] || fail "files are left: $(ls)"
echo "verify compares the ways"
