#!/usr/bin/env bash
# ./bootstrap where nothing can be installed: it names what is missing, for three package systems, and returns 3; it
# never tries to install for a user who may not; it knows its commands.
set -euo pipefail
cd "${TREN_SOURCE:-.}"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

fail() { echo "FAILED: $*"; exit 1; }

# A machine that has the shell's own tools and nothing to build with.
mkdir "$scratch/bin"
for tool in bash cat dirname env grep sed sort; do ln -s "$(command -v $tool)" "$scratch/bin/$tool"; done

expect() { # exit code, command...
    local want=$1 got=0
    shift
    PATH=$scratch/bin bash ./bootstrap "$@" >"$scratch/out" 2>&1 </dev/null || got=$?
    [[ $got -eq $want ]] || { cat "$scratch/out"; fail "bootstrap $*: exit code $got, not $want"; }
}
expect_text() { grep -qF -- "$1" "$scratch/out" || { cat "$scratch/out"; fail "no '$1' in the output"; }; }

expect 0 --help
expect_text "usage: ./bootstrap COMMAND"
expect 2
expect_text "usage: ./bootstrap COMMAND"
expect 2 trian
expect_text "usage: ./bootstrap COMMAND"

expect 2 test --al
expect_text "test --all"

expect 3 build
for package in libopenmpi-dev openmpi-devel ninja-build "Spack: openmpi" CMAKE_PREFIX_PATH; do expect_text "$package"; done

# apt-get alone does not help: sudo refuses, or there is none and this user is not root.
printf '#!%s\necho "apt-get $*" >>%q\nexit 100\n' "$(command -v bash)" "$scratch/apt.log" >"$scratch/bin/apt-get"
chmod +x "$scratch/bin/apt-get"
expect 3 build
expect_text libopenmpi-dev
if [[ $EUID -eq 0 ]]; then
    grep -q 'install .*libopenmpi-dev' "$scratch/apt.log" || fail "root did not try to install"
else
    [[ ! -e $scratch/apt.log ]] || fail "a plain user tried to install"
fi

# The recipes for containers install the same packages; that for Spack is Python.
packages=$(sed -n 's/^build|required|[^|]*|[^|]*|\([^|]*\)|.*/\1/p' bootstrap)
for package in $packages; do
    for recipe in packaging/container/{Dockerfile,tren.def}; do
        grep -qw -- "$package" "$recipe" || fail "$recipe does not install $package"
    done
done
find packaging -name '*.py' -exec python3 -c 'import sys; compile(open(sys.argv[1]).read(), sys.argv[1], "exec")' {} \; 2>&1 |
    grep . && fail "the recipe above is no Python"
echo "bootstrap refuses with the names of what is missing"
