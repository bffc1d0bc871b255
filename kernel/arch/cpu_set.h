/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of CPUs, by index. One word, so that a set is changed in one atomic step. */
#pragma once
#include "config.h"

typedef struct {
    uint64_t bits;
} cpu_set;
_Static_assert(CONFIG_CPUS_MAX <= 64, "a set of CPUs is one word");

#define CPU_SET_ALL  ((cpu_set){ ~0ull >> (64 - CONFIG_CPUS_MAX) })
#define CPU_SET_NONE ((cpu_set){ 0 })

static inline cpu_set cpu_set_of(uint32_t cpu) { return (cpu_set){ 1ull << cpu }; }
static inline bool cpu_set_has(cpu_set set, uint32_t cpu) { return set.bits >> cpu & 1; }
static inline bool cpu_set_is_empty(cpu_set set) { return !set.bits; }
static inline cpu_set cpu_set_both(cpu_set a, cpu_set b) { return (cpu_set){ a.bits & b.bits }; }
static inline cpu_set cpu_set_without(cpu_set set, uint32_t cpu)
{
    return (cpu_set){ set.bits & ~(1ull << cpu) };
}
static inline uint32_t cpu_set_count(cpu_set set)
{
    uint32_t count = 0;
    for (uint64_t left = set.bits; left; left &= left - 1) count++;
    return count;
}
/* Of a set that is not empty. */
static inline uint32_t cpu_set_first(cpu_set set) { return (uint32_t)__builtin_ctzll(set.bits); }

/* For sets that several CPUs change. Each of them is a full barrier. */
static inline cpu_set cpu_set_read(const cpu_set *set)
{
    return (cpu_set){ __atomic_load_n(&set->bits, __ATOMIC_ACQUIRE) };
}
static inline void cpu_set_add(cpu_set *set, uint32_t cpu)
{
    __atomic_fetch_or(&set->bits, 1ull << cpu, __ATOMIC_SEQ_CST);
}
static inline void cpu_set_drop(cpu_set *set, uint32_t cpu)
{
    __atomic_fetch_and(&set->bits, ~(1ull << cpu), __ATOMIC_SEQ_CST);
}
