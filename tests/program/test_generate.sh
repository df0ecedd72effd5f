#!/usr/bin/env bash
# tren generate: a text goes on as it was learned, lines are turned as they were learned, and the wrong ways are refused.
# shellcheck source=tests/program/lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"

awk 'BEGIN { for (i = 0; i < 400; i++) printf "one two three four five six seven.\n" }' >text.txt
awk 'BEGIN { for (i = 0; i < 600; i++) { a = i % 10; b = int(i / 10) % 10; printf "%d%d\t<%d-%d>\n", a, b, a, b } }' >pairs.tsv
"$tren" data import text text.txt --tokens 24 --out text.h5 >/dev/null
"$tren" data import pairs pairs.tsv --out pairs.h5 >/dev/null
cat >common.yaml <<'END'
model: {width: 16, heads: 2, depth: 1}
optimizer: {name: adamw, learning_rate: 0.01, weight_decay: 0.0}
batch_size: 16
shards: 2
plots: false
END
mpi 2 "$tren" train common.yaml --data text.h5 --model.name gpt --epochs 12 --out text >/dev/null
mpi 2 "$tren" train common.yaml --data pairs.h5 --model.name seq2seq --epochs 40 --out pairs >/dev/null

# Beyond the 24 tokens that the network reads.
expect 0 "" "$tren" generate text --prompt "one two" --tokens 60
[[ $(<output) == "one two three four five six seven."*"one two three"* ]] || fail "text: $(<output)"
cp output alone
mpi 2 "$tren" generate text --prompt "one two" --tokens 60 >output
cmp output alone || fail "two ranks write another text"
expect 0 "one two three four five six seven." "$tren" generate text --prompt "one two" --tokens 40 --beam 3
expect 0 "" "$tren" generate text --prompt "one two" --tokens 20 --temperature 0.9 --seed 7
cp output drawn
expect 0 "" "$tren" generate text --prompt "one two" --tokens 20 --temperature 0.9 --seed 7
cmp output drawn || fail "one seed, two texts"
expect 0 "" "$tren" generate text --prompt "one two" --tokens 20 --temperature 50 --seed 8
! cmp -s output drawn || fail "nothing is drawn"
expect 0 "one two three four" "$tren" generate text --prompt "one two" --tokens 20 --temperature 50 --top-k 1

printf '47\n\n90\r\n05' >source.txt
expect 0 "" "$tren" generate pairs --source source.txt
[[ $(<output) == $'<4-7>\n\n<9-0>\n<0-5>' ]] || fail "pairs: $(<output)"
expect 0 "" "$tren" generate pairs --source source.txt --beam 4
[[ $(<output) == $'<4-7>\n\n<9-0>\n<0-5>' ]] || fail "pairs, searched: $(<output)"

# A list of layers that reads nothing but the target of pairs goes on with it.
sed 1d common.yaml >list.yaml
"$tren" train list.yaml --data pairs.h5 --epochs 1 --out target \
    --model.layers '[embedding: 8, transformer: {heads: 2, causal: true}, dense: outputs]' >/dev/null
expect 2 "continues a text and does not translate; give --prompt" "$tren" generate target --source source.txt
expect 0 "<4" "$tren" generate target --prompt "<4" --tokens 3

expect 2 "give one of --prompt TEXT" "$tren" generate text
expect 2 "give one of --prompt TEXT" "$tren" generate text --prompt a --source source.txt
expect 2 "a run folder or checkpoint is missing" "$tren" generate --prompt a
expect 2 "remove one of them" "$tren" generate text --prompt a --beam 2 --temperature 1
expect 2 "give a --temperature" "$tren" generate text --prompt a --top-k 2
expect 2 "leave --top-k and --seed out" "$tren" generate text --prompt a --seed 2 --beam 3
expect 2 "leave --seed out" "$tren" generate text --prompt a --seed 2
expect 2 "leave --length-penalty out" "$tren" generate text --prompt a --length-penalty 0.5
expect 2 "continues a text and does not translate" "$tren" generate text --source source.txt
expect 2 "give --source FILE" "$tren" generate pairs --prompt a
expect 7 "no run folder or checkpoint" "$tren" generate nowhere --prompt a
expect 4 "no-such.txt" "$tren" generate pairs --source no-such.txt
printf '47\n%0100d\n' 1 >long.txt
expect 4 "long.txt:2: the line has 100 tokens" "$tren" generate pairs --source long.txt
refuse_part "<4-7>" # nothing is turned before all is checked
printf 'caf\351' >latin.txt
expect 4 "latin.txt:1" "$tren" generate pairs --source latin.txt
expect 2 "--prompt: the text is not UTF-8" "$tren" generate text --prompt $'caf\351'
printf '\357\273\27747\n' >mark.txt
expect 0 "<4-7>" "$tren" generate pairs --source mark.txt
printf '47\n47\n47\n47\n47\n47\n' >alike.txt
expect 0 "" "$tren" generate pairs --source alike.txt --temperature 3
[[ $(sort -u output | wc -l) -gt 1 ]] || fail "each line is drawn alike: $(<output)"
"$tren" generate text --prompt a --tokens 20000 2>errors | head -c 10 >part
[[ ! -s errors ]] || fail "a reader that leaves is an error: $(<errors)"
expect 0 "" "$tren" generate pairs --source source.txt --beam 4 --length-penalty 0

# No part but the training part is needed.
"$tren" data import text text.txt --tokens 24 --split 100/0/0 --out all.h5 >/dev/null
"$tren" train common.yaml --data all.h5 --model.name gpt --epochs 1 --out all >/dev/null
expect 0 "" "$tren" generate all --prompt one --tokens 5
# Weights of another tokenizer mean nothing.
"$tren" data import text text.txt --tokens 24 --vocabulary 262 --out bpe.h5 >/dev/null
"$tren" data import text pairs.tsv --tokens 24 --vocabulary 262 --out other.h5 >/dev/null
"$tren" train common.yaml --data bpe.h5 --model.name gpt --epochs 1 --out bpe >/dev/null
expect 4 "the tokenizer of other.h5 differs" \
    "$tren" train common.yaml --data other.h5 --model.name gpt --epochs 1 --out new --init_from bpe/best.h5
expect 2 "half_squares needs real targets" \
    "$tren" train common.yaml --data text.h5 --model.name gpt --loss.name half_squares --out new
make_classes rows.h5 200
"$tren" train --data rows.h5 --epochs 1 --out rows --plots false >/dev/null
expect 2 "does not write text" "$tren" generate rows --prompt a
echo "texts and lines: all as expected"
