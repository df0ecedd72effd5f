# Helpers for the scripts that make datasets from Debian packages; to be sourced. NAME is the script's, for messages;
# $here its folder.
# shellcheck shell=bash

fail() { # MESSAGE CODE
    printf '%s: %s\n' "${NAME:?}" "$1" >&2
    exit "$2"
}

print_help() { # SCRIPT
    sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$1"
}

# Where datasets are written: beside the scripts in the sources; in `datasets` here, where the scripts are installed.
data_folder() {
    [[ -e ${here:?}/../CMakeLists.txt ]] && printf '%s\n' "$here" || printf 'datasets\n'
}

# The tren that these scripts belong to, built or installed; else the one on PATH.
find_tren() {
    local candidate
    for candidate in "${TREN:-}" "${here:?}/../build/release/tren" "$here/../../../bin/tren" "$(command -v tren || true)"; do
        [[ -n $candidate && -x $candidate ]] || continue
        printf '%s\n' "$candidate"
        return
    done
    fail "tren is not built: ./bootstrap build, or set TREN" 3
}

has_sum() { # FILE SHA256
    [[ $(sha256sum "$1" | cut -d' ' -f1) == "$2" ]]
}

# The path of a package: as it lies in $PACKAGES, else loaded into $scratch.
package() { # NAME VERSION SHA256
    local file path
    file=$1_${2//:/%3a}_all.deb
    for path in "${PACKAGES:-}/$file" "${scratch:?}/$file"; do
        [[ -e $path ]] && break
    done
    if [[ ! -e $path ]]; then
        command -v apt-get >/dev/null || fail "there is no apt-get: put $file into a folder and set PACKAGES to it" 3
        (cd "$scratch" && apt-get -qq download "$1=$2") >&2 ||
            fail "apt-get cannot download $1=$2: 'apt-get update', or put $file into a folder (snapshot.debian.org has it) and set PACKAGES to it" 4
    fi
    has_sum "$path" "$3" || fail "$path: is not the package $1 $2 (its SHA-256 differs)" 4
    printf '%s\n' "$path"
}
