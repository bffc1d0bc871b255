#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What `make debug` starts, without a person: gdb on a halted machine, and every ck- command of
# tools/gdb/cloudkernel.py at moments where its answer is known. Prints TAP.
# Usage: debug_test.sh CK GUEST_PROGRAMS BUILD
set -u
ck=$1 guest=$2 kernel=$3/kernel/debug-gcc/kernel.elf
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tests=0 failures=0

result() { # NAME STATUS
    tests=$((tests + 1))
    if [ "$2" = 0 ]; then
        echo "ok $tests - $1"
    else
        failures=$((failures + 1))
        echo "not ok $tests - $1"
    fi
}

# The part of gdb's output between two marks; each moment below has its own.
moment() { sed -n "/^== $1\$/,/^== /p" "$work/out"; }
shows() { # NAME MOMENT PATTERN
    moment "$2" | grep -Eq -- "$3"
    result "$1" $?
}

# One command a line. Not one file for gdb: it would end at the first command that fails.
session='
echo == reset\n
ck-help
ck-walk 0xfff0
ck-frames
tbreak kernel_main
continue
echo == main\n
ck-frames
ck-threads
ck-log
break process_end
tbreak *RING3
continue
echo == ring 3\n
ck-threads
ck-areas
continue
echo == exit\n
ck-walk kernel_main
ck-walk log_ring
ck-walk 0xffff800000000000
ck-walk RING3
ck-walk 0
ck-walk 0x800000000000
ck-walk
ck-frames
ck-threads
ck-areas
ck-log
ck-log 1
ck-log 0
ck-syscalls
delete
continue
echo == gone\n
ck-threads'
# The first instruction of a static program is where its header says.
start=$(readelf -h "$guest/hello.musl" | sed -n 's/.*Entry point address: *//p')
session=${session//RING3/$start}
commands=()
while read -r line; do
    [ -n "$line" ] && commands+=(-ex "$line")
done <<<"$session"
# Unbuffered: what fails is said on standard error, and belongs to its moment.
CONSOLE=$work/console timeout 120 stdbuf -o0 \
    "$(dirname "$0")/../../tools/debug.sh" "$kernel" "$ck" "$guest/hello.musl" --batch "${commands[@]}" \
    >"$work/out" 2>&1 </dev/null

shows 'ck-help names every command' reset 'ck-walk ADDRESS: '
for command in frames threads areas syscalls 'log \[N\]'; do
    shows "ck-help names ck-${command%% *}" reset "ck-$command: "
done
shows 'a machine halted at reset has no pages' reset 'paging is off'
shows 'before paging, ck-frames says that there is nothing to read' reset 'not come to its page tables'
shows 'before frame_init, ck-frames says that there are no frames' main 'frames are not managed yet'
shows 'before sched_init, ck-threads says that there are no threads' main 'there are no threads yet'
shows 'before the first line, the log is empty' main 'the log is empty'

shows 'gdb stops at the first instruction of ring 3' 'ring 3' "^ +0*${start#0x} in ring 3"
shows 'the thread of the program is named after it' 'ring 3' '^\* [0-9]+ hello.musl: running \(detached, process 1 /hello.musl\)'
shows 'the boot thread sleeps until the container has ended' 'ring 3' '^  0 boot: sleeping'
shows 'a sleeping thread has a backtrace to its first function' 'ring 3' 'kernel_main\+0x[0-9a-f]+ \(kernel/main.c:[0-9]+\)'
shows 'the areas of the program include its code' 'ring 3' "r-x +[0-9]+ KiB +file, from page 1"
shows 'the areas of the program include its stack' 'ring 3' 'rw- +132 KiB +stack'

shows 'kernel text is mapped read-only and executable, for the kernel' exit 'leaf of 4 KiB, r-x kernel'
shows 'kernel data is writable and not executable' exit 'leaf of 4 KiB, rw- kernel'
shows 'the direct map begins at physical 0, with a leaf of 1 GiB' exit 'physical 0x0, leaf of 1 GiB, rw- kernel'
shows 'program text is executable and for ring 3' exit 'leaf of 4 KiB, r-x user'
shows 'the null page is not mapped' exit '^  not mapped, at level'
shows 'an address in the hole of the address space is refused' exit '0x0000800000000000 is not canonical'
shows 'ck-walk without an address asks for one' exit 'which address'
shows 'the running thread has a backtrace from the system call' exit 'process_end \(kernel/'
shows 'the backtrace ends at the entry from ring 3' exit 'syscall_entry'
shows 'the log has the line of the program start' exit "/hello.musl starts in ring 3 at ${start#0x}"
shows 'ck-log 1 is the last line alone' exit '^(\[ *[0-9.]+\] )?/hello.musl starts'
shows 'ck-log 0 is refused' exit 'N is at least 1'
shows 'no system call of hello is refused' exit 'none was refused'
shows 'after the end there is no machine, and ck-threads says so' gone 'there is no machine'

# Frames: in use and free are all there are, and the regions hold what is free.
moment exit | awk '
    / frames of 4 KiB: / { total = $1; used = $6; free = $9 }
    /^free are / { whole = $3; small = $10 }
    / GiB: / { region_whole += $3; region_small += $6 }
    END { exit !(total > 30000 && used > 0 && used + free == total && whole * 512 + small == free &&
                 region_whole == whole && region_small == small) }'
result 'frames in use and free add up to the total, and regions to what is free' $?
[ "$(grep -c 'hello from /hello.musl' "$work/console")" = 1 ]
result 'the program runs to its end under the debugger' $?

[ $failures = 0 ] || sed 's/^/# /' "$work/out"
echo "1..$tests"
[ $failures = 0 ]
