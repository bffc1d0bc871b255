#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# OpenMP and POSIX threads on 1, 2 and 4 processors: unmodified programs, which check what they compute; those of
# tests/conformance in which threads and processes wait for files, messages and semaphores; and a few seconds of
# tests/e2e/stress_run.sh. Prints TAP. Usage: threads_test.sh CK GUEST_DIR
set -u
. "$(dirname "$0")/tap.bash"
export LC_ALL=C
here=$(dirname "$(realpath "$0")")
ck=$(realpath "$1") guest=$(realpath "$2")
[ -z "${CK_KERNEL-}" ] || CK_KERNEL=$(realpath "$CK_KERNEL")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

# same CPUS PROGRAM [ARGUMENT...]: it ends well, having said what it says on Linux
same() {
    local cpus=$1 program=$2 status
    shift 2
    timeout 120 "$ck" run --cpus "$cpus" --log log "$guest/$program" "$@" >out 2>err </dev/null
    status=$?
    is "$program $* ends well on $cpus CPUs" "$status $(cat err)" "0 "
    is "and is right" "$(cat out)" "$("$guest/$program" "$@" 2>&1)"
    [ $status = 0 ] || tail -20 log | sed 's/^/# /'
}
for cpus in 1 2 4; do
    same $cpus openmp.glibc 1 2 4
    same $cpus pthreads.musl
    same $cpus pthreads.glibc
done
is "each thing that OpenMP does is told" "$("$guest/openmp.glibc" 1 2 4 | grep -c ': right$')" 24
is "each that threads do" "$("$guest/pthreads.musl" | grep -c ': right$')" 16

# What waiters see does not depend on where they run.
for name in epoll_waiters waiting_readers sysv_ipc pipes unix_messages futexes; do
    on_linux=$("$guest/$name.musl" "$work/$name" 2>&1)
    for cpus in 2 4; do
        on_ck=$(timeout 120 "$ck" run --cpus $cpus --log log "$guest/$name.musl" "/$name" 2>&1 </dev/null)
        is "$name says the same on $cpus CPUs as on Linux" "$(diff <(echo "$on_linux") <(echo "$on_ck"))" ""
    done
done

stress=$("$here/stress_run.sh" "$ck" "$guest" 8 "${CK_KERNEL-}")
status=$?
is "a short stress: $(grep -c '^ok ' <<<"$stress") checks, none failed" "$status $(grep -v '^ok ' <<<"$stress")" \
    "0 1..$(grep -c '^ok ' <<<"$stress")"

echo "1..$tests"
exit $((failures > 0))
