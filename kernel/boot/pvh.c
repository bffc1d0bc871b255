/* SPDX-License-Identifier: Apache-2.0 */
/* PVH: how QEMU -kernel, Cloud Hypervisor and Firecracker start us. EBX points to a start info.
 * Layout: [xen arch-x86/hvm/start_info.h]. */
#include "boot/boot_internal.h"
#include "lib/bits.h"

enum { START_INFO_MAGIC = 0x336ec578 }; /* "xEn3" with the top bit of the first byte clear */

struct start_info {
    uint32_t magic;
    uint32_t version;
    uint32_t flags;
    uint32_t module_count;
    uint64_t modules; /* physical addresses, these four */
    uint64_t cmdline;
    uint64_t rsdp;
    uint64_t memory_map; /* this and what follows: version 1 and later */
    uint32_t memory_map_entries;
    uint32_t reserved;
};
_Static_assert(sizeof(struct start_info) == 56, "fixed by the protocol");
enum { START_INFO_V0_BYTES = offsetof(struct start_info, memory_map) };

struct module {
    uint64_t base;
    uint64_t bytes;
    uint64_t cmdline;
    uint64_t reserved;
};
_Static_assert(sizeof(struct module) == 32, "fixed by the protocol");

struct memory_map_entry {
    uint64_t base;
    uint64_t bytes;
    uint32_t type;
    uint32_t reserved;
};
_Static_assert(sizeof(struct memory_map_entry) == 24, "fixed by the protocol");

static err_t parse_memory_map(const struct phys_view *view, const struct start_info *start,
                              struct boot_info *out, const char **why)
{
    uint32_t count = start->memory_map_entries;
    if (start->version == 0 || start->memory_map == 0 || count == 0) return boot_refuse(why, "no memory map");
    /* Empty entries are dropped later, so there may be a few more than we keep. */
    if (count > 2 * BOOT_RANGES_MAX) return boot_refuse(why, "the memory map has too many ranges");
    const uint8_t *entries = phys_at(view, PADDR(start->memory_map), count * sizeof(struct memory_map_entry));
    if (!entries) return boot_refuse(why, "the memory map lies outside memory");
    for (uint32_t i = 0; i < count; i++) {
        struct memory_map_entry entry;
        __builtin_memcpy(&entry, entries + i * sizeof entry, sizeof entry);
        err_t e = boot_add_typed_range(out, entry.base, entry.bytes, entry.type, why);
        if (failed(e)) return e;
    }
    return OK;
}

/* The first module is the initrd; the protocol gives names to none of them. */
static err_t parse_modules(const struct phys_view *view, const struct start_info *start,
                           struct boot_info *out, const char **why)
{
    struct module module;
    if (start->module_count == 0) return OK;
    if (start->modules == 0) return boot_refuse(why, "there are modules but no module list");
    const void *first = phys_at(view, PADDR(start->modules), sizeof module);
    if (!first) return boot_refuse(why, "the module list lies outside memory");
    __builtin_memcpy(&module, first, sizeof module);
    return boot_set_initrd(out, module.base, module.bytes, why);
}

err_t boot_parse_pvh(const struct phys_view *view, paddr_t start_info, struct boot_info *out,
                     const char **why)
{
    struct start_info start = { 0 };
    const void *at = phys_at(view, start_info, START_INFO_V0_BYTES);
    if (!at) return boot_refuse(why, "the PVH start info lies outside memory");
    __builtin_memcpy(&start, at, START_INFO_V0_BYTES);
    if (start.magic != START_INFO_MAGIC)
        return boot_refuse(why, "the PVH start info has a wrong magic number");
    if (start.version > 0) {
        at = phys_at(view, start_info, sizeof start);
        if (!at) return boot_refuse(why, "the PVH start info lies outside memory");
        __builtin_memcpy(&start, at, sizeof start);
    }

    boot_info_init(out, "PVH");
    out->acpi_rsdp = PADDR(start.rsdp);
    err_t e = parse_memory_map(view, &start, out, why);
    if (failed(e)) return e;
    e = parse_modules(view, &start, out, why);
    if (failed(e)) return e;
    return start.cmdline ? boot_set_cmdline(out, view, PADDR(start.cmdline), BOOT_CMDLINE_MAX, why) : OK;
}
