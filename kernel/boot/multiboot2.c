/* SPDX-License-Identifier: Apache-2.0 */
/* Multiboot2: how GRUB starts us, on BIOS and on UEFI. EBX points to a list of tags.
 * [multiboot2 3.6] */
#include "boot/boot_internal.h"
#include "lib/bits.h"

enum {
    INFO_BYTES_MAX = 1 << 20, /* the tags hold a map, a few strings and copies of firmware tables */
    TAG_ALIGN = 8,
    TAG_HEADER_BYTES = 8, /* uint32_t type, uint32_t size of the whole tag */

    TAG_END = 0,
    TAG_CMDLINE = 1,
    TAG_MODULE = 3,
    TAG_BASIC_MEMORY = 4,
    TAG_MEMORY_MAP = 6,
    TAG_FRAMEBUFFER = 8,
    TAG_ACPI_OLD = 14,
    TAG_ACPI_NEW = 15,
    TAG_EFI_MEMORY_MAP = 17,

    FRAMEBUFFER_RGB = 1,
    FRAMEBUFFER_TEXT = 2,
};

struct tag {
    paddr_t address; /* of its header */
    const uint8_t *bytes;
    uint32_t size;
};

/* The tags that matter, found in one pass; bytes is NULL where there is none. */
struct tags {
    struct tag cmdline, module, basic_memory, memory_map, framebuffer, acpi_old, acpi_new, efi_memory_map;
};

static struct tag *slot_of(struct tags *tags, uint32_t type)
{
    switch (type) {
    case TAG_CMDLINE: return &tags->cmdline;
    case TAG_MODULE: return &tags->module;
    case TAG_BASIC_MEMORY: return &tags->basic_memory;
    case TAG_MEMORY_MAP: return &tags->memory_map;
    case TAG_FRAMEBUFFER: return &tags->framebuffer;
    case TAG_ACPI_OLD: return &tags->acpi_old;
    case TAG_ACPI_NEW: return &tags->acpi_new;
    case TAG_EFI_MEMORY_MAP: return &tags->efi_memory_map;
    default: return NULL;
    }
}

static err_t find_tags(const struct phys_view *view, paddr_t info, struct tags *tags, const char **why)
{
    if (!is_aligned(info.raw, TAG_ALIGN))
        return boot_refuse(why, "the multiboot2 information is not aligned");
    const uint8_t *header = phys_at(view, info, 8);
    if (!header) return boot_refuse(why, "the multiboot2 information lies outside memory");
    uint32_t total = load_u32(header);
    if (total < 16 || total > INFO_BYTES_MAX)
        return boot_refuse(why, "the multiboot2 information has an absurd size");
    const uint8_t *bytes = phys_at(view, info, total);
    if (!bytes) return boot_refuse(why, "the multiboot2 information lies outside memory");

    uint32_t offset = 8;
    while (offset < total && total - offset >= TAG_HEADER_BYTES) {
        uint32_t type = load_u32(bytes + offset), size = load_u32(bytes + offset + 4);
        if (size < TAG_HEADER_BYTES) return boot_refuse(why, "a multiboot2 tag is shorter than its header");
        if (size > total - offset) return boot_refuse(why, "a multiboot2 tag is longer than the information");
        if (type == TAG_END) return OK;
        struct tag *slot = slot_of(tags, type);
        if (slot && !slot->bytes) *slot = (struct tag){ PADDR(info.raw + offset), bytes + offset, size };
        offset = (uint32_t)align_up(offset + size, TAG_ALIGN);
    }
    return boot_refuse(why, "the multiboot2 tags lack their end tag");
}

/* ---- memory: the map, else EFI's own, else the two numbers of the BIOS ---- */

static err_t parse_memory_map(const struct tag *tag, struct boot_info *out, const char **why)
{
    if (tag->size < 16) return boot_refuse(why, "the multiboot2 memory map is too short");
    uint32_t entry_bytes = load_u32(tag->bytes + 8);
    if (entry_bytes < 24 || entry_bytes > 256)
        return boot_refuse(why, "the multiboot2 memory map has an absurd entry size");
    for (uint32_t at = 16; tag->size - at >= entry_bytes; at += entry_bytes) {
        const uint8_t *entry = tag->bytes + at;
        err_t e = boot_add_typed_range(out, load_u64(entry), load_u64(entry + 8), load_u32(entry + 16), why);
        if (failed(e)) return e;
    }
    return OK;
}

/* Boot services' memory is free once they have ended, and GRUB ends them. [uefi-2.10 7.2, table 7.10] */
static enum boot_range_kind kind_of_efi_type(uint32_t type)
{
    switch (type) {
    case 1: /* loader code */
    case 2: /* loader data */
    case 3: /* boot services code */
    case 4: /* boot services data */
    case 7: /* conventional memory */ return BOOT_RANGE_RAM;
    case 8: return BOOT_RANGE_BAD;
    case 9: return BOOT_RANGE_ACPI_RECLAIM;
    case 10: return BOOT_RANGE_ACPI_NVS;
    default: return BOOT_RANGE_RESERVED;
    }
}

/* Long runs of one kind come in pieces there, so neighbours are merged while they are read. */
static err_t parse_efi_memory_map(const struct tag *tag, struct boot_info *out, const char **why)
{
    if (tag->size < 16) return boot_refuse(why, "the EFI memory map is too short");
    uint32_t entry_bytes = load_u32(tag->bytes + 8);
    if (entry_bytes < 40 || entry_bytes > 256)
        return boot_refuse(why, "the EFI memory map has an absurd entry size");
    for (uint32_t at = 16; tag->size - at >= entry_bytes; at += entry_bytes) {
        const uint8_t *entry = tag->bytes + at;
        uint64_t base = load_u64(entry + 8), pages = load_u64(entry + 24);
        enum boot_range_kind kind = kind_of_efi_type(load_u32(entry));
        if (pages > UINT64_MAX >> PAGE_SHIFT)
            return boot_refuse(why, "a range of the EFI memory map is absurdly long");
        struct boot_range *last = out->range_count ? &out->ranges[out->range_count - 1] : NULL;
        if (last && last->kind == kind && last->base.raw + last->bytes == base) {
            base = last->base.raw;
            pages += last->bytes >> PAGE_SHIFT;
            if (pages > UINT64_MAX >> PAGE_SHIFT)
                return boot_refuse(why, "a range of the EFI memory map is absurdly long");
            out->range_count--;
        }
        err_t e = boot_add_range(out, base, pages << PAGE_SHIFT, kind, why);
        if (failed(e)) return e;
    }
    return OK;
}

/* KiB below 640 KiB, and KiB from 1 MiB up to the first hole. */
static err_t parse_basic_memory(const struct tag *tag, struct boot_info *out, const char **why)
{
    if (tag->size < 16) return boot_refuse(why, "the multiboot2 memory tag is too short");
    uint32_t lower_kib = load_u32(tag->bytes + 8), upper_kib = load_u32(tag->bytes + 12);
    if (lower_kib > 640)
        return boot_refuse(why, "the multiboot2 memory tag claims more than 640 KiB of low memory");
    err_t e = boot_add_range(out, 0, (uint64_t)lower_kib << 10, BOOT_RANGE_RAM, why);
    return failed(e) ? e : boot_add_range(out, 1 << 20, (uint64_t)upper_kib << 10, BOOT_RANGE_RAM, why);
}

static err_t parse_memory(const struct tags *tags, struct boot_info *out, const char **why)
{
    if (tags->memory_map.bytes) return parse_memory_map(&tags->memory_map, out, why);
    if (tags->efi_memory_map.bytes) return parse_efi_memory_map(&tags->efi_memory_map, out, why);
    if (tags->basic_memory.bytes) return parse_basic_memory(&tags->basic_memory, out, why);
    return boot_refuse(why, "no memory map");
}

/* ---- the rest ---- */

static err_t parse_module(const struct tag *tag, struct boot_info *out, const char **why)
{
    if (tag->size < 16) return boot_refuse(why, "the multiboot2 module tag is too short");
    uint32_t start = load_u32(tag->bytes + 8), end = load_u32(tag->bytes + 12);
    if (end < start) return boot_refuse(why, "the multiboot2 module ends before it starts");
    return boot_set_initrd(out, start, end - start, why);
}

/* A palette's framebuffer is left alone: the serial console serves. */
static err_t parse_framebuffer(const struct tag *tag, struct boot_info *out, const char **why)
{
    const uint8_t *at = tag->bytes;
    if (tag->size < 32) return boot_refuse(why, "the multiboot2 framebuffer tag is too short");
    uint8_t type = at[29];
    if (type != FRAMEBUFFER_RGB && type != FRAMEBUFFER_TEXT) return OK;
    struct boot_framebuffer *fb = &out->framebuffer;
    *fb = (struct boot_framebuffer){
        .base = PADDR(load_u64(at + 8)),
        .pitch_bytes = load_u32(at + 16),
        .width = load_u32(at + 20),
        .height = load_u32(at + 24),
        .bits_per_pixel = at[28],
        .is_text = type == FRAMEBUFFER_TEXT,
    };
    if (type == FRAMEBUFFER_TEXT) return OK;
    if (tag->size < 38) return boot_refuse(why, "the multiboot2 framebuffer tag lacks its colours");
    fb->red_shift = at[32]; /* position and size of red, green and blue follow each other */
    fb->green_shift = at[34];
    fb->blue_shift = at[36];
    return OK;
}

err_t boot_parse_multiboot2(const struct phys_view *view, paddr_t info, struct boot_info *out,
                            const char **why)
{
    struct tags tags = { 0 };
    err_t e = find_tags(view, info, &tags, why);
    if (failed(e)) return e;

    boot_info_init(out, "multiboot2");
    e = parse_memory(&tags, out, why);
    if (failed(e)) return e;
    if (tags.module.bytes) {
        e = parse_module(&tags.module, out, why);
        if (failed(e)) return e;
    }
    if (tags.framebuffer.bytes) {
        e = parse_framebuffer(&tags.framebuffer, out, why);
        if (failed(e)) return e;
    }
    /* The tag holds a copy of the RSDP itself. */
    const struct tag *acpi = tags.acpi_new.bytes ? &tags.acpi_new : &tags.acpi_old;
    if (acpi->bytes) out->acpi_rsdp = PADDR(acpi->address.raw + TAG_HEADER_BYTES);
    if (!tags.cmdline.bytes) return OK;
    return boot_set_cmdline(out, view, PADDR(tags.cmdline.address.raw + TAG_HEADER_BYTES),
                            tags.cmdline.size - TAG_HEADER_BYTES, why);
}
