#!/usr/bin/env bash
# A thousand points of a noisy sinusoid, for regression: the smallest thing a network can fail or learn.
#
#   datasets/sinusoid.sh [options of `tren data make sinusoid`]
#
# Writes datasets/sinusoid.h5; one that is there already is kept, --force makes it again.
set -euo pipefail

here=$(dirname "$(readlink -f "$0")")
out=$here/sinusoid.h5
tren=${TREN:-$here/../build/release/tren}
[[ -x $tren ]] || tren=tren
if [[ -e $out && " $* " != *" --force "* ]]; then
    printf '%s is there already (--force makes it again)\n' "$out"
    exit 0
fi
exec "$tren" data make sinusoid --out "$out" --split 70/15/15 "$@"
