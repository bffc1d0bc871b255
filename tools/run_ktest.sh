#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Boots a test kernel on one machine and prints its TAP. Usage: run_ktest.sh KERNEL MACHINE CPU [QEMU ARGS...]
# The exit status is 0 when the kernel said that every test passed.
set -u
kernel=$1 machine=$2 cpu=$3
shift 3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd "$work" && mkdir root && cd root && find . | cpio -o -H newc 2>/dev/null >../root.cpio)
timeout 120 qemu-system-x86_64 -M "$machine" -accel tcg -nodefaults -no-user-config -display none -no-reboot \
    -cpu "$cpu" -m 128M -kernel "$kernel" -initrd "$work/root.cpio" -serial "file:$work/log" \
    -device isa-debug-exit,iobase=0xf4,iosize=4 -append "debug_exit=0xf4 ktest" "$@"
status=$?
sed "s|^\(not \)\?ok \([0-9]*\) - |&$machine: |" "$work/log"
[ $status = 1 ] || echo "not ok 0 - $machine $cpu: the test kernel ended with status $status"
[ $status = 1 ]
