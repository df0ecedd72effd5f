#!/usr/bin/env bash
# Ranks compare what they are to do before they do it, and rows with what was recorded of them: nobody trains on a
# mixture, or on what changed meanwhile.
# shellcheck source=tests/program/lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"

python=/usr/bin/python3
"$python" -c 'import h5py' 2>/dev/null || skip "no python3-h5py"

make_classes data.h5 3000
train=("$tren" train --model.hidden 6 --epochs 2 --progress off --no-plots)

# two OUT A B   Rank 0 trains with the options in A, rank 1 with those in B (words of one string).
two() {
    local -a a b
    read -ra a <<<"$2"
    read -ra b <<<"$3"
    # mpirun would read what a loop around it reads.
    timeout -k 5 60 mpirun -n 1 "${train[@]}" --out "$1" "${a[@]}" : -n 1 "${train[@]}" --out "$1" "${b[@]}" </dev/null
}

# Each kind of key: what a hang, other bits, or nothing at all came of.
test_config() {
    local key value
    while read -r key value; do
        expect 2 "$key differs between ranks: " two r "--data data.h5" "--data data.h5 --$key $value"
        grep -qE "$key differs between ranks: .* on rank 0 \\(.+\\), .* on rank 1 \\(.+\\); start all ranks" output ||
            fail "$key: no values, ranks and hosts in: $(cat output)"
        [[ ! -e r ]] || fail "$key: a run folder was made"
    done <<'END'
seed 2
optimizer.learning_rate 0.5
shards 8
batch_size 32
dropout 0.1
model.hidden 6,4
optimizer.name adam
epochs 3
max_steps 3
reduction scatter
precision double
early_stopping.rule patience
stacking false
END
    expect 2 "out differs between ranks" two r "--data data.h5" "--data data.h5 --out s"
    expect 2 "--resume differs between ranks" two r "--data data.h5" "--data data.h5 --resume"
    expect 0 "digest" two r "--data data.h5 --progress on" "--data $PWD/data.h5" # another name of the same file
}

# Both name data.h5; rank 1 starts in the folder $1.
two_in() {
    local run=("${train[@]}" --data data.h5 --out m)
    timeout -k 5 60 mpirun -n 1 "${run[@]}" : -n 1 env -C "$PWD/$1" "${run[@]}"
}

edit() { # FILE DATASET ROW
    "$python" - "$@" <<'END'
import h5py, sys
with h5py.File(sys.argv[1], "r+") as f:
    d, i = f[sys.argv[2]], int(sys.argv[3])
    d[i] = (d[i] + 1) % 3 if d.ndim == 1 else d[i] + 1
END
}

edit_mean() { # FILE   Of its first column.
    "$python" - "$1" <<'END'
import h5py, sys
with h5py.File(sys.argv[1], "r+") as f:
    f.attrs["mean"] = [f.attrs["mean"][0] + 1, *f.attrs["mean"][1:]]
END
}

without_digests() { # FILE
    "$python" - "$1" <<'END'
import h5py, sys
with h5py.File(sys.argv[1], "r+") as f:
    for part in ("train", "validation", "test"):
        for name in ("x", "y"):
            del f[part][name + "_xxh3"]
END
}

# Rank 1 has another file: of another import, edited, or with nothing recorded.
test_other_data() {
    "$tren" data import csv data.h5.csv --header no --label 9 --split 80/10/10 --seed 4 --out seed.h5 >/dev/null
    "$tren" data import csv data.h5.csv --header no --label 9 --split 60/20/20 --seed 3 --out split.h5 >/dev/null
    expect 4 "data.h5: the digest of the dataset differs between ranks" two m "--data data.h5" "--data seed.h5"
    grep -qE ": [0-9a-f]{16} for data.h5 on rank 0 \(.+\), [0-9a-f]{16} for seed.h5 on rank 1 " output || fail "$(cat output)"
    expect 4 "data.h5: the number of training rows differs between ranks: 2400 for data.h5 on rank 0" \
        two m "--data data.h5" "--data split.h5"
    mkdir -p same && cp split.h5 same/data.h5
    expect 4 "data.h5: the number of training rows differs between ranks: 2400 on rank 0" two_in same
    cp data.h5 edited.h5
    edit edited.h5 train/x 2399 # in rank 1's half
    expect 4 "rank 1 (" two m "--data data.h5" "--data edited.h5"
    grep -qF "edited.h5: /train/x: rows 2304 to 2399 are not those that were written" output || fail "$(cat output)"
    cp data.h5 plain.h5
    without_digests plain.h5
    cp plain.h5 plain2.h5
    edit plain2.h5 train/y 17
    expect 4 "plain.h5: the digest of its rows differs between ranks" two m "--data plain.h5" "--data plain2.h5"
    expect 4 "rank 1 (" two m "--data data.h5" "--data nowhere.h5"
    [[ ! -e m ]] || fail "a run folder was made"
}

# A dataset that somebody made, 6 MB of it: one row that differs is found, in any part and on any rank, whether or not
# it lies among the rows that this rank trains on; and two names of one file are not compared at all.
make_large() { # FILE
    "$python" - "$1" <<'END'
import h5py, numpy as np, sys
rng = np.random.default_rng(1)
with h5py.File(sys.argv[1], "w") as f:
    f.attrs.update({"schema": "tren dataset", "schema_version": 1, "layout": "table", "shape": [64], "n_classes": 3,
                    "mean": np.zeros(64), "sd": np.ones(64)})
    for part, n in (("train", 20000), ("validation", 2000), ("test", 2000)):
        f[part + "/x"] = rng.normal(size=(n, 64)).astype("f4")
        f[part + "/y"] = rng.integers(0, 3, n)
END
}

test_large_data() {
    local at row
    make_large large.h5
    while read -r at row; do
        cp -p large.h5 copy.h5
        edit copy.h5 "$at" "$row"
        touch -r large.h5 copy.h5
        expect 4 "large.h5: the digest of its rows differs between ranks" two l "--data large.h5" "--data copy.h5"
        expect 4 "large.h5: the digest of its rows differs between ranks" two l "--data $PWD/large.h5" "--data copy.h5"
    done <<'END'
train/x 3
train/x 19998
train/y 12345
validation/x 1777
test/y 1
END
    [[ ! -e l ]] || fail "a run folder was made"
    cp large.h5 copy.h5 && ln -s large.h5 link.h5
    expect 0 "digest" two l1 "--data large.h5" "--data copy.h5"
    expect 0 "digest" two l2 "--data large.h5" "--data link.h5"
    same_run l1 l2
    "$python" -c "import h5py
with h5py.File('copy.h5', 'r+') as f, h5py.File('away.h5', 'w') as g:
    x = f['train/x'][:]
    g['x'] = x
    del f['train/x']
    layout = h5py.VirtualLayout(x.shape, x.dtype)
    layout[:] = h5py.VirtualSource('away.h5', 'x', x.shape)
    f.create_virtual_dataset('train/x', layout)"
    mkdir other && cp copy.h5 away.h5 other
    edit other/away.h5 x 777
    expect 4 "copy.h5: the digest of its rows differs between ranks" two l "--data copy.h5" "--data other/copy.h5"
}

# The points of a sweep are of one dataset: another one, even with the same header, is other points.
test_sweep_data() {
    make_large large.h5
    printf 'data: large.h5\nmodel.hidden: 4\nepochs: 1\ngrid: {seed: [1, 2]}\n' >s.yaml
    expect 0 "2 points: 2 trained, 0 cached" "$tren" sweep s.yaml --out sw --no-plots
    cp sw/sweep.csv before.csv
    edit large.h5 train/y 5
    expect 0 "2 points: 2 trained, 0 cached" "$tren" sweep s.yaml --out sw --no-plots
    ! cmp -s sw/sweep.csv before.csv || fail "the sweep has the points of the old data"
    cp sw/sweep.csv before.csv
    edit_mean large.h5
    expect 0 "2 points: 2 trained, 0 cached" "$tren" sweep s.yaml --out sw --no-plots
    ! cmp -s sw/sweep.csv before.csv || fail "the sweep has the points of another mean"
    cp large.h5 two.h5
    edit two.h5 test/x 5
    printf 'data: large.h5\nmodel.hidden: 4\nepochs: 1\ngrid: {data: [large.h5, two.h5]}\n' >s.yaml
    expect 0 "2 points: 2 trained, 0 cached" "$tren" sweep s.yaml --out sd --no-plots
    # Changed while it runs: before the second point is begun, in place or by another file of the name.
    cp data.h5 used.h5
    printf 'data: used.h5\nmodel.hidden: 6\nepochs: 900\ngrid: {seed: [1, 2, 3]}\n' >s.yaml
    some_point() { compgen -G 'sm/points/*.csv' >/dev/null; }
    { await some_point && mv seed4.h5 used.h5; } &
    "$tren" data import csv data.h5.csv --header no --label 9 --split 80/10/10 --seed 4 --out seed4.h5 >/dev/null
    expect 4 "used.h5 was changed while the sweep was running" "$tren" sweep s.yaml --out sm --no-plots
    wait
    [[ ! -e sm/sweep.csv ]] || fail "a table of two datasets"
}

# A dataset that somebody made has no digests of its rows, but a checkpoint has: its own dataset is read again.
test_edited_by_hand() {
    local at
    make_large large.h5
    expect 0 "" "${train[@]}" --data large.h5 --out h
    expect 0 "accuracy" mpi 2 "$tren" eval h
    for at in train/x validation/y test/x; do
        cp large.h5 kept.h5
        edit large.h5 "$at" 140
        expect 4 "large.h5 has changed since h/best.h5 was trained on it" "$tren" eval h --split validation
        expect 4 "large.h5 has changed since h/best.h5 was trained on it" mpi 2 "$tren" eval h
        expect 0 "accuracy" "$tren" eval h --data large.h5
        mv kept.h5 large.h5
    done
    edit_mean large.h5
    expect 4 "large.h5 has changed since h/best.h5 was trained on it" "$tren" eval h
}

# Every part is verified when it is read, by whoever reads it.
test_edited_rows() {
    local at
    expect 0 "" "${train[@]}" --data data.h5 --out r1
    for at in train/x train/y validation/x test/y; do
        cp data.h5 edited.h5
        edit edited.h5 "$at" 140
        expect 4 "edited.h5: /$at: rows " "${train[@]}" --data edited.h5 --out e
        expect 4 "edited.h5: /$at: rows " mpi 3 "${train[@]}" --data edited.h5 --out e
        expect 4 "edited.h5: /$at: rows " "${train[@]}" --data edited.h5 --out r1 --resume --epochs 3
        expect 4 "edited.h5: /$at: rows " "$tren" eval r1 --data edited.h5 --split "${at%/*}"
        expect 4 "edited.h5: /$at: rows " "$tren" predict r1 --data edited.h5 --split "${at%/*}" --out p.csv
    done
}

has_epochs() { [[ -s $1/metrics.csv && $(wc -l <"$1/metrics.csv") -gt 2 ]]; }

# The file is overwritten in place when training has begun: the run must not end with a number of neither file.
overwrite_later() { # FILE WITH RUN
    await has_epochs "$3"
    cat "$2" >"$1"
}

test_changed_meanwhile() {
    local kind
    for kind in recorded plain; do
        cp data.h5 $kind.h5
        [[ $kind == recorded ]] || without_digests $kind.h5
        cp $kind.h5 other.h5
        edit other.h5 test/x 3
        cp $kind.h5 used.h5
        overwrite_later used.h5 other.h5 w_$kind &
        expect 4 "used.h5" "${train[@]}" --data used.h5 --out w_$kind --epochs 600
        wait
        [[ ! -e w_$kind/result.json ]] || fail "$kind: there is a result"
        cat $kind.h5 >used.h5 # as it was: all is well again
        expect 0 "test, best weights" "${train[@]}" --data used.h5 --out w_$kind --epochs 600 --resume
    done
    cp data.h5 used.h5
    overwrite_later used.h5 data.h5 same & # written again with the same bytes: looked at again, and no error
    expect 0 "test, best weights" "${train[@]}" --data used.h5 --out same --epochs 600
    wait
}

# The same for what else runs on several ranks.
test_other_commands() {
    local run=(timeout -k 5 60 mpirun -n 1)
    expect 0 "" "${train[@]}" --data data.h5 --out r2
    expect 2 "--split differs between ranks: test on rank 0" \
        "${run[@]}" "$tren" eval r2 : -n 1 "$tren" eval r2 --split train
    expect 3 "what the program does differs between ranks: evaluate on rank 0" \
        "${run[@]}" "$tren" eval r2 : -n 1 "${train[@]}" --data data.h5
    cp data.h5 moved.h5
    edit moved.h5 test/x 3
    without_digests moved.h5
    expect 4 "differs between ranks" \
        "${run[@]}" "$tren" eval r2 --data data.h5 : -n 1 "$tren" eval r2 --data moved.h5
    printf 'data: data.h5\nout: s\nepochs: 1\ngrid: {seed: [1, 2]}\n' >a.yaml
    printf 'data: data.h5\nout: s\nepochs: 1\ngrid: {seed: [1, 3]}\n' >b.yaml
    expect 2 "grid: seed differs between ranks: 2 on rank 0" \
        "${run[@]}" "$tren" sweep a.yaml : -n 1 "$tren" sweep b.yaml
    printf 'data: data.h5\nout: s\nepochs: 1\ngrid: {seed: [1, 2]}\n' >c.yaml
    expect 4 "differs between ranks" "${run[@]}" "$tren" sweep c.yaml : -n 1 "$tren" sweep c.yaml --data moved.h5
    [[ ! -e s ]] || fail "a sweep over two datasets has begun"
    expect 2 "--seeds differs between ranks" \
        "${run[@]}" "$tren" lab run W4 --quick --seeds 1 : -n 1 "$tren" lab run W4 --quick --seeds 2
}

# What only one rank does, and what ends without MPI while the others train: no hang, and both are named.
test_one_rank_alone() {
    local option run=(timeout -k 5 20 mpirun -n 1)
    expect 3 "what the program does differs between ranks: train on rank 0" two d "--data data.h5" "--data data.h5 --dry-run"
    expect 3 "what the program does differs between ranks: train, without" two d "--data data.h5 --dry-run" "--data data.h5"
    for option in "config --data data.h5" "train --help" help --version "bench gemm"; do
        # shellcheck disable=SC2086
        expect 3 "what the program does differs between ranks" \
            "${run[@]}" "${train[@]}" --data data.h5 --out d : -n 1 "$tren" $option
    done
    [[ ! -e d ]] || fail "a run folder was made"
    expect 0 "parameters" mpi 2 "${train[@]}" --data data.h5 --dry-run
    expect 0 "data.h5" mpi 3 "$tren" config --data data.h5 --get data
    expect 0 "" "${train[@]}" --data data.h5 --out r3
    local predict=("$tren" predict r3 --data data.h5)
    expect 2 "--out differs between ranks: p.csv on rank 0" \
        "${run[@]}" "${predict[@]}" --out p.csv : -n 1 "${predict[@]}" --out q.csv
    expect 2 "--top differs between ranks: 1 on rank 0" \
        "${run[@]}" "${predict[@]}" --out p.csv --top 1 : -n 1 "${predict[@]}" --out p.csv --top 2
    expect 2 "--json differs between ranks" "${run[@]}" "$tren" eval r3 : -n 1 "$tren" eval r3 --json
    printf 'data: data.h5\nout: s2\nepochs: 1\ngrid: {seed: [1, 2]}\n' >y.yaml
    expect 2 "--y differs between ranks: train_loss on rank 0" \
        "${run[@]}" "$tren" sweep y.yaml --y train_loss : -n 1 "$tren" sweep y.yaml
}

# Other names of the columns are other data, in every file.
test_names() {
    local kind
    { echo a,b,y && for ((i = 0; i < 200; i++)); do echo "$((i % 7)).5,$((i % 5)).25,$((i % 2))"; done; } >named.csv
    "$tren" data import csv named.csv --label y --split 80/10/10 --out named_recorded.h5 >/dev/null
    cp named_recorded.h5 named_plain.h5
    without_digests named_plain.h5
    for kind in recorded plain; do
        expect 0 "" "${train[@]}" --data named_$kind.h5 --out n_$kind
        cp named_$kind.h5 turned.h5
        "$python" -c 'import h5py; h5py.File("turned.h5", "r+").attrs["column_names"] = [b"b", b"a"]'
        expect 2 "turned.h5" "${train[@]}" --data turned.h5 --out n_$kind --resume --epochs 3
        expect 4 "differs between ranks" two n2 "--data named_$kind.h5" "--data turned.h5"
    done
    rm n_plain/last.h5 && rm -f n_plain/previous.h5
    expect 7 "n_plain has a result, but neither last.h5 nor previous.h5" \
        "${train[@]}" --data named_plain.h5 --out n_plain --resume
    expect 0 "note: no checkpoint in " "${train[@]}" --data named_plain.h5 --out n_new --resume
}

# A node with an old checkpoint in a folder of the same name.
test_other_checkpoint() {
    [[ $EUID -eq 0 ]] && unshare -m true 2>/dev/null || return 0
    local options="--data data.h5 --out k --resume --epochs 5"
    expect 0 "" "${train[@]}" --data data.h5 --out k
    expect 0 "" "${train[@]}" --data data.h5 --out k2 --seed 2
    cat >other.sh <<END
#!/bin/sh
mount --bind k2 k || exit 99
exec ${train[*]} $options
END
    chmod +x other.sh
    # shellcheck disable=SC2086
    expect 7 "k/last.h5: the digest of the checkpoint differs between ranks" \
        timeout -k 5 60 mpirun -n 1 "${train[@]}" $options : -n 1 unshare -m ./other.sh
    # Their config and data differ too: the checkpoint is named.
    "$tren" train --data seed.h5 --out k3 --model.hidden 5 --epochs 1 --no-plots --progress off >/dev/null
    local command other
    for command in "eval k" "predict k --data data.h5 --out kp.csv --force"; do
        for other in k2 k3; do
            printf '#!/bin/sh\nmount --bind %s k || exit 99\nexec %s %s\n' $other "$tren" "$command" >other.sh
            # shellcheck disable=SC2086
            expect 7 "k/best.h5: the digest of the checkpoint differs between ranks" \
                timeout -k 5 60 mpirun -n 1 "$tren" $command : -n 1 unshare -m ./other.sh
        done
    done
}

for name in ${TREN_ONLY:-config other_data large_data sweep_data edited_by_hand edited_rows changed_meanwhile other_commands one_rank_alone names other_checkpoint}; do
    "test_$name"
    echo "ok $name"
done
