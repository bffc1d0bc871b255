#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Programs that attack the kernel: processor states that no compiler makes, forbidden instructions, random
# system calls, signals at the worst moment. Each ends the way it should, and the kernel goes on. Prints
# TAP. Usage: hostile_test.sh CK GUEST_PROGRAMS BUILD
set -u
. "$(dirname "$0")/call_storms.bash"
export LC_ALL=C
ck=$(realpath "$1")
programs=$(realpath "$2")
build=$(realpath "$3")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

tests=0 failures=0
# result NAME OK: shows the kernel's log when it is not
result() {
    tests=$((tests + 1))
    if [ "$2" = yes ]; then
        echo "ok $tests - hostile: $1"
    else
        failures=$((failures + 1))
        echo "not ok $tests - hostile: $1"
        tail -12 out err log 2>/dev/null | sed 's/^/# /'
    fi
}
# run KERNEL CPU PROGRAM [ARGS...]: leaves $status, out, err, log
run() {
    local kernel=$1 cpu=$2
    shift 2
    CK_KERNEL=$build/$kernel timeout 120 "$ck" run --qemu "-cpu $cpu" --log log "$@" >out 2>err </dev/null
    status=$?
    is_alive=no # the kernel saw the program's end, and its own
    grep -q " ended: " log && ! grep -q panic log && is_alive=yes
}
release=kernel.elf
debug=kernel/debug-gcc/kernel.elf

# way STATUSES REPORT WAY: a death by one of the statuses (old QEMU takes some instructions for unknown)
way() {
    run $release "$cpu" "$programs/hostile_cpu.musl" "$3"
    local ok=no
    [[ " $1 " == *" $status "* && $is_alive = yes ]] && grep -Eq "$2" log && ok=yes
    result "$3, processor $cpu: $status" $ok
}
for cpu in max qemu64; do
    for name in int4 int14 int_0x30 int_0xf0 int_0x80 in outs sti iopl lgdt lidt ltr lldt cr0 cr4 dr7 clts wrmsr swapgs \
        sysretl iretq_to_kernel iretq_non_canonical invlpg wbinvd xsetbv kernel_code_selector code_32_selector task_selector \
        ldt_selector kernel_data_selector vsyscall stack_non_canonical read_fs_non_canonical syscall_at_the_end; do
        case $cpu-$name in qemu64-xsetbv) continue ;; esac # it has no such instruction
        way 139 "SIGSEGV, .* at " $name
    done
    way "132 139" "SIG(ILL|SEGV), .* at " sysenter
    way "132 133" "SIG(ILL|TRAP), .* at " int1
    way 132 "SIGILL, invalid opcode at " exception_without_stack
    way 132 "SIGILL, invalid opcode at " exception_on_kernel_stack
    way 133 "SIGTRAP, debug exception at " step_over_syscall
    way 133 "SIGTRAP, debug exception at " step_over_stack_switch
    for name in map_beyond_the_end flags registers vector_registers first_registers selectors; do
        way 0 "ended: status 0" $name
    done
done
cpu=max
way 139 "SIGSEGV, .* at " xrstor_garbage
way 0 "ended: status 0" bases
way "132 133" "SIG(ILL|TRAP), .* at " exception_with_kernel_base

# calls KERNEL CPUS PROGRAM SEED: 20,000 of them; `make fuzz` makes a million
calls() {
    storm "$1" "$2" "$3" "$4" 20000
    result "$3, seed $4, $2 CPUs, ${1%/*}: $said$storm" "$([ -z "$storm" ] && echo yes)"
}
for seed in 1 2; do calls $release 1 random_calls $seed; done
for seed in 3 4 5; do calls $debug 1 random_calls $seed; done
calls $release 2 racing_calls 1
calls $debug 1 racing_calls 2
calls $debug 2 racing_calls 3

# A signal while the machine boots, the program is loaded, or it runs: it ends, and at once.
signal_when() { # SAID COMMAND...: once the command succeeds
    local said=$1
    shift
    rm -f log
    CK_KERNEL=$build/$release timeout 30 "$ck" run --log log "$programs/ends.musl" spin >out 2>err </dev/null &
    local pid=$!
    until "$@" 2>err.when; do :; done
    until pkill -TERM -x -P $pid ck || ! kill -0 $pid; do :; done # a loaded host may not have begun it yet
    wait $pid
    status=$?
    result "a signal $said ends a program that only computes: $status" "$([ $status = 143 ] && echo yes)"
}
for after in 0.02 0.05 0.06 0.07 0.08 0.09 0.1 0.12 0.15 0.2 0.3; do signal_when "after $after s" sleep $after; done
for line in "loaded by" "memory: " "starts in ring 3"; do signal_when "at \"$line\"" grep -q "$line" log; done

echo "1..$tests"
exit $((failures > 0))
