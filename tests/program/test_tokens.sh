#!/usr/bin/env bash
# Text and pairs of texts from files to trained weights: the same bits on any number of ranks, by every engine, killed and
# resumed, in both precisions and with both products; merges as a naive program finds them; what info and eval say.
# shellcheck source=tests/program/lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"

reference=$TREN_SOURCE/tests/reference
# Lines of many lengths, two in each shard's share alike.
awk 'BEGIN { srand(3); split("a ship came over the dark sea to our old harbour with seven men and one child", w)
    for (i = 0; i < 900; i++) { n = 1 + int(rand() * 14); line = ""
        for (k = 0; k < n; k++) line = line (k ? " " : "") w[1 + int(rand() * 16)]; print line "." } }' >words.txt
awk 'length > 20 && !seen[$0]++ { g = $0; gsub(/the/, "das", g); gsub(/ship/, "Schiff", g); gsub(/and/, "und", g); print g "\t" $0 }' words.txt >pairs.tsv
"$tren" data import text words.txt --tokens 24 --documents lines --vocabulary 290 --split 80/10/10 --out text.h5 >/dev/null
"$tren" data import pairs pairs.tsv --vocabulary 300 --split 80/10/10 --out pairs.h5 >/dev/null

cat >config.yaml <<'END'
data: text.h5
shards: 6
batch_size: 50
model: {name: token_mlp, hidden: [24, 40], activation: gelu}
dropout: [0.1]
loss.label_smoothing: 0.1
optimizer: {name: adam, learning_rate: 0.01, clip_norm: 1}
epochs: 3
plots: false
END

train() { # RANKS RUN [OPTION ...]
    local ranks=$1 run=$2
    shift 2
    expect 0 "" mpi "$ranks" "$tren" train config.yaml --out "$run" "$@"
}

same() { # RUN OTHER
    same_run "$1" "$2"
    [[ $(field "$1" test_accuracy) == "$(field "$2" test_accuracy)" ]] || fail "$2: another test accuracy than $1"
}

test_ranks() {
    local ranks engine
    train 1 on1
    awk -F, 'NR == 2 { first = $5 } END { exit !($5 < first && $5 < 4 && $6 > 0.25) }' on1/metrics.csv ||
        fail "training does not get anywhere: $(timeless on1)"
    for ranks in $(few 2 3 -- 2 3 4 5 6); do
        train "$ranks" "on$ranks"
        same on1 "on$ranks"
    done
    for engine in $(few shared direct -- shared direct doubling scatter); do
        train 3 "by-$engine" --reduction "$engine"
        same on1 "by-$engine"
    done
    train 1 unstacked --no-stacking
    same on1 unstacked
}

test_settings() { # NAME OPTION ...
    local name=$1
    shift
    train 1 "$name-1" "$@"
    train 3 "$name-3" "$@"
    same "$name-1" "$name-3"
}

test_scg() {
    sed 's/^optimizer.*/optimizer: {name: scg, lambda: 0.01}/; s/^dropout.*//; /^batch_size/d' config.yaml >scg.yaml
    for ranks in 1 3; do expect 0 "" mpi $ranks "$tren" train scg.yaml --out "scg-$ranks"; done
    same scg-1 scg-3
}

# Transformers on each kind of dataset; the last one killed, too.
test_transformers() {
    local pair model data
    awk '{ print (NF > 7 ? "long" : "short") "\t" $0 }' words.txt >labeled.tsv
    "$tren" data import labeled labeled.tsv --split 80/10/10 --out labeled.h5 >/dev/null
    for pair in gpt:text encoder:labeled seq2seq:pairs; do
        model=${pair%:*} data=${pair#*:}
        sed "s/^model.*/model: {name: $model, width: 8, heads: 2, depth: 1, feed_forward: 16}/; s/^data.*/data: $data.h5/
            s/^epochs.*/epochs: 2/" config.yaml >"$model.yaml"
        for ranks in 1 3; do expect 0 "" mpi $ranks "$tren" train "$model.yaml" --out "$model-$ranks"; done
        same "$model-1" "$model-3"
        expect 0 "accuracy" "$tren" eval "$model-1"
    done
    env TREN_TEST_KILL=renamed:2 timeout 60 "$mortal" train seq2seq.yaml --out attended --checkpoint_steps 5 >output 2>&1 &&
        fail "it was not killed"
    expect 0 "" mpi 2 "$tren" train seq2seq.yaml --out attended --checkpoint_steps 5 --resume
    same seq2seq-1 attended
}

# The loss is the mean over all tokens: with one step an epoch, whatever the order of the rows.
test_mean_over_tokens() {
    local options=(--batch_size 100000 --epochs 1 --max_steps 1 --dropout "[]" --precision double --gemm portable)
    train 1 whole "${options[@]}"
    train 2 whole-unshuffled "${options[@]}" --no-shuffle
    python3 - <(timeless whole) <(timeless whole-unshuffled) <<'END' || fail "other losses: $(timeless whole) $(timeless whole-unshuffled)"
import sys
loss = [float(open(name).read().split("\n")[1].split(",")[2]) for name in sys.argv[1:]]
sys.exit(abs(loss[0] - loss[1]) > 1e-9 * loss[0])
END
}

test_killed() {
    local point
    for point in renamed:2 renamed:5; do
        rm -rf killed
        env TREN_TEST_KILL=$point timeout 60 "$mortal" train config.yaml --out killed --checkpoint_steps 7 >output 2>&1 &&
            fail "it was not killed at $point"
        train 3 killed --checkpoint_steps 7 --resume
        same on1 killed
    done
}

test_eval() {
    expect 0 "perplexity" "$tren" eval on1
    cp output alone
    expect 0 "" mpi 3 "$tren" eval on1
    diff alone output || fail "eval on 3 ranks says something else"
    expect 0 "\"perplexity\": " "$tren" eval on1 --json --split validation
    grep -q "\"loss\": $(field on1 validation_loss | cut -c1-6)" output || fail "eval: $(cat output)"
    "$tren" data import text words.txt --tokens 12 --documents lines --vocabulary 290 --split 80/10/10 --out shorter.h5 >/dev/null
    expect 0 "accuracy" "$tren" eval on1 --data shorter.h5 # as it has the tokenizer of the training
}

test_looks() {
    expect 0 "290: 3 special tokens, 256 bytes, 31 merges" "$tren" data info text.h5
    expect 0 "good" "$tren" data check pairs.h5
    expect 0 "das" "$tren" data preview pairs.h5 --n 40
    [[ $(wc -l <output) -eq 80 ]] || fail "preview: $(cat output)"
    expect 0 "up to 24 tokens of 290" "$tren" train config.yaml --dry-run
    expect 0 "give the same bits" "$tren" verify config.yaml --gemm portable --steps 3
}

# The text of every part, and what a naive program makes of the training part.
test_merges() {
    local python=""
    for candidate in /usr/bin/python3 python3; do
        [[ $python ]] || ! "$candidate" -c "import h5py" 2>/dev/null || python=$candidate
    done
    [[ $python ]] || { echo "no python3 with h5py: merges are compared by the unit tests alone"; return; }
    "$python" "$reference/merges.py" --check || fail "merges.expected is not what merges.py finds"
    "$python" - "$reference" <<'END' || fail "the datasets are not what merges.py makes of the texts"
import sys
sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
import h5py
import merges

def text(row, n, table):
    return b"".join(table[t] for t in row[:n])

def table_of(file):
    table = [b"", b"", b""] + [bytes([b]) for b in range(256)]
    for left, right in file["/tokenizer/merges"][...]:
        table.append(table[left] + table[right])
    return table

for name in ("text.h5", "pairs.h5"):
    with h5py.File(name) as file:
        table, texts, lines = table_of(file), [], []
        for part in ("train", "validation", "test"):
            for array, column in (("x", 0), ("y", 1)):
                if array in file[part]:
                    rows = zip(file[part][array][...], file[part]["length"][:, column])
                    here = [(text(row, n, table), row[:n]) for row, n in rows]
                    texts += [t for t, row in here if part == "train"]
                    lines += [row for t, row in here if name == "pairs.h5"]
        if name == "text.h5":  # windows overlap by a token: documents anew
            texts = []
            tokens, length = file["/train/x"][...], file["/train/length"][:, 0]
            for row, n in zip(tokens, length):
                texts += [[]] if row[0] == 1 else []
                texts[-1] += list(row[:n]) if row[0] == 1 else list(row[1:n])
            lines, texts = texts, [text(row, len(row), table) for row in texts]
        found = merges.merges(texts, len(table) - 259)
        assert [list(pair) for pair in found] == file["/tokenizer/merges"][...].tolist(), name
        for row in lines[:400]:
            plain = [t for t in row if t > 2]
            assert plain == merges.encoded(text(row, len(row), table), found), (name, row)
END
}

test_ranks
test_settings pairs --data pairs.h5
test_settings portable --gemm portable
test_settings double --precision double --gemm portable --data pairs.h5
test_scg
test_transformers
test_mean_over_tokens
test_killed
test_eval
test_looks
test_merges
echo "digest $(field on1 digest) on 1, 2 and 3 ranks; in double $(field double-1 digest)"
