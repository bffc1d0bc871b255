#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Without ck the program's terminal is the console: serial port, PS/2 keyboard and VGA text screen.
# Prints TAP. Usage: console_test.sh CK GUEST_DIR BUILD_DIR
set -u
ck=$1 guest=$2 build=$3
work=$(mktemp -d)
qemu=
trap '[ -z "$qemu" ] || kill $qemu 2>/dev/null; rm -rf "$work"' EXIT
tests=0 failures=0

# is NAME COMMAND...
is() {
    tests=$((tests + 1))
    if "${@:2}" >/dev/null 2>&1; then
        echo "ok $tests - console: $1"
    else
        failures=$((failures + 1))
        echo "not ok $tests - console: $1"
        sed 's/^/# /' "$work/log"
    fi
}
# Waits for a text in the log.
wait_for() {
    for _ in $(seq 100); do
        grep -q "$1" "$work/log" && return 0
        sleep 0.1
    done
    return 1
}
monitor() { # COMMAND...: one line each to QEMU's human monitor
    python3 - "$work/monitor" "$@" <<'P'
import socket, sys, time
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
for command in sys.argv[2:]:
    s.sendall(command.encode() + b'\n')
    time.sleep(0.05)
time.sleep(0.3)
P
}
# start MACHINE ARGS...: the machine, its serial output in $work/log
start() {
    : >"$work/log"
    rm -f "$work/monitor" "$work/in"
    mkfifo "$work/in"
    timeout 60 qemu-system-x86_64 -M "$1" -accel tcg -nodefaults -no-user-config -display none -no-reboot -cpu max \
        -m 128M -kernel "$build/kernel.elf" -initrd "$work/root.cpio" -monitor "unix:$work/monitor,server=on,wait=off" \
        -chardev "stdio,id=serial,signal=off" -serial chardev:serial -device isa-debug-exit,iobase=0xf4,iosize=4 \
        -append "debug_exit=0xf4 -- /lines" "${@:2}" <"$work/in" >>"$work/log" 2>&1 &
    qemu=$!
    exec 5>"$work/in"
}
# finish: the exit status of the machine, after at most 20 s
finish() {
    exec 5>&-
    for _ in $(seq 200); do kill -0 $qemu 2>/dev/null || break; sleep 0.1; done
    wait $qemu
    status=$?
    qemu=
}

mkdir "$work/root"
cp "$guest/lines.musl" "$work/root/lines"
"$ck" build --rootfs "$work/root" -o "$work/root.cpio"

for machine in microvm q35; do
    start $machine
    is "$machine: the program has a terminal" wait_for "terminal: yes"
    printf 'one\n' >&5
    is "$machine: a typed line reaches it" wait_for "got <one>"
    printf 'tvo\b\bwo\r' >&5
    is "$machine: backspace edits and return ends a line" wait_for "got <two>"
    printf 'quit\n' >&5
    finish
    is "$machine: its status is the machine's" test $status = 7
done

start q35
wait_for "terminal: yes"
printf '\003' >&5
finish
is "^C ends the program as SIGINT does" test $status = $(((130 * 2 + 1) % 256))

start q35 -vga std
wait_for "terminal: yes"
monitor "sendkey h" "sendkey shift-i" "sendkey spc" "sendkey 5" "sendkey shift-1" "sendkey ret"
is "keys of a PS/2 keyboard reach the program" wait_for "got <hI 5!>"
monitor "pmemsave 0xb8000 4000 \"$work/screen\""
# Every second byte is a colour.
python3 -c "import sys; print(open(sys.argv[1], 'rb').read()[::2].decode('cp437'))" "$work/screen" >"$work/text"
is "the VGA screen shows what the program wrote" grep -q "got <hI 5!>" "$work/text"
monitor "sendkey q" "sendkey u" "sendkey i" "sendkey t" "sendkey ret"
finish
is "a typed quit ends it" test $status = 7

echo "1..$tests"
[ $failures = 0 ]
