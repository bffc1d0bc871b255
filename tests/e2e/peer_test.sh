#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The peer: QEMU is started as ck starts it, what cannot be trusted is refused, and where `make bench-peer`
# has built the Linux, programs run on it as on ours. Prints TAP. Usage: peer_test.sh CK GUEST_DIR BUILD_DIR
set -u
. "$(dirname "$0")/tap.bash"
export LC_ALL=C
ck=$(realpath "$1") guest=$(realpath "$2") peer=$(realpath "$3")/peer
run_linux=$(realpath tools/peer/run_linux.py)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

# ---- the command line, and machines that misbehave; QEMU is a script here ----
mkdir fake
cp "$peer/init" fake/init
: >fake/vmlinux
# qemu COMMANDS: they see the arguments of QEMU, and $channel, the file behind COM2
qemu() {
    {
        echo '#!/bin/bash'
        echo 'for word; do case $word in file,id=channel,path=*) channel=${word#*path=} ;; esac; done'
        echo "$1"
    } >qemu
    chmod +x qemu
}
fake() {
    CK_QEMU=$work/qemu timeout 60 "$run_linux" --timeout 2 fake/vmlinux "$guest/hello.musl" >out 2>err
    status=$?
}
# What is each side's own goes: files, the command line of the kernel, where the streams end. ck writes
# 512M in KiB.
compared() {
    local option=
    while IFS= read -r word; do
        case $option in
        -kernel | -initrd | -append | -chardev | -add-fd) ;;
        *) printf '%s\n' "$word" ;;
        esac
        option=$word
    done <arguments | sed '/^-chardev$/d; /^-add-fd$/d; s/^524288K$/512M/'
}

qemu "printf '%s\\n' \"\$@\" >$work/arguments; exit 1"
fake
theirs=$(compared)
CK_QEMU=$work/qemu timeout 60 "$ck" run --icount --memory 512M "$guest/hello.musl" >out 2>err </dev/null
is "QEMU is started with ck's own command line" "$theirs" "$(compared)"
is "which counts" "$(grep -c -x 'shift=0,sleep=off' arguments)" 1
fake
is "QEMU's failure is one" "$status $(cat err)" "125 run_linux: QEMU ended with status 1: it did not say why"
qemu 'exit 0'
fake
is "an end without a report is one" "$status $(cat err)" "120 run_linux: Linux ended without a report; its console: nothing"
qemu 'printf "peer 1 exit 0 5 0\nfour" >"$channel"'
fake
is "a torn report is one" "$status $(cat out err)" "120 run_linux: the report has 4 bytes of output, not 5 + 0"
qemu 'exec sleep 30'
fake
is "a machine that does not end is ended" "$status $(cat err)" "124 run_linux: Linux did not end within 2 seconds"
qemu 'printf "peer 1 exit 3 4 5\nout\nerr!\n" >"$channel"'
fake
is "streams and status are taken from the report" "$status $(cat out) $(cat err)" "3 out err!"

if [ ! -f "$peer/vmlinux" ]; then
    echo "# make bench-peer has not been run: nothing runs on Linux"
    echo "1..$tests"
    exit $((failures > 0))
fi

# ---- Linux ----
append=noapictimer # boots in a tenth of the time, and with other figures
linux() {
    timeout 200 "$run_linux" --log log --memory 128M --append "$append" "$peer/vmlinux" "$@" >out 2>err
    status=$?
}
linux "$guest/hello.musl" 7
is "a program runs, with an argument and a status" "$status $(cat out err)" "7 hello from /hello.musl"
is "and the console only says farewell" "$(tr -d '\r' <log)" "reboot: Restarting system"
linux "$guest/hello.glibc" 0
is "so does one of glibc" "$status $(cat out err)" "0 hello from /hello.glibc"
linux "$guest/ends.musl" null
is "a signal's death is 128 + its number" "$status $(cat out err)" "139 "
linux "$guest/streams.musl" both
is "output and errors stay apart" "$status $(md5sum <out) $(md5sum <err)" \
    "0 $(seq 0 999 | sed 's/^/out /' | md5sum) $(seq 0 999 | sed 's/^/err /' | md5sum)"
linux "$guest/streams.musl" out 262144
is "binary output arrives whole" "$status $(md5sum <out)" "0 $("$guest/streams.musl" out 262144 | md5sum)"
words=('' ' ' -- -v --log '"' '\' $'\n' $'\377')
linux "$guest/streams.musl" words "${words[@]}"
is "arguments keep every byte, and there is no environment" "$status $(md5sum <out)" \
    "0 $(env -i "$guest/streams.musl" words "${words[@]}" | md5sum)"
linux "$guest/streams.musl" echo
is "the input is empty" "$status $(cat out err)" "0 "
echo text >text
linux text
is "what is no program cannot run" "$status $(cat out err)" "126 run_linux: text: Exec format error"
linux absent
is "what is absent is said by the host" "$status $(cat out err)" \
    "125 run_linux: [Errno 2] No such file or directory: 'absent'"
timeout 100 "$run_linux" --memory 24M "$peer/vmlinux" "$guest/hello.musl" >out 2>err
has "a machine too small for Linux ends with a reason" "$? $(cat err)" "120 run_linux: Linux ended without a report"

# ---- counting ----
linux
read -r _ boot <out
is "ring 3 is reached after about 44 million instructions without a timer to measure" \
    "$((boot > 42000000 && boot < 46000000)) at $boot" "1 at $boot"
append=
linux "$guest/first"
first=$(cat out)
linux "$guest/first"
is "two runs count the same" "$(cat out)" "$first"
read -r _ boot _ call _ <<<"$first"
linux
read -r _ init_boot <out
is "and after about 152 million with one" "$((init_boot > 149000000 && init_boot < 155000000)) at $init_boot" "1 at $init_boot"
is "the program starts soon after" "$((boot > init_boot && boot < init_boot + 3000000)) at $boot" "1 at $boot"
is "a null system call takes about 185" "$((call > 180 && call < 190)): $call" "1: $call"

echo "1..$tests"
exit $((failures > 0))
