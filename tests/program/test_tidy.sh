#!/usr/bin/env bash
# clang-tidy has nothing to say about the sources (.clang-tidy: function size, names, bugprone). A file that has not
# changed since it was last found clean, nor anything it includes, is not looked at again. Each file is looked at
# once, by the first of its compile commands; in the long form (TREN_LONG=1) for every level and precision.
set -euo pipefail
cd "${TREN_SOURCE:-.}"
build=${TREN_BUILD:?the build folder, which has compile_commands.json}
command -v clang-tidy >/dev/null || { echo "skipped: clang-tidy is not installed"; exit 77; }
version=$(clang-tidy --version | sed -n 's/.*version \([0-9]*\).*/\1/p')
[[ $version == 14 ]] || { echo "skipped: clang-tidy $version has more checks than 14, which are not followed here"; exit 77; }
clean=$build/tidy${TREN_LONG:+-all}
mkdir -p "$clean"

# What clang-tidy sees of a file: itself, the configuration, and the headers with their comments.
fingerprint() {
    { clang-tidy --version; cat .clang-tidy {include,src}/*/.clang-tidy
      "${CC:-cc}" -E -CC -D_GNU_SOURCE -Iinclude -Isrc "$1" 2>/dev/null || cat "$1"; } | sha256sum | cut -d' ' -f1
}

# compile_commands.json with one entry for each file; CMake writes an entry over several lines.
first_commands() {
    awk '/^\{/ { entry = ""; file = "" }
        { entry = entry $0 "\n" }
        /^ *"file": / { file = $0 }
        /^\}/ && !seen[file]++ { sub(/\},?\n$/, "}", entry); printf "%s%s", n++ ? ",\n" : "[\n", entry }
        END { print "\n]" }' "$build/compile_commands.json"
}

check() { # file
    local mark said
    mark=$clean/$(fingerprint "$1")
    [[ ! -e $mark ]] || return 0
    if said=$(clang-tidy --quiet --extra-arg=-Wno-unknown-warning-option -p "$clean" "$1" 2>&1); then
        touch "$mark"
    else
        grep -v ' warnings\? generated\.$' <<<"$said"
        return 1
    fi
}

# A function of 100 lines with a name of the wrong kind must be noticed.
self_check() {
    local bad=$clean/self_check.c
    { echo 'int BadName(int x) {'; printf '    x += 1;\n%.0s' {1..100}; echo '    return x;'; echo '}'; } >"$bad"
    local said
    said=$(clang-tidy --quiet --config-file=.clang-tidy "$bad" -- 2>/dev/null || true)
    if [[ $said != *readability-function-size* || $said != *readability-identifier-naming* ]]; then
        echo "self-check: a long function with a wrong name passes"
        exit 1
    fi
}

if [[ ${1:-} == --one ]]; then
    check "$2"
    exit
fi
self_check
if [[ ${TREN_LONG:-} ]]; then cat "$build/compile_commands.json"; else first_commands; fi >"$clean/compile_commands.json"
find src -name '*.c' -print0 | sort -z | xargs -0 -n 1 -P "$(nproc)" bash "${BASH_SOURCE[0]}" --one
echo "$(find src -name '*.c' | wc -l) files are tidy"
