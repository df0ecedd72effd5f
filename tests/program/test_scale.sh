#!/usr/bin/env bash
# tren scale: launches of each number of ranks, a table, a page that stands alone; stopped, killed and damaged it goes
# on with what is there; other bits are told; two folders are compared.
# shellcheck source=tests/program/lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"

for python in /usr/bin/python3 python3; do command -v "$python" >/dev/null && break; done
make_sinusoid waves.h5 2000
cat >run.yaml <<'YAML'
data: waves.h5
shards: 2
batch_size: 64
model.hidden: [16, 16]
YAML
quick=(--steps 20 --repeats 2 --max-repeats 2)

launches() { find "$1/launches" -name '*.csv' | wc -l; }
cell() { awk -F, -v row="$2" -v name="$3" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) c = i }
    $1 "-" $2 == row { print $c }' "$1/scaling.csv"; } # folder, MODE-RANKS, column

test_whole() {
    expect 0 "all strong-scaling launches have the same digest" "$tren" scale run.yaml --ranks 1,2,3 "${quick[@]}"
    [[ $(cut -d, -f1,2 runs/scaling-run/scaling.csv | tail -n +2 | xargs) == \
        "base,1 strong,1 strong,2 strong,3 weak,1 weak,2 weak,3" ]] || fail "$(cat runs/scaling-run/scaling.csv)"
    expect 0 "" "$tren" train run.yaml --shards 3 --max_steps 20 --out reference --no-evaluate_test --no-plots --progress off
    [[ $(cell runs/scaling-run strong-3 digest) == "$(field reference digest)" ]] ||
        fail "strong scaling has digest $(cell runs/scaling-run strong-3 digest), a training of the recipe $(field reference digest)"
    [[ $(launches runs/scaling-run) -eq 12 ]] || fail "$(ls runs/scaling-run/launches)"
    grep -q "^20,0" runs/scaling-run/launches/strong-2.01.csv || fail "step 20 of a launch was not kept"
}

# The page: well-formed pictures with every launch as a point, and nothing from elsewhere.
test_page() {
    command -v "$python" >/dev/null || return 0
    "$python" - runs/scaling-run <<'PY'
import json, re, sys, xml.dom.minidom
folder = sys.argv[1]
page = open(folder + "/scaling.html").read()
pictures = re.findall(r"<svg.*?</svg>", page, re.S)
assert len(pictures) == 4, len(pictures)
for picture in pictures:
    xml.dom.minidom.parseString(picture)
assert not re.search(r"(src|href)=", page), "the page needs other files"
dots = pictures[0].count("r='2.5'")
assert dots == 6, f"{dots} points for 6 strong launches"
out = json.load(open(folder + "/scaling.json"))
assert len(out["launches"]) == 12 and out["strong_digests"] == 1
point = [p for p in out["points"] if p["mode"] == "strong" and p["ranks"] == 2][0]
assert point["step_seconds"]["lo"] is None, "two launches have no interval"
for key in "MPI", "OpenBLAS", "CPU", "level", "products", "transport", "binding", "governor", "nodes", "reduction", "digest":
    assert out["launches"][0].get(key), key
assert sum(point[k] for k in ("forward", "backward", "reduce")) > 0
PY
}

test_goes_on() {
    rm runs/scaling-run/launches/strong-2.0*.csv runs/scaling-run/scaling.html
    expect 0 "has 10 launches; more are added" "$tren" scale run.yaml --ranks 1,2,3 "${quick[@]}"
    [[ $(grep -c "ms a step$" output) -eq 2 ]] || fail "not two launches more: $(cat output)"
    [[ -e runs/scaling-run/scaling.html ]] || fail "no page"
    expect 2 "runs/scaling-run has the results of another experiment: there 'steps: 20', now 'steps: 21'" \
        "$tren" scale run.yaml --ranks 1,2,3 "${quick[@]}" --steps 21
    expect 2 "has the results of another experiment: there 'seed: 1', now 'seed: 2'" \
        "$tren" scale run.yaml --ranks 1,2,3 "${quick[@]}" --seed 2
    # Other rows under the same name; and somebody else is in the folder.
    cp waves.h5 waves.kept
    "$tren" data make sinusoid --out waves.h5 --n 2000 --seed 6 --force >/dev/null
    expect 2 "has the results of another experiment: there 'data: " "$tren" scale run.yaml --ranks 1,2,3 "${quick[@]}"
    mv waves.kept waves.h5
    expect 3 "runs/scaling-run is in use by another 'tren scale'" \
        flock runs/scaling-run/.lock "$tren" scale run.yaml --ranks 1,2,3 "${quick[@]}"
    printf '# ranks' >runs/scaling-run/launches/weak-2.01.csv
    expect 4 "weak-2.01.csv:1: this is not a complete record of a launch; remove the file" \
        "$tren" scale run.yaml --ranks 1,2,3 "${quick[@]}"
    rm runs/scaling-run/launches/weak-2.01.csv
    expect 0 "" "$tren" scale run.yaml --ranks 1,2,3 "${quick[@]}"
}

# Stopped in the middle, and killed: what was finished stays.
test_killed() {
    local pid code=0
    touch killed.log again.log
    "$tren" scale run.yaml --ranks 1,2 --steps 3000 --repeats 3 --max-repeats 3 --out killed >killed.log 2>&1 &
    pid=$!
    await grep -q "launch  1:.* ms a step" killed.log
    kill -TERM $pid
    wait $pid || code=$?
    [[ $code -eq 75 ]] || fail "stopped: exit code $code, not 75: $(cat killed.log)"
    grep -q "are kept in killed; the same command continues" killed.log || fail "$(cat killed.log)"
    [[ $(launches killed) -ge 1 && $(launches killed) -lt 12 ]] || fail "$(ls killed/launches)"
    "$tren" scale run.yaml --ranks 1,2 --steps 3000 --repeats 3 --max-repeats 3 --out killed >again.log 2>&1 &
    pid=$!
    await grep -q "launch .* ms a step" again.log
    kill -KILL $pid
    wait $pid || true
    await none_left
    expect 0 "the same digest" "$tren" scale run.yaml --ranks 1,2 --steps 3000 --repeats 3 --max-repeats 3 --out killed
    [[ $(launches killed) -eq 12 ]] || fail "$(ls killed/launches)"
}

# A stand-in for a machine that computes wrongly on 2 ranks, and for one where 2 ranks do not start.
test_wrong() {
    cat >wrong <<SH
#!/bin/sh
$(about launcher) "\$@" || exit
case "\$*" in *"/strong-2."*) sed -i 's/^# digest: ..../# digest: beef/' wrong-scale/launches/strong-2.*.csv ;; esac
SH
    cat >broken <<SH
#!/bin/sh
[ "\$2" != 2 ] || { echo "tren train: no memory on n2" >&2; exit 3; }
exec $(about launcher) "\$@"
SH
    chmod +x wrong broken
    TREN_LAUNCHER=$scratch/wrong expect 1 "do NOT have the same digest" "$tren" scale run.yaml --ranks 1,2 "${quick[@]}" --out wrong-scale
    grep -q 'class="bad">Bits: the strong-scaling launches do NOT.*2 ranks: beef' wrong-scale/scaling.html || fail "the page does not tell"
    TREN_LAUNCHER=$scratch/broken expect 3 "all launches of a point failed" "$tren" scale run.yaml --ranks 1,2 "${quick[@]}" --out broken-scale
    grep -q "launch 1 of strong on 2 ranks failed with exit code 3: tren train: no memory on n2" output || fail "$(cat output)"
    grep -q "strong scaling on 2 ranks is left out" broken-scale/scaling.html || fail "the page does not name what is left out"
    expect 0 "the same digest" "$tren" scale run.yaml --ranks 1,2 "${quick[@]}" --out broken-scale
    grep -q "launch 1 of strong on 2 ranks failed with exit code 3" broken-scale/scaling.html || fail "the failure was forgotten"
}

test_compare() {
    expect 0 "the same digest" "$tren" scale run.yaml --ranks 1 --no-weak --steps 50 --repeats 6 --max-repeats 6 --out a
    cp -r a b
    expect 0 "not distinguishable" "$tren" scale compare a b
    [[ $(grep -c "same bits" output) -eq 2 ]] || fail "$(cat output)"
    for file in b/launches/*.csv; do # all steps a thousand times as long, other bits, another MPI
        awk -F, -v OFS=, '/^[0-9]/ { $2 *= 1000 } { sub(/^# digest: ..../, "# digest: beef"); sub(/^# with MPI: .*/, "# with MPI: new") } 1' "$file" >new
        mv new "$file"
    done
    expect 0 "slower" "$tren" scale compare a b
    [[ $(grep -c "slower .*OTHER BITS" output) -eq 2 ]] || fail "$(cat output)"
    grep -q "^MPI: .* -> new" output || fail "the other MPI is not told: $(cat output)"
    expect 0 '"b_is": "slower"' "$tren" scale compare a b --json
    expect 0 "faster" "$tren" scale compare b a
    expect 0 "the same digest" "$tren" scale run.yaml --ranks 1 --no-weak --batch_size 32 "${quick[@]}" --out other
    expect 2 "have no point in common" "$tren" scale compare a other
}

test_whole
test_page
test_goes_on
test_killed
test_wrong
test_compare
