#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Random system calls for `make fuzz`: at least CALLS of them in all, alone and racing each other, on one CPU and on two,
# with a release and a debug kernel. None may bring the kernel down, stop it, or leave memory behind. Prints TAP.
# Usage: call_storms_run.sh CK GUEST_PROGRAMS BUILD CALLS [FIRST_SEED]
set -u
. "$(dirname "$0")/tap.bash"
. "$(dirname "$0")/call_storms.bash"
export LC_ALL=C
ck=$(realpath "$1") programs=$(realpath "$2") build=$(realpath "$3") wanted=$4 seed=${5:-1}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

PIECE=50000 # calls of one machine
made=0
piece() { # KERNEL CPUS PROGRAM
    storm "$1" "$2" "$3" "$seed" $PIECE
    is "$3, seed $seed, $2 CPUs, ${1%/*}: $said" "$storm" ""
    [ -z "$storm" ] || tail -20 err log | cat -v | sed 's/^/# /'
    made=$((made + PIECE))
}
while ((made < wanted)); do
    for kernel in kernel.elf kernel/debug-gcc/kernel.elf; do
        piece $kernel 1 random_calls
        piece $kernel 1 racing_calls
        piece $kernel 2 racing_calls
    done
    seed=$((seed + 1))
done
echo "# $made calls"
echo "1..$tests"
exit $((failures > 0))
