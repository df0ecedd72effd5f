#!/usr/bin/env bash
# The architecture as a test: includes go downwards only, a header in src serves its own folder alone, each foreign
# library is known to one layer, and library code neither exits, nor reads the environment, nor prints to stdout, nor
# draws from rand().
set -euo pipefail

# What each layer may include, itself apart.
declare -A below=(
    [base]=""
    [kernels]="base"
    [io]="base"
    [data]="io kernels base"
    [nn]="kernels base"
    [comm]="kernels base"
    [optim]="kernels base"
    [models]="nn data kernels base"
    [export]="nn data kernels io base"
    [train]="models optim data nn comm kernels io base"
    [lab]="train models optim data nn comm kernels io base"
    [scale]="comm kernels base"
    [cli]="lab scale export train models optim data nn comm kernels io base"
)
# The one layer that may include a foreign header.
declare -A home=([mpi]=comm [hdf5]=io [blas]=kernels)

foreign_of() { # header
    case $1 in
        mpi.h | mpi-ext.h) echo mpi ;;
        hdf5.h | hdf5_hl.h | H5*.h) echo hdf5 ;;
        cblas.h | cblas*.h | openblas*.h | lapacke*.h | f77blas.h) echo blas ;;
    esac
}

# Public headers carry the name of their layer; the config is part of base, the sources are part of data.
layer_of() { # header, as it stands in the include line
    case $1 in
        tren/config.h) echo base ;;
        tren/sources.h) echo data ;;
        tren/*.h) basename "$1" .h ;;
        */*) echo "${1%%/*}" ;;
    esac
}

check_include() { # file, its layer, header
    local file=$1 layer=$2 header=$3 foreign target
    foreign=$(foreign_of "$header")
    if [[ -n $foreign && ${home[$foreign]} != "$layer" ]]; then
        echo "$file: <$header> belongs to src/${home[$foreign]} alone"
    fi
    target=$(layer_of "$header")
    [[ -n $target ]] || return 0
    # What is in src is private to its folder; but the headers of base are tools for all.
    if [[ -n ${below[$target]+known} && $target != "$layer" && $target != base && $header != tren/* ]]; then
        echo "$file: \"$header\" is private to src/$target: declare in include/tren what others need"
    fi
    if [[ -n ${below[$target]+known} && $target != "$layer" && " ${below[$layer]} " != *" $target "* ]]; then
        echo "$file: \"$header\": $layer may include ${below[$layer]:-nothing}, not $target"
    fi
}

check_includes() { # root, file, its layer
    local header
    while read -r header; do
        check_include "$2" "$3" "$header"
    done < <(sed -nE 's/^[[:space:]]*#[[:space:]]*include[[:space:]]*[<"]([^>"]+)[>"].*/\1/p' "$1/$2")
}

# Calls that are the program's business, and functions whose last bit another C library has otherwise (base/series.h has
# our own); comments and string literals are taken out first.
check_calls() { # root, file
    "${CC:-cc}" -fpreprocessed -dD -E -P "$1/$2" 2>/dev/null | sed -E 's/"(\\.|[^"\\])*"/""/g' |
        { grep -noE '(^|[^_[:alnum:]])(exit|getenv|secure_getenv|printf|vprintf|puts|putchar|rand|srand|random|drand48|(exp|exp2|expm1|log|log2|log10|log1p|pow|cbrt|sin|cos|tan|a?(sinh?|cosh?|tanh?)|atan2|sinh|cosh|tanh|erf|erfc|[lt]gamma)f?) *\(|(^|[^_[:alnum:]])stdout([^_[:alnum:]]|$)' ||
            true; } | sed "s|^[0-9]*:|$2: library code may not use |"
}

check_tree() { # root
    local file layer
    while read -r file; do
        layer=$(cut -d/ -f2 <<<"$file")
        if [[ -z ${below[$layer]+known} ]]; then
            echo "$file: src/$layer is no layer: add it to the table in tests/program/test_layers.sh"
            continue
        fi
        check_includes "$1" "$file" "$layer"
        [[ $layer == cli || $file != *.c ]] || check_calls "$1" "$file"
        ! grep -q TREN_TEST_ "$1/$file" || echo "$file: hooks of tests belong in tests/hooks, not in the program"
    done < <(cd "$1" && find src -name '*.[ch]' | sort)
    while read -r file; do
        layer=$(layer_of "tren/$(basename "$file")")
        check_includes "$1" "$file" "$layer"
    done < <(cd "$1" && find include/tren -name '*.h' | sort)
}

# A planted violation of each kind must be found, and lawful code must not be.
self_check() {
    local root
    root=$(mktemp -d)
    trap 'rm -rf "$root"' RETURN
    mkdir -p "$root"/src/{base,nn,io,train,cli} "$root/include/tren"
    plant() { printf '%s\n' "$2" >"$root/$1"; }
    expect() { # number of complaints, about what
        local found
        found=$(check_tree "$root" | wc -l)
        [[ $found -eq $1 ]] || { echo "self-check: $2: $found complaints, not $1"; check_tree "$root"; exit 1; }
        rm -f "$root"/src/*/* "$root"/include/tren/*
    }
    plant src/train/a.c $'#include <stdio.h>\n#include "tren/comm.h"\n/* never exit() */ const char *s = "exit(1) rand()";'
    plant src/cli/a.c $'#include "tren/train.h"\nint main(void) { puts(getenv("X")); exit(0); }'
    plant src/io/a.c $'#include <hdf5.h>\nvoid f(FILE *o) { fprintf(o, "x"); tren_exit(1); _exit(6); snprintf(s, 1, "x"); }'
    expect 0 "lawful code"
    plant src/base/a.c '#include "tren/nn.h"'
    plant include/tren/io.h '#include "tren/train.h"'
    plant src/nn/a.h '  #  include "train/trainer.h"'
    expect 4 "includes that go upwards, one of a private header"
    plant src/train/a.c '#include "nn/work.h"'
    plant src/cli/a.c '#include "base/text.h"'
    expect 1 "a private header of another folder"
    plant src/nn/a.c '#include <mpi.h>'
    plant src/train/a.c '#include <hdf5.h>'
    plant include/tren/train.h '#include <cblas.h>'
    expect 3 "foreign headers away from home"
    plant src/base/a.c 'void f(void) { exit(1); getenv("X"); printf("x"); fputs("x", stdout); rand(); }'
    expect 5 "calls that library code may not make"
    plant src/nn/a.c 'double f(double x) { return exp(x) + tanhf(x) + pow(x, 2) + atan2(x, 1); }'
    expect 4 "functions of the C library whose bits are its own"
    plant src/nn/a.c 'double f(double x) { return series_exp(x) + sqrt(x) + fma(x, x, floor(x)) + tren_log(x); }'
    expect 0 "functions that are exact"
    plant src/cli/a.c 'int f(void) { return getenv("TREN_TEST_KILL") != 0; }'
    expect 1 "a test hook in the program"
    mkdir "$root/src/misc" && plant src/misc/a.c 'int x;'
    expect 1 "an unknown layer"
}

self_check
complaints=$(check_tree "${TREN_SOURCE:-.}")
if [[ -n $complaints ]]; then
    printf '%s\n' "$complaints"
    exit 1
fi
echo "includes and calls are as the layers allow"
