#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Runs one fuzzer from its seeds for a while, as one TAP test. Usage: run_fuzz.sh FUZZER SECONDS
# What it finds is left in build/fuzz/findings/.
set -u
fuzzer=$1 seconds=$2 name=$(basename "$1")
corpus=$(dirname "$fuzzer")/corpus-$name
findings=build/fuzz/findings
mkdir -p "$corpus" "$findings" build/fuzz/seeds
python3 tests/data/make_seeds.py build/fuzz/seeds
seeds=build/fuzz/seeds/${name%_fuzz}
[ -d "$seeds" ] || seeds=
log=$(mktemp)
if "$fuzzer" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=65536 \
    -artifact_prefix="$findings/$name-" "$corpus" $seeds >"$log" 2>&1; then
    runs=$(sed -n 's/^Done \([0-9]*\) runs.*/\1/p' "$log")
    echo "ok 1 - $name: nothing found"
    echo "# $name: ${runs:-0} runs in $seconds s"
else
    echo "not ok 1 - $name"
    tail -40 "$log" | sed 's/^/# /'
fi
rm -f "$log"
