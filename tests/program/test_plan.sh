#!/usr/bin/env bash
# tren plan: a prediction from quick launches, by the numbers of another machine, and its score beside a measurement.
# shellcheck source=tests/program/lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"
make_sinusoid waves.h5 2000
cat >run.yaml <<'YAML'
data: waves.h5
shards: 4
batch_size: 56
model.hidden: [16, 16]
YAML

column() { awk -v name="$2" '$1 == name { print $'"$1"' }' output; } # which, number of ranks

expect 0 "measuring here" "$tren" plan run.yaml --ranks 1,2,4
[[ $(column 1 4) == 4 && $(column 3 4) == 4 ]] || fail "no row of 4 ranks: $(cat output)"
[[ -e runs/plan-run/machine.txt && -e runs/plan-run/1-ranks-2-shards.csv ]] || fail "$(ls runs/plan-run)"
# Half of the shards and half of the rows are what a rank of two computes.
grep -q "^# rows: 28$" runs/plan-run/1-ranks-2-shards.csv || fail "the share of 2 ranks is not 28 rows"

# A machine whose numbers are round: 1 us a step, a link that costs nothing, a network of 8 Gbit/s without latency.
printf 'flop_seconds: 1e-9\nstep_seconds: 1e-6\nreduce_factor: 1\nnode_latency: 0\nnode_per_byte: 0\n' >machine.txt
expect 0 "hidden is what travels between nodes during computing" "$tren" plan run.yaml --ranks 1,2,4 --ranks-per-node 2 --machine machine.txt --bandwidth 8 --latency 0.001
one=$(column 4 1) two=$(column 4 2) four=$(column 4 4)
awk -v a="$one" -v b="$two" 'BEGIN { r = (a - 0.001) / (b - 0.001); exit !(r > 1.98 && r < 2.02) }' ||
    fail "half of the rows take $two ms, all $one"
# 321 weights of 4 bytes, half of them twice over the network: 1284 ns, and twice the latency
awk -v all="$(column 6 4)" 'BEGIN { exit !(all > 0.00128 && all < 0.00129) }' || fail "exchange of two nodes: $(column 6 4) ms, in all $four"
# Some 58,000 weights are buckets of 64, 64 and 101 KiB, of which backward hides some.
wide() { "$tren" plan run.yaml --model.hidden 240,240 --ranks 2 --ranks-per-node 1 --machine machine.txt --bandwidth 8 --latency 0.001 "$@" >output || fail "$*"; }
wide
awk -v hidden="$(column 7 2)" -v all="$(column 6 2)" 'BEGIN { exit !(hidden > 0 && hidden < all) }' || fail "$(cat output)"
wide --reduction doubling
[[ $(column 7 2) == 0 ]] || fail "hidden by doubling: $(cat output)"
# Here is one node, so the network between two cannot be measured, however many ranks its cores share.
expect 2 "the network between the nodes is unknown; give --bandwidth" "$tren" plan run.yaml --ranks 1,4 --ranks-per-node 2 --out alone
[[ ! -e alone/machine.txt ]] || fail "a network was measured: $(cat alone/machine.txt)"
printf 'flop_seconds: 1e-9\nstep_seconds: 1e-6\n' >lone.txt
expect 2 "the link between two ranks of a node is unknown" "$tren" plan run.yaml --ranks 1,2 --machine lone.txt
expect 2 "the network between the nodes is unknown; give --bandwidth" \
    "$tren" plan run.yaml --ranks 4 --ranks-per-node 2 --machine machine.txt

# What a run has measured of the noise of its gradients: the later half of the epochs, sums before the ratio.
expect 0 "gradient noise: unknown before a run of this config" "$tren" plan run.yaml --ranks 1 --machine machine.txt
mkdir noisy
printf 'epoch,noise_trace,noise_square,noise_rows\n1,9,9,1\n2,8,8,1\n3,,,\n4,100,0.75,\n5,20,-0.25,\n' >noisy/metrics.csv
expect 0 "from 2 epochs of noisy: beyond batch 240, more rows per step hardly save steps" \
    "$tren" plan run.yaml --ranks 1,2,4 --machine machine.txt --noise noisy
grep -q "batch_size is 56: about 5.29 times the smallest possible number of steps" output || fail "$(cat output)"
grep -q "best of these: [124] ranks* at batch 56, 4 at batch 240; shards: at least as many" output || fail "$(cat output)"
expect 4 "there is no run folder 'nowhere'" "$tren" plan run.yaml --ranks 1 --machine machine.txt --noise nowhere
expect 0 "note: noisy has no checkpoint" "$tren" plan run.yaml --ranks 1 --machine machine.txt --noise noisy
expect 0 "" "$tren" train run.yaml --out counted --epochs 4 --gradient_noise 1 --no-plots --progress off
expect 0 "from 2 epochs of counted" "$tren" plan run.yaml --ranks 1 --machine machine.txt --noise counted
refuse_part "no checkpoint"
make_sinusoid tides.h5 1000
(cat run.yaml && echo "out: counted") >counted.yaml
expect 2 "counted was trained on another dataset than tides.h5" \
    "$tren" plan run.yaml --ranks 1 --machine machine.txt --noise counted --data tides.h5
expect 0 "gradient noise: not known: counted was trained on another dataset than tides.h5" \
    "$tren" plan counted.yaml --ranks 1 --machine machine.txt --data tides.h5

expect 0 "the same digest" "$tren" scale run.yaml --ranks 1,2 --no-weak --steps 30 --repeats 1 --max-repeats 1
expect 0 "predicted   measured" "$tren" plan run.yaml --ranks 1,2,4 --score runs/scaling-run
[[ $(grep -cE "^ +[12] .* [+-][0-9]+%$" output) -eq 2 ]] || fail "not two errors: $(cat output)"
expect 0 "note: shards is raised from 1 to 2" "$tren" scale run.yaml --shards 1 --ranks 1,2 --ranks-per-node 1 --no-weak --steps 30 --repeats 1 --max-repeats 1 --out raised
grep -q "^strong .* 2 ranks launch .* (on 1 node, not on the 2 that --ranks-per-node says)$" output || fail "$(cat output)"
expect 0 "predicted   measured" "$tren" plan run.yaml --shards 2 --ranks 1,2 --machine machine.txt --score raised
expect 2 "has measured another config" "$tren" plan run.yaml --ranks 1 --machine machine.txt --score runs/scaling-run --seed 2
expect 2 "has no strong-scaling point with these ranks" "$tren" plan run.yaml --ranks 4 --machine machine.txt --score runs/scaling-run

# The jobs that are left, from the epochs that were made: here of 100 s each, and 3 minutes of each job are not theirs.
expect 0 "no epoch is complete yet" "$tren" plan jobs run.yaml --job-time 1:00:00 --out nowhere
expect 0 "" "$tren" train run.yaml --out chain --epochs 4 --no-plots --progress off
awk -F, -v OFS=, 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "seconds") c = i } NR > 1 { $c = "100.0" } 1' chain/metrics.csv >rows
mv rows chain/metrics.csv
expect 0 "6 epochs are left, of 100 s each: 0.167 h; this run finishes in this job" \
    "$tren" plan jobs run.yaml --out chain --epochs 10 --job-time 15:00
expect 0 "100 epochs are left, of 100 s each: 2.78 h; at 1 h per job this run finishes in the third of 3 jobs" \
    "$tren" plan jobs run.yaml --out chain --epochs 104 --job-time 1:00:00
expect 0 "in the 12th of 12 jobs" "$tren" plan jobs run.yaml --out chain --epochs 404 --job-time 1:00:00
expect 0 "2 epochs are left" "$tren" plan jobs run.yaml --out chain --epochs 404 --max_steps 150 --job-time 1:00:00
mkdir over && cp chain/metrics.csv over
printf '{\n  "status": "finished",\n  "stop_reason": "early_stopping",\n' >over/result.json
expect 0 "the run in over has ended: early stopping" "$tren" plan jobs run.yaml --out over --epochs 404 --job-time 1:00:00
