# For the scripts of this folder to source. Each takes one platform from nothing to tests and a digest, keeps what it
# made in build/platforms/NAME or the folder given, and prints a row for the table of docs/results.md.
# shellcheck shell=bash
set -euo pipefail
source_dir=$(cd "${BASH_SOURCE[0]%/*}/../.." && pwd)
platform=$(basename "$0" .sh)
work=$(realpath -m "${1:-$source_dir/build/platforms/$platform}")
mkdir -p "$work"

skip() {
    echo "skipped: $*"
    exit 77
}
fail() {
    echo "FAILED: $*" >&2
    exit 1
}

# needs_packages PACKAGE ...   Installs what is missing, as root.
needs_packages() {
    dpkg -s "$@" >/dev/null 2>&1 && return
    [[ $EUID -eq 0 ]] || skip "not installed, and this is not root: $*"
    { apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends "$@"; } \
        >"$work/apt.log" 2>&1 </dev/null || skip "cannot be installed: $*: $(tail -n 1 "$work/apt.log")"
}

# A Debian of its own in $root, of this release.
make_root() { # RELEASE
    root=$work/root
    [[ $EUID -eq 0 ]] || skip "a root of its own needs root"
    needs_packages debootstrap
    [[ -e $root/etc/apt/sources.list ]] ||
        debootstrap --variant=minbase --include=ca-certificates,ccache "$1" "$root" ${DEBIAN_MIRROR:+"$DEBIAN_MIRROR"} \
            >"$work/debootstrap.log" || skip "debootstrap: $(tail -n 1 "$work/debootstrap.log")"
    echo force-unsafe-io >"$root/etc/dpkg/dpkg.cfg.d/no-waiting-for-the-disk"
}

# In there, with mounts and processes that are gone with it.
in_root() { # SCRIPT
    # shellcheck disable=SC2016
    unshare --mount --pid --fork --kill-child sh -c '
        mount --bind "$0" "$0" && mount --make-private "$0" && mount -t proc proc "$0/proc" && mount --rbind /dev "$0/dev" && mount --rbind /sys "$0/sys" &&
        mount -t tmpfs -o mode=1777 tmpfs "$0/dev/shm" && cp /etc/resolv.conf "$0/etc/resolv.conf" &&
        exec chroot "$0" env -i PATH=/usr/lib/ccache:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 bash -c "$1"' "$root" "$1"
}

# The sources as they are in this folder, without what is built: copy_sources FOLDER
copy_sources() {
    mkdir -p "$1"
    (cd "$source_dir" && git ls-files -z --cached --others --exclude-standard | xargs -0 ls -d 2>/dev/null | tar -cf - -T -) |
        tar -xf - -C "$1" --no-same-owner
}

# A build and the tests with one of the labels; their log is $work/ctest.log.
build_and_test() { # LABELS, CMake option ...
    local labels=$1
    shift
    cmake -S "$source_dir" -B "$work/build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DTREN_WERROR=ON "$@" >"$work/build.log"
    cmake --build "$work/build" >>"$work/build.log" || fail "it does not build: $(tail -n 20 "$work/build.log")"
    ctest --test-dir "$work/build" -L "$labels" -LE "long|timing" -j2 --output-on-failure >"$work/ctest.log" || failed=1
    ctest --test-dir "$work/build" -L "$labels" -L timing -LE long --repeat until-pass:2 --output-on-failure \
        >>"$work/ctest.log" || failed=1
}

# A network that has one digest wherever gemm is portable, on 1, 2 and 4 ranks; written into $work/digest.
# train_anywhere TREN   Also for a shell in which nothing of this file is known.
train_anywhere() {
    local tren=$1 ranks digest folder launcher
    folder=$(mktemp -d)
    launcher=$("$tren" launch | sed -n 's/^launcher: //p')
    # shellcheck disable=SC2046
    export $("$tren" launch | sed -n 's/^crowd: //p') OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
    "$tren" data make sinusoid --n 400 --split 70/15/15 --seed 5 --out "$folder/data.h5" >/dev/null
    for ranks in 1 2 4; do
        "$launcher" -n $ranks "$tren" train --data "$folder/data.h5" --gemm portable --no-normalize_targets --model.hidden 60,41 --dropout 0.2 \
            --shards 4 --optimizer.name adamw --optimizer.learning_rate 0.002 --max_steps 40 --no-plots --progress off \
            --out "$folder/$ranks" >"$folder/log" 2>&1 || { cat "$folder/log"; return 1; }
        digest=$(sed -n 's/^  "digest": "\(.*\)",/\1/p' "$folder/$ranks/result.json")
        echo "$ranks ranks: $digest"
    done
    "$tren" --version | sed -n 's/^BLAS: \([^ ]* [^ ]*\).*/\1/p; s/^MPI: //p; s/^HDF5: /HDF5 /p'
    rm -r "$folder"
}

# The row; the digest must be the same on all ranks, and that of every other platform.
readonly everywhere=1116d3a5a992466d
report() { # what train_anywhere said, and versions of more
    local digests versions passed skipped
    digests=$(sed -n 's/^[0-9] ranks: //p' <<<"$1" | sort -u)
    [[ $(wc -w <<<"$digests") -eq 1 ]] || fail "several digests: $1"
    [[ $digests == "$everywhere" ]] || fail "digest $digests, elsewhere $everywhere"
    versions=$(sed '/ ranks: /d' <<<"$1" | paste -sd, | sed 's/,/, /g')
    passed=$({ grep -ahoE '[0-9]+% tests passed.*' "$work/ctest.log" || true; } | tr '\n' ' ') # none where nothing was tested
    skipped=$(sed -n 's/^.*[0-9] - \([^ ]*\) (Skipped)/\1/p' "$work/ctest.log" | tr '\n' ' ')
    echo "| $platform | $versions | $passed| ${skipped:-none }| $digests | $(date +%F) |" | tee "$work/row"
    exit "${failed:-0}"
}
