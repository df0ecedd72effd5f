#!/usr/bin/env bash
# A user without rights, in a folder of that user: everything from ./bootstrap build on, and the tests that need no more:
# non-root.sh [FOLDER]
# shellcheck source=tests/platforms/lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"

user=()
if [[ $EUID -eq 0 ]]; then user=(setpriv --reuid=65534 --regid=65534 --clear-groups); fi
home=$(mktemp -d /var/tmp/tren-user.XXXXXX)
trap 'rm -rf "$home"' EXIT
copy_sources "$home/src"
[[ $EUID -ne 0 ]] || chown -R 65534:65534 "$home"
cache=()
if "${user[@]}" test -w "${CCACHE_DIR:-/nowhere}"; then mapfile -t cache < <(env | grep '^CCACHE_'); fi # it saves time
as_user() { "${user[@]}" env -i PATH=/usr/lib/ccache:/usr/bin:/bin HOME="$home" "${cache[@]}" bash -c "$1"; }

as_user "cd '$home/src' && ./bootstrap build && cmake --preset ci && cmake --build --preset ci" >"$work/build.log" 2>&1 ||
    fail "it does not build: $(tail -n 20 "$work/build.log")"
as_user "cd '$home/src' && ctest --preset ci -LE 'long|timing|mpi' -j2" >"$work/ctest.log" 2>&1 || failed=1
report "$(as_user "$(declare -f train_anywhere); train_anywhere '$home/src/build/ci/tren'")"
