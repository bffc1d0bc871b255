#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Every allocation fails once: in a machine of its own each those from power-on to the end of a small program,
# and in one machine those of the workloads in tests/fail_nth. Prints TAP, and how many were tried.
# Usage: fail_nth_test.sh CK GUEST_PROGRAMS BUILD [WORKLOADS]
# WORKLOADS is a part of the names of the tests to run there.
set -u
. "$(dirname "$0")/tap.bash"
export LC_ALL=C
ck=$(realpath "$1") guest=$(realpath "$2") build=$(realpath "$3") workloads=${4:-every_allocation}
export kernel=$build/kernel/debug-gcc/kernel.elf
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
mkdir root && cp "$guest/hello.musl" root/hello && cp "$guest/hello.pie" root/pie
"$ck" build --rootfs root -o image.cpio || exit 1

# machine NAME KERNEL LOG COMMAND_LINE: NAME is QEMU's, or "iommu" for a q35 with one
machine() {
    local kind=$1 devices=()
    [ "$1" = iommu ] && kind=q35 devices=(-device intel-iommu)
    qemu-system-x86_64 -M "$kind" -accel tcg -nodefaults -no-user-config -display none -no-reboot -cpu max \
        -m 128M -kernel "$2" -initrd image.cpio -serial "file:$3" -device isa-debug-exit,iobase=0xf4,iosize=4 \
        -append "debug_exit=0xf4 $4" "${devices[@]}" >/dev/null 2>&1
}

# boot MACHINE PROGRAM K: prints what became of it in one word, or everything that was said. QEMU doubles the
# status and adds one.
boot() {
    local log=log.$3
    timeout 20 bash -c 'machine "$@"' - "$1" "$kernel" "$log" "fail_nth=$3 -- $2"
    local status=$?
    if [ $status = 1 ] && grep -q "hello from $2" "$log" && grep -q "fail_nth: .* more than there were" "$log"; then
        echo untouched
        return
    elif ! grep -q "fail_nth: allocation $3 fails" "$log" || grep -q 'heap: .* in use\|are not charged' "$log"; then
        :
    elif [ $status = 7 ] && grep -q 'panic: .*memory' "$log" && grep -q 'end of panic' "$log"; then
        echo panic
        return
    elif [ $status = 255 ] && grep -q 'cloudkernel: [^:]*: not enough memory\|cloudkernel: [^:]*: out of memory' "$log"; then
        echo refused
        return
    elif [ $status = 19 ] && grep -q "out of memory: $2 " "$log"; then
        echo killed
        return
    elif [ $status = 1 ] && grep -q "hello from $2" "$log" && grep -qE '^(\[ *[0-9.]+\] )?(error|warning): [^f]' "$log"; then
        echo without
        return
    elif [ $status = 1 ] && grep -q "hello from $2" "$log" && grep -q ' trap_page_fault+' "$log"; then
        echo again # a page that a program touches is asked for twice
        return
    elif [ $status != 124 ] && grep -q ' syscall_entry+' "$log" && ! grep -q panic "$log"; then
        echo call # the program was told, and did what it does then
        return
    fi
    echo "k $3: status $status: $(tr '\n' '|' <"$log")"
}
export -f machine boot

known='panic|refused|killed|without|again|call|untouched'
# boots MACHINE PROGRAM
boots() {
    timeout 20 bash -c 'machine "$@"' - "$1" "$kernel" log "fail_nth=1000000 -- $2"
    local more count
    more=$(sed -n 's/.*fail_nth: allocation 1000000 is \([0-9]*\) more than there were.*/\1/p' log)
    count=$((1000000 - ${more:-1000000} + 8)) # how many page tables it takes is up to random addresses
    seq "$count" | xargs -P2 -I K bash -c "boot $1 $2 K" >found
    is "$1, $2: each boot with an allocation less says what it lacks, or goes on" \
        "$(grep -vxE "$known" found)" ""
    is "$1, $2: none is missing, there are many, and some lack nothing" \
        "$(wc -l <found) $((count > 50)) $(grep -c untouched found | sed 's/[1-9].*/some/')" "$count 1 some"
    echo "# boot and program start, $1, $2: k tried: $count;" $(grep -xE "$known" found | sort | uniq -c)
}

timeout 800 bash -c 'machine "$@"' - microvm "$build/kernel/fail_nth-gcc/kernel.elf" workloads "ktest=$workloads" &
boots microvm /hello
boots q35 /pie
boots iommu /hello
wait $!
is "the workloads pass" $? 1
grep '^\(not ok\|ok\|#\)' workloads | sed "s/^\(not \)\?ok \([0-9]*\)/&$((tests))/; s/^\(.*ok\) [0-9]*/\1 0/"
tests=$((tests + $(grep -c '^\(not \)\?ok' workloads)))
failures=$((failures + $(grep -c '^not ok' workloads)))
echo "1..$tests"
exit $((failures > 0))
