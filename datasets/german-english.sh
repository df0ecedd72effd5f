#!/usr/bin/env bash
# German-English pairs: messages of 22 programs and their translations, as Debian 12 has them in its packages.
#
#   datasets/german-english.sh [--out FILE.h5] [options of `tren data import pairs`]
#
# Writes 45,508 pairs to german-english.tsv, by the rules in messages.py, and imports those of at most 60 tokens (96/2/2,
# a vocabulary of 4096; --vocabulary and --tokens choose others) into datasets/german-english.h5. Files that are there
# already are kept; --force makes them again. The packages of german-english.packages are looked for in $PACKAGES, or loaded by apt-get
# (105 MB), and held to their SHA-256; so are the pairs (german-english.sha256). Needs python3.
# Licences: the messages are parts of the programs, under their licences (GNU GPL and LGPL, wxWindows Library Licence):
# german-english.packages names each. The pairs stay on this machine; who passes them on keeps to all of these.
set -euo pipefail

here=$(dirname "$(readlink -f "$0")")
# shellcheck disable=SC2034 # for lib.sh
NAME=german-english
# shellcheck source=datasets/lib.sh
source "$here/lib.sh"
folder=$(data_folder)
out=$folder/german-english.h5
tsv=$folder/german-english.tsv
force=
options=()
vocabulary=(--vocabulary 4096)
tokens=(--tokens 60 --long skip)

while (($#)); do
    case $1 in
        -h | --help) print_help "$0"; exit 0 ;;
        --out) [[ $# -ge 2 ]] || fail "--out needs a value: FILE.h5" 2; out=$2; shift ;;
        --out=*) out=${1#*=} ;;
        --force) force=yes; options+=("$1") ;;
        --vocabulary | --vocabulary=*) vocabulary=(); options+=("$1") ;;
        --tokens | --tokens=*) tokens=(); options+=("$1") ;;
        *) options+=("$1") ;;
    esac
    shift
done
if [[ -e $out && -z $force ]]; then
    printf '%s is there already (--force makes it again)\n' "$out"
    exit 0
fi
tren=$(find_tren)
mkdir -p "$folder" "$(dirname "$out")"
want=$(awk '{ print $1 }' "$here/german-english.sha256")
if [[ -n $force || ! -e $tsv ]] || ! has_sum "$tsv" "$want"; then
    scratch=$(mktemp -d)
    trap 'rm -rf "$scratch"' EXIT
    packages=()
    while read -r name version sum _; do
        [[ $name == "#" ]] || packages+=("$(package "$name" "$version" "$sum")")
    done <"$here/german-english.packages"
    python3 "$here/messages.py" "$scratch/pairs.tsv" "${packages[@]}"
    has_sum "$scratch/pairs.tsv" "$want" || fail "the pairs are not those of german-english.sha256" 4
    mv "$scratch/pairs.tsv" "$tsv"
fi
"$tren" data import pairs "$tsv" --out "$out" "${vocabulary[@]}" "${tokens[@]}" "${options[@]}"
