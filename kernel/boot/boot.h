/* SPDX-License-Identifier: Apache-2.0 */
/* From what a loader left in memory to struct boot_info.
 *
 * Both protocols enter the kernel at one stub, which passes on what it found in two registers: a
 * magic number and an address. The parsers only read through a phys_view, so they run unchanged in
 * host tests and under fuzzers. On an error *why is a sentence of static storage, `out` is undefined. */
#pragma once
#include "abi/boot_info.h"
#include "lib/phys_view.h"

enum {
    BOOT_MAGIC_PVH = 0,                 /* of our own: PVH passes no magic in a register */
    BOOT_MAGIC_MULTIBOOT2 = 0x36d76289, /* EAX at entry [multiboot2 3.3] */
};

/* Everything: parse by `magic`, then boot_info_normalise() and boot_info_check(). The kernel's image
 * is [image, image + image_bytes). ERR_INVALID; ERR_NOT_SUPPORTED, an unknown magic. */
err_t boot_parse(const struct phys_view *view, uint32_t magic, paddr_t info, paddr_t image,
                 uint64_t image_bytes, struct boot_info *out, const char **why);

/* The parts. The two parsers decode and bound every number they read; ranges come out as the loader
 * listed them. */
err_t boot_parse_pvh(const struct phys_view *view, paddr_t start_info, struct boot_info *out,
                     const char **why);
err_t boot_parse_multiboot2(const struct phys_view *view, paddr_t info, struct boot_info *out,
                            const char **why);

/* Sorts the ranges, drops empty ones, merges neighbours of one kind; where ranges overlap, the
 * stricter kind wins. */
err_t boot_info_normalise(struct boot_info *info, const char **why);

/* RAM, kernel image, initrd and framebuffer must make sense together. Wants normalised ranges. */
err_t boot_info_check(const struct boot_info *info, paddr_t image, uint64_t image_bytes, const char **why);
