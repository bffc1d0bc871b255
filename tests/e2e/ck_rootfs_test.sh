#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What ck makes of folders, tars and cpio archives, by looking at the archive the machine would get
# (fake_qemu.c hands it back). Prints TAP. Usage: ck_rootfs_test.sh CK FAKE_QEMU
set -u
. "$(dirname "$0")/tap.bash"
export LC_ALL=C
ck=$(realpath "$1")
export CK_QEMU=$(realpath "$2")
work=$(mktemp -d)
trap 'chmod -R u+rwx "$work"; rm -rf "$work"' EXIT
cd "$work" || exit 1
export CK_KERNEL=$work/kernel.elf
echo kernel >kernel.elf

# archive ROOTFS [OUT]: the archive for that root file system
archive() { FAKE_QEMU=initrd timeout 20 "$ck" run --rootfs "$1" /prog >"${2-a.cpio}" 2>err </dev/null; }
list() { cpio -itv --quiet <a.cpio 2>&1; }
names() { cpio -it --quiet <a.cpio 2>&1 | tr '\n' ' '; }
# refuse NAME ROOTFS REASON
refuse() {
    archive "$2"
    local status=$?
    if [ $status = 125 ]; then has "$1" "$(cat err)" "$3"; else is "$1" "$status $(cat err)" 125; fi
}

# ---- folders ----
mkdir -p root/bin root/tmp root/deep/er
echo hello >root/bin/prog
chmod 755 root/bin/prog
chmod 1777 root/tmp
ln -s bin/prog root/link
ln -s /absolute/$(printf '%0200d' 7) root/long-link
ln root/bin/prog root/second
head -c 10000 /dev/urandom >root/deep/er/page
: >root/empty
printf x >"root/name with blank"
touch -d @1000000000 root/empty
archive root
is "a folder becomes an archive cpio can read" $? 0
is "with every name, sorted" "$(names)" \
    ". bin bin/prog deep deep/er deep/er/page empty link long-link name with blank second tmp "
mkdir unpacked
(cd unpacked && cpio -idm --quiet <../a.cpio)
is "files come out as they went in" "$(diff -r --no-dereference root unpacked)" ""
is "modes are kept" "$(stat -c %a unpacked/tmp unpacked/bin/prog | tr '\n' ' ')" "1777 755 "
is "times are kept" "$(stat -c %Y unpacked/empty)" 1000000000
is "hard links stay together" "$(stat -c %i unpacked/second)" "$(stat -c %i unpacked/bin/prog)"
is "symbolic links stay links" "$(readlink unpacked/long-link)" "$(readlink root/long-link)"
name_at=$(grep -abo deep/er/page a.cpio | cut -d: -f1)
page_at=$(((name_at / 4096 + 1) * 4096))
is "the data of larger files lies on a page" "$(tail -c +$((page_at + 1)) a.cpio | cmp -n 10000 - root/deep/er/page)" ""
archive root b.cpio
is "the same folder gives the same archive" "$(cmp a.cpio b.cpio 2>&1)" ""
archive root/ c.cpio
is "a slash behind it does not matter" "$(cmp a.cpio c.cpio 2>&1)" ""
mkfifo root/fifo
archive root
is "a FIFO does not stop it" $? 0
has "it is named and left out" "$(cat err)" "root/fifo: left out"
rm root/fifo
if mknod root/null c 1 3 2>/dev/null; then
    archive root
    has "device nodes are kept" "$(list)" "1,   3"
    rm root/null
fi
mkdir empty-root
archive empty-root
is "an empty folder is an archive with a root" "$? $(names)" "0 . "
refuse "a folder that is not there is named" none "none: No such file"
ln -s none dangling
refuse "a dangling link is named" dangling "dangling: No such file"
ln -s root linked
archive root
archive linked b.cpio
is "a link to a folder is that folder" "$(cmp a.cpio b.cpio 2>&1)" ""
echo x >root/TRAILER!!!
refuse "a file named as the end mark is refused" root "TRAILER!!!"
rm root/TRAILER!!!
truncate -s 5G root/large
refuse "a file of 5 GiB is refused" root "large: a file in a cpio archive"
rm root/large
mkdir big; truncate -s 513M big/file
FAKE_QEMU=exit:0 "$ck" run --rootfs big --memory 512M /prog 2>err
is "an archive larger than the machine is refused" "$? $(cat err)" \
    "125 ck: big: its archive of 514 MiB does not fit a machine of 512 MiB; without --memory it gets 1026 MiB"

# ---- large archives are mapped ----
mapped() { FAKE_QEMU=arguments "$ck" run --rootfs "$@" /prog 2>&1; }
"$ck" build --rootfs big -o big.cpio
size=$(stat -c %s big.cpio)
has "a large archive is a part of the memory" "$(mapped big.cpio)" $'\n-object\nmemory-backend-file,id=root,size='$size,share=off,mem-path=/proc/self/fd/
has "behind the program's" "$(mapped big.cpio)" $'\n-object\nmemory-backend-ram,id=ram,size=536870912\n'
is "and not copied by firmware" "$(mapped big.cpio | grep -c -- -initrd)" 0
has "whose CPUs are all on the first node" "$(mapped big.cpio --cpus 3)" $'\nnode,memdev=ram,cpus=0-2\n'
place() { mapped "$@" | grep -o 'initrd=0x[0-9a-f]*,[0-9]*'; }
is "below 4 GiB on a microvm" "$(place big.cpio)" initrd=0x20000000,$size
is "above on a q35, whose tables end the memory below" "$(place big.cpio --machine q35)" initrd=0x130000000,$size
is "and where there is more than fits below" "$(place big.cpio --memory 4G)" initrd=$(printf '%#x' $((0x140000000 - size))),$size
has "what fits neither below nor above is copied" "$(mapped big.cpio --memory 3328M)" "-initrd"
has "an archive that is no file to be mapped, too" "$( (cat big.cpio; head -c 512 /dev/zero) >odd.cpio; mapped odd.cpio)" "-initrd"
has "and a folder's is mapped" "$(place big)" ",$size"
truncate -s 2500M big/file
"$ck" build --rootfs big -o big.cpio; (cat big.cpio; head -c 512 /dev/zero) >odd.cpio
has "which does not go when it is too large to lie below" "$(mapped odd.cpio --machine q35)" \
    "odd.cpio: its archive of 2502 MiB has to be copied below 4 GiB, where this machine has 2048 MiB; pack it with ck build"
rm -r big big.cpio odd.cpio
if [ "$(id -u)" != 0 ]; then
    chmod 0 root/empty
    refuse "a file that cannot be read is named" root "root/empty: cannot read"
    chmod 644 root/empty
fi

# ---- one program ----
printf '\x7fELF' >torn; chmod +x torn
FAKE_QEMU=initrd "$ck" run ./torn >a.cpio 2>err
is "a torn program never gets to an archive" "$?" 126

# ---- tars ----
rm -rf root/fifo
for format in gnu posix ustar v7; do
    [ $format = ustar ] && rm root/long-link # older formats have no room for it
    tar -C root --format=$format --owner=0 --group=0 --sort=name -cf $format.tar .
    archive $format.tar
    is "a $format tar is taken" $? 0
    rm -rf unpacked; mkdir unpacked
    (cd unpacked && cpio -idm --quiet <../a.cpio)
    is "and comes out as it went in" "$(diff -r --no-dereference root unpacked; stat -c %a unpacked/tmp)" 1777
    is "with its hard links" "$(stat -c %i unpacked/second)" "$(stat -c %i unpacked/bin/prog)"
done
python3 - <<'PYTHON'
import io, tarfile

def make(name, entries, format=tarfile.GNU_FORMAT, **options):
    with tarfile.open(name, "w", format=format, **options) as tar:
        for path, kind, value in entries:
            info = tarfile.TarInfo(path)
            info.type = kind
            data = None
            if kind == tarfile.REGTYPE:
                info.size = len(value)
                data = io.BytesIO(value)
            elif value:
                info.linkname = value
            tar.addfile(info, data)

FILE, DIR, SYM, LINK = tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE
long_name = "/".join(["directory-with-a-long-name-%02d" % i for i in range(20)]) + "/file"
for format, name in ((tarfile.GNU_FORMAT, "long-gnu"), (tarfile.PAX_FORMAT, "long-pax")):
    make(name + ".tar", [(long_name, FILE, b"long"), ("link", SYM, long_name), ("hard", LINK, long_name)], format)
make("parents.tar", [("a/b/c", FILE, b"x")])
make("twice.tar", [("a", FILE, b"first"), ("a", FILE, b"second"), ("d", DIR, None), ("d", DIR, None)])
make("absolute.tar", [("/bin/prog", FILE, b"x"), ("./lib//x", FILE, b"x")])
make("escape.tar", [("../../etc/passwd", FILE, b"x")])
make("escape-inside.tar", [("a/../../b", FILE, b"x")])
make("through-link.tar", [("a", SYM, "/etc"), ("a/passwd", FILE, b"x")])
make("through-file.tar", [("a", FILE, b"x"), ("a/b", FILE, b"x")])
make("file-over-dir.tar", [("a/b", FILE, b"x"), ("a", FILE, b"x")])
make("dir-over-file.tar", [("a", FILE, b"x"), ("a", DIR, None)])
make("link-to-nothing.tar", [("a", LINK, "b")])
make("link-forward.tar", [("a", LINK, "b"), ("b", FILE, b"x")])
make("link-to-dir.tar", [("b", DIR, None), ("a", LINK, "b")])
make("link-escape.tar", [("a", LINK, "../b")])
make("root-file.tar", [("./", FILE, b"")])
make("long-component.tar", [("x" * 256, FILE, b"x")])
make("long-path.tar", [("x/" * 2100 + "y", FILE, b"x")], tarfile.PAX_FORMAT)
make("none.tar", [])
make("sparse.tar", [("a", tarfile.GNUTYPE_SPARSE, None)])
make("unknown.tar", [("a", b"Z", None)])
make("good.tar", [("bin/prog", FILE, b"program" * 300), ("etc", DIR, None)])
good = bytearray(open("good.tar", "rb").read())

def write(name, data): open(name + ".tar", "wb").write(data)
def patched(at, data, base=good):
    copy = bytearray(base)
    copy[at:at + len(data)] = data
    copy[148:156] = b" " * 8
    copy[148:156] = b"%06o\0 " % sum(copy[:512])
    return copy
write("torn-header", good[:300])
write("torn-data", good[:1000])
write("torn-end", good[:3584])
write("one-zero-block", good[:3584 + 512])
write("flipped", good[:10] + bytes([good[10] ^ 1]) + good[11:])
write("huge-size", patched(124, b"77777777777\0"))
write("base256-size", patched(124, b"\x80" + b"\0" * 3 + b"\x7f" * 8))
write("negative-size", patched(124, b"\xff" * 12))
write("letters-size", patched(124, b"12x4\0"))
write("letters-mode", patched(100, b"rwxr-x\0"))
write("no-name", patched(0, b"\0" * 100))
def pax(records):
    header = tarfile.TarInfo("pax")
    header.type, header.size = tarfile.XHDTYPE, len(records)
    return header.tobuf(tarfile.USTAR_FORMAT) + records + b"\0" * (-len(records) % 512) + bytes(good)
write("pax-bad-length", pax(b"99 path=x\n"))
write("pax-zero-length", pax(b"0 path=x\n"))
write("pax-no-equals", pax(b"8 pathx\n"))
write("pax-no-newline", pax(b"10 path=xx"))
write("pax-nul", pax(b"11 path=x\0\n"))
write("pax-size", pax(b"23 size=99999999999999\n"))
write("pax-size-letters", pax(b"12 size=abc\n"))
write("pax-negative-size", pax(b"11 size=-5\n"))
write("pax-sparse", pax(b"22 GNU.sparse.major=1\n"))
write("pax-uid", pax(b"20 uid=999999999999\n"))
write("pax-alone", pax(b"10 path=x\n")[:1024] + b"\0" * 1024)
PYTHON
for kind in gnu pax; do
    archive long-$kind.tar
    has "a path of 600 bytes is read ($kind)" "$(list)" "directory-with-a-long-name-19/file"
    has "and such a target" "$(list)" "link -> directory-with-a-long-name-00/"
done
archive parents.tar; is "missing parents are made" "$(names)" ". a a/b a/b/c "
archive twice.tar; is "the later of two wins" "$(names)$(cpio -i --quiet --to-stdout a <a.cpio)" ". a d second"
archive absolute.tar; is "leading slashes and dots are dropped" "$(names)" ". bin bin/prog lib lib/x "
archive one-zero-block.tar; is "one block of zeroes is an end" $? 0
refuse "a tar of nothing but an end is refused" none.tar "neither a tar"
refuse ".. is refused" escape.tar 'escape.tar: ../../etc/passwd: the path leads out'
refuse ".. inside a path is refused" escape-inside.tar 'leads out'
refuse "a file behind a symbolic link is refused" through-link.tar "a/passwd: its parent is not a directory"
refuse "a file behind a file is refused" through-file.tar "a/b: its parent is not a directory"
refuse "a file over a directory is refused" file-over-dir.tar "a directory and something else"
refuse "a directory over a file is refused" dir-over-file.tar "a directory and something else"
refuse "a hard link to nothing is refused" link-to-nothing.tar "not in front of it"
refuse "a hard link to a later entry is refused" link-forward.tar "not in front of it"
refuse "a hard link to a directory is refused" link-to-dir.tar "a hard link to a directory"
refuse "a hard link out of the tree is refused" link-escape.tar "leads out"
refuse "a name of 256 bytes is refused" long-component.tar "longer than 255"
refuse "a path of 4201 bytes is refused" long-path.tar "longer than 4095"
refuse "a sparse file is refused" sparse.tar "sparse"
refuse "an unknown type is refused" unknown.tar "unknown to ck"
refuse "a tar cut off in a header is refused" torn-header.tar "neither a tar"
refuse "a tar cut off in a file is refused" torn-data.tar "cut off"
refuse "a tar without its end is refused" torn-end.tar "cut off"
refuse "a flipped bit in a header is refused" flipped.tar "neither a tar"
for kind in huge-size base256-size negative-size letters-size letters-mode no-name; do
    archive $kind.tar
    is "refused: $kind" "$? $(grep -c "$kind.tar: broken at byte 0: " err)" "125 1"
done
for kind in bad-length zero-length no-equals no-newline nul size size-letters negative-size sparse uid alone; do
    archive pax-$kind.tar
    is "refused: a pax header, $kind" "$? $(grep -c "pax-$kind.tar: broken at byte " err)" "125 1"
done

# ---- cpio and others ----
(cd root && find . | sort | cpio -o -H newc --quiet) >good.cpio
archive good.cpio
is "a cpio archive is handed on as it is" "$(cmp a.cpio good.cpio 2>&1)" ""
lz4 -q -l good.cpio good.lz4
archive good.lz4
is "so is one compressed with lz4" "$(cmp a.cpio good.lz4 2>&1)" ""
lz4 -q good.cpio good-frame.lz4
archive good-frame.lz4
is "in either of its formats" "$(cmp a.cpio good-frame.lz4 2>&1)" ""
head -c 300 good.lz4 >torn.lz4
refuse "a torn lz4 is refused" torn.lz4 "torn.lz4: broken lz4: "
echo "not a cpio" | lz4 -q -l - text.lz4
refuse "an lz4 of something else is refused" text.lz4 "text.lz4: broken at byte 0 of its contents"
head -c 700 good.cpio >torn.cpio
refuse "a torn cpio is refused" torn.cpio "torn.cpio: broken at byte "
sed '1s/^\(.\{14\}\)./\1x/' good.cpio >bad.cpio
refuse "a cpio with letters for numbers is refused" bad.cpio "bad.cpio: broken at byte 0"
head -c 0 good.cpio >nothing
refuse "an empty file is refused" nothing "the file is empty"
(cd root && find . | cpio -o -H odc --quiet) >old.cpio
refuse "an old cpio is refused with a hint" old.cpio "cpio -H newc"
gzip -k good.tar
archive good.tar plain-tar.cpio
archive good.tar.gz packed-tar.cpio
is "a .tar.gz is what is in it" "$(cmp plain-tar.cpio packed-tar.cpio 2>&1)" ""
xz -k good.tar 2>/dev/null && refuse "a .tar.xz is refused with a hint" good.tar.xz "unxz"
xz -k good.tar 2>/dev/null && refuse "a .tar.xz is refused with a hint" good.tar.xz "unxz"
refuse "a text is refused" kernel.elf "neither a tar nor a cpio"
refuse "a program is refused with a hint" "$CK_QEMU" "without --rootfs"
refuse "a device is refused" /dev/null "neither a file nor a folder"

# ---- ck build ----
"$ck" build --rootfs root -o built.cpio 2>err
is "ck build succeeds" "$? $(cat err)" "0 "
archive root
is "and writes what ck run would use" "$(cmp a.cpio built.cpio 2>&1)" ""
is "readable as the umask says" "$(stat -c %a built.cpio)" "$(printf '%o' $((0666 & ~$(umask))))"
"$ck" build --rootfs escape.tar -o built.cpio 2>err
is "what fails leaves the old file" "$? $(cmp a.cpio built.cpio 2>&1)" "125 "
is "and no other" "$(ls built.cpio*)" built.cpio
"$ck" build --rootfs root -o nowhere/x.cpio 2>err
is "an output that cannot be written is named" "$? $(grep -c 'nowhere/x.cpio: cannot write' err)" "125 1"
"$ck" build --rootfs root 2>err
is "ck build without -o is refused" $? 125
"$ck" build --rootfs good.cpio -o x 2>err
is "a cpio archive need not be built" "$? $(grep -c 'already' err)" "125 1"

echo "1..$tests"
exit $((failures > 0))
