#!/usr/bin/env bash
# Nodes with different CPUs: ranks agree on the lowest OpenBLAS core type, and have the bits of a run that used it from
# the start.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/program/lib.sh
. "$here/lib.sh"

grep -qw avx512f /proc/cpuinfo || skip "this CPU has no AVX-512"

make_classes data.h5 600
recipe=(--data data.h5 --epochs 2 --shards 2 --batch_size 50 --model.hidden '[300,200]' --plots false)
high=SkylakeX low=Haswell

expect 0 "all ranks use $low" timeout -k 5 120 mpirun \
    -n 1 env OPENBLAS_CORETYPE=$high "$tren" train "${recipe[@]}" --out mixed : \
    -n 1 env OPENBLAS_CORETYPE=$low "$tren" train "${recipe[@]}" --out mixed
grep -qF "with gemm: portable each rank would run at the full speed" output || fail "no way out is named: $(cat output)"
[[ $(field mixed blas_core) == "$low" ]] || fail "the mixed run used $(field mixed blas_core)"
expect 0 "core $low" mpi 2 env OPENBLAS_CORETYPE=$low "$tren" train "${recipe[@]}" --out low
refuse_part "all ranks use"
same_run low mixed

expect 0 "core $high" mpi 2 env OPENBLAS_CORETYPE=$high "$tren" train "${recipe[@]}" --out high
[[ $(field high digest) != "$(field low digest)" ]] || fail "both core types give one digest: this test shows nothing"

# One that is not in the order of core types cannot be compared.
expect 3 "OPENBLAS_CORETYPE" timeout -k 5 120 mpirun \
    -n 1 env OPENBLAS_CORETYPE=$high "$tren" train "${recipe[@]}" --out odd : \
    -n 1 env OPENBLAS_CORETYPE=Atom "$tren" train "${recipe[@]}" --out odd
echo "core types agree"
