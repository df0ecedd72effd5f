#!/usr/bin/env bash
# A run that goes on with another OpenBLAS core type or version is warned; at another level of the CPU it says so and
# keeps its bits; with gemm: portable OpenBLAS does not matter at all.
# shellcheck source=tests/program/lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"
[[ $(uname -m) == x86_64 ]] || skip "core types and levels of x86-64"

make_classes data.h5 600
train() { "$tren" train --data data.h5 --model.hidden 64,32 --batch_size 50 --no-plots --progress off "$@"; }
# begin RUN OPTION ...   One epoch of four, with older kernels at the lowest level.
begin() { OPENBLAS_CORETYPE=Nehalem train --epochs 1 --cpu baseline --out "$@" >/dev/null; }

begin plain
levels=$("$tren" --version | sed -n 's/^CPU level: \([a-z0-9]*\),.*/\1/p')
expect 0 "warning: this run was trained with OpenBLAS core type Nehalem and continues with Core2" \
    env OPENBLAS_CORETYPE=Core2 "$tren" train --data data.h5 --model.hidden 64,32 --batch_size 50 --no-plots --progress off \
    --epochs 2 --out plain --resume
grep -qF "with gemm: portable from the start" output || fail "no remedy: $(cat output)"
[[ $levels == baseline ]] || grep -qF "note: this run was trained at CPU level baseline and continues at $levels" output ||
    fail "the level is not named: $(cat output)"
refuse_part "continues with '"
python3 -m json.tool plain/result.json >/dev/null || fail "result.json is no JSON"
is_mixed() { # RUN true|false CORE ...   What result.json keeps of it.
    local core run=$1
    grep -qF "\"mixed\": $2," "$run/result.json" || fail "$run is not $2 of mixed: $(cat "$run/result.json")"
    for core in "${@:3}"; do
        grep -qE "\"computed_with\": .*core $core, OpenBLAS" "$run/result.json" || fail "$core is not kept"
    done
}
is_mixed plain true Nehalem Core2
# A third launch, with the core type of the second, is told too; one that has nothing to do is told nothing.
again() { env OPENBLAS_CORETYPE="$1" "$tren" train --data data.h5 --model.hidden 64,32 --batch_size 50 --no-plots --progress off \
    --out plain --resume --epochs "$2"; }
expect 0 "nothing to do" again Nehalem 2
refuse_part "warning"
refuse_part "mixed"
epochs=2
for core in Core2 Nehalem; do
    expect 0 "warning: this run is mixed, computed with core Nehalem, OpenBLAS" again $core $((++epochs))
    grep -qF "; core Core2, OpenBLAS" output || fail "the second core type is not named: $(cat output)"
    is_mixed plain true Nehalem Core2
done

# With the same core type nothing is said of it.
begin same
expect 0 "" env OPENBLAS_CORETYPE=Nehalem "$tren" train --data data.h5 --model.hidden 64,32 --batch_size 50 --no-plots \
    --progress off --epochs 2 --out same --resume --cpu baseline
refuse_part "this run was trained"
is_mixed same false Nehalem

if python3 -c 'import h5py' 2>/dev/null; then
    begin older
    python3 - older/last.h5 <<'END'
import h5py, sys
with h5py.File(sys.argv[1], "r+") as f:
    f.attrs["blas_version"] = b"OpenBLAS 0.1.0"
END
    expect 0 "warning: this run was trained with 'OpenBLAS 0.1.0' and continues with 'OpenBLAS" \
        env OPENBLAS_CORETYPE=Nehalem "$tren" train --data data.h5 --model.hidden 64,32 --batch_size 50 --no-plots \
        --progress off --epochs 2 --out older --resume
fi

train --epochs 4 --gemm portable --out whole >/dev/null
begin portable --gemm portable
expect 0 "" train --epochs 4 --gemm portable --out portable --resume
refuse_part "warning"
[[ $levels == baseline ]] || grep -qF "continues at $levels, which does not change its bits" output || fail "no line: $(cat output)"
same_run whole portable
is_mixed portable false
grep -qF '"computed_with": [],' portable/result.json || fail "OpenBLAS does not matter here"
echo "another CPU is named, and gemm: portable keeps its bits"
