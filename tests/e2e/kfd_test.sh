#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# AMD's kernel interface by a program without ROCm, on a machine whose GPU is the device process: memory, mappings,
# children, events, a queue whose packets a sleeping thread waits for, and deaths in the middle of all that; then garbage
# of all kinds from a hundred processes, beside one that must not notice. In the debug
# kernel, which watches locks and in the end finds every block again. Without a GPU nothing of it is there.
# Prints TAP. Usage: kfd_test.sh CK GUEST_PROGRAMS BUILD
set -u
. "$(dirname "$0")/tap.bash"
ck=$(realpath "$1") guest=$(realpath "$2") seed=$RANDOM
build=$(realpath "$3")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

# run KERNEL CPUS PROGRAM...
run() {
    CK_KERNEL=$1 timeout 300 "$ck" run --timeout 280 --log log --cpus "$2" --memory 512M --gpu gfx900,vram=64M \
        "${@:3}" >out 2>err </dev/null
    status=$?
}
all_comes_back() {
    has "$1: all blocks come back" "$(cat log)" "all blocks of the container came back"
    has "$1: and all memory" "$(cat log)" "gpu 0 KiB"
}

for way in kernel.elf:1 kernel.elf:4 kernel/debug-gcc/kernel.elf:2; do
    run "$build/${way%:*}" "${way#*:}" "$guest/kfd.musl"
    is "$way: nothing is wrong" "$(cat out err)" "$(sed -n 's/^\([0-9]* checks\).*/\1, 0 wrong/p' out)"
    is "$way: it ends well" $status 0
done
all_comes_back "debug kernel"

echo "# garbage: seed $seed"
run "$build/kernel/debug-gcc/kernel.elf" 2 "$guest/gpu_garbage.musl" 5 "$seed"
is "garbage: nobody is harmed" "$(cat out err)" "$(sed -n 's/^\([0-9]* processes, [0-9]* results beside them\).*/\1, 0 wrong/p' out)"
is "garbage: it ends well" $status 0
is "garbage: the GPU stays" "$(grep -c 'lost, and all that ran on it' log)" 0
all_comes_back garbage

timeout 60 "$ck" run --memory 256M "$guest/kfd.musl" >out 2>err </dev/null
is "without a GPU there is no such file" "$(head -n 1 out)" "wrong: the GPU can be used (errno 2)"
exit $((failures > 0))
