#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# When the machine stops, a debug kernel takes the container's files down and names the heap blocks that are
# left: none after a correct run, however it ended, and a planted one by its owner. Prints TAP.
# Usage: leak_test.sh CK GUEST_PROGRAMS BUILD
set -u
. "$(dirname "$0")/tap.bash"
ck=$1 programs=$2 ktest=$3/kernel/ktest-gcc/kernel.elf
export CK_KERNEL=$3/kernel/debug-gcc/kernel.elf
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
ulimit -c 0

# clean NAME STATUS [ck run's arguments...]
clean() {
    local name=$1 wanted=$2
    shift 2
    timeout 60 "$ck" run --log "$work/log" "$@" >"$work/out" 2>"$work/err" </dev/null
    is "$name" $? "$wanted"
    is "  leaves nothing" "$(grep -a -o 'heap: .*' "$work/log" | tr -d '\r')" "heap: all blocks of the container came back"
}
clean "a program" 7 "$programs/hello.musl" 7
for name in directories files links heap memory unix_rights unix_connections inet_streams; do
    clean "a program that uses $name" 0 "$programs/$name.musl" "$work"
done
clean "one that dies of a signal" 134 "$programs/ends.musl" abort
clean "one that takes all memory" 137 --memory 64M "$programs/ends.musl" memory
clean "one that cannot be started" 127 --rootfs "$work" /none

mkdir "$work/root"
(cd "$work/root" && find . | cpio -o -H newc 2>/dev/null >../root.cpio)
timeout 60 qemu-system-x86_64 -M microvm -accel tcg -nodefaults -no-user-config -display none -no-reboot -cpu max \
    -m 64M -kernel "$ktest" -initrd "$work/root.cpio" -serial "file:$work/log" \
    -device isa-debug-exit,iobase=0xf4,iosize=4 -append "debug_exit=0xf4 ktest.crash=heap-leak"
has "a planted leak is named by its owner" "$(cat "$work/log")" "123 bytes, allocated by heap_leak+0x"
has "and counted" "$(cat "$work/log")" "heap: 1 blocks in use, 123 bytes"

echo "1..$tests"
exit $((failures > 0))
