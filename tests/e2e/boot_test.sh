#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Boot facts that are wrong end in a sentence on the serial line and a halt or an exit, never in a
# triple fault. Prints TAP. Usage: boot_test.sh CK GUEST_DIR BUILD_DIR
set -u
build=$3
kernel=$build/kernel.elf symbols=$build/kernel/release-gcc/kernel.elf
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tests=0 failures=0

entry() { printf '0x%x' $((0x$(nm "$symbols" | awk -v s="$1" '$3 == s { print $1 }') - 0xffffffff80000000)); }
pvh=$(entry pvh_entry) multiboot2=$(entry multiboot2_entry)

# says FACTS NAME SENTENCE
says() {
    gcc -m32 -nostdlib -static -no-pie -Wl,-Ttext=0x4000000,--build-id=none -DFACTS="$1" -DKERNEL_PVH="$pvh" \
        -DKERNEL_MULTIBOOT2="$multiboot2" -o "$work/shim" tests/e2e/boot_shim.S || exit 1
    : >"$work/log"
    timeout 20 qemu-system-x86_64 -M q35 -accel tcg -nodefaults -no-user-config -display none -no-reboot -cpu max \
        -m 128M -kernel "$work/shim" -device loader,file="$kernel" -serial "file:$work/log" \
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

says 0 "good facts from the same shim reach the root file system" "initrd: there is none"
says 1 "a start info with the wrong magic" "magic"
says 2 "no memory map" "memory map"
says 3 "a start info too old for a memory map" "memory map"
says 4 "an initrd outside RAM" "initrd"
says 5 "an initrd over the kernel" "initrd"
says 6 "a memory map without RAM" "RAM"
says 7 "a memory map outside memory" "memory map"
says 8 "a memory range that wraps around" "wraps"
says 9 "an unknown magic" "magic"
says 10 "multiboot2 without a memory map" "memory"
says 11 "a multiboot2 tag longer than the information" "tag"
says 12 "multiboot2 information of absurd size" "multiboot2"
echo "1..$tests"
[ $failures = 0 ]
