/* SPDX-License-Identifier: Apache-2.0 */
#include "arch/topology.h"

#include "arch/cpu.h"

enum {
    LEAF_FEATURES = 1,
    LEAF_CACHES = 4,
    LEAF_TOPOLOGY = 0x0b,
    LEAF_EXTENDED = 0x80000000,
    LEAF_AMD_CORES = 0x80000008,
    LEAF_AMD_CACHES = 0x8000001d,
    LEVEL_THREAD = 1,
    LEVEL_CORE = 2,
};

static uint32_t shift_of_count(uint32_t count)
{
    uint32_t shift = 0;
    while (1u << shift < count) shift++;
    return shift;
}

static uint32_t highest_leaf(uint32_t base) { return cpuid_read(base, 0).eax; }

struct shifts {
    uint32_t core, package; /* right shifts of an APIC id */
};

/* [intel-sdm2 CPUID 0BH] */
static bool read_topology_leaf(struct shifts *out)
{
    if (highest_leaf(0) < LEAF_TOPOLOGY || !(cpuid_read(LEAF_TOPOLOGY, 0).ebx & 0xffff)) return false;
    for (uint32_t i = 0; i < 8; i++) {
        struct cpuid r = cpuid_read(LEAF_TOPOLOGY, i);
        uint32_t type = r.ecx >> 8 & 0xff;
        if (!type) break;
        if (type == LEVEL_THREAD) out->core = r.eax & 31;
        if (type == LEVEL_CORE) out->package = r.eax & 31;
    }
    return true;
}

/* What older CPUs tell: how many APIC ids a package has, and how many cores. [intel-sdm3 9.9.3] */
static void read_old_leaves(struct shifts *out)
{
    struct cpuid features = cpuid_read(LEAF_FEATURES, 0);
    uint32_t logical = (features.edx >> 28 & 1) ? features.ebx >> 16 & 0xff : 1, cores = 1;
    if (highest_leaf(0) >= LEAF_CACHES) cores = (cpuid_read(LEAF_CACHES, 0).eax >> 26) + 1;
    if (cores == 1 && highest_leaf(LEAF_EXTENDED) >= LEAF_AMD_CORES)
        cores = (cpuid_read(LEAF_AMD_CORES, 0).ecx & 0xff) + 1;
    out->package = shift_of_count(MAX(logical, cores));
    out->core = out->package - MIN(out->package, shift_of_count(cores));
}

struct cpu_place cpu_place_of(uint32_t apic_id)
{
    struct shifts s = { 0 };
    if (!read_topology_leaf(&s)) read_old_leaves(&s);
    s.package = MAX(s.package, s.core);
    uint32_t in_package = apic_id & (uint32_t)((1ull << s.package) - 1);
    return (struct cpu_place){
        .package = apic_id >> s.package,
        .core = in_package >> s.core,
        .thread = apic_id & ((1u << s.core) - 1),
    };
}

/* AMD's leaf is laid out as Intel's. [intel-sdm2 CPUID 04H, amd-apm3 E.4.15] */
static bool read_cache_leaf(uint32_t leaf, uint32_t index, struct cpu_cache *out)
{
    struct cpuid r = cpuid_read(leaf, index);
    *out = (struct cpu_cache){
        .type = r.eax & 31,
        .level = r.eax >> 5 & 7,
        .line_bytes = (r.ebx & 0xfff) + 1,
        .partitions = (r.ebx >> 12 & 0x3ff) + 1,
        .ways = (r.ebx >> 22) + 1,
        .sets = r.ecx + 1,
        .sharing_shift = shift_of_count((r.eax >> 14 & 0xfff) + 1),
    };
    out->bytes = (uint64_t)out->line_bytes * out->partitions * out->ways * out->sets;
    return out->type != CACHE_NONE && out->type <= CACHE_UNIFIED;
}

/* What AMD's older CPUs tell, and those of emulators: two of the first level, one of the second, which belong to a core,
 * and one of the third, which belongs to a package. [amd-apm3 E.4.3, E.4.4] */
static bool read_old_amd_cache(uint32_t index, struct cpu_cache *out)
{
    enum { LEAF_FIRST = 0x80000005, LEAF_OTHERS = 0x80000006, WAYS_ALL = 255 };
    static const uint8_t ways_of_code[16] = { 0, 1, 2, 3, 4, 6, 8, 0, 16, 0, 32, 48, 64, 96, 128, WAYS_ALL };
    if (index > 3 || highest_leaf(LEAF_EXTENDED) < LEAF_OTHERS) return false;
    struct cpuid r = cpuid_read(index < 2 ? LEAF_FIRST : LEAF_OTHERS, 0);
    uint32_t word = index % 2 ? r.edx : r.ecx;
    uint32_t kib = index < 2 ? word >> 24 : index == 2 ? word >> 16 : (word >> 18) * 512;
    uint32_t ways = index < 2 ? word >> 16 & 0xff : ways_of_code[word >> 12 & 15];
    uint32_t line_bytes = word & 0xff, lines = line_bytes ? (kib << 10) / line_bytes : 0;
    if (ways == WAYS_ALL) ways = lines;
    if (!ways || !lines) return false;
    struct shifts s = { 0 };
    if (!read_topology_leaf(&s)) read_old_leaves(&s);
    *out = (struct cpu_cache){
        .type = index == 0   ? CACHE_DATA
                : index == 1 ? CACHE_INSTRUCTION
                             : CACHE_UNIFIED,
        .level = MAX(index, 1u),
        .line_bytes = line_bytes,
        .partitions = 1,
        .ways = ways,
        .sets = lines / ways,
        .sharing_shift = index == 3 ? s.package : s.core,
        .bytes = (uint64_t)kib << 10,
    };
    return true;
}

bool cpu_cache_of(uint32_t index, struct cpu_cache *out)
{
    const uint32_t topology_extensions = 1u << 22;
    bool has_amd = highest_leaf(LEAF_EXTENDED) >= LEAF_AMD_CACHES &&
                   (cpuid_read(LEAF_EXTENDED + 1, 0).ecx & topology_extensions);
    if (has_amd) return read_cache_leaf(LEAF_AMD_CACHES, index, out);
    bool has_intel = highest_leaf(0) >= LEAF_CACHES && (cpuid_read(LEAF_CACHES, 0).eax & 31) != CACHE_NONE;
    return has_intel ? read_cache_leaf(LEAF_CACHES, index, out) : read_old_amd_cache(index, out);
}
