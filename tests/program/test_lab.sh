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
expect 0 "W1 Double descent over model size: MNIST-1D: reproduced" lab 2 whole W1
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
expect 0 "reproduced" lab 3 cut W1
for file in points.csv curve.csv verdict.json; do
    cmp "whole/W1/$file" "cut/W1/$file" || fail "killed and resumed on 3 ranks: another $file"
done
expect 0 "reproduced" "$tren" lab list --out cut

# ---- the launcher starts mpirun itself; what is there is not computed again
stamp=$(stat -c %.9Y whole/W1/points/*.csv | sort | tail -n 1)
expect 0 "[cumple]" "$tren" lab run w1 --out whole --quick --seeds 1 --ranks 1 --lang es
[[ $(stat -c %.9Y whole/W1/points/*.csv | sort | tail -n 1) == "$stamp" ]] || fail "a point was computed twice"

# ---- pictures and the page
if command -v gnuplot >/dev/null; then
    grep -q '</svg>' whole/W1/W1.svg || fail "no picture"
    [[ $(head -c 4 whole/W1/W1.png | tail -c 3) == PNG ]] || fail "no PNG"
    expect 0 "whole/report.html" "$tren" lab report whole
    for part in '<html lang="en">' 'data:image/svg+xml;base64,' '✓' 'tren lab run W1 --ranks'; do
        grep -qF "$part" whole/report.html || fail "no '$part' in the page"
    done
    ! grep -qE '(src|href)="(http|/)' whole/report.html || fail "the page needs another file"
    expect 0 "es.html" "$tren" lab report whole --lang es --out es.html
    expect 0 "es.html" "$tren" lab report whole --lang es --out es.html --force
    grep -qF "¿Empeora una red" es.html || fail "the Spanish page is not in Spanish"
fi

# ---- in full, by their verdicts: closed forms, and ten units through ten points
for name in $(few E1 -- W4 E1 S2); do
    expect 0 ": reproduced" mpi 2 "$tren" lab run $name --out full
done
[[ ! ${TREN_LONG:-} ]] || expect 0 "[holds] ten units fit the ten points" mpi 2 "$tren" lab run B1 --out full
for name in $(few E1 -- W4 E1); do # another number of ranks computes the same
    expect 0 ": reproduced" mpi 3 "$tren" lab run $name --out other
    cmp full/$name/points.csv other/$name/points.csv || fail "$name on 3 ranks: other points"
done

# ---- what is damaged is not taken for a verdict, and judging anew mends it
cp -r cut broken
head -c 60 cut/W1/verdict.json >broken/W1/verdict.json
expect 0 "damaged" "$tren" lab list --out broken
expect 4 "broken/W1/verdict.json: is damaged" "$tren" lab report broken
expect 0 "MNIST-1D: reproduced" lab 2 broken W1
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
    [[ $(grep -c "^tren lab run: stopped by a signal: the points that were finished are kept in $out" output) -ge 1 ]] ||
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
expect 0 "reproduced" lab 2 stop-TERM W1
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
refuse 2 "unknown subcommand 'rnu'" rnu
refuse 2 "an experiment is missing" run --out refused
refuse 2 "did you mean 'W1'" run W11 --out refused
refuse 2 "neither en nor es" run W1 --lang fr --out refused
refuse 2 "seeds" run W1 --seeds none --out refused
refuse 2 "no experiment has been judged" report cut/W1
expect 4 "W3 needs images, and there is no datasets/fashion-mnist.h5" "$tren" lab run W3 B1 --quick --out some
for part in "B1 .*NOT reproduced, 1 of 3\|B1 .*reproduced, 3 of 3" "^W3 .* s  -  " "one page of all: tren lab report some"; do
    grep -q "$part" output || fail "lab run W3 B1: no '$part' in: $(cat output)"
done
refuse 2 "exists already" report cut --out es.html
expect 2 "mpirun has started the ranks already" mpi 2 "$tren" lab run W1 --ranks 2 --out refused
expect 2 "so at most 1 rank share" mpi 2 "$tren" lab run W1 --ranks-per-run 2 --quick --out cut
expect 2 "holds points of another setting" mpi 2 "$tren" lab run W1 --out cut
expect 3 "" "$tren" lab run W1 --out /proc/refused
