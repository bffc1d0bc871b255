#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Initial archives as a loader hands them to the kernel, without ck in between: good ones run, torn and
# hostile ones end in a panic that says why, and none hangs. Prints TAP.
# Usage: initrd_test.sh KERNEL CK GUEST_PROGRAMS
set -u
. "$(dirname "$0")/tap.bash"
export LC_ALL=C
kernel=$(realpath "$1")
export CK_KERNEL=$kernel
ck=$(realpath "$2")
programs=$(realpath "$3")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

# boot [QEMU's arguments...]: the machine's end as $status, its console in `serial`
boot() {
    timeout 30 "${CK_QEMU:-qemu-system-x86_64}" -M microvm,x-option-roms=off,auto-kernel-cmdline=off -nodefaults \
        -no-user-config -no-reboot -display none -accel tcg -cpu max -m 64M -kernel "$kernel" \
        -serial file:serial -device isa-debug-exit,iobase=0xf4,iosize=4 \
        -append "debug_exit=0xf4 ${words-}-- /bin/hello 5" "$@" </dev/null >qemu.log 2>&1
    status=$?
}
ended=$((5 << 1 | 1))   # the debug-exit device makes (code << 1) | 1 of the program's status
panicked=$((3 << 1 | 1)) # CHANNEL_PANIC
# panics NAME REASON: the archive of that name is refused
panics() {
    rm -f serial
    boot -initrd "$1"
    is "$1: the machine ends with a panic" $status $panicked
    has "$1: the reason" "$(cat serial)" "panic: initrd: $2"
}

mkdir -p root/bin
cp "$programs/hello.musl" root/bin/hello
"$ck" build --rootfs root -o good.cpio
boot -initrd good.cpio
is "a good archive runs its program" $status $ended
has "whose output is on the console" "$(cat serial)" "hello from /bin/hello"
(cd root && find . | cpio -o -H newc --quiet) >plain.cpio
boot -initrd plain.cpio
is "so does one that cpio made" $status $ended
rm serial
boot
is "a machine without an archive panics" $status $panicked
has "and says so" "$(cat serial)" "panic: initrd: there is none"
: >empty
panics empty "there is none"

# ---- mapped: the archive is a file behind the machine's memory ----
mkdir -p large/zz
head -c 40000000 /dev/urandom >large/file
cp "$programs/hello.musl" large/zz/hello
"$ck" build --rootfs large -o large.cpio
for options in '' '--machine q35' '--memory 4G' '--memory 4G --machine q35' '--cpus 2 --machine q35'; do
    # The options are words.
    # shellcheck disable=SC2086
    timeout 30 "$ck" run $options --rootfs large.cpio /zz/hello 6 >out 2>err </dev/null
    is "a mapped archive runs ($options)" "$? $(cat out err)" "6 hello from /zz/hello"
done
rm -r large large.cpio

# ---- packed ----
lz4 -q good.cpio good.lz4
lz4 -q -l good.cpio good-legacy.lz4
lz4 -q --content-size good.cpio good-sized.lz4
lz4 -q -BX -9 good.cpio good-checked.lz4
for kind in good good-legacy good-sized good-checked; do
    rm -f serial
    boot -initrd $kind.lz4
    is "an archive packed by lz4 runs ($kind)" "$status $(grep -c '^hello from' serial)" "$ended 1"
    timeout 30 "$ck" run --rootfs $kind.lz4 /bin/hello 6 >out 2>err </dev/null
    is "also under ck" "$? $(cat out)" "6 hello from /bin/hello"
done

# ---- torn and hostile ----
python3 - <<'PYTHON'
import struct

def entry(name, data=b"", mode=0o100755, magic=b"070701", nlink=1, size=None, name_size=None, check=0):
    raw = name if isinstance(name, bytes) else name.encode() + b"\0"
    fields = [1, mode, 0, 0, nlink, 0, len(data) if size is None else size, 0, 0, 0, 0,
              len(raw) if name_size is None else name_size, check]
    head = magic + b"".join(b"%08x" % f for f in fields) + raw
    head += b"\0" * (-len(head) % 4)
    return head + data + b"\0" * (-len(data) % 4)

END = entry("TRAILER!!!", mode=0)
DIR = 0o040755
def write(name, *parts, end=END):
    with open(name, "wb") as f: f.write(b"".join(parts) + end)
file = entry("bin/hello", b"x" * 1000)

write("noise", bytes(range(256)) * 8)
write("torn-header", entry("a"), file[:50], end=b"")
write("torn-name", file[:112], end=b"")
write("torn-data", file[:500], end=b"")
write("no-trailer", file, end=b"")
write("magic", entry("a", magic=b"070707"))
write("letters", file.replace(b"000003e8", b"0000zzzz", 1))
write("signed", file.replace(b"000003e8", b"-00003e8", 1))
write("huge-file", entry("a", b"x", size=0xffffffff))
write("huge-name", entry("a", name_size=0xffffffff))
write("long-name", entry("a" * 5000))
write("long-component", entry("a" * 300))
write("empty-name", entry(b"\0"))
write("no-name", entry("", name_size=0))
write("open-name", entry(b"abcd"))
write("hidden-name", entry(b"ab\0cd\0"))
write("parent", entry("../etc/passwd", b"x"))
write("parent-inside", entry("a/../../b", b"x"))
write("type", entry("a", mode=0o150755))
write("mode", entry("a", mode=0xffffffff))
write("directory-data", entry("a", b"data", mode=DIR))
write("link-empty", entry("a", mode=0o120777))
write("link-nul", entry("a", b"b\0c", mode=0o120777))
write("link-long", entry("a", b"x" * 5000, mode=0o120777))
write("root-file", entry(".", b"x"))
write("below-file", entry("a", b"x"), entry("a/b", b"y"))
write("below-link", entry("a", b"/bin", mode=0o120777), entry("a/b", b"y"))
write("over-directory", entry("a", mode=DIR), entry("a", b"x"))
write("trailer-data", end=entry("TRAILER!!!", b"data", mode=0))
write("sum", entry("a", b"data", magic=b"070702", check=1))
write("second-torn", file, END, b"07070", end=b"")
write("second-noise", file, END, b"noise after it", end=b"")

packed = open("good.lz4", "rb").read()
legacy = open("good-legacy.lz4", "rb").read()
checked = open("good-checked.lz4", "rb").read()
def raw(name, data):
    with open(name, "wb") as f: f.write(data)
raw("lz4-magic-alone", packed[:4])
raw("lz4-torn-header", packed[:6])
raw("lz4-torn", packed[:len(packed) // 2])
raw("lz4-no-end", packed[:-8])
raw("lz4-version", packed[:4] + bytes([packed[4] ^ 0x80]) + packed[5:])
raw("lz4-header-sum", packed[:6] + bytes([packed[6] ^ 1]) + packed[7:])
raw("lz4-huge-block", packed[:7] + struct.pack("<I", 0x7fffffff) + packed[11:])
raw("lz4-flipped", checked[:200] + bytes([checked[200] ^ 0xff]) + checked[201:])
raw("lz4-rubbish", packed[:11] + b"\xff" * (len(packed) - 15) + packed[-4:])
raw("lz4-legacy-torn", legacy[:len(legacy) // 2])
raw("lz4-legacy-huge", legacy[:4] + struct.pack("<I", 0x7fffffff) + legacy[8:])
raw("lz4-legacy-rubbish", legacy[:8] + b"\xff" * (len(legacy) - 8))
PYTHON
head -c 200M /dev/zero | lz4 -q >lz4-bomb # three times the machine's memory
while read -r name reason; do panics "$name" "$reason"; done <<'TABLE'
noise initramfs at byte 0: an entry has a wrong magic number
torn-header initramfs at byte 112: the archive ends inside a header
torn-name initramfs at byte 0: the archive ends inside a name
torn-data initramfs at byte 0: the archive ends inside a file
no-trailer initramfs at byte
magic initramfs at byte 0: an entry has a wrong magic number
letters initramfs at byte 0: a header field is not hexadecimal
signed initramfs at byte 0: a header field is not hexadecimal
huge-file initramfs at byte 0: the archive ends inside a file
huge-name initramfs at byte 0: an entry's name is too long
long-name initramfs at byte 0: an entry's name is too long
long-component initramfs entry "aaaa
empty-name initramfs at byte 0: an entry has an empty name
no-name initramfs at byte 0: an entry has an empty name
open-name initramfs at byte 0: an entry's name lacks its NUL
hidden-name initramfs at byte 0: an entry's name goes on behind its NUL
parent initramfs at byte 0: an entry's name holds a .. component
parent-inside initramfs at byte 0: an entry's name holds a .. component
type initramfs at byte 0: an entry has an unknown file type
mode initramfs at byte 0: an entry has an absurd mode
directory-data initramfs at byte 0: an entry that is no file has data
link-empty initramfs at byte 0: a symbolic link has no target
link-nul initramfs at byte 0: a symbolic link's target holds a NUL
link-long initramfs at byte 0: a symbolic link's target is too long
root-file initramfs at byte 0: the root is not a directory
below-file initramfs entry "a/b": it lies below something that is no directory
below-link initramfs entry "a/b": it lies below something that is no directory
over-directory initramfs entry "a": it would replace a directory
trailer-data initramfs at byte 0: the trailer has data
sum initramfs at byte 0: a file has a wrong checksum
second-torn initramfs at byte 1244: the archive ends inside a header
second-noise initramfs at byte 1244: the archive ends inside a header
lz4-magic-alone the LZ4 data ends inside a frame header
lz4-torn-header the LZ4 data ends inside a frame header
lz4-torn the LZ4 data ends inside a block
lz4-no-end the LZ4 data ends inside a frame
lz4-version an LZ4 frame has an unknown version
lz4-header-sum an LZ4 frame header has a wrong checksum
lz4-huge-block an LZ4 block is too large
lz4-flipped an LZ4 block has a wrong checksum
lz4-rubbish an LZ4 block is torn
lz4-legacy-torn the LZ4 data ends inside a block
lz4-legacy-huge an LZ4 block is too large
lz4-legacy-rubbish an LZ4 block is torn
lz4-bomb 209715200 bytes unpacked do not fit in memory
TABLE

# ---- what ck says of them, before a machine starts ----
for name in noise torn-header torn-data no-trailer parent lz4-torn lz4-flipped lz4-legacy-torn; do
    timeout 30 "$ck" run --rootfs $name /bin/hello >out 2>err </dev/null
    is "ck refuses $name and names it" "$? $(grep -c "^ck: .*$name: " err)" "125 1"
done

echo "1..$tests"
exit $((failures > 0))
