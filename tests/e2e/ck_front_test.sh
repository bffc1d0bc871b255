#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# ck from its user's side, against a QEMU that plays parts (fake_qemu.c). Prints TAP.
# Usage: ck_front_test.sh CK FAKE_QEMU
set -u
. "$(dirname "$0")/tap.bash"
ck=$(realpath "$1")
export CK_QEMU=$(realpath "$2")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
export TMPDIR=$work/tmp CK_KERNEL=$work/kernel.elf
unset FAKE_QEMU
mkdir tmp root root/dir
echo kernel >kernel.elf
echo data >root/file

# play PART [CK RUN'S ARGUMENTS...]: leaves $status, $out, $err
play() {
    local part=$1
    shift
    FAKE_QEMU=$part timeout -k 1 20 "$ck" run --rootfs root "$@" /prog >out 2>err </dev/null
    status=$?
    out=$(cat out) err=$(cat err)
}
# refuse NAME STATUS REASON ARGUMENTS...: `ck ARGUMENTS` fails and says why
refuse() {
    local name=$1 wanted=$2 reason=$3
    shift 3
    FAKE_QEMU=exit:0 timeout -k 1 20 "$ck" "$@" >out 2>err </dev/null
    status=$?
    if [ $status = "$wanted" ]; then has "$name" "$(cat err)" "$reason"; else is "$name" "$status, $(cat err)" "$wanted"; fi
}

# ---- how a program ends ----
play exit:0;   is "exit status 0 comes through" $status 0
play exit:7;   is "exit status 7 comes through" $status 7
play exit:255; is "exit status 255 comes through" $status 255
               is "an ordinary end says nothing" "$err" ""
play signaled:11; is "a death by signal 11 gives 139" $status 139
play signaled:64; is "a death by the highest signal gives 192" $status 192
play out-of-memory; is "a death for want of memory gives 137" $status 137
                    is "and ck says what to change" "$err" "ck: /prog: ended for want of memory; see --memory"
play out-of-memory --memory-limit 16M; has "also with a limit" "$err" "see --memory-limit and --memory"
play not-started:2; is "a program that is not there gives 127" $status 127
                    has "and ck says so when the kernel did not" "$err" "/prog: cannot be started: No such file"
play not-started:13; is "a program that may not be run gives 126" $status 126
play not-started-text:8; is "a program of a wrong format gives 126" $status 126
                         is "and the kernel's reason stands alone" "$err" "/prog: the reason"
play panic; is "a kernel panic gives 120" $status 120
            has "and shows the console" "$err" "panic: the sky is falling"
play panic-early:3; is "a panic before the channel gives 120" $status 120
                    has "and shows the console too" "$err" "panic: early"
play reset; is "a machine that resets itself gives 120" $status 120
play fails; is "a QEMU that does not start gives 125" $status 125
            has "and its words are shown" "$err" "qemu: no such machine"
play killed; is "a killed QEMU gives 125" $status 125
             has "and the signal is named" "$err" "killed by signal 9"
play hang-after-exit; is "a machine that stays after its end does not keep us" $status 3

# ---- streams ----
play both
is "standard output is passed on whole" "$(md5sum <out)" "$(seq 0 2 999 | sed 's/^/line /' | md5sum)"
is "standard error is passed on whole" "$(md5sum <err)" "$(seq 1 2 999 | sed 's/^/line /' | md5sum)"
FAKE_QEMU=both "$ck" run --rootfs root /prog >all 2>&1 </dev/null
is "the two keep their order in one pipe" "$(md5sum <all)" "$(seq 0 999 | sed 's/^/line /' | md5sum)"
play empty; is "frames without bytes are fine" "$status $out$err" "0 "
play slow; is "frames may come byte by byte" "$status $out" "9 ab"
head -c 1048576 /dev/urandom >big
FAKE_QEMU=echo timeout 20 "$ck" run --rootfs root /prog <big >out
is "a megabyte from a file comes back unchanged" "$(md5sum <out)" "$(md5sum <big)"
cat big | FAKE_QEMU=echo timeout 20 "$ck" run --rootfs root /prog >out
is "a megabyte from a pipe comes back unchanged" "$(md5sum <out)" "$(md5sum <big)"
cat big | FAKE_QEMU=echo timeout 20 "$ck" run --icount --rootfs root /prog | cat >out
is "a megabyte comes back unchanged with --icount" "$(md5sum <out)" "$(md5sum <big)"
FAKE_QEMU=echo timeout 20 "$ck" run --rootfs root /prog >out </dev/null
is "an empty stdin is seen as ended" "$? $(cat out)" "0 "
FAKE_QEMU=echo timeout 20 "$ck" run --rootfs root /prog >out <&-
is "a closed stdin is seen as ended" "$? $(cat out)" "0 "
(echo one; sleep 0.3; echo two) | FAKE_QEMU=echo timeout 20 "$ck" run --rootfs root /prog >out
is "a slow writer is waited for" "$(cat out)" $'one\ntwo'
play early-stdin; is "nothing is sent before the greeting" $status 0
head -c 8388608 /dev/zero | FAKE_QEMU=never-reads:300 timeout 20 "$ck" run --rootfs root /prog
is "a program that does not read its input still ends" $? 0
FAKE_QEMU=megabytes:16 timeout 20 "$ck" run --rootfs root /prog </dev/null | (sleep 0.3; wc -c) >out
is "a slow reader gets all of 16 MiB" "$(cat out)" 16777216
FAKE_QEMU=megabytes:16 timeout 20 "$ck" run --icount --rootfs root /prog </dev/null | (sleep 0.3; wc -c) >out
is "also when the guest is not to wait for it" "$(cat out)" 16777216
(FAKE_QEMU=megabytes:64 timeout 20 "$ck" run --rootfs root /prog </dev/null; echo $? >rc) | head -c 10 >out
is "a reader that goes away ends it like SIGPIPE" "$(cat rc)" 141
FAKE_QEMU=megabytes:1 timeout 20 "$ck" run --rootfs root /prog >/dev/full 2>err </dev/null
is "a full disk gives 125" $? 125
has "and is named" "$(cat err)" "standard output: No space left"
FAKE_QEMU=exit:4 timeout 20 "$ck" run --rootfs root /prog <&- >&- 2>&-
is "all streams closed is no reason to fail" $? 4

# ---- signals, time, processes ----
# start PART ARGUMENTS...: ck in the background, as $pid, once it printed its first line
start() {
    local part=$1
    shift
    rm -f out
    mkfifo out 2>/dev/null
    FAKE_QEMU=$part "$ck" run --rootfs root "$@" /prog >out 2>err </dev/null &
    pid=$!
    exec 5<out
    read -r line <&5
}
finish() {
    rest=$(cat <&5)
    exec 5<&-
    wait $pid
    status=$?
    rm -f out
}
set -m # or the shell would have background commands ignore SIGINT and SIGQUIT
for name in INT:2 TERM:15 HUP:1 QUIT:3; do
    start signal
    kill -"${name%:*}" $pid
    finish
    is "SIG${name%:*} reaches the program" "$status $rest" "$((128 + ${name#*:})) signal ${name#*:}"
done
start hang
kill -TERM $pid
sleep 0.2
kill -0 $pid 2>/dev/null
is "one signal leaves a deaf program running" $? 0
kill -INT $pid
finish
is "the second one stops the machine" $status 130
FAKE_QEMU=hang-early "$ck" run --rootfs root /prog 2>err </dev/null &
pid=$!
sleep 0.3
kill -INT $pid
wait $pid
is "before the greeting one signal is enough" $? 130
set +m
start surroundings
is "QEMU has a process group of its own" "$line" "own group yes"
read -r line <&5
qemu=${line#pid }
{ kill -KILL $pid; finish; sleep 0.02; } 2>/dev/null # or the shell tells of it
# A dead process nobody has waited for is dead all the same.
is_alive() { [ -e "/proc/$1/stat" ] && ! grep -q '^[0-9]* (.*) [ZX]' "/proc/$1/stat"; }
for _ in $(seq 50); do is_alive "$qemu" && sleep 0.02; done
is_alive "$qemu"
is "QEMU does not outlive ck" $? 1
before=$(date +%s%N)
play hang --timeout 0.3
is "--timeout gives 124" $status 124
has "and says so" "$err" "--timeout"
is "in about that time" $((($(date +%s%N) - before) / 1000000 < 3000)) 1
play hang-early --timeout 0.2; is "--timeout covers a machine that never greets" $status 124
play exit:0 --timeout 10; is "--timeout does not touch who is faster" $status 0
(FAKE_QEMU=megabytes:64 "$ck" run --timeout 0.3 --rootfs root /prog </dev/null 2>err; echo $? >rc) | sleep 1
is "--timeout works while the reader sleeps" "$(cat rc)" 124

# ---- machines that lie ----
play noise; is "noise before the greeting is skipped" "$status $out" "0 clean"
# lie PART REASON
lie() {
    play "$1"
    if [ $status = 125 ]; then has "refused: $1" "$err" "$2"; else is "refused: $1" "$status $err" 125; fi
}
lie only-noise "without the channel's greeting"
lie version "version 7"
lie twice "twice"
lie long "a frame of 4097 bytes"
lie reserved "reserved byte is 0x07"
lie host-frame "type 0x81"
lie taken-too-much "which were not sent"
lie unknown "type 0x55"
lie torn-stats "STATS frame of 25 bytes"
lie short-exit "EXIT frame of 4 bytes"
lie exit-kind "unknown kind 99"
lie exit-status "exit status of 256"
lie signal-0 "signal 0"
lie signal-1000 "signal 1000"
play torn; is "a machine that stops inside a frame gives 120" $status 120
           has "and the rest is named" "$err" "14 bytes of a frame"
play torn-header; is "also inside a header" $status 120
play close-hang; is "a machine that closes the channel is not waited for" "$status" 125
play after-exit; is "what comes after the end is dropped" "$status $out" "5 "
play flood-after-exit; is "a flood after the end too" "$status $out" "5 "

# ---- what the kernel and QEMU are told ----
words() { FAKE_QEMU=cmdline timeout 20 "$ck" run --rootfs root "$@" </dev/null; }
is "ck's own -- is optional" "$(words --icount -- /prog -a 'b c')" "$(words --icount /prog -a 'b c')"
has "an argument keeps its blanks" "$(words /prog 'b c')" '-- /prog "b c"'
has "and its quotes, backslashes and control characters" "$(words /prog $'"\\\n')" '"\"\\\x0a"'
has "and its bytes above 127" "$(words /prog $'\xff')" '\xff'
has "an empty argument is one" "$(words /prog '')" '/prog ""'
has "an argument -- is one" "$(words /prog --)" '/prog "--"'
has "--env is passed" "$(words --env A=b --env 'C=d e' /prog)" 'env=A=b "env=C=d e" -- /prog'
has "--env NAME takes ck's own value" "$(PASSED=on words --env PASSED /prog)" 'env=PASSED=on'
is "--env of a name that is not set is dropped" "$(words --icount --env NOT_SET /prog)" "$(words --icount /prog)"
has "the log is short by default" "$(words /prog)" "log=warning"
has "and long with -v" "$(words -v /prog)" "log=info"
has "counting fixes the clock" "$(words --icount /prog)" "tsc_khz=1000000 "
has "counting tells the guest of an empty stdin" "$(words --icount /prog)" "ck.stdin=none"
has "there is a clock without counting" "$(words /prog)" "tsc_khz="
refuse "a command line that is too long is refused" 125 "room for 8192" run --rootfs root /prog "$(head -c 8200 /dev/zero | tr '\0' a)"
refuse "also one that a q35 has no room for" 125 "room for 4096" run --machine q35 --rootfs root /prog "$(head -c 4100 /dev/zero | tr '\0' a)"
arguments() { FAKE_QEMU=arguments timeout 20 "$ck" run --rootfs root "$@" /prog </dev/null; }
has "--memory reaches QEMU" "$(arguments --memory 1G)" $'-m\n1048576K'
has "--memory-limit reaches the kernel" "$(words --memory-limit 96M /prog)" "memory_limit=100663296 "
is "there is no limit without it" "$(words /prog | grep -c memory_limit)" 0
has "the limit may be all of the machine" "$(words --memory 64M --memory-limit 64M /prog)" "memory_limit=67108864 "
has "a machine is as large as what is in it, and 512M" "$(arguments)" $'-m\n526336K'
has "and larger when the limit is" "$(arguments --memory-limit 1G)" $'-m\n1050624K'
has "the machine is microvm" "$(arguments)" $'-M\nmicrovm'
has "--machine q35 reaches QEMU" "$(arguments --machine q35)" $'-M\nq35'
has "--cpus reaches QEMU" "$(arguments --cpus 2)" $'-smp\n2'
has "--icount reaches QEMU" "$(arguments --icount)" $'shift=0,sleep=off'
has "--qemu is cut into words" "$(arguments --qemu "-a 'b c' \"d e\" f\\ g")" $'-a\nb c\nd e\nf g'

# ---- statistics ----
play stats:1 --stats --icount
is "--stats keeps the exit status" $status 3
is "and says at the end what was used and what was missing" "$err" "ck: statistics of /prog
  1234567 instructions, 8192 KiB of memory at most, 77 page faults
  55 system calls
    write 50, read 5
  not supported
    ioctl 0x5460 3, io_uring_setup 2, call 9999 1, socket option 6:31 1"
play stats:0 --stats; has "or that nothing was missing" "$err" "nothing was asked for that is not supported"
has "without counting ticks are time" "$err" " s, 8192 KiB"
play exit:4 --stats; is "a kernel that tells nothing is reported" "$status $err" "4 ck: there are no statistics: the machine did not come to its end"

# ---- the network ----
is "there is no network unless asked for" "$(arguments | grep -c net)" 0
is "and the kernel is told of none" "$(words --net none /prog | grep -c net=)" 0
has "--net user gives a microvm a card on its own bus" "$(arguments --net user)" $'-netdev\nuser,id=net\n-device\nvirtio-net-device,netdev=net,'
has "and a q35 one on PCI" "$(arguments --net user --machine q35)" $'-device\nvirtio-net-pci,netdev=net,'
has "the kernel is told its address" "$(words --net user /prog)" "net=10.0.2.15/24,gw=10.0.2.2,dns=10.0.2.3 "
has "--dns takes the place of QEMU's" "$(words --net user --dns 1.1.1.1 /prog)" "gw=10.0.2.2,dns=1.1.1.1 "
has "-p gives a network" "$(arguments -p 18080:80)" 'user,id=net,hostfwd=tcp:127.0.0.1:18080-:80'
has "-p with an address and UDP" "$(arguments -p 0.0.0.0:18080:53/udp --publish=18081:81/tcp)" \
    'hostfwd=udp:0.0.0.0:18080-:53,hostfwd=tcp:127.0.0.1:18081-:81'
play exit:0 -p 0:80; has "port 0 is one that is free, and named" "$err" "of 127.0.0.1 leads to the guest's 80/tcp"
play arguments -p 0:80; has "and it is the one QEMU gets" "$out" "127.0.0.1:$(sed -n 's/.* port \([0-9]*\) of.*/\1/p' err)-:80"
python3 -c 'import socket, time
s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1], flush=True); time.sleep(60)' >taken &
holder=$!
until [ -s taken ]; do sleep 0.05; done
refuse "a port that is taken is named" 125 "port $(cat taken) of 127.0.0.1 cannot be had: Address already in use" run -p "$(cat taken):80" --rootfs root /prog
kill $holder
has "--net tap=NAME" "$(arguments --net tap=tap7)" "tap,id=net,ifname=tap7,script=no,downscript=no"
has "asks for an address" "$(words --net tap=tap7 /prog)" "net=dhcp "
has "unless it is given" "$(words --net tap=tap7,192.168.7.2/24,gw=192.168.7.1 --dns 9.9.9.9 /prog)" "net=192.168.7.2/24,gw=192.168.7.1,dns=9.9.9.9 "
tap_card() { arguments --net tap=$1 | grep -o mac=.*; }
is "cards on different interfaces have different addresses" "$(printf "%s\n" "$(tap_card tap7)" "$(tap_card tap8)" | sort -u | wc -l)" 2
has "--hostname" "$(words --hostname web-1.example /prog)" " hostname=web-1.example "
has "random numbers come from the host" "$(arguments)" "virtio-rng-device"
is "but not where two runs must be the same" "$(arguments --icount | grep -c virtio)" 1
for net in '' host tap tap= tap=averyverylonginterface tap=a/b tap=t,1.2.3.4 tap=t,1.2.3/24 tap=t,1.2.3.4/33 \
    tap=t,1.2.3.4/0 tap=t,1.2.3.4/24,dns=1.1.1.1 tap=t,1.2.3.4/24,gw=x user,x; do
    refuse "--net '$net' is refused" 125 "--net" run --net "$net" /prog
done
for ports in '' 80 80: :80 80:0 65536:80 80:65536 80:80/sctp 80:80/ x:80 80:x 1.2.3:80:80 localhost:80:80 1:2:3:4 -1:80; do
    refuse "-p '$ports' is refused" 125 "-p $ports: not [ADDRESS:]HOST_PORT:GUEST_PORT" run -p "$ports" /prog
done
refuse "-p of an IPv6 address is refused" 125 "IPv4 addresses only" run -p '[::1]:80:80' /prog
refuse "a port is published once" 125 "published twice" run -p 8080:80 -p 8080:81 /prog
refuse "-p without a network is refused" 125 "-p needs a network" run --net none -p 8080:80 /prog
refuse "-p with a tap is refused" 125 "address of its own" run --net tap=t -p 8080:80 /prog
refuse "--dns without a network is refused" 125 "--dns needs a network" run --dns 1.1.1.1 /prog
for name in '' -a 'a b' a_b "$(head -c 65 /dev/zero | tr '\0' a)"; do
    refuse "--hostname '$name' is refused" 125 "--hostname" run --hostname "$name" /prog
done
for address in '' 1.1.1 dns ::1; do refuse "--dns '$address' is refused" 125 "not an IPv4" run --net user --dns "$address" /prog; done

# ---- the environment ----
printf '# comment\n\nA=1 2\n  B=\nPASSED\r\nNOT_SET\n' >env
has "--env-file gives a variable a line" "$(PASSED=on words --env-file env -e C=3 /prog)" '"env=A=1 2" env=B= env=PASSED=on env=C=3 --'
refuse "an --env-file that is not there is named" 125 "--env-file none: No such file" run --env-file none /prog
echo =x >env; refuse "a line without a name is refused" 125 "has no name" run --env-file env /prog

play log -v; has "-v shows the kernel's log" "$err" "log line"
             is "beside the output" "$out" "output"
play log; is "the log is not shown without it" "$err" ""
play log --log log.txt; is "--log writes it to a file" "$(cat log.txt)" "log line"

# ---- usage ----
refuse "no command" 125 "usage:"
refuse "an unknown command is refused" 125 "no command fly" fly
refuse "an unknown option is refused" 125 "unknown option --fast" run --fast /prog
refuse "no program" 125 "which program" run
refuse "an empty program name" 125 "name is empty" run ''
refuse "a missing value" 125 "--memory needs a value" run --memory
refuse "a value too many" 125 "takes no value" run --icount=yes /prog
for size in 512 0M -1M 1X 1MM 2T 99999999999999999999G 513K ''; do
    refuse "--memory '$size' is refused" 125 "--memory" run --memory "$size" /prog
done
for size in 512 -1M 1X 1MM 9K99 ''; do
    refuse "--memory-limit '$size' is refused" 125 "--memory-limit $size: not a size" run --memory-limit "$size" /prog
done
for size in 0M 63K; do
    refuse "--memory-limit $size is refused" 125 "$size: no program can run with less than 64K" run --memory-limit $size /prog
done
for size in 2T 99999999999999999999G 16777216T; do
    refuse "--memory-limit $size is refused" 125 "--memory-limit $size: " run --memory-limit $size /prog
done
refuse "a limit above the machine's memory names both" 125 "65M: more than the machine has; see --memory, which gives it 65536K" \
    run --memory-limit 65M --memory 64M /prog
for count in 0 256 two 1.5 ''; do refuse "--cpus '$count' is refused" 125 "--cpus" run --cpus "$count" /prog; done
for span in 0 -1 1s 1e3 99999999999999999999 ''; do
    refuse "--timeout '$span' is refused" 125 "--timeout" run --timeout "$span" /prog
done
refuse "--machine pc is refused" 125 "neither microvm nor q35" run --machine pc /prog
refuse "--env without a name is refused" 125 "has no name" run --env =x /prog
refuse "--qemu with an open quote is refused" 125 "not closed" run --qemu "a 'b" /prog
refuse "--icount with two CPUs is refused" 125 "one CPU" run --icount --cpus 2 /prog
refuse "--log into nowhere is refused" 125 "nowhere/log: cannot write the log" run --log nowhere/log --rootfs root /prog
is "ck run --help lists the exit codes" "$("$ck" run --help | grep -cE '^  (120|124|125|126|127) ')" 5
is "ck --help succeeds" "$("$ck" --help | head -1)" "usage: ck COMMAND ..."
has "ck --version names itself" "$("$ck" --version)" "CloudKernel"
CK_KERNEL=$work/none refuse "a kernel that is not there is named" 125 "$work/none: cannot open the kernel" run --rootfs root /prog
CK_KERNEL=$work/root refuse "a folder is no kernel" 125 "not a file" run --rootfs root /prog
CK_QEMU=/nowhere/qemu refuse "a QEMU that is not there is named" 125 "cannot run /nowhere/qemu" run --rootfs root /prog

# ---- programs of the host ----
refuse "a program that is not there gives 127" 127 "./none: No such file" run ./none
refuse "a folder is no program" 126 "a folder" run ./root
refuse "a file without x is no program" 126 "not marked as executable" run ./root/file
printf '#!/bin/sh\n' >script; chmod +x script
refuse "a script needs a root file system" 126 "a script" run ./script
printf 'no ELF' >text; chmod +x text
refuse "a text is no program" 126 "./text: " run ./text
: >empty; chmod +x empty
refuse "an empty file is no program" 126 "empty" run ./empty
refuse "a dynamic program is named as such" 126 "linked dynamically" run "$CK_QEMU"
mkfifo pipe
refuse "a FIFO is no program" 126 "neither a file nor a folder" run ./pipe

is "nothing is left in TMPDIR" "$(ls -A tmp)" ""
echo "1..$tests"
exit $((failures > 0))
