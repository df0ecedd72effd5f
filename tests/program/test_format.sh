#!/usr/bin/env bash
# Every source file is as clang-format leaves it.
set -euo pipefail
cd "${TREN_SOURCE:-.}"
command -v clang-format >/dev/null || { echo "skipped: clang-format is not installed"; exit 77; }
version=$(clang-format --version | sed 's/.*version \([0-9]*\).*/\1/')
[[ $version == 14 ]] || { echo "skipped: clang-format $version lays out some lines otherwise than 14, whose way this is"; exit 77; }

sources() { find src include tests examples bench \( -name '*.[ch]' -o -name '*.cpp' \) -print0; }

# A file that is badly formatted must be noticed.
bad=$(mktemp --suffix=.c)
trap 'rm -f "$bad"' EXIT
echo 'int  f( void ){return 1 ;}' >"$bad"
if clang-format --style=file:.clang-format --dry-run -Werror "$bad" 2>/dev/null; then
    echo "self-check: a badly formatted file passes"
    exit 1
fi
sources | xargs -0 clang-format --dry-run -Werror
echo "$(sources | tr -cd '\0' | wc -c) files are formatted"
