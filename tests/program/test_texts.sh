#!/usr/bin/env bash
# Importing texts: what is noted, new text with the tokens of an old dataset, and texts to predict.
# shellcheck source=tests/program/lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"
import=("$tren" data import)

awk 'BEGIN { for (i = 0; i < 200; i++) printf "%s\tthis text number %d is about %s\n",
    i % 2 ? "bad" : "good", i, i % 2 ? "rain" : "sun" }' >labels.tsv
cut -f2 labels.tsv >texts.txt

test_notes() {
    expect 0 "note: 50 of 200 rows have a text of more than 33 tokens and were left out after the split" \
        "${import[@]}" labeled labels.tsv --tokens 33 --long skip --out skipped.h5
    expect 0 "note: the source has its own test part of 200 rows; it was mixed with the other rows before the split (--keep-test" \
        "${import[@]}" labeled labels.tsv --test labels.tsv --out mixed.h5
    grep -qx "note: labels.tsv: is given twice, so its rows are in the dataset twice" output || fail "twice: $(cat output)"
    ln labels.tsv same.tsv
    expect 0 "note: ./same.tsv: is given twice" "${import[@]}" labeled labels.tsv --test ./same.tsv --keep-test --out kept.h5
    cp labels.tsv other.tsv
    expect 0 "" "${import[@]}" labeled labels.tsv --test other.tsv --keep-test --out kept.h5 --force
    refuse_part "note"
    sed 's/^bad/ bad/' labels.tsv >blanks.tsv
    expect 0 "" "${import[@]}" labeled blanks.tsv --out blanks.h5
    expect 0 "  classes       2: ' bad', good" "$tren" data info blanks.h5
    expect 0 "" "${import[@]}" text texts.txt --tokens 64 --split 80/10/10 --out windows.h5
    expect 0 "       0     64  this text number 0" "$tren" data preview windows.h5 --n 1
    expect 0 "the number of tokens read from it (the last token is only a label):" "$tren" data info windows.h5
}

# Help lists what a source takes, and says what a file has to be.
test_help() {
    expect 0 "  FILE                    File with a label, a tab and a text in each line." "${import[@]}" labeled --help
    grep -q -e --stratify output || fail "help of labeled: $(cat output)"
    expect 0 "  FILE                    Text files in UTF-8" "${import[@]}" text --help
    ! grep -qE -e '--(stratify|keep-test|take|label-noise|class-names|normalize) ' output || fail "help of text: $(cat output)"
}

# A network that was trained on one dataset takes others with its tokenizer.
test_new_text() {
    expect 0 "" "${import[@]}" labeled labels.tsv --vocabulary 280 --split 80/10/10 --out old.h5
    expect 0 "vocabulary 280" "${import[@]}" labeled labels.tsv --split 100/0/0 --tokenizer old.h5 --out new.h5
    tokenizer=$("$tren" data info old.h5 | grep -o "tokenizer [0-9a-f]*")
    expect 0 "$tokenizer" "$tren" data info new.h5
    expect 0 "200 training" "${import[@]}" labeled labels.tsv --split 100/0/0 --out bytes.h5
    expect 0 "" "$tren" train --data old.h5 --model.name encoder --model.width 16 --model.heads 2 --model.depth 1 \
        --optimizer.name adam --optimizer.learning_rate 0.01 --epochs 15 --plots false --out run
    expect 0 "accuracy  1.0000" "$tren" eval run --data new.h5 --split train
    expect 4 "its tokenizer differs from that of the training" "$tren" eval run --data bytes.h5 --split train
}

test_unlabeled() {
    expect 0 "0 training, 0 validation and 200 test rows" "${import[@]}" labeled texts.txt --unlabeled --tokenizer old.h5 --out texts.h5
    expect 0 "labels        none: rows to predict" "$tren" data info texts.h5
    grep -q " this text number 0 is about sun" output || fail "info: $(cat output)"
    expect 0 "good" "$tren" data check texts.h5
    expect 0 " this text number 1 is about rain" "$tren" data preview texts.h5
    expect 0 "predictions for 200 rows" "$tren" predict run --data texts.h5 --out predicted.csv
    diff <(cut -f1 labels.tsv) <(tail -n +2 predicted.csv | cut -d, -f3) || fail "other labels than those of the texts"
    expect 4 "contains rows without labels" "$tren" train --data texts.h5 --out none
}

test_notes
test_help
test_new_text
test_unlabeled
