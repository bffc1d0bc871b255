#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The bootable ISO under SeaBIOS and UEFI firmware: GRUB loads kernel and archive, the program runs, its
# output is on the serial port and on the screen, and the machine ends by itself. Prints TAP.
# Usage: iso_test.sh KERNEL ARCHIVE EXPECTED PROGRAM [ARGUMENTS...]
#
# EXPECTED is a line that the program prints.
set -u
. "$(dirname "$0")/tap.bash"
export LC_ALL=C
tools=$(realpath "$(dirname "$0")/../../tools")
kernel=$(realpath "$1")
archive=$(realpath "$2")
expected=$3
shift 3
uefi_code=/usr/share/OVMF/OVMF_CODE_4M.fd
uefi_variables=/usr/share/OVMF/OVMF_VARS_4M.fd
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

"$tools/make_iso.sh" "$kernel" "$archive" image.iso log=info on_exit=reset -- "$@" || exit 1

# boot NAME MEMORY [QEMU's arguments...]: the serial port is in NAME.serial, the screen in NAME.ppm. The
# machine resets at the program's end, which stops QEMU in its tracks (-action): the screen can still be
# seen then. Its status goes to $ended.
boot() {
    local name=$1 memory=$2
    shift 2
    rm -f "$name.serial"
    timeout 120 python3 - "$name" "${CK_QEMU:-qemu-system-x86_64}" -m "$memory" -accel tcg -cpu max -no-user-config \
        -nodefaults -vga std -display none -action reboot=shutdown,shutdown=pause -serial "file:$name.serial" \
        -qmp stdio "$@" <<'PYTHON' >"$name.end" 2>"$name.err"
import json, subprocess, sys

name, command = sys.argv[1], sys.argv[2:]
qemu = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
def tell(execute, **arguments):
    qemu.stdin.write(json.dumps({"execute": execute, "arguments": arguments}) + "\n")
    qemu.stdin.flush()
def wait(key, value=None):
    for line in qemu.stdout:
        message = json.loads(line)
        if key in message and value in (None, message[key]): return message
    sys.exit("QEMU ended early")
try:
    wait("QMP")
    tell("qmp_capabilities")
    wait("return")
    reason = wait("event", "SHUTDOWN")["data"]["reason"]
    tell("screendump", filename=name + ".ppm")
    wait("return")
    tell("quit")
    qemu.wait()
    print(reason)
finally:
    qemu.kill()
PYTHON
    ended=$(cat "$name.end")
}
# Whether NAME.ppm shows lines of text: more than the one that GRUB leaves there.
screen() {
    python3 - "$1" <<'PYTHON'
import sys
from collections import Counter
with open(sys.argv[1], "rb") as f:
    assert f.readline() == b"P6\n"
    width, height = map(int, f.readline().split())
    f.readline()
    data = f.read()
pixels = Counter(data[i:i + 3] for i in range(0, len(data), 3))
background, count = pixels.most_common(1)[0]
lit = width * height - count
stride = width * 3
lines = sum(data[at:at + stride] != background * width for at in range(0, len(data), stride))
print("text" if width >= 640 and lines >= 40 and 500 < lit < width * height // 2 else
      "%dx%d, %d pixels in %d lines are lit" % (width, height, lit, lines))
PYTHON
}
check() { # NAME DESCRIPTION LOADER
    is "$2: the machine resets at the end" "$ended $(head -3 "$1.err")" "guest-reset "
    is "$2: the program's output is on the serial port" "$(tr -d '\r' <"$1.serial" | grep -acxF -- "$expected")" 1
    is "$2: the loader was $3" "$(grep -ac "loaded by $3," "$1.serial")" 1
    is "$2: no panic" "$(grep -aic panic "$1.serial")" 0
    is "$2: there is text on the screen" "$(screen "$1.ppm")" text
    [ $failures = 0 ] || tail -20 "$1.serial" | tr -d '\r\033' | sed 's/^/# /'
}

boot bios-q35 256M -M q35 -cdrom image.iso
check bios-q35 "BIOS, q35, CD" multiboot2
boot bios-pc 256M -M pc -cdrom image.iso
check bios-pc "BIOS, pc, CD" multiboot2
boot bios-disk 256M -M q35 -drive file=image.iso,format=raw,if=none,id=disk -device ide-hd,drive=disk
check bios-disk "BIOS, q35, disk" multiboot2
boot text 256M -M q35 -kernel "$kernel" -initrd "$archive" -append "log=info on_exit=reset -- $*"
check text "QEMU's own loader, VGA text" PVH
if [ -r $uefi_code ] && [ -r $uefi_variables ]; then
    cp $uefi_variables variables.fd
    firmware=(-drive "if=pflash,format=raw,unit=0,readonly=on,file=$uefi_code"
        -drive "if=pflash,format=raw,unit=1,file=variables.fd")
    boot uefi 512M -M q35 "${firmware[@]}" -cdrom image.iso
    check uefi "UEFI, q35, CD" multiboot2
    cp $uefi_variables variables.fd
    boot uefi-disk 512M -M q35 "${firmware[@]}" -drive file=image.iso,format=raw,if=none,id=disk -device ide-hd,drive=disk
    check uefi-disk "UEFI, q35, disk" multiboot2
else
    echo "ok $((++tests)) - UEFI # SKIP $uefi_code is not installed (apt-get install ovmf)"
fi

echo "1..$tests"
exit $((failures > 0))
