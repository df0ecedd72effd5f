#!/usr/bin/env bash
# --dry-run --ranks P --nodes N: what a rank and a node of a launch take, without one.
# shellcheck source=tests/program/lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"
make_classes rows.h5 2000
describe() { "$tren" train --data rows.h5 --model.hidden 512,512 --shards 48 --batch_size 480 --optimizer.name adam --dry-run "$@"; }
line() { awk -v name="$1" 'index($0, name) == 1 { print $(NF - 1), $NF }' output; } # what begins with NAME: a rank, a node

# The parts are the whole; a node has as many ranks as the fullest; a window shares the weights of a node.
expect 0 "memory of 48 ranks on 4 nodes, up to 12 on a node" describe --ranks 48 --nodes 4
awk '/^memory of/ { on = 1; next } !on { next }
    /^together/ { if ($(NF - 1) - sum > 0.5 || sum - $(NF - 1) > 0.5) exit 1; found = 1 }
    $NF ~ /^[0-9.]+$/ { sum += $(NF - 1); if ($NF - 12 * $(NF - 1) > 0.7 || 12 * $(NF - 1) - $NF > 0.7) exit 1 }
    END { exit !found }' output || fail "the parts are not the whole: $(cat output)"
read -r _ shared <<<"$(line weights)"
[[ $shared == 1.0 ]] || fail "the weights of a node take $shared MiB, not once 1.0"
expect 0 "" describe --ranks 48 --nodes 4 --reduction doubling
read -r inbox _ <<<"$(line "messages of others")"
awk -v inbox="$inbox" 'BEGIN { exit !(inbox > 20) }' || fail "doubling brings $inbox MiB, not 20 times the weights and more"
read -r _ weights <<<"$(line weights)"
awk -v weights="$weights" 'BEGIN { exit !(weights > 11.9) }' || fail "12 ranks without a window have the weights once"
expect 0 "memory of 10 ranks on 4 nodes, up to 3 on a node" describe --ranks 10 --nodes 4
expect 0 "memory of 3 ranks on 1 node, up to 3" describe --ranks 3
expect 0 "memory on  4 ranks" describe

# More than this machine has is told, and is no error: the run may be for another.
! grep -q "is free on this machine" output || fail "a small network is too large: $(cat output)"
expect 0 "more than is free on this machine" describe --model.hidden 900000,900000
expect 0 "more than is free on this machine" describe --model.hidden 900000,900000 --ranks 2
