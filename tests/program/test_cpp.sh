#!/usr/bin/env bash
# The public headers are C++17 too, each by itself, in float and in double, without a warning; the C++ example builds
# against what is installed, prints what the C example prints, and runs.
set -euo pipefail
cd "${TREN_SOURCE:-.}"
build=${TREN_BUILD:?the build folder}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

fail() { echo "FAILED: $*" >&2; exit 1; }

compilers=()
for name in g++ clang++; do ! command -v $name >/dev/null || compilers+=("$name"); done
[[ ${#compilers[@]} -gt 0 ]] || { echo "skipped: there is neither g++ nor clang++"; exit 77; }
flags=(-std=c++17 -Wall -Wextra -Wpedantic -Werror)

cmake --install "$build" --prefix "$scratch/prefix" >"$scratch/log" || fail "$(cat "$scratch/log")"
cmake -G Ninja -S examples/c -B "$scratch/c" -DCMAKE_PREFIX_PATH="$scratch/prefix" -DCMAKE_BUILD_TYPE=Release >/dev/null
cmake --build "$scratch/c" >/dev/null
for compiler in "${compilers[@]}"; do
    for header in include/tren/*.h; do
        for precision in -UTREN_DOUBLE -DTREN_DOUBLE; do
            echo "#include <tren/${header##*/}>" | "$compiler" "${flags[@]}" $precision -Iinclude \
                -fsyntax-only -x c++ - || fail "$compiler $precision: tren/${header##*/} is no C++"
        done
    done
    cmake -G Ninja -S examples/cpp -B "$scratch/$compiler" -DCMAKE_CXX_COMPILER="$compiler" -DCMAKE_BUILD_TYPE=Release \
        -DCMAKE_PREFIX_PATH="$scratch/prefix" -DCMAKE_CXX_FLAGS="${flags[*]}" >/dev/null
    cmake --build "$scratch/$compiler" >"$scratch/log" || fail "$(cat "$scratch/log")"
    for name in fit_sinusoid fit_sinusoid64; do
        "$scratch/$compiler/$name" >"$scratch/said" || fail "$compiler: $name: exit code $?"
        "$scratch/c/$name" | diff - "$scratch/said" || fail "$compiler: $name: other numbers than in C"
    done
done
echo "C++ by ${compilers[*]}: all headers, and the example in float and double"
