#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# OCI images, by looking at the archive and the command line the machine would get (fake_qemu.c hands them back).
# Prints TAP. Usage: ck_oci_test.sh CK FAKE_QEMU
set -u
. "$(dirname "$0")/tap.bash"
export LC_ALL=C
ck=$(realpath "$1")
export CK_QEMU=$(realpath "$2")
make_layout=$(dirname "$(realpath "$0")")/make_layout.py
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
export CK_KERNEL=$work/kernel.elf
echo kernel >kernel.elf

layout() { rm -rf "$1" && python3 "$make_layout" "$@"; }
# words ROOTFS [ARGUMENTS...]: of the kernel's command line, from the image's on
words() { FAKE_QEMU=cmdline timeout 20 "$ck" run --rootfs "$@" 2>&1 </dev/null | grep -o '\(cwd\|user\|env\)=.*\|-- .*\|ck: .*' | head -1; }
files() { "$ck" build --rootfs "$1" -o x.cpio && cpio -it --quiet <x.cpio | sort | tr '\n' ' '; }
content() { rm -rf x && mkdir x && (cd x && cpio -i --quiet "$1" <../x.cpio && cat "$1"); }
# refuse NAME KIND REASON
refuse() {
    layout bad "$2"
    FAKE_QEMU=exit:0 "$ck" run --rootfs bad 2>err
    local status=$?
    if [ $status = 125 ]; then has "$1" "$(cat err)" "$3"; else is "$1" "$status $(cat err)" 125; fi
}

# ---- what is in it ----
wanted=". back bin bin/prog emptied emptied/new etc etc/group etc/passwd file file/inside folder hard kept lib usr usr/lib usr/lib/so "
layout image good
is "layers lie over one another, and whiteouts take away" "$(files image)" "$wanted"
is "a file takes the place of a folder" "$(content folder)" "a file now"
is "what a layer brings outlives its own whiteout" "$(content back)" "new"
is "a hard link reaches into the layer below" "$(stat -c %h x/back; rm -rf x; mkdir x; (cd x && cpio -id --quiet <../x.cpio; stat -c %h bin/prog))" "1
2"
layout image good zstd
is "layers may be packed with gzip and zstd" "$(files image)" "$wanted"
tar cf image.tar -C image .
is "a layout may be in a tar" "$(files image.tar)" "$wanted"
gzip -k image.tar
is "which may be packed, too" "$(files image.tar.gz)" "$wanted"

# ---- what is started ----
is "the image says what is started, where, as whom and with what" "$(words image)" \
    'cwd=/work user=33:77 env=PATH=/sbin:/bin env=A=1 env=B=2 -- /bin/prog one "two words"'
is "words of the command line take the place of the image's" "$(words image other x)" \
    'cwd=/work user=33:77 env=PATH=/sbin:/bin env=A=1 env=B=2 -- other x'
is "so do variables, the folder and the user" "$(words image -e A=3 -e C=4 -w /etc -u 5:6)" \
    'cwd=/etc user=5:6 env=PATH=/sbin:/bin env=A=3 env=B=2 env=C=4 -- /bin/prog one "two words"'
is "a user by name has the group of /etc/passwd" "$(words image -u web | grep -o 'user=[0-9:]*')" user=33:44
is "so has one by number" "$(words image -u 33 | grep -o 'user=[0-9:]*')" user=33:44
is "a user that is not there is refused" "$(words image -u nobody)" "ck: user nobody: not in /etc/passwd or /etc/group of the root file system"
is "so is a folder that is not there" "$(words image -w /none)" "ck: the program cannot begin in /none: not a folder of the root file system"
is "a path that is not absolute is refused" "$(words image -w etc)" "ck: --workdir etc: not an absolute path"
mkdir -p plain/bin; echo x >plain/bin/tool; chmod +x plain/bin/tool
is "a program without a slash is looked for in any root" "$(words plain tool a)" "-- /bin/tool a"
is "a folder names no program" "$(words plain)" "ck: run: which program? See ck run --help"
layout image two
is "of two images one has to be named" "$(words image)" "ck: image: there is more than one image; say which with --rootfs image:NAME: first second"
is "and then is taken" "$(words image:second x)" 'cwd=/work user=33:77 env=PATH=/sbin:/bin env=A=1 env=B=2 -- x'
is "one that is not there is refused" "$(words image:third)" "ck: image: there is no image third for amd64; those with a name are: first second"
is "a name is for layouts" "$(words plain:first x)" "ck: plain: no OCI layout, so there is no image first in it"
if command -v skopeo >/dev/null; then
    skopeo copy -q oci:image:first oci-archive:copied.tar
    is "what skopeo copied is the same" "$(files copied.tar)" "$wanted"
fi

# ---- bad images ----
refuse "an image for arm64 is refused" arm "an image for another architecture than amd64"
refuse "a blob with one wrong byte is refused" wrong-digest "is not what its digest says"
refuse "a blob of another size is refused" wrong-size "instead of"
refuse "a missing blob is named" missing "is missing"
refuse "a digest of another kind is refused" sha512 "not sha256"
refuse "a layer that is no tar is refused" no-tar "layer"
refuse "malformed JSON is refused" bad-json "index: malformed JSON"
refuse "a configuration with other layers is refused" layers "another number of layers"
refuse "a path that leads out is refused" escape '".."'
refuse "indexes in indexes without end are refused" deep "without end"
echo x | gzip >half.gz; head -c 15 half.gz >torn.tar.gz
is "a torn gzip is refused" "$(words torn.tar.gz x)" "ck: torn.tar.gz: broken gzip: it ends too early"
echo x | zstd -q | head -c 8 >torn.tar.zst
is "a torn zstd is refused" "$(words torn.tar.zst x)" "ck: torn.tar.zst: broken zstd: it ends too early"

echo "1..$tests"
exit $((failures > 0))
