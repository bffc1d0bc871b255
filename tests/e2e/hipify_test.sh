#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The CUDA-style program and its HIP form differ by the table of docs/hip.md and by nothing else. Prints TAP.
# Usage: hipify_test.sh  (from the root)
set -u
. "$(dirname "$0")/tap.bash"
cu=tests/hip/sum_of_squares.cu hip=tests/hip/sum_of_squares.hip
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# A row is | `name` | `other` |; both are whole words.
sed -n 's/^| `\([A-Za-z_.]*\)` | `\([A-Za-z_./]*\)` |$/s|\\b\1\\b|\2|g/p' docs/hip.md >"$work/table"
is "the document has a table" "$(wc -l <"$work/table" | awk '$1 > 10 { print "yes" }')" yes
# What follows the first line names both files, and is the same in them.
{ sed -n 1,3p "$cu"; sed 1,3d "$cu" | sed -f "$work/table"; } >"$work/translated"
is "the table makes the one of the other" "$(diff "$work/translated" "$hip")" ""
is "the CUDA form has something to translate" "$(grep -c cuda "$cu" | awk '$1 > 20 { print "yes" }')" yes
is "and the HIP form nothing left" "$(sed 1,3d "$hip" | grep -c cuda)" 0
while IFS='|' read -r _ name _; do
    is "the row ${name//\\b/} is used" "$(sed 1,3d "$cu" | grep -c "$name" | awk '$1 > 0 { print "yes" }')" yes
done <"$work/table"

echo "1..$tests"
exit $((failures > 0))
