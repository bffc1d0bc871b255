#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The documents that are made from lists equal what the lists would make today.
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
exit $status
