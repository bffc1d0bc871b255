#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A machine halted at its first instruction, under gdb with the kernel's symbols and tools/gdb's commands.
# Usage: debug.sh KERNEL CK PROGRAM [GDB ARGS...]
#
# KERNEL has debug information. PROGRAM becomes the only file of the root, as with `ck run PROGRAM`; ARGS
# in the environment are its arguments, CMDLINE more options of the kernel's command line. MACHINE is
# microvm or q35, CONSOLE the file for the serial console (default: the terminal, when there is one).
#
# gdb itself starts QEMU and talks to it through a pipe: no port to choose, and no machine is left behind.
set -euo pipefail

if [ $# -lt 3 ]; then
    echo "usage: debug.sh KERNEL CK PROGRAM [GDB ARGS...]" >&2
    exit 2
fi
kernel=$(realpath "$1") ck=$2 program=$3
shift 3
for file in "$kernel" "$program"; do
    [ -r "$file" ] || { echo "debug: $file: cannot read" >&2; exit 1; }
done
command -v gdb >/dev/null || { echo "debug: gdb is missing: apt-get install gdb" >&2; exit 1; }
console=${CONSOLE:-$(tty || echo /dev/null)}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
name=$(basename "$program")
mkdir "$work/root" "$work/root/tmp"
cp "$program" "$work/root/$name"
"$ck" build --rootfs "$work/root" -o "$work/root.cpio"

# gdb hands its command to a shell, and a file needs no quoting.
{
    echo '#!/bin/bash'
    printf '%q ' exec qemu-system-x86_64 -M "${MACHINE:-microvm}" -accel tcg -cpu max -m 128M \
        -nodefaults -no-user-config -display none -no-reboot -S -gdb stdio \
        -kernel "$kernel" -initrd "$work/root.cpio" -serial "file:$console" \
        -device isa-debug-exit,iobase=0xf4,iosize=4 \
        -append "log=debug debug_exit=0xf4 ${CMDLINE:+$CMDLINE }-- /$name${ARGS:+ $ARGS}"
} >"$work/qemu"
chmod +x "$work/qemu"

cat >"$work/start.gdb" <<EOF
set confirm off
set pagination off
target remote | exec $work/qemu
echo Halted at reset. "continue" boots, "ck-help" lists the kernel's commands.\\n
EOF
tools=$(dirname "$(realpath "$0")")
gdb -q -nx "$kernel" -x "$tools/gdb/cloudkernel.py" -x "$work/start.gdb" "$@"
