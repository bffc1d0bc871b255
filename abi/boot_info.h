/* SPDX-License-Identifier: Apache-2.0 */
/* What a loader told us, in one form. boot/ fills it from PVH or multiboot2; nothing after that
 * knows who loaded the kernel. Everything here has been checked: ranges are sorted by base, do not
 * overlap and do not wrap; the initrd lies in RAM; the command line ends with a NUL. */
#pragma once
#include "lib/base.h"

enum {
    BOOT_RANGES_MAX = 128,
    BOOT_CMDLINE_MAX = 8192, /* bytes, NUL included; a longer one is refused */
};

enum boot_range_kind {
    BOOT_RANGE_RAM = 1, /* free for the kernel */
    BOOT_RANGE_RESERVED = 2,
    BOOT_RANGE_ACPI_RECLAIM = 3, /* ACPI tables; ours once they are read */
    BOOT_RANGE_ACPI_NVS = 4,
    BOOT_RANGE_BAD = 5,
};

struct boot_range {
    paddr_t base;
    uint64_t bytes;
    enum boot_range_kind kind;
};

struct boot_framebuffer {
    paddr_t base; /* 0: there is none */
    uint32_t width, height, pitch_bytes;
    uint8_t bits_per_pixel;
    uint8_t red_shift, green_shift, blue_shift;
    bool is_text; /* EGA text cells at `base` instead of pixels */
};

struct boot_info {
    const char *protocol; /* "PVH" or "multiboot2" */
    uint32_t range_count;
    struct boot_range ranges[BOOT_RANGES_MAX];
    char cmdline[BOOT_CMDLINE_MAX];
    paddr_t initrd; /* meaningful when initrd_bytes > 0 */
    uint64_t initrd_bytes;
    paddr_t acpi_rsdp; /* 0: the loader did not say */
    struct boot_framebuffer framebuffer;
};
