#!/usr/bin/env bash
# clang [FOLDER]: the build by clang without a warning, its unit tests, and its digest.
# shellcheck source=tests/platforms/lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"

needs_packages clang libcriterion-dev
build_and_test unit -DCMAKE_C_COMPILER=clang
report "$(train_anywhere "$work/build/tren"; clang --version | head -n 1)"
