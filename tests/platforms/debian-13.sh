#!/usr/bin/env bash
# Debian 13 (gcc 14, Open MPI 5) in a root of its own, made by debootstrap: all of ./bootstrap test, and the digest:
# debian-13.sh [FOLDER]
# shellcheck source=tests/platforms/lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"

make_root trixie
rm -rf "$root/src/tests" "$root/src/src" # of an earlier version
copy_sources "$root/src"
in_root "cd /src && ./bootstrap test" >"$work/test.log" 2>&1 </dev/null || failed=1
sed '/^== Summary/,$d' "$work/test.log" >"$work/ctest.log"
report "$(in_root "$(declare -f train_anywhere); train_anywhere /src/build/ci/tren; gcc --version | head -n 1")"
