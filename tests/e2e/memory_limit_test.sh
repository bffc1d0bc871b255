#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Programs that want more memory than their container or their machine has: what can fail fails with an
# errno, what cannot ends the program with 137 and one event, and the kernel is whole after both.
# Prints TAP. Usage: memory_limit_test.sh CK GUEST_PROGRAMS BUILD
set -u
. "$(dirname "$0")/tap.bash"
export LC_ALL=C
ck=$(realpath "$1")
hungry=$(realpath "$2")/hungry.musl
build=$(realpath "$3")
release=$build/kernel.elf
debug=$build/kernel/debug-gcc/kernel.elf
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

# run KERNEL WAY [ck run's arguments...]: leaves $status, out, err, log
run() {
    local kernel=$1 way=$2
    shift 2
    CK_KERNEL=$kernel timeout 60 "$ck" run --log log "$@" "$hungry" "$way" >out 2>err </dev/null
    status=$?
}
# Nothing of the program's is left, and in a debug kernel the charges are what is really in use.
whole() {
    if grep -q 'panic\|memory: .* still anonymous' log; then
        grep 'panic\|still anonymous' log
    elif grep -q 'left anonymous 0, file 0,' log; then
        echo whole
    else
        tail -2 log
    fi
}
# The event without its numbers.
event() { grep -h 'out of memory: ' err | sed 's/[0-9][0-9]*/N/g'; }
containers_event="out of memory: /hungry.musl (pid N) needs N KiB (anonymous); the container's limit is N KiB; it has anonymous N, file N, kernel N, pinned N, gpu N KiB"
machines_event="out of memory: /hungry.musl (pid N) needs N KiB (anonymous); the machine has N KiB, N of them kept for the kernel and N in use since boot; it has anonymous N, file N, kernel N, pinned N, gpu N KiB"

# ---- memory that was promised: there is no call to fail, and the program ends ----
for kernel in "$release" "$debug"; do
    name=$([ "$kernel" = "$release" ] && echo release || echo debug)
    for way in heap large stack read program; do
        run "$kernel" $way --memory 64M --memory-limit 6M
        is "$name, $way: the program ends with 137" "$status" 137
        is "$name, $way: one event says who, what and how much" "$(event)" "$containers_event"
        has "$name, $way: ck says what to change" "$(cat err)" "ended for want of memory; see --memory-limit"
        is "$name, $way: the kernel is whole" "$(whole)" whole
        run "$kernel" $way --memory 8M
        is "$name, $way: the same when the machine is full" "$status $(event)" "137 $machines_event"
        is "$name, $way: and the kernel is whole" "$(whole)" whole
    done
done
run "$release" large --memory 64M --memory-limit 6M
has "the limit is exact" "$(cat log)" "the container had 6144 KiB at most"
has "and named in the event" "$(cat err)" "the container's limit is 6144 KiB"
parts=$(sed -n 's/.*it has anonymous \([0-9]*\), file \([0-9]*\), kernel \([0-9]*\), pinned \([0-9]*\), gpu \([0-9]*\) KiB/\1 + \2 + \3 + \4 + \5/p' err)
is "the parts make up the limit" "$((parts))" 6144
has "the event is in the log too" "$(cat log)" "error: out of memory: /hungry.musl (pid 1) needs 4 KiB (anonymous)"

# ---- calls fail, and the program goes on ----
for kernel in "$release" "$debug"; do
    name=$([ "$kernel" = "$release" ] && echo release || echo debug)
    run "$kernel" write --memory 64M --memory-limit 6M
    is "$name: a write to a file fails, and what is deleted can be had again" "$status $(cat out)" \
        "0 write: Out of memory, Out of memory, the same twice"
    is "$name: and the kernel is whole" "$(whole)" whole
    run "$kernel" open --memory 64M --memory-limit 328K
    is "$name: open fails, and closed files make room" "$status $(uniq out)" "0 open: Out of memory"
    is "$name: and the kernel is whole" "$(whole)" whole
    run "$kernel" areas --memory 64M --memory-limit 1M
    is "$name: mprotect fails, and the rest can be unmapped" "$status $(cat out)" "0 mprotect: Out of memory"
    is "$name: and the kernel is whole" "$(whole)" whole
done

# ---- every limit, one frame after the other, from the least with which the program gets to its end ----
low=16 high=128
while [ $((high - low)) -gt 1 ]; do
    middle=$(((low + high) / 2))
    run "$release" rest --memory 16M --memory-limit $((middle * 4))K
    if [ $status = 0 ]; then high=$middle; else low=$middle; fi
done
least=$high
good=0 bad=
for ((frames = 16; frames < least; frames++)); do
    run "$release" rest --memory 16M --memory-limit $((frames * 4))K
    found="$status $(grep -c 'cloudkernel: .*not enough memory' err) $(whole)"
    if [ "$found" = "126 1 whole" ]; then good=$((good + 1)); else bad+="$frames: $found; "; fi
done
is "with each of the limits below the least the program is not started, and ck says why" "$good $bad" "$((least - 16)) "
good=0 bad=
for ((frames = least; frames <= least + 128; frames++)); do
    run "$release" heap --memory 16M --memory-limit $((frames * 4))K
    found="$status $(event) $(whole) $(grep -c "the container had $((frames * 4)) KiB at most" log)"
    found=${found/(kernel)/(anonymous)} # the page may be one of a page table
    if [ "$found" = "137 $containers_event whole 1" ]; then good=$((good + 1)); else bad+="$frames: $found; "; fi
done
is "each of 129 limits from $least frames on is reached, and told of" "$good $bad" "129 "

# ---- limits that make no sense, without ck in front ----
boot() { # OPTIONS
    timeout 30 qemu-system-x86_64 -accel tcg -M microvm -m 32M -nodefaults -no-reboot -display none -serial stdio \
        -device isa-debug-exit,iobase=0xf4 -kernel "$release" -initrd image.cpio \
        -append "debug_exit=0xf4 $1 -- /hungry.musl rest" 2>&1 </dev/null
}
mkdir root && cp "$hungry" root/ && "$ck" build --rootfs root -o image.cpio
for value in '' zero 12Q -1 99999999999999999999; do
    has "memory_limit=$value is refused" "$(boot "memory_limit=$value")" "cloudkernel: memory_limit: not a number of bytes such as 64M"
done
has "a limit of nothing is refused" "$(boot memory_limit=0)" "memory_limit: 0 bytes; the smallest program needs 64 KiB"
has "a limit too small for anything is refused" "$(boot memory_limit=65535)" "memory_limit: 65535 bytes; the smallest program needs 64 KiB"
has "a limit that the machine cannot hold is refused" "$(boot memory_limit=32M)" "memory_limit: 32768 KiB; this machine has "
said=$(boot 'memory_limit=0 memory_limit=1M')
is "the last of several counts" "$? $said" "1 " # QEMU doubles the status and adds one

echo "1..$tests"
exit $((failures > 0))
