#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Runs test programs that print TAP, shows what failed, and ends with one line: N passed, N failed.
# A program that ends badly without a "not ok" counts as one failure. Usage: run_tests.sh LIST
# Each line of LIST is a name, a tab and a command, which may take RUN_LIMIT seconds (900).
set -u
passed=0 failed=0
output=$(mktemp)
trap 'rm -f "$output"' EXIT

while IFS=$'\t' read -r name command; do
    [ -n "$name" ] || continue
    start=$SECONDS
    timeout "${RUN_LIMIT:-900}" bash -c "$command" >"$output" 2>&1 </dev/null
    status=$?
    good=$(grep -c '^ok ' "$output")
    bad=$(grep -c '^not ok ' "$output")
    if [ $status != 0 ] && [ "$bad" = 0 ]; then bad=1; fi
    if [ "$good" = 0 ] && [ "$bad" = 0 ]; then bad=1; fi # a suite that tests nothing is broken
    printf '%-28s %5d passed %3d failed  %4d s\n' "$name" "$good" "$bad" $((SECONDS - start))
    grep -E '^# .*(refused|malformed|runs|cases|tried)' "$output" | sed 's/^/    /' | head -20
    if [ "$bad" != 0 ]; then
        echo "  $command: exit status $status"
        grep -v '^ok ' "$output" | tail -60 | sed 's/^/    /'
    fi
    passed=$((passed + good))
    failed=$((failed + bad))
done <"$1"
echo "$passed passed, $failed failed"
[ $failed = 0 ] && [ $passed -gt 0 ]
