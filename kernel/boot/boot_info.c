/* SPDX-License-Identifier: Apache-2.0 */
/* The facts themselves, whoever told them: collected, put in order, checked.
 *
 * Loaders list memory sorted and without overlaps almost always, so the usual path is one look at
 * each range; only a disordered map pays for repair. */
#include "boot/boot_internal.h"

#include "lib/cmdline.h"
#include "lib/string.h"

enum {
    FRAMEBUFFER_SIDE_MAX = 32768, /* pixels: far above any screen, and the products fit */
};

void boot_info_init(struct boot_info *info, const char *protocol)
{
    info->protocol = protocol;
    info->range_count = 0;
    info->cmdline[0] = '\0';
    info->initrd_bytes = 0;
    info->acpi_rsdp = PADDR(0);
    info->framebuffer.base = PADDR(0);
}

err_t boot_add_range(struct boot_info *info, uint64_t base, uint64_t bytes, enum boot_range_kind kind,
                     const char **why)
{
    uint64_t end;
    if (bytes == 0) return OK;
    if (add_overflows(base, bytes, &end))
        return boot_refuse(why, "a memory range wraps around the end of the address space");
    if (info->range_count == BOOT_RANGES_MAX) return boot_refuse(why, "the memory map has too many ranges");
    info->ranges[info->range_count++] = (struct boot_range){ PADDR(base), bytes, kind };
    return OK;
}

err_t boot_add_typed_range(struct boot_info *info, uint64_t base, uint64_t bytes, uint32_t type,
                           const char **why)
{
    /* [acpi-6.5 15, table 15.6] 1 memory, 2 reserved, 3 reclaimable, 4 NVS, 5 unusable. Types that came
     * later (disabled, persistent, vendors' own) are nothing to allocate from. */
    bool is_known = type >= BOOT_RANGE_RAM && type <= BOOT_RANGE_BAD;
    return boot_add_range(info, base, bytes, is_known ? (enum boot_range_kind)type : BOOT_RANGE_RESERVED,
                          why);
}

err_t boot_set_initrd(struct boot_info *info, uint64_t base, uint64_t bytes, const char **why)
{
    uint64_t end;
    if (add_overflows(base, bytes, &end))
        return boot_refuse(why, "the initrd wraps around the end of the address space");
    info->initrd = PADDR(base);
    info->initrd_bytes = bytes;
    return OK;
}

/* Page by page: the text may end right in front of memory that cannot be read. */
err_t boot_set_cmdline(struct boot_info *info, const struct phys_view *view, paddr_t from, uint64_t limit,
                       const char **why)
{
    size_t used = 0;
    limit = MIN(limit, (uint64_t)BOOT_CMDLINE_MAX);
    while (used < limit) {
        paddr_t at = PADDR(from.raw + used);
        size_t part = MIN(limit - used, PAGE_BYTES - at.raw % PAGE_BYTES);
        const char *text = phys_at(view, at, part);
        if (!text) return boot_refuse(why, "the command line lies outside memory");
        const char *end = memchr(text, '\0', part);
        if (end) part = (size_t)(end - text);
        memcpy(info->cmdline + used, text, part);
        used += part;
        if (end) {
            info->cmdline[used] = '\0';
            return OK;
        }
    }
    return boot_refuse(why, limit == BOOT_CMDLINE_MAX ? "the command line is too long"
                                                      : "the command line lacks its NUL");
}

/* ---- order ---- */

static uint64_t end_of(const struct boot_range *range) { return range->base.raw + range->bytes; }

/* Where two sources disagree about a byte, the one that forbids more is believed. */
static int strictness(enum boot_range_kind kind)
{
    switch (kind) {
    case BOOT_RANGE_RAM: return 0;
    case BOOT_RANGE_ACPI_RECLAIM: return 1;
    case BOOT_RANGE_RESERVED: return 2;
    case BOOT_RANGE_ACPI_NVS: return 3;
    case BOOT_RANGE_BAD: return 4;
    }
    return 4;
}

static void remove_at(struct boot_info *info, uint32_t i)
{
    info->range_count--;
    for (; i < info->range_count; i++) info->ranges[i] = info->ranges[i + 1];
}

/* Moves the range at `i` up to where its base belongs. */
static void sink_at(struct boot_info *info, uint32_t i)
{
    struct boot_range moving = info->ranges[i];
    for (; i + 1 < info->range_count && info->ranges[i + 1].base.raw < moving.base.raw; i++)
        info->ranges[i] = info->ranges[i + 1];
    info->ranges[i] = moving;
}

/* Insertion sort: linear on a sorted map. */
static void sort_ranges(struct boot_info *info)
{
    struct boot_range *ranges = info->ranges;
    for (uint32_t i = 1; i < info->range_count; i++) {
        if (ranges[i - 1].base.raw <= ranges[i].base.raw) continue;
        struct boot_range moving = ranges[i];
        uint32_t place = i;
        for (; place > 0 && ranges[place - 1].base.raw > moving.base.raw; place--)
            ranges[place] = ranges[place - 1];
        ranges[place] = moving;
    }
}

/* Ranges `i` and `i + 1` are sorted and overlap, kinds differ. Every step takes bytes away from the
 * weaker one and from nobody else, which is why the loop in boot_info_normalise() ends. */
static err_t separate_at(struct boot_info *info, uint32_t i, const char **why)
{
    struct boot_range *low = &info->ranges[i], *high = low + 1;
    uint64_t low_end = end_of(low), high_end = end_of(high);
    if (strictness(low->kind) > strictness(high->kind)) {
        if (high_end <= low_end) {
            remove_at(info, i + 1);
        } else {
            *high = (struct boot_range){ PADDR(low_end), high_end - low_end, high->kind };
            sink_at(info, i + 1);
        }
        return OK;
    }

    enum boot_range_kind low_kind = low->kind;
    low->bytes = high->base.raw - low->base.raw;
    if (low->bytes == 0) remove_at(info, i);
    if (low_end <= high_end) return OK;
    err_t e = boot_add_range(info, high_end, low_end - high_end, low_kind, why);
    if (failed(e)) return e;
    sort_ranges(info);
    return OK;
}

err_t boot_info_normalise(struct boot_info *info, const char **why)
{
    sort_ranges(info);
    for (uint32_t i = 0; i + 1 < info->range_count;) {
        struct boot_range *low = &info->ranges[i], *high = low + 1;
        uint64_t low_end = end_of(low);
        if (low->kind == high->kind && low_end >= high->base.raw) {
            low->bytes = MAX(low_end, end_of(high)) - low->base.raw;
            remove_at(info, i + 1);
        } else if (low_end > high->base.raw) {
            err_t e = separate_at(info, i, why);
            if (failed(e)) return e;
            if (i > 0) i--; /* the range in front may now be a neighbour of the same kind */
        } else {
            i++;
        }
    }
    return OK;
}

/* ---- sense ---- */

static bool is_inside_ram(const struct boot_info *info, uint64_t base, uint64_t bytes)
{
    for (uint32_t i = 0; i < info->range_count; i++) {
        const struct boot_range *range = &info->ranges[i];
        if (range->kind != BOOT_RANGE_RAM || base < range->base.raw) continue;
        uint64_t offset = base - range->base.raw;
        if (offset < range->bytes && bytes <= range->bytes - offset) return true;
    }
    return false;
}

static bool overlaps(uint64_t a, uint64_t a_bytes, uint64_t b, uint64_t b_bytes)
{
    return a < b ? b - a < a_bytes : a - b < b_bytes;
}

static bool touches_ram(const struct boot_info *info, uint64_t base, uint64_t bytes)
{
    for (uint32_t i = 0; i < info->range_count; i++) {
        const struct boot_range *range = &info->ranges[i];
        if (range->kind == BOOT_RANGE_RAM && overlaps(base, bytes, range->base.raw, range->bytes))
            return true;
    }
    return false;
}

static const char *framebuffer_problem(const struct boot_info *info)
{
    const struct boot_framebuffer *fb = &info->framebuffer;
    if (fb->width == 0 || fb->height == 0) return "the framebuffer is empty";
    if (fb->width > FRAMEBUFFER_SIDE_MAX || fb->height > FRAMEBUFFER_SIDE_MAX)
        return "the framebuffer is too large";
    uint32_t bits = fb->bits_per_pixel; /* of a text screen: of a cell, a character and its colours */
    if (fb->is_text ? bits != 16 : bits != 15 && bits != 16 && bits != 24 && bits != 32)
        return "the framebuffer has an unknown number of bits per pixel";
    if (fb->pitch_bytes < (uint64_t)fb->width * ((bits + 7) / 8)) return "the framebuffer's lines overlap";
    if (!fb->is_text && (fb->red_shift >= bits || fb->green_shift >= bits || fb->blue_shift >= bits))
        return "a colour of the framebuffer lies outside the pixel";
    uint64_t end, bytes = (uint64_t)fb->pitch_bytes * fb->height;
    if (add_overflows(fb->base.raw, bytes, &end))
        return "the framebuffer wraps around the end of the address space";
    return touches_ram(info, fb->base.raw, bytes) ? "the framebuffer overlaps RAM" : NULL;
}

static const char *problem(const struct boot_info *info, paddr_t image, uint64_t image_bytes)
{
    uint32_t ram = 0;
    for (uint32_t i = 0; i < info->range_count; i++) ram += info->ranges[i].kind == BOOT_RANGE_RAM;
    if (ram == 0) return "the memory map has no usable RAM";
    if (!is_inside_ram(info, image.raw, image_bytes)) return "the kernel's own image lies outside RAM";
    if (info->initrd_bytes > 0) {
        if (!is_inside_ram(info, info->initrd.raw, info->initrd_bytes)) return "the initrd lies outside RAM";
        if (overlaps(info->initrd.raw, info->initrd_bytes, image.raw, image_bytes))
            return "the initrd overlaps the kernel's image";
    }
    return info->framebuffer.base.raw ? framebuffer_problem(info) : NULL;
}

err_t boot_info_check(const struct boot_info *info, paddr_t image, uint64_t image_bytes, const char **why)
{
    const char *found = problem(info, image, image_bytes);
    return found ? boot_refuse(why, found) : OK;
}

/* A machine may have the archive in its memory without a loader that put it there, so that the command line is the
 * one to say where: initrd=ADDRESS,BYTES. */
static err_t find_named_initrd(struct boot_info *info, const char **why)
{
    char text[48];
    uint64_t base, bytes;
    err_t e = cmdline_string(info->cmdline, "initrd", text, sizeof text);
    if (e.code == ERR_NOT_FOUND.code) return OK;
    char *comma = failed(e) ? NULL : strchr(text, ',');
    if (comma) *comma = '\0';
    if (!comma || failed(cmdline_parse_number(text, &base)) ||
        failed(cmdline_parse_number(comma + 1, &bytes)))
        return boot_refuse(why, "initrd= on the command line is not ADDRESS,BYTES");
    return boot_set_initrd(info, base, bytes, why);
}

err_t boot_parse(const struct phys_view *view, uint32_t magic, paddr_t info, paddr_t image,
                 uint64_t image_bytes, struct boot_info *out, const char **why)
{
    err_t e;
    switch (magic) {
    case BOOT_MAGIC_PVH: e = boot_parse_pvh(view, info, out, why); break;
    case BOOT_MAGIC_MULTIBOOT2: e = boot_parse_multiboot2(view, info, out, why); break;
    default: *why = "unknown boot magic: neither PVH nor multiboot2"; return ERR_NOT_SUPPORTED;
    }
    if (!failed(e) && out->initrd_bytes == 0) e = find_named_initrd(out, why);
    if (failed(e)) return e;
    e = boot_info_normalise(out, why);
    return failed(e) ? e : boot_info_check(out, image, image_bytes, why);
}
