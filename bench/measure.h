/* SPDX-License-Identifier: Apache-2.0 */
/* How the programs here count what an operation costs: the median of many rounds, each between two readings
 * of the TSC, which is the number of instructions executed (docs/decisions/0006-counting-instructions.md),
 * with the cost of measuring an empty function taken off. The loading of arguments is included.
 *
 * System calls are made directly: what the C library adds is not the kernel's. */
#pragma once
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROUNDS_MAX = 101 };

struct operation {
    const char *name;
    long (*operation)(void); /* negative: it failed */
    void (*before)(void);    /* not counted; may be NULL */
    int rounds;
};

static inline uint64_t tsc(void)
{
    uint64_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
    return high << 32 | low;
}

static inline long call(long number, long a, long b, long c, long d, long e, long f)
{
    long result;
    register long r10 __asm__("r10") = d, r8 __asm__("r8") = e, r9 __asm__("r9") = f;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}
static inline long call3(long number, long a, long b, long c)
{
    long result;
    __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
    return result;
}

static inline int compare_costs(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Not inlined, so that every operation is called in the same way. */
static __attribute__((noinline)) uint64_t median_cost(const struct operation *o)
{
    uint64_t costs[ROUNDS_MAX];
    for (int i = 0; i < o->rounds; i++) {
        if (o->before) o->before();
        uint64_t start = tsc();
        long result = o->operation();
        costs[i] = tsc() - start;
        if (result < 0) {
            fprintf(stderr, "%s: %ld\n", o->name, result);
            exit(1);
        }
    }
    qsort(costs, (size_t)o->rounds, sizeof costs[0], compare_costs);
    return costs[o->rounds / 2];
}

static long do_nothing(void) { return 0; }

/* Prints "name<TAB>count". */
static inline void report(const struct operation *o)
{
    static const struct operation nothing = { "", do_nothing, NULL, ROUNDS_MAX };
    printf("%s\t%llu\n", o->name, (unsigned long long)(median_cost(o) - median_cost(&nothing)));
}
