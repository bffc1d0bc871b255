#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A command as one TAP test: it passes when the command succeeds and prints nothing.
# Usage: tap.sh NAME COMMAND...
name=$1
shift
output=$("$@" 2>&1)
status=$?
if [ $status = 0 ] && [ -z "$output" ]; then
    echo "ok 1 - $name"
else
    echo "not ok 1 - $name (status $status)"
    printf '%s\n' "$output" | sed 's/^/# /'
    exit 1
fi
