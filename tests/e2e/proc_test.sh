#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# /proc tells the truth about memory: what it says agrees with itself, with what a program did, and with the
# machine. Prints TAP. Usage: proc_test.sh CK GUEST_PROGRAMS
set -u
. "$(dirname "$0")/tap.bash"
export LC_ALL=C
ck=$(realpath "$1")
[ -z "${CK_KERNEL-}" ] || CK_KERNEL=$(realpath "$CK_KERNEL")
programs=$(realpath "$2")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

# ---- a program that knows ----
for kind in musl glibc; do
    timeout 60 "$ck" run --log log "$programs/memory_report.$kind" 60000 >out 2>err </dev/null
    is "the program that compares ends well ($kind)" "$? $(cat err)" "0 "
    is "and has compared all it should" "$(grep -c ': yes$\|: NO$' out)" 119
    while IFS= read -r line; do is "${line%: *} ($kind)" "${line##*: }" yes; done <out
done

# ---- the machine's memory is the machine's, whatever the container may have ----
# show FILE [ck run's arguments...]: leaves out
show() {
    local file=$1
    shift
    timeout 60 "$ck" run "$@" "$programs/memory_report.musl" show "$file" >out 2>err </dev/null
}
total() { sed -n 's/^MemTotal: *\([0-9]*\) kB$/\1/p' out; }
show /proc/meminfo --memory 256M
all=$(total)
is "MemTotal is the machine's, less the kernel" "$((all > 250 * 1024 && all <= 256 * 1024))" 1
show /proc/meminfo --memory 256M --memory-limit 16M
is "also when the container has a limit" "$(total)" "$all"
show /proc/meminfo --memory 3G
is "and in a larger machine" "$(($(total) > 3 * 1000 * 1024))" 1
is "the direct map is of the largest leaves" "$(grep -c '^DirectMap4k:  *0 kB$\|^DirectMap2M:  *0 kB$' out)" 2

# ---- lines come in Linux's order, by Linux's names ----
# Newer kernels have more of them, and some depend on how they were built.
order() { # FILE: the names here, in the order in which this Linux has them
    sed -n 's/^\([^:]*\):.*/\1/p' out | sort -u >names
    sed -n 's/^\([^:]*\):.*/\1/p' "$1" | grep -Fxf names
}
here() { sed -n 's/^\([^:]*\):.*/\1/p' out | grep -Fxf <(sed -n 's/^\([^:]*\):.*/\1/p' "$1"); }
for file in /proc/meminfo /proc/self/status /proc/self/smaps_rollup; do
    show $file
    is "$file has its lines in Linux's order" "$(here $file)" "$(order $file)"
    is "most of them" "$(($(here $file | wc -l) * 10 >= $(grep -c : $file) * 8))" 1
done

echo "1..$tests"
exit $((failures > 0))
