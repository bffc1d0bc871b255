#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The documents that are made from lists equal what the lists would make today, and the example of
# docs/executor.md is the one that runs as a test. The README names every package and every make target.
# Usage: check_docs.sh  (from the root)
set -eu

fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
python3 tools/make_docs.py "$fresh"

status=0
for document in "$fresh"/*.md; do
    name=docs/$(basename "$document")
    if ! diff -u "$name" "$document"; then
        echo "$name is out of date: run tools/make_docs.py docs"
        status=1
    fi
done

example=kernel/sched/executor_example_ktest.c
sed '1,/---- the example ----/d; /---- its tests ----/,$d' $example >"$fresh/tested"
sed '1,/^```c$/d; /^```$/,$d' docs/executor.md >"$fresh/shown"
if ! diff -u "$fresh/shown" "$fresh/tested"; then
    echo "the first C block of docs/executor.md is not the example of $example"
    status=1
fi

for package in $(sed 's/#.*//' tools/deps.txt | awk 'NF { print $2 }'); do
    grep -q "^|.*\`$package\`.*|.*|" README.md || { echo "README.md does not say what $package is for"; status=1; }
done
targets=$(make -s --no-print-directory help)
for target in $(echo "$targets" | awk '{ print $2 }'); do
    grep -q "^| \`make $target\` |" README.md || { echo "README.md does not list make $target"; status=1; }
done
exit $status
