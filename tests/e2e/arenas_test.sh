#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Heaps and arenas of both C libraries end up in huge pages. Prints TAP. Usage: arenas_test.sh CK GUEST_PROGRAMS
set -u
. "$(dirname "$0")/tap.bash"
export LC_ALL=C
ck=$(realpath "$1")
[ -z "${CK_KERNEL-}" ] || CK_KERNEL=$(realpath "$CK_KERNEL")
programs=$(realpath "$2")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

for kind in musl glibc; do
    timeout 60 "$ck" run "$programs/arenas.$kind" >out 2>err </dev/null
    status=$?
    is "the program that looks ends well ($kind)" "$status $(cat err)" "0 "
    is "and has seen all it should" "$(grep -c ': yes$\|: NO$' out)" 12
    while IFS= read -r line; do is "${line%: *} ($kind)" "${line##*: }" yes; done <out
done

echo "1..$tests"
exit $((failures > 0))
