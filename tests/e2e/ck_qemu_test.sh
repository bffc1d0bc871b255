#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# ck with a real QEMU and the smallest guest (ck_guest.S): the command line QEMU is given, the two
# serial ports, and counting. Prints TAP. Usage: ck_qemu_test.sh CK GUEST_ELF
set -u
. "$(dirname "$0")/tap.bash"
ck=$(realpath "$1")
export CK_KERNEL=$(realpath "$2")
unset CK_QEMU
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
mkdir root

# The guest's own figure: its last eight bytes.
counter() { tail -c 8 "$1" | od -An -tu8 | tr -d ' '; }

for machine in microvm q35; do
    timeout 60 "$ck" run --machine $machine --memory 16M --log log --rootfs root /prog 'a, b=c' $'\xff' >out 2>err </dev/null
    is "$machine: the guest's status comes through" "$? $(cat err)" "7 "
    is "$machine: its command line is ours" "$(head -c 300 out | tr -d '\0' | grep -o -- '-- /prog.*' | sed 's/xxx.*//')" \
        '-- /prog "a, b=c" "\xff"'
    is "$machine: its console is the log" "$(cat log)" "guest: up"
    is "$machine: a megabyte arrives whole" "$(tail -c 1048584 out | head -c 1048576 | tr -d x | wc -c)" 0
    for i in 1 2; do
        timeout 60 "$ck" run --icount --machine $machine --memory 16M --rootfs root /prog >count$i 2>err </dev/null
        is "$machine: counting works, run $i" "$? $(cat err)" "7 "
    done
    timeout 60 "$ck" run --icount --machine $machine --memory 16M --rootfs root /prog 2>err </dev/null |
        (sleep 1; cat) >count3
    is "$machine: two runs count the same" "$(counter count2)" "$(counter count1)"
    is "$machine: a slow reader does not change the count" "$(counter count3)" "$(counter count1)"
done
timeout 60 "$ck" run --qemu '-no-such-option' --rootfs root /prog >out 2>err </dev/null
is "QEMU's own complaint is shown" "$? $(grep -c 'no-such-option: invalid option' err)" "125 1"
truncate -s 200M root/large
timeout 60 "$ck" run --memory 256M --rootfs root /prog >out 2>err </dev/null
is "an archive of 200 MiB gets through" "$?" 7

echo "1..$tests"
exit $((failures > 0))
