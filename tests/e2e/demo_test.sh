#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The main job: the decoder writes in the guest what the same program writes on this machine, in fp32
# and int8; two counted runs are the same; the last line has its figures. Prints TAP.
# Usage: demo_test.sh CK GUEST_DIR BUILD_DIR
set -u
ck=$1 guest=$2 build=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tests=0 failures=0

# is NAME COMMAND...: passes when the command succeeds
is() {
    tests=$((tests + 1))
    if "${@:2}" >"$work/why" 2>&1; then
        echo "ok $tests - demo: $1"
    else
        failures=$((failures + 1))
        echo "not ok $tests - demo: $1"
        head -20 "$work/why" | sed 's/^/# /'
    fi
}
in_guest() { timeout 300 "$ck" run --rootfs "$build/demo/root.cpio" "${options[@]}" /bin/llama --model /model "$@"; }
on_host() { "$guest/llama" --model demos/llama/model "$@"; }

options=()
for mode in fp32 int8; do
    arguments=(--tokens 64 --prompt "CloudKernel is")
    [ $mode = int8 ] && arguments+=(--int8)
    on_host "${arguments[@]}" >"$work/host.$mode" 2>/dev/null
    in_guest "${arguments[@]}" >"$work/guest.$mode" 2>"$work/figures.$mode"
    is "$mode text is not empty" test -s "$work/guest.$mode"
    is "$mode writes the same tokens in the guest" cmp "$work/host.$mode" "$work/guest.$mode"
    is "$mode ends with boot, load and generation figures" \
        grep -Eq '^boot [0-9.]+ ms .* load [0-9.]+ ms .* 64 tokens in .* tokens/s.* on the CPU' "$work/figures.$mode"
done

# Logits, bit for bit: the strictest form of the same claim.
on_host --prompt "A kernel is" --logits - >"$work/host.logits" 2>/dev/null
in_guest --prompt "A kernel is" --logits - >"$work/guest.logits" 2>/dev/null
is "logits are there" test -s "$work/guest.logits"
is "logits are the same to the bit" cmp "$work/host.logits" "$work/guest.logits"

options=(--icount)
for run in 1 2; do in_guest --tokens 16 </dev/null >"$work/count.$run" 2>&1; done
is "a counted run prints its figures" grep -q tokens/s "$work/count.1"
is "two counted runs print the same text and the same figures" cmp "$work/count.1" "$work/count.2"

echo "1..$tests"
[ $failures = 0 ]
