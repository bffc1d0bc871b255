#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# AMD's kernel interface by a program without ROCm, on a machine whose GPU is the device process: memory, mappings,
# children, events, a queue whose packets a sleeping thread waits for, and deaths in the middle of all that. In the debug
# kernel, which watches locks and in the end finds every block again. Without a GPU nothing of it is there.
# Prints TAP. Usage: kfd_test.sh CK GUEST_PROGRAMS BUILD
set -u
. "$(dirname "$0")/tap.bash"
ck=$(realpath "$1") program=$(realpath "$2")/kfd.musl
build=$(realpath "$3")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

# run KERNEL CPUS
run() {
    CK_KERNEL=$1 timeout 300 "$ck" run --timeout 280 --log log --cpus "$2" --memory 512M --gpu gfx900,vram=64M \
        "$program" >out 2>err </dev/null
    status=$?
}

for way in kernel.elf:1 kernel.elf:4 kernel/debug-gcc/kernel.elf:2; do
    run "$build/${way%:*}" "${way#*:}"
    is "$way: nothing is wrong" "$(cat out err)" "$(sed -n 's/^\([0-9]* checks\).*/\1, 0 wrong/p' out)"
    is "$way: it ends well" $status 0
done
has "all blocks come back" "$(cat log)" "all blocks of the container came back"
has "and all memory" "$(cat log)" "gpu 0 KiB"
timeout 60 "$ck" run --memory 256M "$program" >out 2>err </dev/null
is "without a GPU there is no such file" "$(head -n 1 out)" "wrong: the GPU can be used (errno 2)"
exit $((failures > 0))
