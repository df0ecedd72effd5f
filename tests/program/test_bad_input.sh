#!/usr/bin/env bash
# Wrong inputs, one a row of bad_input.tsv: each ends in time with its exit code and one message that says what is
# wrong and what to do, whatever the number of ranks, and leaves no half-made file and everything good as it was.
# shellcheck source=tests/program/lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"
here=$TREN_SOURCE/tests/program

chmod 755 . && chmod 1777 mpi
mkdir -p base/bad base/good
cd base

# ---- what is good and must stay so, and what is bad ------------------------------------------------------------

make_classes classes.h5 300
make_sinusoid targets.h5 200
"$tren" data make sinusoid --out all-train.h5 --n 100 --split 100/0/0 >/dev/null
# Twenty images of 4 x 5 pixels
{ printf '\0\0\10\3\0\0\0\24\0\0\0\4\0\0\0\5' && head -c 400 "$tren"; } >images
{ printf '\0\0\10\1\0\0\0\24' && printf '\0\1%.0s' {1..10}; } >labels
cp images im,ages # a comma separates files, but not where that is the name of one
"$tren" data import idx --images im,ages --labels labels --split 60/20/20 --out images.h5 >/dev/null
# A line of 40 pixels, twenty times
{ printf '\0\0\10\3\0\0\0\24\0\0\0\1\0\0\0\50' && head -c 800 "$tren"; } >line
"$tren" data import idx --images line --labels labels --split 60/20/20 --out line.h5 >/dev/null
# Text, pairs of texts, and texts with a label
for i in {1..60}; do echo "Line $i of a text that goes on for some lines."; done >good/words.txt
for i in {1..80}; do printf 'das Haus %d\tthe house %d\n' $i $i; done >good/pairs.tsv
for i in {1..40}; do printf 'odd\tthe text %d\neven\tthe text %d\n' $((2 * i - 1)) $((2 * i)); done >good/labels.tsv
"$tren" data import text good/words.txt --tokens 16 --split 80/10/10 --out text.h5 >/dev/null
"$tren" data import pairs good/pairs.tsv --split 80/10/10 --vocabulary 265 --out pairs.h5 >/dev/null
"$tren" data import labeled good/labels.tsv --split 80/10/10 --out labeled.h5 >/dev/null
mkdir good/folder
echo kept >good/picture.png
mv ./*.h5 good
mv classes.h5.csv good/classes.csv
cat >good/run.yaml <<'END'
data: good/classes.h5
shards: 4
batch_size: 32
model.hidden: [16]
epochs: 2
plots: false
progress: off
END
"$tren" train good/run.yaml --out good/run >/dev/null

sed "s/classes/text/; s/model.hidden.*/model: {name: token_mlp, hidden: [8]}/" good/run.yaml >good/text.yaml
"$tren" train good/text.yaml --out good/talk >/dev/null
"$tren" export good/run --to safetensors >/dev/null

spoil_files() {
    local size
    size=$(stat -c %s good/classes.h5)
    : >bad/none.h5
    head -c 1 good/classes.h5 >bad/byte.h5
    head -c $((size / 2)) good/classes.h5 >bad/half.h5
    head -c $((size - 1)) good/classes.h5 >bad/cut.h5
    head -c 3000 /dev/urandom >bad/random
    ln -s link bad/link
    ln -s "$scratch/nowhere/run" bad/dangling
    mkfifo bad/pipe
    mknod bad/node c 1 3 2>/dev/null || true
    mkdir -p bad/folder good/damaged bad/older
    cp good/run/config.yaml good/damaged
    cp bad/random good/damaged/last.h5
    head -c 5000 good/run/best.h5 >good/damaged/previous.h5
    head -c 5000 good/run/best.h5 >bad/half-checkpoint.h5
    printf '\0\0\10\3\0\0\0\2\0\0\0\2\0\0\0\2ABCDEFGH' >bad/images
    printf '\0\0\10\3\0\0\0\2\0\0\0\2\0\0\0\2ABCDEF' >bad/images-cut
    printf '\0\0\10\3\377\377\377\377\377\377\377\377\377\377\377\377' >bad/images-huge
    printf '\0\0\10\3\177\377\377\377\0\0\0\2\0\0\0\2ABCDEF' >bad/images-2e31
    printf '\0\0\16\3\177\377\377\377\0\0\264\4\0\0\264\4ABCDEF' >bad/images-2e65
    printf '\0\0\14\3\377\377\377\377\0\0\0\2\0\0\0\2ABCDEF' >bad/images-2e32
    { printf '\0\0\15\2\0\0\0\2\0\20\0\1' && head -c $((8 * 1048577)) /dev/zero; } >bad/targets-2e20
    gzip -c bad/images-2e31 >bad/images-2e31.gz
    printf '\0\0\10\1\177\377\377\377\1\2\3' >bad/labels-2e31
    printf '\0\0\10\1\377\377\377\377\1\2\3' >bad/labels-2e32
    printf '\0\0\10\1\0\0\0\3\1\2\3' >bad/labels
    printf '\0\0\10\1\0\0\0\2\1\2' >bad/labels-2
    gzip -c bad/images | head -c 20 >bad/images.gz
    head -c 6145 /dev/zero >bad/cifar-cut
    { printf '\12' && head -c 3072 /dev/zero; } >bad/cifar-label
    { printf '\1\144' && head -c 3072 /dev/zero; } >bad/cifar-fine
    gzip -c bad/cifar-fine | head -c 20 >bad/cifar.gz
    head -c 3073 /dev/zero >bad/cifar-one
    { gzip -c bad/cifar-one | head -c -8 && printf 12345678; } >bad/cifar-sum.gz
    printf 'a,b\n1,2\n3\n' >bad/ragged.csv
    printf 'a,b\n' >bad/header.csv
    printf 'a;b;c\n1;2;0\n3;4;1\n' >bad/semi.csv
    printf 'a,b,a\n1,2,0\n3,4,1\n' >bad/twice.csv
    printf '1,inf,0\n2,3,1\n' >bad/inf.csv
    printf '1,"x\n2,1\n' >bad/quote.csv
    printf '1,,0\n2,3,1\n' >bad/hole.csv
    printf '1,0\n2,0\n3,0\n' >bad/three.csv
    printf 'x,y\n1,Gr\xf6sse\n2,b\n' >bad/latin.csv
    { printf '\xe9t\xe9\n' && seq 9; } >bad/latin-names
    printf '\xff\xfea\0,\0b\0' >bad/utf16.csv
    printf 'Gr\xf6sse\n' >bad/latin.txt
    printf 'one\ntwo\0\n' >bad/zero.txt
    printf ' \n\n' >bad/blank.txt
    printf 'eins\nzwei\ndrei\n' >bad/de.txt
    printf 'one\n\nthree\n' >bad/hole.txt
    printf 'one\ntwo\n' >bad/en.txt
    printf 'eins\tone\nzwei two\n' >bad/no-tab.tsv
    printf 'eins\tone\nzwei\t\n' >bad/hole.tsv
    printf 'eins\tone\tun\n' >bad/tabs.tsv
    gzip -c good/words.txt | head -c 60 >bad/words.gz
    { printf '\377\376' && printf 'a\0\n\0%.0s' {1..9}; } >bad/utf16.txt
    { printf '\376\377' && printf '\0a\0\n%.0s' {1..9}; } >bad/utf16-be.txt
    { printf '\375%s\0' 7zXZ && cat bad/random; } >bad/words.xz
    { printf 'BZh9' && cat bad/random; } >bad/words.bz2
    { printf 'PK\3\4' && cat bad/random; } >bad/words.zip
    printf 'odd\tone\n\neven\ttwo\n' >bad/gap.tsv
    printf '\tone\n' >bad/no-label.tsv
}

# weights NAME EDIT   The good weights, whose header is edited by sed; its length stays.
weights() { LC_ALL=C sed "$2" good/run.safetensors >"bad/$1.safetensors"; }

# tensors NAME HEADER BYTES   A safetensors file of this header, and so many zeros.
tensors() {
    local n=${#2}
    { printf "\\x$(printf %02x $((n % 256)))\\x$(printf %02x $((n / 256)))\\0\\0\\0\\0\\0\\0%s" "$2" && head -c "$3" /dev/zero; } >"bad/$1.safetensors"
}

spoil_weights() {
    local one='"dtype":"F32","shape":[1],"data_offsets":[0,4]'
    : >bad/empty.safetensors
    printf '\20\0\0' >bad/short.safetensors
    { printf '\0\0\0\0\0\0\0\20' && tail -c +9 good/run.safetensors; } >bad/length-2e60.safetensors
    { head -c 7 good/run.safetensors && printf '\377' && tail -c +9 good/run.safetensors; } >bad/length-2e63.safetensors
    head -c -1 good/run.safetensors >bad/cut.safetensors
    { cat good/run.safetensors && printf x; } >bad/long.safetensors
    { head -c -4 good/run.safetensors && printf '\0\0\300\177'; } >bad/nan.safetensors
    weights dtype-unknown 's/F32/F37/'
    weights dtype-whole 's/F32/I32/'
    weights turned 's/\[16,8\]/[8,16]/'
    weights larger 's/\[16,8\]/[16,9]/'
    weights renamed 's/dense1.bias/dense9.bias/'
    weights twice 's/dense1.bias/dense2.bias/'
    weights overlap 's/\[640,704\]/[636,700]/'
    weights behind 's/\[640,704\]/[940,999]/'
    weights backwards 's/\[640,704\]/[704,640]/'
    weights not-json 's/{"__/["__/'
    weights control 's/dense1.bias/dense1\x01bias/'
    weights latin 's/dense1.bias/dense1\xe9bias/'
    tensors deep "$(printf '{"a":%.0s' {1..2000})" 4
    tensors lists "{\"a\":{\"shape\":$(printf '[%.0s' {1..9000})" 4
    tensors extents "{\"a\":{\"dtype\":\"F32\",\"shape\":[1,1,1,1,1,1,1,1,1],\"data_offsets\":[0,4]}}" 4
    tensors anchor "{\"a\":&x {$one},\"b\":*x}" 4
    tensors tag "{\"a\":!!map {$one}}" 4
    tensors block "a: 1" 4
    tensors number "{\"a\":{\"dtype\":\"F32\",\"shape\":[1e0],\"data_offsets\":[0,4]}}" 4
    tensors huge '{"a":{"dtype":"F32","shape":[4294967296,4294967297,4],"data_offsets":[0,4]}}' 4
    tensors lacks '{"a":{"dtype":"F32","shape":[1]}}' 4
    tensors again "{\"a\":{$one,\"dtype\":\"F32\"}}" 4
    tensors metadata "{\"__metadata__\":{\"a\":[1]},\"a\":{$one}}" 4
    tensors two-maps "{\"a\":{$one}} {}" 4
    tensors none '{}' 0
    # shellcheck disable=SC2016
    tensors name '{"\u001b]0;x\u0007 $(touch new) %s%n":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}' 4
}

# yaml NAME TEXT   A config.
yaml() { printf '%b' "$2" >"bad/$1.yaml"; }

spoil_configs() {
    yaml unknown 'data: good/classes.h5\nmodel:\n  hiden: [3]\n'
    yaml twice 'epochs: 1\n\nepochs: 2\n'
    yaml tab 'optimizer:\n\tname: sgd\n'
    yaml list 'epochs: [1]\n'
    yaml map 'epochs: {a: 1}\n'
    yaml section 'optimizer: 3\n'
    yaml idle 'data: good/classes.h5\noptimizer: {name: scg, learning_rate: 0.2}\nout: new\n'
    yaml documents 'epochs: 1\n---\nepochs: 2\n'
    yaml open 'data: "c.h5\n'
    yaml alias 'epochs: *no\n'
    yaml latin 'data: \0377\n'
    yaml bytes '\0377\0376\0000'
    yaml empty '# nothing\n'
    yaml value 'epochs:\n'
    yaml control 'out: "a\\nb"\n'
    yaml base64 'data: !!binary r.h5\n'
    yaml grid 'data: good/classes.h5\nepochs: 1\nmodel.hidden: [4]\ngrid: {seed: [1, 2]}\n'
    yaml nested 'model.hidden: [[1]]\n'
    yaml layers 'data: good/images.h5\nout: new\nmodel:\n  layers:\n    - conv: 4\n    - residual:\n        - conv: 4\n        - rellu\n'
    yaml layers-groups 'data: good/images.h5\nout: new\nmodel:\n  layers:\n    - conv: {channels: 4, norm: batch, norm_groups: 2}\n    - flatten\n    - dense: outputs\n'
    yaml layers-variance 'data: good/images.h5\nout: new\nmodel:\n  layers:\n    - flatten\n    - dense: {units: outputs, init_variance: 2}\n'
    yaml layers-key 'data: good/images.h5\nout: new\nmodel:\n  layers:\n    - conv: {channels: 4,\n        kernl: 3}\n'
    yaml layers-shape 'data: good/images.h5\nout: new\nmodel:\n  layers:\n    # one\n    - conv: 4\n    - max_pool: 5\n    - dense: outputs\n'
    yaml layers-dash 'data: good/images.h5\nout: new\nmodel:\n  layers:\n    - dense: 4\n      relu:\n    - dense: outputs\n'
    yaml layers-name 'data: good/images.h5\nout: new\nmodel:\n  name: cnn\n  layers: [dense: outputs]\n'
    yaml layers-hidden 'data: good/images.h5\nout: new\nmodel:\n  layers: [dense: outputs]\n  hidden: [8]\n'
    yaml layers-dropout 'data: good/images.h5\nout: new\nmodel:\n  layers: [dense: outputs]\ndropout: [0.5]\n'
    yaml layers-map 'data: good/images.h5\nmodel:\n  layers:\n    dense: outputs\n'
    yaml layers-text 'data: good/images.h5\nmodel:\n  layers: dense\n'
    yaml layers-self 'model:\n  layers: &a [layers: *a]\n'
    yaml layers-long "model:\n  layers: [$(printf 'dense: {units: 8, norm: layer, activation: leaky_relu, dropout: 0.5}, %.0s' {1..700})dense: outputs]\n"
    yaml layers-grid 'data: good/classes.h5\nepochs: 1\ngrid: {model.layers: [[dense: outputs], dense]}\n'
    yaml many "model.hidden: [$(seq -s, 100)]\n"
    yaml deep "$(printf '[%.0s' {1..20000})"
    yaml dashes "epochs: $(printf -- '- %.0s' {0..20000})1\n"
    yaml questions "$(printf -- '? %.0s' {0..2000})1\n"
    yaml anchors "$(seq -f 'a: &a%.0f 1' -s '\\n' 40000)"
    yaml both 'data: good/classes.h5\noptimizer: {lambda: 1, weight_decay: 0.1}\n'
}

h5py=""
for python in /usr/bin/python3 python3; do
    [[ $h5py ]] || ! "$python" -c "import h5py" 2>/dev/null || h5py=$python
done
spoil_files
spoil_weights
spoil_configs
[[ -z $h5py ]] || (cd bad && "$h5py" "$here/bad_input_data.py" ../good/classes.h5 ../good/targets.h5 &&
    "$h5py" "$here/bad_input_text.py" ../good/text.h5 ../good/pairs.h5)

# ---- what the rows use -----------------------------------------------------------------------------------------

train="$tren train good/run.yaml"
images="$tren train --data good/images.h5 --out new --model.layers"
talk="$tren train good/text.yaml"
weights="$tren import-weights good/run.yaml --out new.h5 --from"
text="$tren data import text good/words.txt"
mpi3="mpirun -n 3"
long=$(printf 'a%.0s' {1..1100})
# Root may do anything: rows about permissions are somebody else's.
other="" everyone=yes
if [[ $EUID -eq 0 ]]; then
    other="setpriv --reuid=65534 --regid=65534 --clear-groups"
    $other "$tren" --version >/dev/null 2>&1 || everyone=""
fi
full=$scratch/full mountable=""
mkdir "$full"
if [[ $EUID -eq 0 ]] && mount -t tmpfs -o size=64k tmpfs "$full" 2>/dev/null; then
    mountable=yes
    head -c 65536 /dev/zero >"$full/fill" 2>/dev/null || true
    trap 'umount -l "$full" || true; teardown' EXIT
fi
# Two nodes with different files, to one of the ranks.
cat >bad/lonely.sh <<'END'
[[ ${OMPI_COMM_WORLD_RANK:-$PMI_RANK} != 1 ]] || exec "$1" train gone.yaml
exec "$1" train good/run.yaml --out new
END
# A CPU without AVX-512: this one, or an emulated one.
below=""
grep -qw avx512f /proc/cpuinfo && emulator=$(command -v qemu-x86_64-static) && below="$emulator -cpu Haswell"
export tren train images talk weights text mpi3 long other full below

# ---- the table -------------------------------------------------------------------------------------------------

good_files() { find good -type f ! -name run.log ! -name .lock -exec sha256sum {} + | sort -k 2; }
good_files >before
cd "$scratch"

have() {
    case $1 in
    h5py) [[ $h5py ]] ;;
    other) [[ $everyone ]] ;;
    mount) [[ $mountable ]] ;;
    open-mpi) [[ $mpi_name == "Open MPI"* ]] ;; # MPICH's launcher lets the others wait for one that has left
    node) [[ -c bad/node ]] ;;
    x86) [[ $(uname -m) == x86_64 ]] ;;
    below-v4) [[ $(uname -m) == x86_64 ]] && { [[ $below ]] || ! grep -qw avx512f /proc/cpuinfo; } ;;
    *) fail "a row needs '$1', which this script does not know" ;;
    esac
}

# row ID CODE PATTERNS COMMAND   PATTERNS are regular expressions with " && " between them.
row() {
    local id=$1 want=$2 patterns=$3 command=$4 code=0 pattern said
    rm -rf new new.*
    timeout -k 2 20 bash -c "$command" >output 2>&1 </dev/null || code=$?
    [[ $code -eq $want ]] || fail "$id: exit code $code, not $want, from: $command: $(tail -n 20 output)"
    said=$(grep -cE '^tren( [a-z-]+){0,2}( \(rank [0-9]+\))?: ' output) || true
    [[ $said -eq 1 ]] || fail "$id: $said messages, not 1, from: $command: $(tail -n 20 output)"
    while [[ $patterns ]]; do
        pattern=${patterns%% && *}
        [[ $pattern != "$patterns" ]] && patterns=${patterns#* && } || patterns=""
        grep -qE -- "$pattern" output || fail "$id: no '$pattern' in what came from: $command: $(tail -n 20 output)"
    done
    good_files | diff before - || fail "$id: good files were changed by: $command"
    [[ -z $(find . -name '*.tmp' -print -quit) ]] || fail "$id: a temporary file is left"
}

# wanted ID [ID ...]   Is the first among the others, or are there no others?
wanted() {
    local id=$1
    shift
    [[ $# -eq 0 || " $* " == *" $id "* ]]
}

# share K N [ID ...]   Every Nth row from the Kth on, or of these only, in a folder of its own; counts to `counts`.
share() {
    local k=$1 all=$2 id code patterns command needs i=0 n=0 wrong=0 skipped=""
    shift 2
    cp -a "$scratch/base" "$scratch/share$k"
    cd "$scratch/share$k"
    install -m 000 good/classes.h5 bad/secret.h5
    install -m 555 -d bad/read-only
    while IFS=$'\t' read -r -u 3 id code patterns command; do
        [[ $id && $id != \#* ]] || continue
        needs=${id#*@}
        id=${id%@*}
        wanted "$id" "$@" || continue
        [[ $((i++ % all)) -eq $k ]] || continue
        if [[ $needs != "$id" ]] && ! have "$needs"; then
            skipped+=" $id"
            continue
        fi
        (row "$id" "$code" "$patterns" "$command") || wrong=$((wrong + 1))
        n=$((n + 1))
    done 3<"$here/bad_input.tsv"
    echo "$n $wrong$skipped" >counts
}

# table [ID ...]   All rows, or these only. Most of the time of a row is waiting for MPI: three go side by side.
table() {
    local k n wrong skipped rows=0 bad=0 missed=""
    for k in 0 1 2; do share $k 3 "$@" & done
    wait
    for k in 0 1 2; do
        read -r n wrong skipped <"$scratch/share$k/counts"
        rows=$((rows + n)) bad=$((bad + wrong))
        missed+=${skipped:+ $skipped}
    done
    [[ $rows -gt 0 ]] || fail "no row was tried"
    [[ $bad -eq 0 ]] || fail "$bad of $rows rows"
    echo "$rows wrong inputs, each refused as it should be"
    [[ -z $missed ]] || echo "not tried here:$missed"
}

# ---- damage at random ------------------------------------------------------------------------------------------

# flip FILE COPY SEED   Changes up to eight bytes.
flip() {
    local size at i
    RANDOM=$3
    cp "$1" "$2"
    size=$(stat -c %s "$1")
    for ((i = 0; i <= RANDOM % 8; i++)); do
        at=$(((RANDOM * 32768 + RANDOM) % size))
        printf '%b' "\\0$(printf '%o' $((RANDOM % 256)))" | dd of="$2" bs=1 seek=$at conv=notrunc status=none
    done
}

# Damage may go unseen in a value, but the program must neither crash nor hang.
survive() { # WHAT COMMAND ...
    local code=0 what=$1
    shift
    timeout -k 2 20 "$@" >output 2>&1 || code=$?
    [[ $code -lt 8 ]] || fail "$what: exit code $code from $*: $(tail -n 20 output)"
    ! grep -qE 'Sanitizer|runtime error' output || fail "$what: $(cat output)"
}

fuzz() {
    local seed variants=${TREN_FUZZ:-$(few 10 -- 35)}
    cp -a "$scratch/base" "$scratch/fuzz"
    cd "$scratch/fuzz"
    for ((seed = 1; seed <= variants; seed++)); do
        flip good/classes.h5 flipped.h5 $seed
        survive "dataset, seed $seed" "$tren" data check flipped.h5
        flip good/run/best.h5 flipped.h5 $seed
        survive "checkpoint, seed $seed" "$tren" eval flipped.h5
        flip good/run/config.yaml flipped.yaml $seed
        survive "config, seed $seed" "$tren" config flipped.yaml
        flip good/run.safetensors flipped.safetensors $seed
        rm -f new.h5
        survive "weights, seed $seed" "$tren" import-weights good/run.yaml --from flipped.safetensors --out new.h5
    done
    echo "$((4 * variants)) damaged files, no crash"
}

table "$@"
[[ $# -gt 0 ]] || fuzz
