#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Harm done to the kernel ends in a panic that names it, with a symbolised location, and in an exit of
# QEMU with the panic's code. Prints TAP. Usage: panic_test.sh KTEST_KERNEL
set -u
kernel=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd "$work" && mkdir root && cd root && find . | cpio -o -H newc 2>/dev/null >../root.cpio)
tests=0 failures=0

# crashes NAME REASON [SYMBOL]
crashes() {
    timeout 60 qemu-system-x86_64 -M microvm -accel tcg -nodefaults -no-user-config -display none -no-reboot \
        -cpu max -m 64M -kernel "$kernel" -initrd "$work/root.cpio" -serial "file:$work/log" \
        -device isa-debug-exit,iobase=0xf4,iosize=4 -append "debug_exit=0xf4 ktest.crash=$1" 2>"$work/err"
    local status=$?
    tests=$((tests + 1))
    # 3 is CHANNEL_PANIC; QEMU doubles it and adds one.
    if [ $status = 7 ] && grep -q "panic: .*$2" "$work/log" && grep -q "${3:-[a-z_]*+0x}" "$work/log" &&
        grep -q "end of panic" "$work/log"; then
        echo "ok $tests - panic: $1"
    else
        failures=$((failures + 1))
        echo "not ok $tests - panic: $1 (status $status)"
        sed 's/^/# /' "$work/log" "$work/err"
    fi
}

crashes stack-overflow "kernel stack overflow" "recurse"
crashes read-null "tried to read 0000000000000000" "read_null+0x"
crashes write-text "tried to write .*not allowed" "write_text+0x"
crashes write-rodata "tried to write .*not allowed" "write_rodata+0x"
crashes run-null "tried to execute 0000000000000000" "crash+0x"
crashes run-data "tried to execute .*not allowed"
crashes wild-pointer "general protection fault" "wild_pointer+0x"
crashes invalid-opcode "invalid opcode" "invalid_opcode+0x"
crashes divide "divide error" "divide_by_zero+0x"
crashes lock-twice "taken twice" "take_lock_twice+0x"
crashes assertion "assertion failed" "failed_assertion+0x"
crashes stack-smash "stack overwritten" "smash_stack+0x"
crashes heap-overflow "heap:"
crashes heap-double-free "heap:"
crashes frame-double-free "frame"
crashes frame-use-after-free "frame"

# The rules of docs/locking.md: the panic names the locks, and the lines before it who took them.
crashes lock-order-two "first (tests/harness/crash_locks.c:[0-9]*) wanted with second .*other way round" \
    "lock order: earlier, held: first (.*) by take_in_order+0x"
crashes lock-order-three "first .* wanted with third .*other way round" \
    "lock order: earlier, wanted: third (.*) by take_in_order+0x"
crashes lock-order-mutexes "mutex first_mutex .* wanted with mutex second_mutex" "by take_mutexes+0x"
crashes lock-one-class "two locks of one class, pair " "wanted: pair"
crashes lock-no-class "was never initialised" "no_class+0x"
crashes lock-sleep "sleeping with a spin lock held" "held: first .* by sleep_with_spin+0x"
crashes lock-mutex-with-spin "taking a mutex with a spin lock held" "held: first .* by mutex_with_spin+0x"
crashes lock-mutex-in-interrupt "taking a mutex in an interrupt" "lock_mutex+0x"
crashes lock-user-memory "touching user memory with a spin lock held" "user_memory_with_spin+0x"
crashes lock-unlock-free-spin "first .* released and not held" "unlock_free_spin+0x"
crashes lock-unlock-free-mutex "mutex first_mutex .* released and not held" "unlock_free_mutex+0x"
crashes lock-unlock-out-of-order "first .* released before second .*, taken later" "unlock_out_of_order+0x"
crashes lock-interrupts-on "interrupts came on while first .* was held" "interrupts_with_spin+0x"
crashes lock-end-thread "ending a thread with a mutex held" "held: mutex second_mutex .* by end_holding+0x"
crashes lock-too-many "more than CONFIG_LOCKS_HELD_MAX" "too_many+0x"
echo "1..$tests"
[ $failures = 0 ]
