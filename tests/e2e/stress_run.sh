#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Threads, processes and signals under load on two processors, for SECONDS in all: tests/guest/stress.c with one
# seed after the other, both C libraries in turn, and between them the programs of threads_test.sh with more work.
# Prints TAP; `make stress` runs it for ten minutes, with the release kernel and then with the one whose checks of
# lock order and stacks are on. Usage: stress_run.sh CK GUEST_DIR SECONDS [KERNEL...]
set -u
. "$(dirname "$0")/tap.bash"
export LC_ALL=C
ck=$(realpath "$1") guest=$(realpath "$2") seconds=$3
shift 3
kernels=()
for kernel; do [ -z "$kernel" ] || kernels+=("$(realpath "$kernel")"); done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

PIECE_S=60        # one run of stress
LEFT_KIB_MAX=1024 # what may be less free after it: caches, no row of leaks

# run WHAT PROGRAM [ARGUMENT...]: into out; it must end with 0 and say nothing on standard error
run() {
    local what=$1 program=$2 status
    shift 2
    timeout $((PIECE_S * 5)) "$ck" run --cpus 2 --log log "$guest/$program" "$@" >out 2>err </dev/null
    status=$?
    is "$what: $program $*" "$status $(cat err)" "0 "
    [ $status = 0 ] || { cat out; tail -30 log; } | sed 's/^/# /'
}
stress() { # WHAT LIBRARY SECONDS SEED
    run "$1" "stress.$2" "$3" "$4"
    local rounds wrong less
    read -r rounds _ wrong _ less _ < <(tail -1 out)
    is "no round of ${rounds:-none} was wrong" "${wrong:-none}" 0
    is "nothing leaks: at most $LEFT_KIB_MAX KiB" "$((${less:-1000000} <= LEFT_KIB_MAX)) ${less-}" "1 ${less-}"
}

end=$((SECONDS + seconds)) seed=1
while ((SECONDS < end || seed == 1)); do
    if [ ${#kernels[@]} -gt 0 ]; then
        export CK_KERNEL=${kernels[seed % ${#kernels[@]}]}
        what=$(basename "$(dirname "$CK_KERNEL")")
    else
        what=release
    fi
    left=$((end - SECONDS))
    piece=$((left < PIECE_S ? (left > 4 ? left : 4) : PIECE_S))
    if ((seed % 2)); then library=musl; else library=glibc; fi
    stress "$what, seed $seed" $library $piece $seed
    if ((seconds >= PIECE_S)); then
        run "$what" "pthreads.$library" 5
        run "$what" openmp.glibc 2 4 8
    fi
    seed=$((seed + 1))
done

echo "1..$tests"
exit $((failures > 0))
