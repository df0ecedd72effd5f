#!/usr/bin/env bash
# Damaged files of every format that tren reads: first those that failed once (cases/), then new ones. Uses the build
# with sanitizers where both of its programs lie beside TREN_BIN and are not older, else TREN_BIN's own.
#     test_fuzz.sh [OPTION OF fuzz.py ...]
# 30 seconds by default, 10,000 executions in the long form (TREN_LONG=1).
# shellcheck source=tests/program/lib.sh
source "${BASH_SOURCE[0]%/*}/../program/lib.sh"
export PYTHONDONTWRITEBYTECODE=1
here=$TREN_SOURCE/tests/campaign

python=""
for candidate in /usr/bin/python3 python3; do
    [[ $python ]] || ! "$candidate" -c "import h5py" 2>/dev/null || python=$candidate
done
[[ $python ]] || skip "there is no Python with h5py"
asan=${TREN_BIN%/*}/asan
if [[ $asan/tren -nt $TREN_BIN/tren && $asan/tren64 -nt $TREN_BIN/tren ]]; then tren=$asan/tren; fi

if [[ $# -gt 0 ]]; then
    options=("$@")
elif [[ ${TREN_LONG:-} ]]; then
    options=(--n 10000)
else
    options=(--seconds 30)
fi
keep=${TREN_BUILD:-$TREN_BIN}/fuzz-failures
"$python" "$here/fuzz.py" "$tren" --keep "$keep" --replay "$here/cases" "${options[@]}" ||
    fail "see above; what failed is in $keep"
