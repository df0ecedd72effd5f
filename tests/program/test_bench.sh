#!/usr/bin/env bash
# tren bench conv: its table, its file and its picture. What they say of speed is the machine's; what they say of FLOP
# and bytes is arithmetic.
# shellcheck source=tests/program/lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"

small=(--model cnn5 --width 4 --shape 1x8x8 --batch 32 --shards 2 --seconds 0)

test_help() {
    local name
    "$tren" bench --help >names
    for name in gemm step conv allreduce overlap load; do
        grep -q "^  $name " names || fail "'tren bench --help' lacks $name"
        expect 0 "tren bench $name" "$tren" bench "$name" --help
    done
    expect 0 "--plot FILE.svg|.png|.pdf" "$tren" bench conv --help
}

test_table() {
    expect 0 "cnn5 k = 4, 1x8x8, one microbatch of 16 images" "$tren" bench conv "${small[@]}"
    grep -q "GB/s of a triad in L2 .*in L3 .*in DRAM" output || fail "no ceilings: $(cat output)"
    grep -qE "^conv 3x3 4 -> 8, 8x8 +1 weight gradient +(direct|unfolded|Winograd) +[0-9.]+ " output || fail "$(cat output)"
    [[ $(grep -c "^batch_norm 4, 8x8  *1 \(forward\|backward\) " output) -eq 2 ]] || fail "$(cat output)"
    ! grep -q "conv 3x3 1 -> 4.*data gradient" output || fail "images have no gradient"
}

test_file() {
    expect 0 "" "$tren" bench conv "${small[@]}" --out small.csv
    [[ $(head -n 1 small.csv) == layer,layers,pass,way,seconds,share,flop,bytes,flop_per_byte,gflop_per_second,gbyte_per_second ]] ||
        fail "the header is $(head -n 1 small.csv)"
    # Commas within quotes do not part columns.
    sed -E 's/^"([^",]*), ([^"]*)"/\1; \2/' small.csv >plain.csv
    awk -F , '
        NF != 11 { print "line " NR " has " NF " columns"; bad = 1 }
        NR > 1 && $1 == "ceiling" { ceilings++; if ($10 + $11 <= 0) { print "line " NR " has no speed"; bad = 1 } }
        NR > 1 && $1 != "ceiling" { share += $6; if ($5 <= 0 || $8 <= 0) { print "line " NR " took no time"; bad = 1 } }
        # 16 images: 2 x 9 x 4 x 8 x 64 FLOP each; x, y and the weights in float
        $1 == "conv 3x3 4 -> 8; 8x8" { found++; if ($7 != 589824) { print "FLOP " $7; bad = 1 }
            if ($8 != 4 * (16 * 64 * 4 + 16 * 64 * 8 + 8 * 36 + 8)) { print "bytes " $8; bad = 1 } }
        END { if (ceilings != 5) print ceilings " ceilings"; if (found != 3) print found " passes of one convolution"
            if (share < 0.999 || share > 1.001) print "shares add up to " share
            exit bad || ceilings != 5 || found != 3 || share < 0.999 || share > 1.001 }' plain.csv >why ||
        fail "$(cat why): $(cat small.csv)"
    cp small.csv kept.csv
    expect 2 "small.csv: exists already: --force replaces it" "$tren" bench conv "${small[@]}" --out small.csv
    cmp -s small.csv kept.csv || fail "small.csv was replaced"
    expect 0 "" "$tren" bench conv "${small[@]}" --out small.csv --force
}

# The same rows, other times.
test_warm() {
    expect 0 "forward and backward, each layer warm, medians of" "$tren" bench conv "${small[@]}" --warm --out warm.csv
    diff <(cut -d , -f 1-4 warm.csv) <(cut -d , -f 1-4 small.csv) || fail "warm.csv has other rows than small.csv"
}

# Equal layers are one row; a residual network has them.
test_kinds() {
    expect 0 "" "$tren" bench conv --model resnet18 --width 2 --shape 3x9x7 --batch 8 --shards 1 --seconds 0 --out r.csv
    grep -q '^"conv 3x3 2 -> 2, 9x7",4,forward,' r.csv || fail "$(cat r.csv)"
    grep -q '^"conv 1x1 2 -> 4, 9x7 / 2",1,data gradient,' r.csv || fail "$(cat r.csv)"
    expect 0 "" "$tren" bench conv --model cnn --width 3 --shape 2x8x8 --batch 8 --seconds 0
    grep -q '^conv 3x3 3 -> 6, 4x4 ' output || fail "cnn has channels K, 2K: $(cat output)"
}

test_picture() {
    if ! command -v gnuplot >/dev/null; then
        echo "no gnuplot: no picture"
        return
    fi
    expect 0 "" "$tren" bench conv "${small[@]}" --plot roof.svg
    grep -qx "</svg>" roof.svg || fail "roof.svg is no SVG"
    local text
    for text in "cnn5 k = 4, 1x8x8, 16 images" " 32, 2x2" "GFLOP/s of multiply-adds" "data gradient"; do
        grep -qF "$text" roof.svg || fail "roof.svg lacks '$text'"
    done
    expect 2 "roof.svg: exists already" "$tren" bench conv "${small[@]}" --plot roof.svg
    expect 0 "" "$tren" bench conv "${small[@]}" --plot roof.png
    [[ $(head -c 4 roof.png | tail -c 3) == PNG ]] || fail "roof.png is no PNG"
    # shellcheck disable=SC2016
    expect 3 "cannot write roof.svg: the picture is incomplete; is the disk full?" \
        bash -c 'ulimit -f 8 && exec "$@"' - "$tren" bench conv "${small[@]}" --plot roof.svg --force
    grep -qx "</svg>" roof.svg || fail "a failed picture replaced the one before"
}

# Computing, reducing, both, and the share that is hidden.
test_overlap() {
    expect 0 "reduction direct of 0.01 MB, 2 shards" mpi 2 "$tren" bench overlap --dims 64-32-10 --batch 64 --steps 40 --reduction direct
    grep -Eq '^ +[0-9.]+ +[0-9.]+ +[0-9.]+ +[0-9]+ %$' output || fail "no line of four figures in: $(cat output)"
}

# A training of the user's, of a text: nothing is written, and the time of a step is a number.
test_step_of_config() {
    seq 1000 >numbers.txt
    expect 0 "" "$tren" data import text numbers.txt --tokens 16 --out numbers.h5
    printf '%s\n' 'data: numbers.h5' 'out: runs/none' 'shards: 2' 'batch_size: 8' \
        'model: {name: gpt, width: 8, heads: 2, depth: 1}' >text.yaml
    expect 0 "" "$tren" bench step --config text.yaml --steps 1 --bare
    grep -qxE '[0-9]+\.[0-9]' output || fail "no time: $(cat output)"
    [[ ! -e runs ]] || fail "a benchmark has written a run"
    echo 'gemm: portable' >>text.yaml
    expect 0 "# level baseline, gemm portable" "$tren" bench step --config text.yaml --steps 1 --cpu baseline
    expect 2 "the file says what is trained" "$tren" bench step --config text.yaml --batch 4
    expect 2 "gone.yaml" "$tren" bench step --config gone.yaml
    sed -i 's/numbers.h5/gone.h5/' text.yaml
    expect 2 "gone.h5" "$tren" bench step --config text.yaml
}

test_help
test_table
test_overlap
test_step_of_config
test_file
test_warm
test_kinds
test_picture
echo "bench conv: table, file and picture; bench step: of a config"
