#!/usr/bin/env bash
# A network whose memory cannot be had: each allocation of its construction fails once, and every time the program says
# so and ends with code 1.
# shellcheck source=tests/program/lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"
make_pictures pictures.h5

fail_each() { # MODEL STEP OPTION ...
    local model=$1 step=$2 n code
    shift 2
    for ((n = 1; ; n += step)); do
        code=0
        TREN_TEST_FAIL_ALLOCATION=$n "$mortal" train --data pictures.h5 --dry-run --model.name "$model" \
            "$@" >output 2>&1 || code=$?
        [[ $code -ne 0 ]] || break
        [[ $code -eq 1 ]] || fail "$model: allocation $n fails, and the exit code is $code: $(cat output)"
        grep -q "out of memory: .* GiB for" output || fail "$model: allocation $n fails, and it says: $(cat output)"
    done
    ((n > 20)) || fail "$model: only $n allocations could fail"
}

fail_each mlp 1 --dropout '[0.1, 0.2, 0.3]'
fail_each cnn "$(few 2 -- 1)" --dropout 0.5 --model.activation tanh
fail_each cnn5 "$(few 3 -- 1)"
fail_each resnet18 "$(few 17 -- 1)" --model.width 2
