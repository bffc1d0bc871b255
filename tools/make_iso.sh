#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# An ISO that boots KERNEL with INITRD through GRUB and multiboot2, on BIOS and UEFI, from CD or disk.
# Usage: make_iso.sh KERNEL INITRD OUT [WORD...]
#
# The words are the kernel's command line as the kernel is to see them: quoting is done here and by GRUB.
#
# The same input gives the same bytes: SOURCE_DATE_EPOCH (default: 2024-01-01) is the date of everything in it.
set -euo pipefail

if [ $# -lt 3 ]; then
    echo "usage: make_iso.sh KERNEL INITRD OUT [WORD...]" >&2
    exit 2
fi
kernel=$1 initrd=$2 out=$3
shift 3
for file in "$kernel" "$initrd"; do
    [ -r "$file" ] || { echo "make_iso: $file: cannot read" >&2; exit 1; }
done
for tool in grub-mkrescue xorriso mformat; do
    command -v $tool >/dev/null || {
        echo "make_iso: $tool is missing: apt-get install grub-common grub-pc-bin grub-efi-amd64-bin xorriso mtools" >&2
        exit 1
    }
done

# GRUB takes a word apart at blanks, quotes, $ and more; inside single quotes it takes everything as it is,
# and a single quote is written '\''.
grub_word() {
    local text=${1//\'/\'\\\'\'}
    printf " '%s'" "$text"
}
words=
for word in "$@"; do words+=$(grub_word "$word"); done

export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-1704067200}
export LC_ALL=C TZ=UTC
# What xorriso would make up from the time of day: the volume's id and date, by which GRUB finds its disk.
date_digits=$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y%m%d%H%M%S00)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/iso/boot/grub" "$work/bin"
cp "$kernel" "$work/iso/boot/kernel.elf"
cp "$initrd" "$work/iso/boot/initrd"
# The serial number of the UEFI boot partition is the time of day unless one is given, and
# grub-mkrescue gives none.
cat >"$work/bin/mformat" <<EOF
#!/bin/sh
exec '$(command -v mformat)' -N 434b0001 "\$@"
EOF
chmod +x "$work/bin/mformat"
cat >"$work/iso/boot/grub/grub.cfg" <<EOF
serial --unit=0 --speed=115200
terminal_input console serial
terminal_output console serial
insmod all_video
set gfxpayload=1024x768x32,1024x768,auto
set timeout=0
set default=0
menuentry CloudKernel {
    multiboot2 /boot/kernel.elf$words
    module2 /boot/initrd
}
EOF
find "$work/iso" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +

if ! PATH="$work/bin:$PATH" grub-mkrescue -o "$out" "$work/iso" -- -volume_date uuid "$date_digits" \
    -volume_date all_file_dates "=$SOURCE_DATE_EPOCH" >"$work/log" 2>&1; then
    cat "$work/log" >&2
    rm -f "$out"
    exit 1
fi
