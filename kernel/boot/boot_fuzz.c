/* SPDX-License-Identifier: Apache-2.0 */
/* The first byte chooses the protocol, the rest is memory from 0x1000 on, where the loader's
 * information starts. What is accepted keeps the promises of abi/boot_info.h. */
#include "boot/boot.h"
#include "tests/fakes/fake_memory.h"

#include <stdlib.h>
#include <string.h>

enum { MEMORY_AT = 0x1000, IMAGE_AT = 0x100000, IMAGE_BYTES = 0x40000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_in_ram(const struct boot_info *info, uint64_t base, uint64_t bytes)
{
    for (uint32_t i = 0; i < info->range_count; i++) {
        const struct boot_range *r = &info->ranges[i];
        if (r->kind == BOOT_RANGE_RAM && base >= r->base.raw && base - r->base.raw < r->bytes &&
            bytes <= r->bytes - (base - r->base.raw))
            return true;
    }
    return false;
}

static void check(const struct boot_info *info)
{
    ASSERT(info->range_count > 0 && info->range_count <= BOOT_RANGES_MAX);
    for (uint32_t i = 0; i < info->range_count; i++) {
        const struct boot_range *r = &info->ranges[i];
        ASSERT(r->bytes > 0 && r->base.raw + r->bytes > r->base.raw);
        ASSERT(r->kind >= BOOT_RANGE_RAM && r->kind <= BOOT_RANGE_BAD);
        if (i + 1 == info->range_count) break;
        ASSERT(r->base.raw + r->bytes <= r[1].base.raw);
        ASSERT(r->kind != r[1].kind || r->base.raw + r->bytes < r[1].base.raw);
    }
    ASSERT(memchr(info->cmdline, 0, sizeof info->cmdline));
    ASSERT(is_in_ram(info, IMAGE_AT, IMAGE_BYTES));
    if (info->initrd_bytes > 0) {
        ASSERT(is_in_ram(info, info->initrd.raw, info->initrd_bytes));
        ASSERT(info->initrd.raw >= IMAGE_AT + IMAGE_BYTES ||
               info->initrd.raw + info->initrd_bytes <= IMAGE_AT);
    }
    const struct boot_framebuffer *fb = &info->framebuffer;
    if (fb->base.raw) ASSERT(fb->width > 0 && fb->height > 0 && fb->pitch_bytes >= fb->width);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct boot_info info;
    static const uint32_t magics[] = { BOOT_MAGIC_PVH, BOOT_MAGIC_MULTIBOOT2 };
    const char *why = NULL;
    struct fake_memory memory;
    if (size < 1) return 0;
    uint8_t *copy = malloc(size);
    memcpy(copy, data + 1, size - 1);
    fake_memory_init(&memory);
    fake_memory_add(&memory, MEMORY_AT, copy, size - 1);
    memset(&info, 0xa5, sizeof info); /* nothing may be left as it was */
    err_t e = boot_parse(&memory.view, magics[data[0] & 1], PADDR(MEMORY_AT), PADDR(IMAGE_AT), IMAGE_BYTES,
                         &info, &why);
    if (failed(e))
        ASSERT(why != NULL);
    else
        check(&info);
    free(copy);
    return 0;
}
