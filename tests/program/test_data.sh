#!/usr/bin/env bash
# tren data: import, make, info, check; what it says and the code it leaves with when something is wrong.
# shellcheck source=tests/program/lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"

data=("$tren" data)
fashion=/usr/share/datasets/fashion-mnist

test_make_info_check() {
    expect 0 "350 training, 75 validation and 75 test rows of 1 f64, 1 target" \
        "${data[@]}" make sinusoid --n 500 --sd 0.2 --split 70/15/15 --seed 3 --out s.h5
    expect 0 "sinusoid n=500 sd=0.2 seed=3" "${data[@]}" info s.h5
    expect 0 "good" "${data[@]}" check s.h5
    "${data[@]}" make sinusoid --n=500 --sd=0.2 --split=70/15/15 --seed=3 --out=t.h5 >/dev/null
    cmp s.h5 t.h5 || fail "the same settings made other bytes"
    cp s.h5 before.h5
    expect 2 "s.h5: exists already: --force replaces it" "${data[@]}" make sinusoid --out s.h5
    cmp s.h5 before.h5 || fail "an existing file was touched"
    expect 0 "960 training" "${data[@]}" make sinusoid --out s.h5 --force
}

test_csv() {
    printf 'a,b,kind\n' >t.csv
    for ((i = 0; i < 50; i++)); do printf '%d,%d,cat\n%d,%d,dog\n' $i $((i * i)) $i $((-i - 1)); done >>t.csv
    expect 0 "80 training, 10 validation and 10 test rows of 2 f32, 2 classes" \
        "${data[@]}" import csv t.csv --label kind --split 80/10/10 --stratify --out c.h5
    expect 0 "2: cat, dog" "${data[@]}" info c.h5
    expect 0 "dog                                40            5            5" "${data[@]}" check c.h5
    expect 0 "2 classes" "${data[@]}" import csv t.csv --label kind --class-names dog,cat --out d.h5
    expect 0 "2: dog, cat" "${data[@]}" info d.h5
    expect 2 "--class-names lacks the label 'dog'" \
        "${data[@]}" import csv t.csv --label kind --class-names dgo,cat --out e.h5
    echo "x,1,cat" >>t.csv
    expect 4 "t.csv:102: column 1 (a): 'x' is not a number" "${data[@]}" import csv t.csv --label kind --out e.h5
}

# What does not vary, and targets that float would round, are said where data come in and where they are looked over.
test_notes() {
    local said
    for ((i = 0; i < 60; i++)); do printf '%d,31.37,%d,%d,%d\n' $((i % 7)) $((1700000000 + 60 * i)) 5 $((i % 2)); done >notes.csv
    said="1 of 3 columns does not vary in the training rows, or only by rounding (counted from 0: 1): networks"
    expect 0 "note: $said" "${data[@]}" import csv notes.csv --header no --label 5 --ignore 4 --type f64 --out notes.h5
    expect 0 "note   $said" "${data[@]}" check notes.h5
    expect 0 "sd            2.00364 0 1029.34" "${data[@]}" info notes.h5
    expect 0 "58 training" \
        "${data[@]}" import csv notes.csv --header no --label 5 --ignore 4 --type f64 --no-normalize --out notes.h5 --force
    expect 0 "sd            1 1 1" "${data[@]}" info notes.h5
    ! "${data[@]}" check notes.h5 | grep 'vary' || fail "a dataset without normalisation has no constant columns"
    "${data[@]}" import csv notes.csv --header no --target 1,3,4 --ignore 5 --type f64 --out notes.h5 --force 2>notes
    grep -q "targets that do not vary in the training rows, or only by rounding (counted from 0): 2" notes || fail "notes: $(cat notes)"
    { echo 'a,still life,b,c,y' && cat notes.csv; } >named-notes.csv
    expect 0 "note: 1 of 3 columns does not vary in the training rows, or only by rounding ('still life'): networks" \
        "${data[@]}" import csv named-notes.csv --label y --ignore c --type f64 --out notes.h5 --force
    "${data[@]}" import csv notes.csv --header no --target 1,3,4 --ignore 5 --type f64 --out notes.h5 --force 2>notes
    grep -q "float rounds it (counted from 0): 1: keep normalize_targets" notes || fail "notes: $(cat notes)"
}

# What stands out in the classes, and in a header of numbers, is said.
test_class_notes() {
    local i
    for ((i = 0; i < 40; i++)); do echo "$((i % 7)).5,$((i % 5)).25,$((i % 2))"; done >body.csv
    { echo 0,1,2 && cat body.csv; } >numbers.csv
    expect 0 "the first line, 0,1,2, was read as column names" \
        "${data[@]}" import csv numbers.csv --label 2 --out class-notes.h5
    expect 0 "36 training, 2 validation and 2 test rows of 2 f32, 2 classes" \
        "${data[@]}" import csv numbers.csv --label 2 --split 90/5/5 --out class-notes.h5 --force
    expect 0 "37 training, 2 validation and 2 test rows of 2 f32, 3 classes" \
        "${data[@]}" import csv numbers.csv --label 3 --header no --split 90/5/5 --out class-notes.h5 --force
    expect 0 "note: 1 of 3 classes have no training rows, the first is class 2 (c)" \
        "${data[@]}" import csv body.csv --label 3 --class-names a,b,c --out class-notes.h5 --force
    sed 's/.$/7/' body.csv >constant.csv
    expect 0 "note: all training rows are of class 0 (7): a network cannot learn from one class" \
        "${data[@]}" import csv constant.csv --label 3 --out class-notes.h5 --force
    expect 4 "note   train: all rows are of one class" "${data[@]}" check class-notes.h5
}

# One cell that is no number among labels that are is a slip, not a class; who means it names all classes.
test_label_slips() {
    local i cell import=("${data[@]}" import csv slip.csv --label y --force --out slip.h5)
    { echo a,y && for ((i = 0; i < 40; i++)); do echo "$i.5,$((i % 2))"; done; } >whole.csv
    for cell in nan NA NULL '?' '1 # c' unknown; do
        sed "30s/,.*/,$cell/" whole.csv >slip.csv
        expect 4 "slip.csv:30: column 2 (y): '$cell' is no number, but 39 other labels are: if its label is missing" "${import[@]}"
        expect 4 "slip.csv:30: column 2" "${import[@]}" --class-names 0,1
    done
    expect 0 "3 classes" "${import[@]}" --class-names unknown,0,1
    { printf '\u00a0a b\u2003 ,\ufeffc,\u3000y\u200b\n' && tail -n +2 whole.csv | sed 's/,/\xc2\xa0,\xe2\x80\x893 ,\xc2\xa0/'; } >slip.csv
    expect 0 "38 training, 1 validation and 1 test rows of 2 f32, 2 classes" "${import[@]}"
    expect 0 "columns       2: a b, c" "${data[@]}" info slip.h5
    sed $'30s/,/,\u00a0/' whole.csv >slip.csv
    expect 0 "2 classes" "${import[@]}" # blanks of any kind around a field are no part of it

    sed 's/,0$/,a/; s/,1$/,b/' whole.csv >names.csv
    cp names.csv slip.csv
    expect 0 "2 classes" "${import[@]}"
    refuse_part note
    sed '7s/,.*/,NA/' names.csv >slip.csv
    expect 0 "3 classes" "${import[@]}"
    sed '7s/,.*/,7/' names.csv >slip.csv
    expect 4 "slip.csv:7: column 2 (y): '7' is a number, but 39 other labels are not: " "${import[@]}"
    for cell in A $'"a\u00a0"' '" a"'; do
        sed "8s/,.*/,$cell/" names.csv >slip.csv
        expect 0 "differ only in upper and lower case or in blanks; they are two classes: write them the same way" "${import[@]}"
        expect 0 "3 classes" "${import[@]}"
    done
    expect 0 "the labels ' a' and 'a' differ" "${import[@]}"
}

test_hdf5() {
    expect 0 "rows of 2 f32" "${data[@]}" import hdf5 c.h5 --x /train/x --y /train/y --split 90/10/0 --out h.h5
    expect 4 "c.h5: /train/z: there is no such dataset" "${data[@]}" import hdf5 c.h5 --x /train/z --y /train/y --out i.h5
    expect 4 "t.csv: cannot open" "${data[@]}" import hdf5 t.csv --x x --y y --out i.h5
}

# cifar FILE FIRST N CLASSES [COARSE]   N records in the binary form of CIFAR, all different, labels FIRST, FIRST + 1, ...
# modulo CLASSES; with COARSE, the number of coarse classes, those of CIFAR-100.
cifar() {
    local i
    for ((i = $2; i < $2 + $3; i++)); do
        # shellcheck disable=SC2059
        [[ $# -lt 5 ]] || printf "\\x$(printf %x $((i % $5)))"
        # shellcheck disable=SC2059
        printf "\\x$(printf %x $((i % $4)))\\x$(printf %x $((i / 256)))\\x$(printf %x $((i % 256)))"
        head -c 3070 /dev/zero
    done >"$1"
}

test_cifar() {
    cifar batch1 0 60 10
    cifar batch2 60 40 10
    cifar test10 100 20 10
    gzip -k batch2 test10
    expect 0 "96 training, 12 validation and 12 test rows of 3 x 32 x 32 u8, 10 classes" \
        "${data[@]}" import cifar batch1 batch2 --test test10 --split 80/10/10 --out c10.h5
    expect 0 "10: airplane, automobile, bird, cat, deer, dog, frog, horse, ship, truck" "${data[@]}" info c10.h5
    expect 0 "80 training, 20 validation and 20 test rows" \
        "${data[@]}" import cifar batch1 batch2.gz --test test10.gz --keep-test --split 80/20/0 --stratify --out kept10.h5
    expect 0 "horse                               8            2            2" "${data[@]}" check kept10.h5
    expect 0 "80 training" "${data[@]}" import cifar batch1 batch2 --test test10 --keep-test --split 80/20/0 --stratify --out same10.h5
    [[ $("${data[@]}" info kept10.h5 | grep -E "source|digest") == $("${data[@]}" info same10.h5 | grep -E "source|digest") ]] ||
        fail "gzipped CIFAR files are another dataset"
    cifar train100 0 300 100 20
    cifar test100 300 100 100 20
    gzip -k test100
    expect 0 "270 training, 30 validation and 100 test rows of 3 x 32 x 32 u8, 100 classes" \
        "${data[@]}" import cifar train100 --test test100.gz --keep-test --split 90/10/0 --out c100.h5
    expect 0 "origin        CIFAR-100 fine train100 test100.gz" "${data[@]}" info c100.h5
    seq -f 'kind %g' 20 >coarse.txt
    expect 0 "20 classes" "${data[@]}" import cifar train100 --labels coarse --names coarse.txt --classes 100 --out coarse.h5
    expect 0 "20: kind 1, kind 2, kind 3" "${data[@]}" info coarse.h5
    expect 2 "'50' is none of auto|10|100" "${data[@]}" import cifar train100 --classes 50 --out e.h5
    cp c10.h5 before.h5
    head -c 100000 batch1 >short
    expect 4 "short: its 100000 bytes are not a whole number of records" "${data[@]}" import cifar short --out c10.h5 --force
    expect 4 "short: its 100000 bytes are 32 records of CIFAR-10" "${data[@]}" import cifar short --classes 10 --out e.h5
    : >empty
    expect 4 "empty: is empty" "${data[@]}" import cifar empty --out c10.h5 --force
    { printf '\12' && head -c 3072 /dev/zero; } >ten
    expect 4 "the label 10 is outside 0 to 9" "${data[@]}" import cifar ten --out c10.h5 --force
    cmp c10.h5 before.h5 || fail "a refused import touched the old file"
    [[ ! -e e.h5 && -z $(find . -name "*.tmp") ]] || fail "a refused import left a file"
}

test_take() {
    expect 0 "80 training, 20 validation and 20 test rows" \
        "${data[@]}" import cifar batch1 batch2 --test test10 --keep-test --split 80/20/0 --out all.h5
    expect 0 "32 training, 8 validation and 20 test rows" \
        "${data[@]}" import cifar batch1 batch2 --test test10 --keep-test --take 40 --split 80/20/0 --stratify --out few.h5
    expect 0 "taken         40 rows of the source" "${data[@]}" info few.h5
    expect 0 "good" "${data[@]}" check few.h5
    # Four of each class: three or four of them for training, two of the test part.
    [[ $(awk '/^  [a-z]+ +[0-9]+ +[0-9]+ +2$/ && $2 + $3 == 4' output | wc -l) -eq 10 ]] || fail "take: $(cat output)"
    "${data[@]}" import cifar batch1 batch2 --test test10 --keep-test --take 40 --split 80/20/0 --stratify --out again.h5 >/dev/null
    cmp few.h5 again.h5 || fail "the same take made other bytes"
    expect 0 "70 training, 15 validation and 15 test rows" \
        "${data[@]}" make sinusoid --n 500 --take 100 --split 70/15/15 --out taken.h5
    expect 0 "taken         100 rows of the source" "${data[@]}" info taken.h5
    expect 2 "--take 101: there are only 100 rows besides the test part that is kept: take at most that many" \
        "${data[@]}" import cifar batch1 batch2 --test test10 --keep-test --take 101 --out few.h5 --force
    cmp few.h5 again.h5 || fail "a refused take touched the old file"
    ! "${data[@]}" info all.h5 | grep -q taken || fail "info tells of a take where there is none"
}

test_label_noise() {
    local table=("${data[@]}" import hdf5 c.h5 --x /train/x --y /train/y)
    expect 0 "270 training" "${data[@]}" import cifar train100 --test test100 --labels coarse --keep-test --split 90/10/0 \
        --label-noise 0.4 --out noisy.h5
    expect 0 "label noise   0.4, incorrect: " "${data[@]}" info noisy.h5
    grep -qE ": (8[0-9]|9[0-9]|1[0-3][0-9]) of 270 training labels changed" output || fail "noise: $(cat output)"
    expect 0 "good" "${data[@]}" check noisy.h5
    "${data[@]}" import cifar train100 --test test100 --labels coarse --keep-test --split 90/10/0 --out clean.h5 >/dev/null
    # The true labels are those of the file without noise, in the same order.
    expect 0 "" "${data[@]}" import hdf5 noisy.h5 --x /train/x --y /train/y_clean --no-shuffle --out a.h5
    expect 0 "" "${data[@]}" import hdf5 clean.h5 --x /train/x --y /train/y --no-shuffle --out b.h5
    [[ $("${data[@]}" info a.h5 | grep "  source") == "$("${data[@]}" info b.h5 | grep "  source")" ]] ||
        fail "the true labels are not kept"
    [[ $("${data[@]}" info noisy.h5 | grep "  digest") != "$("${data[@]}" info clean.h5 | grep "  digest")" ]] ||
        fail "noise is no part of the identity"
    expect 0 "" "${table[@]}" --label-noise 1 --label-noise-kind any --out any.h5
    expect 0 "label noise   1, any: " "${data[@]}" info any.h5
    expect 0 "epoch" "$tren" train --data noisy.h5 --out noisy --epochs 1 --batch_size 32 --no-plots
    expect 2 "targets, not classes" "${data[@]}" make sinusoid --label-noise 0.1 --out e.h5
    expect 2 "--label-noise: '1.5' is out of range; give one from 0 to 1" \
        "${table[@]}" --label-noise 1.5 --out e.h5
    expect 2 "'wrong' is none of incorrect|any" \
        "${table[@]}" --label-noise 0.5 --label-noise-kind wrong --out e.h5
    expect 2 "--label-noise-kind needs a probability" "${table[@]}" --label-noise-kind any --out e.h5
    [[ ! -e e.h5 && -z $(find . -name "*.tmp") ]] || fail "a refused command left a file"
}

test_damage() {
    expect 4 "none.h5: cannot open: No such file" "${data[@]}" info none.h5
    head -c $(($(stat -c %s c.h5) - 1)) c.h5 >cut.h5
    expect 4 "truncated file" "${data[@]}" check cut.h5
    printf '116,114,101,110,a\n1,2,3,4,b\n5,6,7,8,a\n' >u.csv # the first row reads "tren"
    "${data[@]}" import csv u.csv --label 5 --type u8 --split 100/0/0 --no-shuffle --out flipped.h5 >/dev/null
    printf 'T' | dd of=flipped.h5 bs=1 seek="$(grep -obUa $'tren\x01\x02' flipped.h5 | cut -d: -f1)" conv=notrunc status=none
    expect 4 "/train/x: the bytes are not those that were written" "${data[@]}" check flipped.h5
    cp c.h5 metadata.h5
    printf 'X' | dd of=metadata.h5 bs=1 seek="$(grep -obUa 'schema_version' metadata.h5 | cut -d: -f1)" conv=notrunc status=none
    expect 4 "checksum" "${data[@]}" info metadata.h5
    printf '1,a\n1,a\n1,a\n1,a\n2,b\n2,b\n2,b\n2,b\n' >twice.csv
    "${data[@]}" import csv twice.csv --label 2 --split 50/25/25 --stratify --out twice.h5 >/dev/null
    expect 4 "also occur in train" "${data[@]}" check twice.h5
    expect 4 "ERROR" "${data[@]}" check c.h5 twice.h5
}

# Programs that write one file at a time do not write into each other's; what a killed one left is in nobody's way.
test_together() {
    local k pids=()
    for k in 1 2 3; do
        "${data[@]}" make sinusoid --n 300000 --sd "0.$k" --out both.h5 --force >/dev/null 2>"both.$k" &
        pids+=($!)
    done
    for k in 0 1 2; do wait "${pids[$k]}" || fail "together: $(cat both.?)"; done
    expect 0 "good" "${data[@]}" check both.h5
    [[ -z $(find . -name "*.tmp") ]] || fail "together: left $(find . -name "*.tmp")"
    # shellcheck disable=SC2016
    expect 0 "960 training" bash -c 'echo left >both.h5.$$.tmp && exec "$@"' - "${data[@]}" make sinusoid --out both.h5 --force
    [[ $(cat both.h5.*.tmp) == left ]] || fail "what a killed program left was written to"
    rm both.h5.*.tmp
}

# Of a file that somebody made, mean and sd are computed again: as numpy does it in float they are right.
test_made_by_hand() {
    local python3 change
    if ! python3=$(command -v /usr/bin/python3) || ! "$python3" -c 'import h5py' 2>/dev/null; then
        echo "a dataset made by hand is not tried: no h5py"
        return
    fi
    "$python3" -c "import h5py, numpy as np
rng = np.random.default_rng(1)
with h5py.File('hand.h5', 'w') as f: # 7 MB of training rows
    f.attrs.update({'schema': 'tren dataset', 'schema_version': 1, 'layout': 'image', 'shape': [3, 8, 8], 'n_classes': 3})
    for part, n in (('train', 9000), ('validation', 90), ('test', 90)):
        f[part + '/x'] = rng.normal([[[-3]], [[5]], [[9000]]], [[[1]], [[0.1]], [[700]]], (n, 3, 8, 8)).astype('f4')
        f[part + '/y'] = rng.integers(0, 3, n)"
    for change in 'mean=x.mean(rows), sd=x.std(rows)' 'mean=x.mean(rows), sd=x.std(rows, ddof=1)' 'mean=[0, 0, 0], sd=[1, 1, 1]'; do
        "$python3" -c "import h5py
with h5py.File('hand.h5', 'r+') as f:
    x, rows = f['train/x'][:], (0, 2, 3)
    f.attrs.update(dict($change))"
        expect 0 "good" "${data[@]}" check hand.h5
    done
    "$python3" -c "import h5py; h5py.File('hand.h5', 'r+').attrs['sd'] = [2, 0, 1]"
    expect 4 "ERROR  mean: channel 0 is 0, but -" "${data[@]}" check hand.h5
    grep -q "ERROR  sd: channel 0 is 2, but [01].* (wrong in 3 of 3 channels" output || fail "$(cat output)"
}

test_usage() {
    expect 2 "a subcommand is missing" "${data[@]}"
    expect 2 "did you mean 'import'" "${data[@]}" imprt
    expect 2 "a source is missing" "${data[@]}" import
    expect 2 "did you mean 'idx'" "${data[@]}" import dix
    expect 2 "did you mean '--labels'" "${data[@]}" import idx --lables x
    expect 2 "--images is missing" "${data[@]}" import idx --out x.h5
    expect 2 "FILE is missing" "${data[@]}" import csv --out x.h5
    expect 2 "--out is missing" "${data[@]}" make sinusoid
    expect 2 "'97/2/2' is not three percentages" "${data[@]}" make sinusoid --split 97/2/2 --out x.h5
    expect 2 "would be empty" "${data[@]}" make sinusoid --n 10 --out x.h5
    expect 2 "no test part" "${data[@]}" make sinusoid --keep-test --out x.h5
    expect 2 "targets, not classes" "${data[@]}" make sinusoid --stratify --out x.h5
    expect 2 "targets, not classes" "${data[@]}" make sinusoid --class-names a,b --out x.h5
    expect 2 "--n" "${data[@]}" make sinusoid --n 0 --out x.h5
    expect 2 "'maybe' is none of" "${data[@]}" import csv t.csv --label kind --header maybe --out x.h5
    expect 3 "nowhere/x.h5: cannot create: No such file or directory; check the path" "${data[@]}" make sinusoid --out nowhere/x.h5
    [[ ! -e x.h5 && -z $(find . -name "*.tmp") ]] || fail "a refused command left a file"
    for command in import make "import idx" "import cifar" "import csv" "import hdf5" "make sinusoid" info check preview; do
        # shellcheck disable=SC2086
        expect 0 "sage" "${data[@]}" $command --help
    done
}

# A file system of 1 MB: the disk is full in the middle of the file.
test_full_disk() {
    mkdir full
    if ! mount -t tmpfs -o size=1m tmpfs full 2>/dev/null; then
        echo "the full disk is not tried: no right to mount"
        return
    fi
    local code=0
    "${data[@]}" make sinusoid --n 200000 --out full/x.h5 >output 2>&1 || code=$?
    ls full >left
    umount full
    [[ $code -eq 3 ]] || fail "full disk: exit code $code: $(cat output)"
    grep -q "x.h5.[0-9]*.tmp: .*No space left on device" output || fail "full disk: $(cat output)"
    [[ ! -s left ]] || fail "full disk: left $(cat left)"
}

test_fashion_mnist() {
    if [[ ! -e $fashion ]]; then
        echo "Fashion-MNIST is not tried: no $fashion"
        return
    fi
    export TREN=$tren
    expect 0 "67200 training, 1400 validation and 1400 test rows of 1 x 28 x 28 u8, 10 classes" \
        "$TREN_SOURCE/datasets/fashion-mnist.sh" --out pooled.h5
    expect 0 "10000 test rows" "$TREN_SOURCE/datasets/fashion-mnist.sh" --keep-test --out kept.h5
    expect 0 "is there already" "$TREN_SOURCE/datasets/fashion-mnist.sh" --out kept.h5
    expect 0 "Ankle boot                       6720          140          140" "${data[@]}" check pooled.h5
    if python3=$(command -v /usr/bin/python3) && "$python3" -c 'import h5py' 2>/dev/null; then
        expect 0 "train: x (67200, 1, 28, 28) uint8" "$python3" "$TREN_SOURCE/examples/read_dataset.py" pooled.h5
    fi
    mkdir copy
    cp "$fashion"/*.gz copy
    printf 'x' | gzip >copy/t10k-labels-idx1-ubyte.gz
    FASHION_MNIST=copy expect 4 "is not that of Fashion-MNIST" "$TREN_SOURCE/datasets/fashion-mnist.sh" --out n.h5
}

test_make_info_check
test_csv
test_notes
test_class_notes
test_label_slips
test_hdf5
test_cifar
test_take
test_label_noise
test_damage
test_together
test_made_by_hand
test_usage
test_full_disk
test_fashion_mnist
