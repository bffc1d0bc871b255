#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Programs under `ck run`: how they end, what flows in and out, what cannot be started, and the smallest,
# largest and oddest machines. Prints TAP. Usage: programs_test.sh CK GUEST_PROGRAMS
set -u
. "$(dirname "$0")/tap.bash"
export LC_ALL=C
ck=$(realpath "$1")
[ -z "${CK_KERNEL-}" ] || CK_KERNEL=$(realpath "$CK_KERNEL")
programs=$(realpath "$2")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
ulimit -c 0

# run [ck run's arguments...]: leaves $status, out, err, log
run() {
    timeout 60 "$ck" run --log log "$@" >out 2>err </dev/null
    status=$?
}

# ---- how a program ends; Linux is asked the same ----
mkdir -p root/bin root/tmp
cp "$programs/ends.musl" root/bin/ends
cp "$programs/hello.musl" root/bin/hello
cp "$programs/streams.musl" root/bin/streams
"$ck" build --rootfs root -o root.cpio
ends() { # WAY[ NUMBER] STATUS
    local linux
    "$programs/ends.musl" $1 >/dev/null 2>&1 </dev/null
    linux=$?
    run --rootfs root.cpio /bin/ends $1
    is "ends by $1: $2" "$status $(cat err)" "$2 "
    is "as on Linux" $linux "$2"
} 2>/dev/null # or the shell tells of the deaths on Linux
for way in 'exit 0:0' 'exit 7:7' 'exit 255:255' 'exit 256:0' 'exit -1:255' abort:134 divide:136 x87_exception:136 \
    illegal:132 breakpoint:133 single_step:133 past_file:135 null:139 kernel_read:139 kernel_write:139 non_canonical:139 \
    rodata:139 text:139 jump_null:139 jump_kernel:139 jump_non_canonical:139 run_data:139 run_stack:139 recursion:139 \
    halt:139 cli:139 port:139 cr3:139 msr:139 sysret:139 double_fault_vector:139 null_selector:139 \
    syscall_without_stack:9 'raise 1:129' 'raise 2:130' 'raise 9:137' 'raise 13:141' 'raise 15:143' 'raise 17:0' \
    'raise 31:159' 'raise 64:192'; do
    ends "${way%:*}" "${way##*:}"
done
run --rootfs root.cpio /bin/ends null
has "the report names the program, the access and the address" "$(cat log)" "/bin/ends: write to 0000000000000000: bad address"
has "and the signal and the instruction" "$(cat log)" "/bin/ends: SIGSEGV, page fault at 0000"
has "and the registers" "$(cat log)" "rsp 00007f"
has "and the code bytes" "$(cat log)" "  code "
has "the kernel goes on to its own end" "$(cat log)" "/bin/ends ended: signal 11"
is "without a panic" "$(grep -ci panic log)" 0
timeout 60 "$ck" run -v --rootfs root.cpio /bin/ends illegal >out 2>err </dev/null
has "-v shows the report" "$(cat err)" "SIGILL, invalid opcode at"
for kind in musl glibc pie; do
    run "$programs/hello.$kind" 7
    is "a program of this machine runs ($kind)" "$status $(cat out)" "7 hello from /hello.$kind"
done

# ---- signals from outside ----
signals() { # WAY SIGNAL STATUS [INPUT]
    rm -f fifo
    mkfifo fifo
    timeout 60 "$ck" run --rootfs root.cpio /bin/ends "$1" >fifo 2>err <"${4:-/dev/null}" &
    local pid=$!
    read -r _ <fifo
    pkill -"$2" -P $pid
    wait $pid
    is "SIG$2 ends a program that does $1${4:+ and does not read its input}" $? "$3"
}
signals wait TERM 143
signals wait INT 130
signals spin TERM 143
signals spin HUP 129
signals wait TERM 143 /dev/zero

# ---- streams ----
head -c 204800 /dev/urandom >binary
timeout 60 "$ck" run --rootfs root.cpio /bin/streams echo <binary >out 2>err
is "200 KiB of binary input come back unchanged" "$? $(cmp out binary 2>&1)" "0 "
cat binary | timeout 60 "$ck" run --rootfs root.cpio /bin/streams echo >out
is "also through a pipe" "$(cmp out binary 2>&1)" ""
timeout 60 "$ck" run --rootfs root.cpio /bin/streams slow <binary >out 2>err
is "also when the program reads slowly" "$? $(cmp out binary 2>&1)" "0 "
(sleep 0.2; echo one; sleep 0.3; echo two) | timeout 60 "$ck" run --rootfs root.cpio /bin/streams echo >out
is "a slow writer is waited for" "$(cat out)" $'one\ntwo'
run --rootfs root.cpio /bin/streams echo
is "an empty input is at its end" "$status $(cat out)" "0 "
run --rootfs root.cpio /bin/streams out 1048576
is "a megabyte of output arrives" "$status $(md5sum <out)" "0 $("$programs/streams.musl" out 1048576 | md5sum)"
timeout 60 "$ck" run --rootfs root.cpio /bin/streams out 1048576 </dev/null | (sleep 0.5; md5sum) >sum
is "also at a slow reader" "$(cat sum)" "$("$programs/streams.musl" out 1048576 | md5sum)"
run --rootfs root.cpio /bin/streams both
is "output and errors stay apart" "$(md5sum <out)$(md5sum <err)" \
    "$(seq 0 999 | sed 's/^/out /' | md5sum)$(seq 0 999 | sed 's/^/err /' | md5sum)"
every_byte=$(for i in $(seq 1 255); do printf "\\x$(printf %x "$i")"; done; echo x)
every_byte=${every_byte%x}
words=('' ' ' "$every_byte" -- -v '"' '\' "'" '$HOME' '`x`' 'a=b' 'ck.channel=com1' $'\n')
timeout 60 "$ck" run --rootfs root.cpio --env "ALL=$every_byte" --env EMPTY= --env 'TWO=a b' -- /bin/streams words "${words[@]}" \
    >out 2>err </dev/null
is "arguments and variables keep every byte" "$? $(md5sum <out)" \
    "0 $(env -i "ALL=$every_byte" EMPTY= 'TWO=a b' "$programs/streams.musl" words "${words[@]}" | md5sum)"

# ---- what cannot be started ----
refused() { # NAME STATUS REASON PATH
    run --rootfs bad "$4"
    is "$1: status $2" $status "$2"
    has "and the reason" "$(cat err)" "$4: $3"
}
mkdir -p bad/dir
cp root/bin/hello bad/hello
cp root/bin/hello bad/plain
chmod 644 bad/plain
: >bad/empty
printf 'just text\n' >bad/text
printf '#!/none\n' >bad/script
cp "$(command -v env)" bad/dynamic
chmod 755 bad/empty bad/text bad/script bad/dynamic
ln -s nowhere bad/dangling
ln -s loop bad/loop
python3 - root/bin/hello <<'PYTHON'
import os, struct, sys

good = open(sys.argv[1], "rb").read()
PHOFF, COUNT = struct.unpack_from("<Q", good, 32)[0], struct.unpack_from("<H", good, 56)[0]
FIELDS = {"type": (0, "I"), "flags": (4, "I"), "offset": (8, "Q"), "vaddr": (16, "Q"), "filesz": (32, "Q"),
          "memsz": (40, "Q"), "align": (48, "Q")}

def write(name, data):
    with open("bad/" + name, "wb") as f: f.write(data)
    os.chmod("bad/" + name, 0o755)
def header(name, at, form, value):
    data = bytearray(good)
    struct.pack_into("<" + form, data, at, value)
    write(name, data)
def segment(name, index, **changes):
    data = bytearray(good)
    for field, value in changes.items():
        at, form = FIELDS[field]
        struct.pack_into("<" + form, data, PHOFF + index * 56 + at, value)
    write(name, data)
def get(index, field):
    at, form = FIELDS[field]
    return struct.unpack_from("<" + form, good, PHOFF + index * 56 + at)[0]

loads = [i for i in range(COUNT) if get(i, "type") == 1]
text = next(i for i in loads if get(i, "flags") & 1)
stack = next(i for i in range(COUNT) if get(i, "type") == 0x6474e551)
write("torn-header", good[:40])
write("torn-table", good[:100])
write("torn-segment", good[:5000])
header("magic", 1, "B", ord("F"))
header("class", 4, "B", 1)
header("endian", 5, "B", 2)
header("version", 6, "B", 2)
header("system", 7, "B", 9)
header("type", 16, "H", 1)
header("machine", 18, "H", 183)
header("entry", 24, "Q", 0x10)
header("entry-data", 24, "Q", get(loads[-1], "vaddr"))
header("table-far", 32, "Q", 1 << 40)
header("table-wraps", 32, "Q", (1 << 64) - 8)
header("table-odd", 32, "Q", 65)
header("table-inside", 32, "Q", 0)
header("header-size", 52, "H", 63)
header("entry-size", 54, "H", 32)
header("no-segments", 56, "H", 0)
header("many-segments", 56, "H", 65534)
segment("overlap", loads[1], vaddr=get(loads[0], "vaddr"))
segment("backwards", loads[1], vaddr=get(loads[0], "vaddr") - 0x100000)
segment("kernel-address", loads[-1], vaddr=0xffffffff80000000 + get(loads[-1], "vaddr") % 4096)
segment("above", loads[-1], vaddr=0x7ffffffff000 + get(loads[-1], "vaddr") % 4096)
segment("wraps", loads[-1], memsz=(1 << 64) - 1)
segment("shrinks", loads[0], memsz=1)
segment("far-data", loads[0], offset=1 << 40)
segment("long-data", loads[0], filesz=1 << 40, memsz=1 << 40)
segment("align-odd", loads[0], align=3)
segment("align-huge", loads[0], align=1 << 62)
segment("align-disagrees", loads[1], vaddr=get(loads[1], "vaddr") + 8)
segment("first-page", loads[0], vaddr=0)
segment("interpreter-torn", stack, type=3, offset=1 << 40, filesz=10)
segment("interpreter-text", stack, type=3, offset=0, filesz=4)
segment("no-load", loads[0], type=0)
nothing = bytearray(good)
for i in loads: struct.pack_into("<I", nothing, PHOFF + i * 56, 0)
write("nothing", nothing)
PYTHON
"$ck" build --rootfs bad -o bad.cpio
refused "a program that is not there" 127 "no such file" /none
refused "a directory that is not there" 127 "no such file" /none/hello
refused "a link to nothing" 127 "no such file" /dangling
refused "a path through a file" 127 "not a directory" /hello/x
refused "a link to itself" 126 "" /loop
refused "a directory" 126 "" /dir
refused "a file without x" 126 "" /plain
refused "a device" 126 "" /dev/null
while read -r name reason; do refused "ELF, $name" 126 "$reason" "/$name"; done <<'TABLE'
empty too short for an ELF file
text too short for an ELF file
script its interpreter /none: no such file
dynamic its interpreter /lib64/ld-linux-x86-64.so.2: no such file
torn-header too short for an ELF file
torn-table program headers outside the file
torn-segment a segment outside the file
magic not an ELF file
class not a 64-bit ELF file
endian not a little-endian ELF file
version an unknown ELF version
system made for another operating system
type neither a program nor position-independent
machine made for another processor
entry an entry point outside the executable segments
entry-data an entry point outside the executable segments
table-far program headers outside the file
table-wraps program headers outside the file
table-odd program headers that are not aligned
table-inside program headers that overlap the ELF header
header-size a wrong ELF header size
entry-size a wrong program header size
no-segments no program headers
many-segments too many program headers
overlap two segments in one page
backwards segments that are not in ascending order
kernel-address a segment
above a segment above user memory
wraps a segment that wraps around
shrinks a segment larger in the file than in memory
far-data a segment outside the file
long-data a segment outside the file
align-odd a segment's alignment that is no power of two
align-huge a segment's alignment that is absurd
align-disagrees a segment whose offset and address
first-page a segment in the first page
interpreter-torn a segment outside the file
interpreter-text an interpreter's path that is malformed
nothing nothing to load
TABLE
run --rootfs bad.cpio /hello
is "the good one beside them runs" "$status $(cat out)" "0 hello from /hello"

# ---- machines ----
for machine in microvm q35; do
    for cpu in qemu64 max Haswell-v4; do
        run --machine $machine --qemu "-cpu $cpu" --rootfs root.cpio /bin/hello 3
        is "$machine with the processor $cpu" "$status $(cat out)" "3 hello from /bin/hello"
    done
done
run --qemu '-cpu qemu64' --rootfs root.cpio /bin/ends null
is "a fault on a processor without SMAP" $status 139
run --machine q35 --memory 8G "$programs/heap.musl" /tmp
is "a machine of 8 GiB runs a program" "$status $(cmp out <("$programs/heap.musl" .) 2>&1)" "0 "
is "and all of its memory is found" "$(grep -cE 'memory: 81[0-9]{2} MiB free of 81[0-9]{2}' log)" 1
run --memory 3G "$programs/giant_pages.musl"
is "leaves of 1 GiB can be had" "$status $(cat out)" "0 as it should be"
run --memory 3G --qemu '-cpu max,-pdpe1gb' "$programs/giant_pages.musl"
is "not where the processor has none" "$status $(cat out)" "1 a page of 1 GiB cannot be had"
run --memory 4M --rootfs root.cpio /bin/hello
is "4 MiB are enough for a static program" "$status $(cat out)" "0 hello from /bin/hello"
smallest=4
while [ $smallest -gt 1 ] && run --memory $((smallest - 1))M --rootfs root.cpio /bin/hello && [ $status = 0 ]; do
    smallest=$((smallest - 1))
done
echo "# the smallest machine that runs it has $smallest MiB"
run --memory 64M --rootfs root.cpio /bin/ends memory
is "a program that takes more memory than there is" $status 137
has "is named" "$(cat log)" "out of memory: /bin/ends (pid 1)"
is "and the kernel goes on" "$(grep -ci panic log)" 0
run --timeout 1 --rootfs root.cpio /bin/ends spin
is "--timeout ends a program that spins" $status 124

echo "1..$tests"
exit $((failures > 0))
