#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The HIP programs on this machine's processor: their kernels and their references agree. Prints TAP.
# Usage: hip_host_test.sh GUEST_DIR BUILD_DIR
set -u
. "$(dirname "$0")/tap.bash"
for program in "$2"/hip/host/*; do
    name=$(basename "$program")
    is "$name on the processor" "$(timeout 120 "$program" 2>&1) $?" "$name ok 0"
done
arguments=(--model demos/llama/model --tokens 12 --prompt "CloudKernel is")
wanted=$("$1/llama" "${arguments[@]}" 2>/dev/null)
is "the text generator writes some words" "$(wc -w <<<"$wanted" | awk '$1 > 5 { print "yes" }')" yes
is "and the same ones through HIP" "$(timeout 300 "$2/hip/llama_on_host" "${arguments[@]}" 2>/dev/null)" "$wanted"
is "there are programs" "$([ $tests -gt 10 ] && echo yes)" yes

echo "1..$tests"
exit $((failures > 0))
