#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The vDSO: as the linkers made it, and as C libraries use it without being told. What its functions answer is
# compared with Linux by tests/conformance/vdso.c. Prints TAP. Usage: vdso_test.sh CK GUEST_DIR BUILD_DIR
set -u
. "$(dirname "$0")/tap.bash"
export LC_ALL=C
ck=$1 guest=$2 build=$3

names="clock_getres clock_gettime getcpu gettimeofday time"
for compiler in gcc clang-19; do
    so=$build/kernel/release-$compiler/vdso.so
    symbols=$(readelf -sW --dyn-syms "$so" | awk '$4 == "FUNC" && $7 != "UND" { print $5, $6, $8 }' | sort)
    wanted=$(for n in $names; do
        echo "GLOBAL DEFAULT __vdso_$n@@LINUX_2.6"
        echo "WEAK DEFAULT $n@@LINUX_2.6"
    done | sort)
    is "$compiler: the functions, their names and versions" "$symbols" "$wanted"
    is "$compiler: nothing is undefined" "$(readelf -sW --dyn-syms "$so" | awk '$7 == "UND" && $8 != ""')" ""
    is "$compiler: nothing is relocated" "$(readelf -rW "$so" | grep -v '^$')" "There are no relocations in this file."
    is "$compiler: one segment is loaded, for reading and executing" \
        "$(readelf -lW "$so" | awk '$1 == "LOAD" { print $7 $8 }')" RE
    is "$compiler: it fits a page" "$(($(stat -c %s "$so") <= 4096))" 1
    is "$compiler: both hash tables" "$(readelf -dW "$so" | grep -c 'HASH)')" 2
    # From its first instruction to its return, with the clock known.
    is "$compiler: clock_gettime in at most 30 instructions" \
        "$(objdump -d --no-show-raw-insn "$so" | awk '/<__vdso_clock_gettime.*>:$/ { inside = 1; next }
            inside && /\t/ { n++ } inside && /\tret/ { print n <= 30 ? "yes" : n; exit }')" yes
done

for library in musl glibc pie; do
    costs=$("$ck" run --icount "$guest/operations.$library" 2>&1)
    cost=$(sed -n 's/^clock_gettime, by the C library\t//p' <<<"$costs")
    # A system call alone is more than twice as much.
    is "$library reads the clock without a system call" "$((${cost:-999} <= 65)) $cost" "1 $cost"
    is "$library: the pages can be written to, moved and unmapped" "$("$ck" run "$guest/vdso_memory.$library" 2>&1)" done
done

echo "1..$tests"
exit $((failures > 0))
