#!/usr/bin/env bash
# tren lab: a figure in a tiny form by its verdict; killed half-way and resumed on another number of ranks it has the
# same tables; list and report in both languages; mistakes are refused.
# shellcheck source=tests/program/lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"

lab() { # RANKS OUT NAME [OPTION ...]
    local ranks=$1 out=$2
    shift 2
    mpi "$ranks" "$tren" lab run "$@" --out "$out" --quick --seeds 1
}

expect 0 "W1     Fig. 9.9" "$tren" lab list --out none
[[ ! -e none ]] || fail "list has made a folder"

# ---- W1, killed half-way, on other ranks after that
expect 0 "W1 Double descent over model size: MNIST-1D: not judged in the quick form" lab 2 whole W1
grep -q "epochs of each training: 150 instead of 500" output || fail "the quick form does not say what is reduced: $(cat output)"
lab 2 cut W1 >cut.log 2>&1 &
job=$!
some_done() { compgen -G 'cut/W1/points/*.csv' >/dev/null; }
await some_done
read -ra processes <<<"$(own_processes mpirun tren | tr '\n' ' ')"
kill -KILL "${processes[@]}" 2>/dev/null || true # the first may take the others with it
wait $job 2>/dev/null || true
alone() { [[ -z $(own_processes mpirun tren) ]]; }
await alone
[[ ! -e cut/W1/verdict.json ]] || fail "it was over before it was killed"
expect 0 "begun" "$tren" lab list --out cut
expect 0 "not judged" lab 3 cut W1
for file in points.csv curve.csv verdict.json; do
    cmp "whole/W1/$file" "cut/W1/$file" || fail "killed and resumed on 3 ranks: another $file"
done
expect 0 "not judged in the quick form" "$tren" lab list --out cut

# ---- the launcher starts mpirun itself; what is there is not computed again
stamp=$(stat -c %.9Y whole/W1/points/*.csv | sort | tail -n 1)
expect 0 "sin juzgar en la forma rápida" "$tren" lab run w1 --out whole --quick --seeds 1 --ranks 1 --lang es
[[ $(stat -c %.9Y whole/W1/points/*.csv | sort | tail -n 1) == "$stamp" ]] || fail "a point was computed twice"

# ---- pictures and the page
if command -v gnuplot >/dev/null; then
    grep -q '</svg>' whole/W1/W1.svg || fail "no picture"
    [[ $(head -c 4 whole/W1/W1.png | tail -c 3) == PNG ]] || fail "no PNG"
    expect 0 "whole/report.html" "$tren" lab report whole
    for part in '<html lang="en">' 'data:image/svg+xml;base64,' 'not judged in the quick form' 'tren lab run W1 --ranks' \
        'Predict before you look at the figure' '150 epochs' 'h = 4, 12, 27, 47, 61 and 177' 'tren lab run W1 --quick --set noise=0'; do
        grep -qF "$part" whole/report.html || fail "no '$part' in the page"
    done
    ! grep -qE '(src|href)="(http|/)' whole/report.html || fail "the page needs another file"
    expect 0 "es.html" "$tren" lab report whole --lang es --out es.html
    expect 0 "es.html" "$tren" lab report whole --lang es --out es.html --force
    grep -qF "¿Empeora una red" es.html || fail "the Spanish page is not in Spanish"
    ! sed 's/<code>[^<]*<.code>//g; s/Fig[^<]*//g; s/base64,[^"]*//g; /^[a-z.#@*].*{/d; /tren [0-9]/d' es.html |
        grep -E '[0-9]\.[0-9]' || fail "a decimal point in Spanish"
    "$tren" lab run w1 --out whole --quick --seeds 1 --ranks 1 --format pdf >output || fail "$(cat output)"
    if grep -q 'W1.pdf' output; then
        [[ $(head -c 5 whole/W1/W1.pdf) == %PDF- ]] || fail "no PDF"
    fi
fi

# ---- another setting: what is said, its folder, and what cannot be set
expect 0 "another setting: " "$tren" lab run W4 --set rows=20 --set trials=5 --set features=2,5,10,18,20,22,40,400 --seeds 4-4 --ranks 1
grep -q "trials for each seed: 5 instead of 200" output || fail "it is not said what was set: $(cat output)"
own=runs/lab-features=2,5,10,18,20,22,40,400-rows=20-trials=5
grep -q "^set rows: 20$" "$own/W4/recipe.txt" || fail "no recipe in $own"
grep -q "the peak is at 20 features, for 20 rows" output || fail "20 rows have another peak: $(cat output)"
expect 2 "holds points of another setting" "$tren" lab run W4 --out "$own" --seeds 1 --ranks 1
mv "$own" own
rm -r runs
expect 0 "another setting: " "$tren" lab run W4 --set trials=2 --set rows=20 --seeds 1 --ranks 1
stamp=$(stat -c %.9Y runs/lab-rows=20-trials=2/W4/points/*.csv | sort | tail -n 1)
expect 0 "another setting: " "$tren" lab run W4 --set rows=20 --set trials=2 --seeds 1 --ranks 1
[[ $(stat -c %.9Y runs/*/W4/points/*.csv | sort | tail -n 1) == "$stamp" ]] || fail "another order of --set is another setting"
rm -r runs
expect 0 "worksheet.html" "$tren" lab worksheet W1 B1
for part in '☐ a)' 'tren lab run B1' 'class="blank"'; do
    grep -qF "$part" worksheet.html || fail "no '$part' in the worksheet"
done
expect 0 "hoja.html" "$tren" lab worksheet --lang es --out hoja.html
grep -qF "Haga su predicción" hoja.html || fail "the Spanish worksheet is not in Spanish"

# ---- in full, by their verdicts: closed forms, and ten units through ten points
for name in $(few E1 -- W4 E1 S2); do
    expect 0 ": reproduced" mpi 2 "$tren" lab run $name --out full
done
expect 0 "[holds] the network memorises first" mpi 2 "$tren" lab run G1 --set modulus=23 --set epochs=60 --seeds 1 --out sums
[[ ! ${TREN_LONG:-} ]] || expect 0 "[holds] ten units fit the points" mpi 2 "$tren" lab run B1 --out full
for name in $(few E1 -- W4 E1); do # another number of ranks computes the same
    expect 0 ": reproduced" mpi 3 "$tren" lab run $name --out other
    cmp full/$name/points.csv other/$name/points.csv || fail "$name on 3 ranks: other points"
done

# ---- what is damaged is not taken for a verdict, and judging anew mends it
cp -r cut broken
head -c 60 cut/W1/verdict.json >broken/W1/verdict.json
expect 0 "damaged" "$tren" lab list --out broken
expect 4 "broken/W1/verdict.json: is damaged" "$tren" lab report broken
expect 0 "MNIST-1D: not judged" lab 2 broken W1
cmp broken/W1/verdict.json cut/W1/verdict.json || fail "judged anew, W1 has another verdict"

# ---- stopped: what is kept and how to go on is said, by whoever was started
stop() { # SIGNAL OUT COMMAND ...
    local signal=$1 out=$2 code=0
    shift 2
    "$@" >output 2>&1 &
    job=$!
    has_points() { compgen -G "$out/W1/points/*.csv" >/dev/null; }
    await has_points
    kill -s "$signal" $job
    wait $job || code=$?
    [[ $code -eq 75 || $1 == mpirun ]] || fail "SIG$signal: exit code $code: $(cat output)"
    [[ $(grep -c "^tren lab run: stopped by a signal: the finished points are kept in $out" output) -ge 1 ]] ||
        fail "SIG$signal: $(cat output)"
    grep -qF "the same command computes the others" output || fail "SIG$signal: $(cat output)"
    await alone
}
set -m # else the shell has them ignore INT
for signal in TERM INT USR1; do
    stop $signal "stop-$signal" "$tren" lab run W1 --out "stop-$signal" --quick --seeds 1 --ranks 2
done
stop USR1 stop-mpi mpirun -n 2 "$tren" lab run W1 --out stop-mpi --quick --seeds 1
set +m
expect 0 "not judged" lab 2 stop-TERM W1
cmp whole/W1/points.csv stop-TERM/W1/points.csv || fail "stopped and resumed: other points"

# ---- a dataset that somebody made is known by its rows
python=/usr/bin/python3
if "$python" -c 'import h5py' 2>/dev/null; then
    "$python" - <<'END'
import h5py, numpy as np
rng = np.random.default_rng(1)
with h5py.File("hand.h5", "w") as f:
    f.attrs.update({"schema": "tren dataset", "schema_version": 1, "layout": "image", "shape": [1, 28, 28],
                    "n_classes": 10, "mean": np.full(1, 127.0), "sd": np.full(1, 70.0)})
    for part, n in (("train", 20000), ("validation", 100), ("test", 100)):
        f[part + "/x"] = rng.integers(0, 256, (n, 1, 28, 28)).astype("u1")
        f[part + "/y"] = rng.integers(0, 10, n).astype("u1")
END
    # A few steps of a transformer on a few pairs, and of augmentation and ensembles.
    for i in {1..60}; do printf 'eins zwei %d drei\tone two %d three\n' $i $i; done >pairs.tsv
    "$tren" data import pairs pairs.tsv --split 100/0/0 --out pairs.h5 >/dev/null || fail "no pairs"
    expect 0 "another setting" "$tren" lab run T1 --data pairs.h5 --out small --seeds 1 --ranks 1 --set widths=8,16 --set pairs=10,40 \
        --set steps=10 --set batch=8 --set depth=1 --set test_pairs=10
    expect 0 "another setting" "$tren" lab run A1 --data hand.h5 --out small --seeds 1 --ranks 1 --set rows=100 --set steps=2 \
        --set test_rows=100
    expect 0 "another setting" "$tren" lab run N1 --out small --seeds 1 --ranks 1 --set widths=20 --set members=2 --set epochs=1 \
        --set rows=200 --set test_rows=100
    [[ $(wc -l <small/N1/points.csv) -eq 4 ]] || fail "two members and one network are no three rows"

    by_hand() { timeout -s USR1 60 "$tren" lab run W2 --data hand.h5 --out hand --quick --seeds 1 --ranks 1; }
    by_hand >hand.log 2>&1 &
    job=$!
    await test -s hand/W2/recipe.txt
    read -ra processes <<<"$(own_processes mpirun tren | tr '\n' ' ')"
    kill -KILL "${processes[@]}"
    wait $job 2>/dev/null || true
    await alone
    "$python" -c 'import h5py
with h5py.File("hand.h5", "r+") as f: f["train/y"][3] = (f["train/y"][3] + 1) % 10'
    expect 2 "hand/W2 holds points of another setting" by_hand
fi

# ---- mistakes
refuse() { # CODE PART ARGUMENTS ...
    local code=$1 part=$2
    shift 2
    expect "$code" "$part" "$tren" lab "$@"
    [[ ! -e refused && ! -e runs ]] || fail "lab $*: a folder was made"
}
refuse 2 "a subcommand is missing"
refuse 2 "unknown subcommand 'rnu'; did you mean 'run'" rnu
refuse 2 "the name of an experiment is missing" run --out refused
refuse 2 "did you mean 'W1'" run W11 --out refused
refuse 2 "neither en nor es" run W1 --lang fr --out refused
refuse 2 "--seeds none: give how many seeds" run W1 --seeds none --out refused
refuse 2 "--seeds 7-6: give how many seeds" run W1 --seeds 7-6 --out refused
refuse 2 "--set epoch=3: W1 has no such parameter; it has widths, epochs" run W1 --set epoch=3 --out refused
refuse 2 "--set epochs: give KEY=VALUE" run W1 --set epochs --out refused
refuse 2 "epochs=none: this is not a number; epochs of W1" run W1 --set epochs=none --out refused
refuse 2 "epochs=0: a value is out of range" run W1 --set epochs=0 --out refused
refuse 2 "epochs=1.5: a value is not whole" run W1 --set epochs=1.5 --out refused
refuse 2 "epochs=1,2: there is more than one value" run W1 --set epochs=1,2 --out refused
refuse 2 "widths=9,4: the values are not in ascending order" run W1 --set widths=9,4 --out refused
refuse 2 "--format gif: give one or several of svg, png and pdf" run W1 --format gif --out refused
refuse 2 "did you mean 'W1'" worksheet W11 --out refused
refuse 2 "worksheet.html: exists already" worksheet W1
refuse 2 "is the folder of one experiment, W1; give the folder that it is in" report cut/W1
expect 4 "W3 needs images, and datasets/fashion-mnist.h5 does not exist" "$tren" lab run W3 B1 --quick --out some
for part in "^B1 .*reproduced, . of 3" "^W3 .* s  *-  " "one page with all results: tren lab report some"; do
    grep -q "$part" output || fail "lab run W3 B1: no '$part' in: $(cat output)"
done
expect 4 "T1 needs pairs of sentences, and datasets/german-english.h5 does not exist" "$tren" lab run T1 --quick --ranks 1 --out some
# Of several experiments those use --data whose kind it is.
make_pictures small.h5 90
expect 4 "T1 needs pairs of sentences, and datasets/german-english.h5 does not exist" \
    "$tren" lab run W3 E1 T1 --quick --seeds 1 --ranks 1 --data small.h5 --out kinds
grep -qx "W3 takes images from small.h5" output || fail "who takes the images: $(cat output)"
grep -qx "T1 takes pairs of sentences from datasets/german-english.h5" output || fail "who takes pairs: $(cat output)"
refuse_part "E1 takes"
[[ ! -e hand.h5 ]] || expect 2 "hand.h5 holds no pairs of sentences" "$tren" lab run T1 --quick --ranks 1 --data hand.h5 --out pairs
refuse 2 "lambdas=1: the number of values is wrong; lambdas of W5" run W5 --set lambdas=1 --out refused
refuse 2 "exists already" report cut --out es.html
expect 2 "mpirun has already started the ranks" mpi 2 "$tren" lab run W1 --ranks 2 --out refused
expect 2 "so at most 1 rank share" mpi 2 "$tren" lab run W1 --ranks-per-run 2 --quick --out cut
expect 2 "holds points of another setting" mpi 2 "$tren" lab run W1 --out cut
expect 3 "" "$tren" lab run W1 --out /proc/refused
