#!/usr/bin/env bash
# The King James Version of the Bible (1611): 31,102 verses in 1,189 chapters, 4.1 MB of English text.
#
#   datasets/bible.sh [--out FILE.h5] [options of `tren data import text`]
#
# Writes the text to bible.txt, a verse a line without its number, a form feed between chapters, and imports it with
# chapters as documents (96/2/2, rows of 128 tokens unless --tokens says otherwise; bytes, unless --vocabulary is given)
# into datasets/bible.h5. Files that are there already are kept; --force makes them again. The text is printed by the
# program `bible` of Debian's packages bible-kjv and bible-kjv-text, where they are installed; else they are loaded by
# apt-get (2.5 MB) and unpacked for the moment. It is held to its SHA-256 (bible.sha256).
# Licence: the text is in the public domain (the package says so; in the United Kingdom it is under a perpetual Crown
# patent).
set -euo pipefail

here=$(dirname "$(readlink -f "$0")")
# shellcheck disable=SC2034 # for lib.sh
NAME=bible
# shellcheck source=datasets/lib.sh
source "$here/lib.sh"
folder=$(data_folder)
out=$folder/bible.h5
text=$folder/bible.txt
force=
options=()
tokens=(--tokens 128)

while (($#)); do
    case $1 in
        -h | --help) print_help "$0"; exit 0 ;;
        --out) [[ $# -ge 2 ]] || fail "--out needs a value: FILE.h5" 2; out=$2; shift ;;
        --out=*) out=${1#*=} ;;
        --force) force=yes; options+=("$1") ;;
        --tokens | --tokens=*) tokens=(); options+=("$1") ;;
        *) options+=("$1") ;;
    esac
    shift
done

# All verses as "Ge1:1 In the beginning ...".
print_verses() {
    local root=
    if ! command -v bible >/dev/null || [[ ! -e /usr/lib/bible.data ]]; then
        root=$scratch
        (cd "$scratch" && apt-get -qq download bible-kjv bible-kjv-text) >&2 ||
            fail "apt-get cannot download bible-kjv and bible-kjv-text: 'apt-get update', or install them" 4
        for package in "$scratch"/*.deb; do dpkg-deb -x "$package" "$scratch"; done
    fi
    "$root/usr/bin/bible" -f -p "$root/usr/lib" Gen1:1-Rev22:21 ||
        fail "the program bible does not run; install bible-kjv and bible-kjv-text" 3
}

if [[ -e $out && -z $force ]]; then
    printf '%s is there already (--force makes it again)\n' "$out"
    exit 0
fi
tren=$(find_tren)
mkdir -p "$folder" "$(dirname "$out")"
want=$(awk '{ print $1 }' "$here/bible.sha256")
if [[ -n $force || ! -e $text ]] || ! has_sum "$text" "$want"; then
    scratch=$(mktemp -d)
    trap 'rm -rf "$scratch"' EXIT
    print_verses | LC_ALL=C awk '{ chapter = $1; sub(/:.*/, "", chapter); sub(/^[^ ]* /, "")
        if (NR > 1 && chapter != before) printf "\f"
        before = chapter; print }' >"$scratch/text"
    has_sum "$scratch/text" "$want" || fail "the text is not that of bible.sha256" 4
    mv "$scratch/text" "$text"
fi
"$tren" data import text "$text" --documents form-feeds --out "$out" "${tokens[@]}" "${options[@]}"
