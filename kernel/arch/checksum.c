/* SPDX-License-Identifier: Apache-2.0 */
#include "arch/checksum.h"

/* One chain of additions with carry: the compilers make three instructions of each step of it. */
uint64_t arch_sum64(const void *data, size_t bytes, uint64_t sum)
{
    const char *at = data, *end = at + bytes;
    while (at != end) {
        __asm__("addq (%1), %0\n\t"
                "adcq 8(%1), %0\n\t"
                "adcq 16(%1), %0\n\t"
                "adcq 24(%1), %0\n\t"
                "adcq 32(%1), %0\n\t"
                "adcq 40(%1), %0\n\t"
                "adcq 48(%1), %0\n\t"
                "adcq 56(%1), %0\n\t"
                "adcq $0, %0"
                : "+r"(sum)
                : "r"(at), "m"(*(const char(*)[64])at)
                : "cc");
        at += 64;
    }
    return sum;
}
