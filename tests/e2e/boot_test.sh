#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Boot facts that are wrong end in a sentence on the serial line and a halt or an exit, never in a
# triple fault. Prints TAP. Usage: boot_test.sh CK GUEST_DIR BUILD_DIR
set -u
build=$3
kernel=$build/kernel.elf shim=$build/e2e/boot_shim.elf
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tests=0 failures=0

# says LIE NAME SENTENCE: LIE is a letter of boot_shim.S
says() {
    : >"$work/log"
    timeout 20 qemu-system-x86_64 -M q35 -accel tcg -nodefaults -no-user-config -display none -no-reboot -cpu max \
        -m 128M -kernel "$shim" -append "$1" -device loader,file="$kernel" -serial "file:$work/log" \
        -device isa-debug-exit,iobase=0xf4,iosize=4 >"$work/err" 2>&1 &
    local qemu=$!
    for _ in $(seq 100); do # without facts there is no debug-exit port: the kernel halts
        grep -q "end of panic" "$work/log" && break
        kill -0 $qemu 2>/dev/null || break
        sleep 0.1
    done
    kill $qemu 2>/dev/null
    wait $qemu 2>/dev/null
    tests=$((tests + 1))
    if grep -q "panic: .*$3" "$work/log" && grep -q "end of panic" "$work/log"; then
        echo "ok $tests - boot: $2"
    else
        failures=$((failures + 1))
        echo "not ok $tests - boot: $2"
        sed 's/^/# /' "$work/log" "$work/err"
    fi
}

says a "good facts from the same shim reach the root file system" "initrd: there is none"
says b "a start info with the wrong magic" "magic"
says c "no memory map" "memory map"
says d "a start info too old for a memory map" "memory map"
says e "an initrd outside RAM" "initrd"
says f "an initrd over the kernel" "initrd"
says g "a memory map without RAM" "RAM"
says h "a memory map outside memory" "memory map"
says i "a memory range that wraps around" "wraps"
says j "an unknown magic" "magic"
says k "multiboot2 without a memory map" "memory"
says l "a multiboot2 tag longer than the information" "tag"
says m "multiboot2 information of absurd size" "multiboot2"
echo "1..$tests"
[ $failures = 0 ]
