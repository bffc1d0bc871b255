/* SPDX-License-Identifier: Apache-2.0 */
/* How CPUs lie in cores and packages, and what caches they share, as CPUID tells it. Any context. */
#pragma once
#include "lib/base.h"

struct cpu_place {
    uint32_t package, core, thread; /* of the APIC id's parts; a core's number is within its package */
};
struct cpu_place cpu_place_of(uint32_t apic_id);

enum cache_type { CACHE_NONE, CACHE_DATA, CACHE_INSTRUCTION, CACHE_UNIFIED };
struct cpu_cache {
    enum cache_type type;
    uint32_t level, line_bytes, partitions, ways, sets;
    uint32_t sharing_shift; /* CPUs whose APIC ids are equal above these bits have it together */
    uint64_t bytes;
};
/* False: there is no such one; they are counted from 0. */
bool cpu_cache_of(uint32_t index, struct cpu_cache *out);
