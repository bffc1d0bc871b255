#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Every program of tests/conformance runs on this Linux and under `ck run`; what it prints and its exit
# status must be the same. Prints TAP. Usage: conformance_test.sh CK GUEST_PROGRAMS [NAME...]
set -u
export LC_ALL=C
ck=$(realpath "$1")
[ -z "${CK_KERNEL-}" ] || CK_KERNEL=$(realpath "$CK_KERNEL")
programs=$(realpath "$2")
shift 2
sources=$(dirname "$(realpath "$0")")/../conformance
names=("$@")
if [ ${#names[@]} = 0 ]; then
    for source in "$sources"/*.c; do names+=("$(basename "$source" .c)"); done
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

tests=0 failures=0
# result NAME STATUS: what there is to say lies in `why`
result() {
    tests=$((tests + 1))
    if [ "$2" = 0 ]; then
        echo "ok $tests - $1"
    else
        failures=$((failures + 1))
        echo "not ok $tests - $1"
        cat -v why | sed 's/^/# /'
    fi
}

# What the programs see on both sides. A C library picks its mathematics by the processor; without
# fused multiplication it picks the same on every processor.
environment=(HOME=/ "ODD=a b\"c" GLIBC_TUNABLES=glibc.cpu.hwcaps=-FMA,-FMA4,-AVX2_Usable)
arguments=('' 'with blank' $'\xff\x01\n"\\')

# Standard input is a pipe at its end; standard output and error are one pipe. The session is the
# program's own: one begun outside a process namespace has no number inside.
on_linux() {
    : | setsid --wait env -i "${environment[@]}" timeout -k 5 60 "$programs/$1" "$work/linux" "${arguments[@]}" 2>&1 | cat >linux.out
    echo "exit status ${PIPESTATUS[1]}" >>linux.out
    rm -rf linux
}
on_ck() {
    local options=()
    for variable in "${environment[@]}"; do options+=(--env "$variable"); done
    : | timeout -k 5 60 "$ck" run --log ck.log "${options[@]}" "$programs/$1" /work "${arguments[@]}" 2>&1 | cat >ck.out
    echo "exit status ${PIPESTATUS[1]}" >>ck.out
}
# This Linux has no huge pages to give, so what one said that had them is compared.
needs_huge_pages() {
    [ "$1" = mm_huge ] && [ "$(awk '/^HugePages_Free/ { print $2 }' /proc/meminfo)" -lt 8 ]
}
compare() { # NAME VARIANT
    if [ ! -x "$programs/$1.$2" ]; then
        echo "$programs/$1.$2 is missing" >why
        result "conformance: $1 ($2)" 1
        return
    fi
    if needs_huge_pages "$1"; then cp "$sources/$1.recorded" linux.out; else on_linux "$1.$2"; fi
    on_ck "$1.$2"
    cmp -s linux.out ck.out
    local same=$?
    [ $same = 0 ] || { diff -a linux.out ck.out | head -40; tail -20 ck.log; } >why 2>&1
    # A program that is wrong about Linux proves nothing.
    grep -a ': NO$' linux.out >no && same=1 && mv no why
    result "conformance: $1 ($2)" $same
}

for name in "${names[@]}"; do
    compare "$name" musl
    compare "$name" glibc
    # Position-independent programs differ in how they are placed, not in what they call.
    case $name in start | memory | language | pointers) compare "$name" pie ;; esac
done

echo "1..$tests"
exit $((failures > 0))
