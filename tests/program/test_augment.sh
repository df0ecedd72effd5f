#!/usr/bin/env bash
# Augmented training ends with the same bits on any number of ranks and after a resume; evaluation sees the images as
# they are; tren data preview draws them.
# shellcheck source=tests/program/lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"

# bytes LIST   The numbers on stdin, as bytes.
bytes() { printf '%b' "$(awk '{ for (i = 1; i <= NF; i++) printf "\\0%03o", $i }')"; }

# Eight by six pixels of noise; a bar across the upper half, the lower one, or down the middle is the class.
make_images() { # FILE ROWS
    awk -v n="$2" 'BEGIN { srand(3); for (r = 0; r < n; r++) for (i = 0; i < 8; i++) for (j = 0; j < 6; j++) {
        bar = r % 3 == 0 ? i == 2 : r % 3 == 1 ? i == 5 : j == 3
        print int(rand() * 80 + bar * 120) } }' >"$1.txt"
    { printf '\0\0\10\3\0\0' && echo "$(($2 / 256)) $(($2 % 256))" | bytes && printf '\0\0\0\10\0\0\0\6' &&
        bytes <"$1.txt"; } >"$1.images"
    { printf '\0\0\10\1\0\0' && echo "$(($2 / 256)) $(($2 % 256))" | bytes &&
        awk -v n="$2" 'BEGIN { for (r = 0; r < n; r++) print r % 3 }' | bytes; } >"$1.labels"
    "$tren" data import idx --images "$1.images" --labels "$1.labels" --no-shuffle --split 70/15/15 --out "$1" \
        >/dev/null
}
make_images images.h5 300

cat >run.yaml <<'END'
data: images.h5
seed: 4
shards: 8
batch_size: 32
model.hidden: [24]
augment: {rotation: 12, translation: 1.5, flip_horizontal: true, flip_vertical: true, zoom: [0.9, 1.2], noise: 0.05}
epochs: 2
plots: false
END

train() { # RANKS RUN [OPTION ...]
    local ranks=$1 run=$2
    shift 2
    expect 0 "" mpi "$ranks" "$tren" train run.yaml --out "$run" "$@"
}

differ() { # RUN OTHER
    [[ $(field "$1" digest) != "$(field "$2" digest)" ]] || fail "$2 has the digest of $1"
}

test_ranks() {
    local ranks
    train 1 on1
    for ranks in 2 3; do
        train $ranks on$ranks
        same_run on1 on$ranks
    done
    echo "digest $(field on1 digest) on 1, 2 and 3 ranks"
}

test_resume() {
    train 2 resumed --max_steps 9 # of 7 in an epoch
    train 3 resumed --resume --max_steps 0
    same_run on1 resumed
    expect 2 "augment.rotation: 12 in the checkpoint, 11 now" mpi 1 "$tren" train run.yaml --out resumed --resume \
        --augment.rotation 11
}

# Each key changes what is learned.
test_every_key_counts() {
    local key value
    local off=(--augment.rotation 0 --augment.translation 0 --no-augment.flip_horizontal --no-augment.flip_vertical
        --augment.zoom '[]' --augment.noise 0)
    train 1 plain "${off[@]}"
    differ on1 plain
    while read -r key value; do
        train 1 "$key" "${off[@]}" "--augment.$key" "$value"
        differ plain "$key"
    done <<'END'
rotation 5
translation 1
crop_padding 1
flip_horizontal true
flip_vertical true
zoom [0.9,1.1]
noise 0.1
END
}

# With the weights held where they are, augmentation shows in the training loss and nowhere else.
test_evaluation_is_plain() {
    local part off=(--augment.rotation 0 --augment.translation 0 --no-augment.flip_horizontal
        --no-augment.flip_vertical --augment.zoom '[]' --augment.noise 0)
    train 1 still --optimizer.learning_rate 0
    train 1 still-plain --optimizer.learning_rate 0 "${off[@]}"
    [[ $(field still digest) == "$(field still-plain digest)" ]] || fail "a rate of 0 moves weights"
    [[ $(field still validation_loss) == "$(field still-plain validation_loss)" ]] || fail "validation is augmented"
    [[ $(field still test_loss) == "$(field still-plain test_loss)" ]] || fail "the test is augmented"
    [[ $(timeless still) != "$(timeless still-plain)" ]] || fail "training is not augmented"
    for part in train validation test; do
        expect 0 "" "$tren" eval still --split $part --json
        grep -v '"checkpoint"' output >plain.json
        expect 0 "" "$tren" eval still-plain --split $part --json
        diff <(grep '"loss"\|"accuracy"' plain.json) <(grep '"loss"\|"accuracy"' output) || fail "eval is augmented"
    done
}

# check_png FILE CHANNELS [BYTES]   The whole file by the rules of PNG; the first cell shows the image BYTES.
check_png() {
    [[ $(head -c 8 "$1" | od -An -tx1 | tr -d ' \n') == 89504e470d0a1a0a ]] || fail "$1: no signature of PNG"
    command -v python3 >/dev/null || return 0
    python3 - "$@" <<'END' || fail "$1: is no good PNG"
import struct, sys, zlib
name, channels = sys.argv[1], int(sys.argv[2])
file, at, chunks = open(name, "rb").read(), 8, []
while at < len(file):
    n, kind = struct.unpack(">I4s", file[at:at + 8])
    data = file[at + 8:at + 8 + n]
    assert struct.unpack(">I", file[at + 8 + n:at + 12 + n])[0] == zlib.crc32(kind + data), kind
    chunks.append((kind, data))
    at += 12 + n
assert [kind for kind, _ in chunks] == [b"IHDR", b"IDAT", b"IEND"] and at == len(file)
w, h, *kind = struct.unpack(">IIBBBBB", chunks[0][1])
assert kind == [8, 2 if channels == 3 else 0, 0, 0, 0], kind
raw = zlib.decompress(chunks[1][1])
assert len(raw) == h * (1 + w * channels) and not any(raw[::1 + w * channels])
if len(sys.argv) > 3:
    want = open(sys.argv[3], "rb").read()[16:16 + 48]
    cell = [raw[(4 + 4 * i + 3) * (1 + w) + 1 + 4 + 4 * j + 3] for i in range(8) for j in range(6)]
    assert bytes(cell) == want, cell
    other = [raw[(4 + 4 * i + 3) * (1 + w) + 1 + 4 + 24 + 12 + 4 * j + 3] for i in range(8) for j in range(6)]
    assert other != cell
END
}

test_preview() {
    local preview=("$tren" data preview)
    expect 0 "p.png: 8 training images and the first 7 epochs of them (236 x 292 pixels)" \
        "${preview[@]}" images.h5 --augment.rotation 30 --out p.png
    check_png p.png 1 images.h5.images
    cp p.png kept.png
    expect 2 "p.png: exists already: --force replaces it" "${preview[@]}" images.h5 --out p.png
    cmp p.png kept.png
    expect 0 "" "${preview[@]}" images.h5 --augment.rotation=30 --out p.png --force
    cmp p.png kept.png || fail "another picture from the same command"
    expect 0 "" "${preview[@]}" images.h5 --augment.rotation=30 --out p.png --force --seed 2
    ! cmp -s p.png kept.png || fail "the same picture from another seed"
    # The dataset, the seed and the section of a config, and an option on top of it
    expect 0 "" "${preview[@]}" --config run.yaml --out config.png --n 2 --copies 1
    check_png config.png 1 images.h5.images
    expect 0 "" "${preview[@]}" images.h5 --seed 4 --out options.png --n 2 --copies 1 --augment.rotation 12 \
        --augment.translation 1.5 --augment.flip_horizontal --augment.flip_vertical --augment.zoom 0.9,1.2 \
        --augment.noise 0.05
    cmp config.png options.png || fail "a config gives another picture than its keys as options"
    expect 0 "" "${preview[@]}" --config run.yaml --out options.png --n 2 --copies 1 --no-augment.flip_vertical --force
    ! cmp -s config.png options.png || fail "an option does not go before the config"
    expect 0 "no augmentation is set" "${preview[@]}" images.h5 --n 1 --out plain.png
    check_png plain.png 1
}

test_preview_in_colour() {
    { for label in 0 1 2 3 4 5 6 7 0 1; do printf '%b' "\\0$label"; head -c 3072 "$tren"; done; } >data_batch.bin
    "$tren" data import cifar data_batch.bin --split 80/10/10 --out colour.h5 >/dev/null
    expect 0 "5 training images and the first 2 epochs of them" \
        "$tren" data preview colour.h5 --n 5 --copies 2 --augment.crop_padding 4 --out colour.png
    check_png colour.png 3
}

test_ranks
test_resume
test_every_key_counts
test_evaluation_is_plain
test_preview
test_preview_in_colour
