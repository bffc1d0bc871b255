#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Runs one fuzzer from its seeds for a while, as one TAP test. Usage: run_fuzz.sh FUZZER SECONDS [DESCRIPTORS]
# One that counts descriptors of rings is repeated until it has taken that many. What it finds is left in build/fuzz/findings/.
set -u
fuzzer=$1 seconds=$2 least=${3:-0} name=$(basename "$1")
corpus=$(dirname "$fuzzer")/corpus-$name
findings=build/fuzz/findings
mkdir -p "$corpus" "$findings" build/fuzz/seeds
python3 tests/data/make_seeds.py build/fuzz/seeds
seeds=build/fuzz/seeds/${name%_fuzz}
[ -d "$seeds" ] || seeds=
log=$(mktemp)
total_runs=0 total=0 rounds=0

# done_of UNIT: how many the fuzzer says that it did
done_of() { sed -n "s/^Done \([0-9]*\) $1.*/\1/p" "$log"; }

# One time; false also when something was found.
fuzz() {
    "$fuzzer" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=65536 \
        -artifact_prefix="$findings/$name-" "$corpus" $seeds >"$log" 2>&1 || return 1
    local descriptors
    descriptors=$(done_of descriptors)
    total_runs=$((total_runs + $(done_of runs))) total=$((total + ${descriptors:-0})) rounds=$((rounds + 1))
    # One that counts nothing has no more to do.
    [ -z "$descriptors" ] || [ "$total" -ge "$least" ] || fuzz
}

if fuzz; then
    echo "ok 1 - $name: nothing found"
    echo "# $name: $total_runs runs$([ "$total" = 0 ] || echo ", $total descriptors") in $((rounds * seconds)) s"
else
    echo "not ok 1 - $name"
    tail -40 "$log" | sed 's/^/# /'
fi
rm -f "$log"
