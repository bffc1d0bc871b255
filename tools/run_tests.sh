#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Runs test programs that print TAP, shows what failed, and ends with one line: N passed, N failed.
# A program that ends badly without a "not ok" counts as one failure. Usage: run_tests.sh LIST
# Each line of LIST is a name, a tab and a command, which may take RUN_LIMIT seconds (900). Two run at a time;
# a name that begins with "=" is of one that compares times or needs every CPU: it runs alone, after the others.
set -u
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

run_one() { # NUMBER NAME COMMAND: leaves its two counts in $work/NUMBER.counts
    local output=$work/$1.output start=$SECONDS
    timeout "${RUN_LIMIT:-900}" bash -c "$3" >"$output" 2>&1 </dev/null
    local status=$? good bad
    good=$(grep -c '^ok ' "$output")
    bad=$(grep -c '^not ok ' "$output")
    if [ $status != 0 ] && [ "$bad" = 0 ]; then bad=1; fi
    if [ "$good" = 0 ] && [ "$bad" = 0 ]; then bad=1; fi # a suite that tests nothing is broken
    local said
    said=$(
        printf '%-28s %5d passed %3d failed  %4d s\n' "$2" "$good" "$bad" $((SECONDS - start))
        grep -E '^# .*(refused|malformed|runs|cases|tried)' "$output" | sed 's/^/    /' | head -20
        [ "$bad" = 0 ] && exit
        echo "  $3: exit status $status"
        grep -v '^ok ' "$output" | tail -60 | sed 's/^/    /'
    )
    echo "$said" # in one piece
    echo "$good $bad" >"$work/$1.counts"
    rm -f "$output"
}

number=0
while IFS=$'\t' read -r name command; do
    case $name in "" | =*) continue ;; esac
    number=$((number + 1))
    [ $number -gt 2 ] && wait -n
    run_one $number "$name" "$command" &
done <"$1"
wait
while IFS=$'\t' read -r name command; do
    case $name in =*) ;; *) continue ;; esac
    number=$((number + 1))
    run_one $number "${name#=}" "$command"
done <"$1"

# One that left no counts did not end as it should.
awk -v all=$number '{ passed += $1; failed += $2; seen++ }
    END { failed += all - seen; printf "%d passed, %d failed\n", passed, failed; exit failed > 0 || passed == 0 }' \
    /dev/null "$work"/*.counts
