#!/usr/bin/env bash
# What cmake --install lays down is complete: the C example builds against it by the CMake package and by pkg-config, in
# float and in double, and runs; the installed program finds its library.
set -euo pipefail
cd "${TREN_SOURCE:-.}"
build=${TREN_BUILD:?the build folder}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
prefix=$scratch/prefix

fail() { echo "FAILED: $*"; exit 1; }

expect_files() {
    local file
    for file in "$@"; do
        [[ -e $prefix/$file ]] || fail "$file is not installed"
    done
}

cmake --install "$build" --prefix "$prefix" >"$scratch/install.log" || { cat "$scratch/install.log"; exit 1; }
libdir=$(cd "$prefix" && dirname "$(find lib* -name libtren.so -o -name libtren.a | head -n 1)")
expect_files include/tren/base.h bin/tren bin/tren64 share/man/man1/tren.1 share/doc/tren/LICENSE \
    share/doc/tren/docs/configuration.md share/doc/tren/examples/fashion-mnist.yaml share/tren/slurm/train.sbatch \
    share/tren/datasets/fashion-mnist.sh share/tren/datasets/fashion-mnist.sha256 share/doc/tren/CONTRIBUTING.md \
    share/bash-completion/completions/tren share/zsh/site-functions/_tren share/modulefiles/tren/0.1.0 \
    "$libdir"/pkgconfig/tren.pc "$libdir"/pkgconfig/tren64.pc "$libdir"/cmake/tren/tren-config.cmake

[[ -z $(find "$prefix/share/tren" -name '*.h5') ]] || fail "datasets are installed"
# ./bootstrap build makes all that is installed.
made=$(ninja -C "$build" -t commands product)
for file in $(grep -oE "\"$build/[^\" ]+\"" "$build/cmake_install.cmake" | tr -d '"' | grep -vE '[.]cmake|[.]pc$|modulefile|install_|[$]'); do
    [[ -L $file ]] || grep -qE -- "(-o |OUT=$build/)${file#"$build"/} " <<<"$made" || fail "./bootstrap build does not make $file, which is installed"
done

# names LIBRARY   What other programs can see of it.
(cd "$prefix/include" && printf '#include "%s"\n' tren/*.h) | cc -E -P -I "$prefix/include" - >"$scratch/declared" # macros declare, too
names() { nm -D --defined-only "$1" | awk '{ print $3 }'; }
if [[ -e $prefix/$libdir/libtren.so ]]; then
    [[ $(names "$prefix/$libdir/libtren.so" | wc -l) -gt 100 ]] || fail "libtren.so shows next to nothing"
    for name in $(names "$prefix/$libdir/libtren.so") $(names "$prefix/$libdir/libtren64.so"); do
        [[ $name == tren_* ]] && grep -qw "$name" "$scratch/declared" ||
            fail "$name can be seen in the library, and no installed header declares it"
    done
fi

cmake -G Ninja -S examples/c -B "$scratch/example" -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_BUILD_TYPE=Release >/dev/null
cmake --build "$scratch/example" >/dev/null
"$scratch/example/fit_sinusoid" | grep '^float: ' || fail "the example linked by CMake, float"
"$scratch/example/fit_sinusoid64" | grep '^double: ' || fail "the example linked by CMake, double"

export PKG_CONFIG_PATH=$prefix/$libdir/pkgconfig
for name in tren tren64; do
    [[ $(pkg-config --modversion $name) == "$(sed -n 's/^project(tren VERSION \([^ ]*\).*/\1/p' CMakeLists.txt)" ]] ||
        fail "version of $name.pc"
    read -ra flags <<<"$(pkg-config --cflags --libs $name)"
    "${CC:-cc}" examples/c/fit_sinusoid.c "${flags[@]}" -Wl,-rpath,"$prefix/$libdir" -lm -o "$scratch/by_pkg_config"
    "$scratch/by_pkg_config" | grep ': loss ' || fail "the example linked by pkg-config, $name"
done

# The module file leads to the tree that it lies in.
if command -v tclsh >/dev/null; then
    PREFIX=$prefix tclsh <<'END' || fail "the module file"
set ModulesCurrentModulefile $env(PREFIX)/share/modulefiles/tren/0.1.0
proc module-whatis {text} {}
proc conflict {name} {}
proc prepend-path {name path} { if {![file isdirectory $path]} { puts "$name: no $path"; exit 1 } }
source $ModulesCurrentModulefile
END
fi

# Uninstalled, it is gone; then installed once more.
cmake --build "$build" --target uninstall >"$scratch/uninstall.log" || fail "$(cat "$scratch/uninstall.log")"
left=$(find "$prefix" -type f -o -type l -o -name tren)
[[ -z $left ]] || fail "is left after uninstall: $left"
cmake --install "$build" --prefix "$prefix" >"$scratch/install.log"

# Moved as a whole, the tree still works: nothing in it names the prefix.
mv "$prefix" "$scratch/moved"
version=$(env -i PATH="$PATH" HOME="$scratch" "$scratch/moved/bin/tren" --version) || fail "the installed program: $version"
echo "$version"
grep -q '^\.SH' "$scratch/moved/share/man/man1/tren.1" || fail "the man page is empty"
grep -rlF "$prefix" "$scratch/moved" && fail "the files above name the prefix"
echo "installed, linked in four ways, moved"
