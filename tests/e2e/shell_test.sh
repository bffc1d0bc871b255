#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Shells and the tools around them, as Debian has them: the scripts of tests/e2e/shell run in the same root directory on
# this Linux, in a namespace of its own, and under `ck run`; what they print and their exit status must be the same.
# Prints TAP. Usage: shell_test.sh CK GUEST_PROGRAMS BUILD
set -u
. "$(dirname "$0")/tap.bash"
export LC_ALL=C
ck=$(realpath "$1")
[ -z "${CK_KERNEL-}" ] || CK_KERNEL=$(realpath "$CK_KERNEL")
root=$(realpath "$3")/roots/shell
scripts=$(dirname "$(realpath "$0")")/shell
work=$(mktemp -d "$3/shell_test.XXXXXX") # where links to the root's files can be
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

# Its files are the root's, by links: nothing may be written but what is new.
cp -al "$root" root && cp "$scripts"/* root/root/ || exit 1
environment=(LC_ALL=C PATH=/usr/bin:/bin HOME=/root)

# shellcheck disable=SC2016 # for the inner shell
in_namespace='mount --rbind /dev root/dev && mount -t proc proc root/proc && exec chroot root /usr/bin/env -i "$@"'
if ! unshare --mount --pid --fork sh -c "$in_namespace" sh /bin/true 2>why; then
    echo "# $(cat why)"
    echo "1..0 # SKIP this Linux gives no namespace to run the root in"
    exit 0
fi

# on_linux COMMAND...; on_ck COMMAND...: leave what was printed, and the status
on_linux() {
    find root/tmp -mindepth 1 -delete
    timeout -k 5 100 unshare --mount --pid --fork sh -c "$in_namespace" sh "${environment[@]}" "$@" \
        </dev/null 2>&1 | cat >linux.out
    echo "exit status ${PIPESTATUS[0]}" >>linux.out
    find root/tmp -mindepth 1 -delete
}
on_ck() {
    local options=()
    for variable in "${environment[@]}"; do options+=(--env "$variable"); done
    timeout -k 5 100 "$ck" run --memory 1G --log ck.log --rootfs root "${options[@]}" "$@" </dev/null 2>&1 | cat >ck.out
    echo "exit status ${PIPESTATUS[0]}" >>ck.out
}
# same NAME LINES COMMAND...: at least so many lines are compared
same() {
    local name=$1 lines=$2
    shift 2
    on_linux "$@"
    on_ck "$@"
    diff -a linux.out ck.out >difference
    is "$name" "$? $(head -40 difference)" "0 "
    is "$name: there was something to compare" "$(($(wc -l <linux.out) >= lines))" 1
}
same "dash, and what scripts do all day" 80 /bin/dash /root/everyday
same "the same in bash" 80 /bin/bash /root/everyday
same "what only bash does" 30 /bin/bash /root/bash
same "busybox" 30 /bin/busybox sh /root/busybox
same "a tree of 10,000 files" 60 /bin/dash /root/tree

echo "1..$tests"
exit $((failures > 0))
