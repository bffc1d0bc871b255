/* SPDX-License-Identifier: Apache-2.0 */
/* /sys/devices/virtual/kfd/kfd/topology: what there is to compute with, as lines of names and numbers. Node 0 is the CPU,
 * each GPU one after it. The names, and what ROCm makes of them, are in docs/kfd-clients.md.
 *
 * A subject's number is the node's; its index is that of the cache or link within. */
#include "arch/percpu.h"
#include "arch/topology.h"
#include "core/cpus.h"
#include "core/time.h"
#include "fs/text_file.h"
#include "gpu/amd/kfd.h"
#include "gpu/amd/topology.h"
#include "mm/charge.h"

enum {
    /* Queues' doorbells are 64 bits wide (bits 13:12 are 2); watch points, as Vega 10 has them. [linux
     * amdkfd/kfd_topology.h] */
    CAPABILITY = 0x22c0,
    SIMD_ID_BASE = (int)0x80001000u,
    HEAP_SYSTEM = 0,
    HEAP_PRIVATE = 2, /* VRAM that GPUs copy to and from: a public one would have the CPU do that */
    LINK_PCIE = 2,
    LINK_WEIGHT = 20, /* the largest that makes the CPU the GPU's own */
    LINK_ENABLED = 1,
    CACHE_DATA_BIT = 1,
    CACHE_INSTRUCTION_BIT = 2,
    CACHE_CPU_BIT = 4,
    CACHE_SIMD_BIT = 8,
    SIBLINGS = 256, /* entries of a map of them */
    GFX9_VRAM_BITS = 2048,
    GFX9_VRAM_MHZ = 945,
};

static const struct kfd_gpu *gpu_of(uint32_t node) { return node ? kfd_gpu_at(node - 1) : NULL; }

static uint64_t clock_mhz(void) { return time_tsc_khz() / 1000; }

/* ---- properties of a node ---- */

static uint32_t cpu_cache_count(void)
{
    struct cpu_cache cache;
    uint32_t count = 0;
    while (cpu_cache_of(count, &cache)) count++;
    return count;
}

static void add(struct text *text, const char *name, uint64_t value)
{
    text_add(text, "%s %lu\n", name, value);
}

static void write_cpu(struct text *text)
{
    cpu_set online = cpus_online_set();
    add(text, "cpu_cores_count", cpu_set_count(online));
    add(text, "simd_count", 0);
    add(text, "mem_banks_count", 1);
    add(text, "caches_count", cpu_cache_count());
    add(text, "io_links_count", 0); /* a link to a GPU would say that the CPU reaches all of its memory */
    add(text, "p2p_links_count", 0);
    add(text, "cpu_core_id_base", percpu_of(cpu_set_first(online))->apic_id);
    add(text, "max_engine_clk_ccompute", clock_mhz());
}

static void write_gpu(struct text *text, const struct kfd_gpu *gpu)
{
    const struct gpu_identity *i = &gpu->device->identity;
    uint32_t arrays = i->shader_engines * i->arrays_per_engine;
    const struct {
        const char *name;
        uint64_t value;
    } lines[] = {
        { "cpu_cores_count", 0 },
        { "simd_count", i->compute_units * i->simds_per_unit },
        { "mem_banks_count", 1 },
        { "caches_count", TOPOLOGY_GPU_CACHES },
        { "io_links_count", 1 },
        { "p2p_links_count", 0 },
        { "cpu_core_id_base", 0 },
        { "simd_id_base", (uint32_t)SIMD_ID_BASE },
        { "max_waves_per_simd", i->waves_per_simd },
        { "lds_size_in_kb", i->local_bytes >> 10 },
        { "gds_size_in_kb", 0 },
        { "num_gws", 0 },
        { "wave_front_size", i->lanes_per_wave },
        { "array_count", arrays },
        { "simd_arrays_per_engine", i->arrays_per_engine },
        { "cu_per_simd_array", i->compute_units / arrays },
        { "simd_per_cu", i->simds_per_unit },
        { "max_slots_scratch_cu", i->scratch_waves_per_unit },
        { "gfx_target_version", i->target },
        { "vendor_id", i->vendor },
        { "device_id", i->device },
        { "location_id", 0 },
        { "domain", 0 },
        { "drm_render_minor", gpu->minor },
        { "hive_id", 0 },
        { "num_sdma_engines", i->copy_engines },
        { "num_sdma_xgmi_engines", 0 },
        { "num_sdma_queues_per_engine", i->copy_queues_per_engine },
        { "num_cp_queues", i->compute_queues },
        { "max_engine_clk_fcompute", i->clock_mhz },
        { "local_mem_size", 0 },
        { "fw_version", i->firmware },
        { "capability", CAPABILITY },
        { "debug_prop", 0 },
        { "sdma_fw_version", i->copy_firmware },
        { "unique_id", 0 },
        { "num_xcc", 1 },
        { "max_engine_clk_ccompute", clock_mhz() },
    };
    for (size_t n = 0; n < ARRAY_LENGTH(lines); n++) add(text, lines[n].name, lines[n].value);
}

void topology_write_node(struct text *text, uint64_t *cursor)
{
    if ((*cursor)++) return;
    const struct kfd_gpu *gpu = gpu_of(text->node->subject.number);
    if (gpu)
        write_gpu(text, gpu);
    else
        write_cpu(text);
}

void topology_write_gpu_id(struct text *text, uint64_t *cursor)
{
    if ((*cursor)++) return;
    const struct kfd_gpu *gpu = gpu_of(text->node->subject.number);
    text_add(text, "%u\n", gpu ? gpu->id : 0);
}

void topology_write_name(struct text *text, uint64_t *cursor)
{
    if ((*cursor)++) return;
    const struct kfd_gpu *gpu = gpu_of(text->node->subject.number);
    text_add(text, "%s\n", gpu ? gpu->device->identity.name : "");
}

/* ---- memory ---- */

void topology_write_memory(struct text *text, uint64_t *cursor)
{
    if ((*cursor)++) return;
    const struct kfd_gpu *gpu = gpu_of(text->node->subject.number);
    add(text, "heap_type", gpu ? HEAP_PRIVATE : HEAP_SYSTEM);
    add(text, "size_in_bytes", gpu ? gpu->device->vram_bytes : charge_read().machine << PAGE_SHIFT);
    add(text, "flags", 0);
    add(text, "width", gpu ? GFX9_VRAM_BITS : 64);
    add(text, "mem_clk_max", gpu ? GFX9_VRAM_MHZ : 0);
}

/* ---- caches ---- */

struct cache {
    uint32_t processor, level, kib, line_bytes, ways, type, siblings;
};

static bool find_gpu_cache(uint32_t index, struct cache *out)
{
    static const struct cache caches[TOPOLOGY_GPU_CACHES] = {
        { (uint32_t)SIMD_ID_BASE, 1, 16, 64, 0, CACHE_DATA_BIT | CACHE_SIMD_BIT, 1 },
        { (uint32_t)SIMD_ID_BASE, 2, 4096, 64, 0, CACHE_DATA_BIT | CACHE_SIMD_BIT, 1 },
    };
    if (index >= TOPOLOGY_GPU_CACHES) return false;
    *out = caches[index];
    return true;
}

static bool find_cpu_cache(uint32_t index, struct cache *out)
{
    static const uint8_t types[] = { 0, CACHE_DATA_BIT, CACHE_INSTRUCTION_BIT,
                                     CACHE_DATA_BIT | CACHE_INSTRUCTION_BIT };
    struct cpu_cache c;
    uint32_t cpu = cpu_set_first(cpus_online_set());
    if (!cpu_cache_of(index, &c)) return false;
    *out = (struct cache){
        .processor = percpu_of(cpu)->apic_id,
        .level = c.level,
        .kib = (uint32_t)(c.bytes >> 10),
        .line_bytes = c.line_bytes,
        .ways = c.ways,
        .type = types[c.type] | CACHE_CPU_BIT,
        .siblings = 1,
    };
    return true;
}

static bool find_cache(uint32_t node, uint32_t index, struct cache *out)
{
    return node ? find_gpu_cache(index, out) : find_cpu_cache(index, out);
}

bool topology_has_cache(uint32_t node, uint32_t index)
{
    struct cache cache;
    return find_cache(node, index, &cache);
}

/* The map is the last line: ROCm reads to its end. */
void topology_write_cache(struct text *text, uint64_t *cursor)
{
    struct cache c;
    const struct made_subject *s = &text->node->subject;
    if ((*cursor)++ || !find_cache(s->number, s->index, &c)) return;
    add(text, "processor_id_low", c.processor);
    add(text, "level", c.level);
    add(text, "size", c.kib);
    add(text, "cache_line_size", c.line_bytes);
    add(text, "cache_lines_per_tag", 1);
    add(text, "association", c.ways);
    add(text, "latency", 0);
    add(text, "type", c.type);
    text_add(text, "sibling_map ");
    for (uint32_t i = 0; i < SIBLINGS; i++)
        text_add(text, "%u%s", i < c.siblings, i + 1 < SIBLINGS ? "," : "\n");
}

/* ---- links ---- */

/* One of each GPU, to the CPU. */
bool topology_has_link(uint32_t node, uint32_t index) { return node && index == 0; }

void topology_write_link(struct text *text, uint64_t *cursor)
{
    const struct made_subject *s = &text->node->subject;
    if ((*cursor)++) return;
    add(text, "type", LINK_PCIE);
    add(text, "version_major", 0);
    add(text, "version_minor", 0);
    add(text, "node_from", s->number);
    add(text, "node_to", 0);
    add(text, "weight", LINK_WEIGHT);
    add(text, "min_latency", 0);
    add(text, "max_latency", 0);
    add(text, "min_bandwidth", 0);
    add(text, "max_bandwidth", 0);
    add(text, "recommended_transfer_size", 0);
    add(text, "flags", LINK_ENABLED);
}
