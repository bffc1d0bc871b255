#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every header compiles alone, with both compilers: what it needs, it includes.
# Kernel, lib and abi headers are compiled as the kernel is, the rest as programs are.
# Usage: check_headers.sh  (from the root; GCC and CLANG name the compilers)
set -eu

warnings='-std=gnu17 -fsyntax-only -Wall -Wextra -Werror -Wstrict-prototypes -Wundef -I. -Ibuild'
kernel="$warnings -ffreestanding -fno-pic -mno-red-zone -mgeneral-regs-only -Ikernel"
# Headers of lwIP are foreign.
kernel="$kernel -Ikernel/net/lwip -isystem build/lwip/include"

# Prints nothing when the header is fine.
check() { # FLAGS HEADER
    for compiler in "${GCC:-gcc}" "${CLANG:-clang-19}"; do
        # The flags are a list, so they are split on purpose.
        # shellcheck disable=SC2086
        if ! output=$(printf '#include "%s"\n' "$2" | $compiler $1 -I"$(dirname "$2")" -x c - 2>&1); then
            printf '%s does not compile alone with %s:\n%s\n' "$2" "$compiler" "$output"
            return 1
        fi
    done
}

status=0
for header in $(find kernel lib abi -name '*.h' | sort); do
    check "$kernel" "$header" || status=1
done
for header in $(find host demos tests bench -name '*.h' 2>/dev/null | sort); do
    check "$warnings -Ikernel -D_GNU_SOURCE" "$header" || status=1
done
exit $status
