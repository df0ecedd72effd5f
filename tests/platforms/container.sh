#!/usr/bin/env bash
# packaging/container/Dockerfile, built by buildah on a Debian 12 that debootstrap made: the image trains on 1, 2 and 4
# ranks: container.sh [FOLDER]
# shellcheck source=tests/platforms/lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"

make_root bookworm
needs_packages buildah
rm -rf "$work/src"
copy_sources "$work/src"
export BUILDAH_ISOLATION=chroot
in_store() { buildah --root "$work/storage" --runroot "$work/run" "$@"; }
trap 'in_store rm --all >/dev/null; in_store rmi --all --force >/dev/null' EXIT

base=$(in_store from scratch)
in_store add --quiet "$base" "$root" / >/dev/null
in_store commit --quiet "$base" docker.io/library/debian:12 >/dev/null
in_store bud --pull-never -f "$work/src/packaging/container/Dockerfile" -t tren "$work/src" >"$work/build.log" 2>&1 ||
    fail "it does not build: $(tail -n 20 "$work/build.log")"
image=$(in_store from --pull-never tren)
said=$(in_store run "$image" -- bash -c "$(declare -f train_anywhere); cd /tmp && train_anywhere /usr/bin/tren")
in_store run "$image" -- tren --help >/dev/null || fail "tren --help"
: >"$work/ctest.log"
report "$said"
