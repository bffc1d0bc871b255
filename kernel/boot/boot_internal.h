/* SPDX-License-Identifier: Apache-2.0 */
/* What the two parsers share. */
#pragma once
#include "boot/boot.h"

static inline err_t boot_refuse(const char **why, const char *text)
{
    *why = text;
    return ERR_INVALID;
}

/* No range, no initrd, no framebuffer, an empty command line. */
void boot_info_init(struct boot_info *info, const char *protocol);

/* Appends as it stands. */
err_t boot_add_range(struct boot_info *info, uint64_t base, uint64_t bytes, enum boot_range_kind kind,
                     const char **why);
/* `type` as in ACPI's address ranges, which both protocols use. */
err_t boot_add_typed_range(struct boot_info *info, uint64_t base, uint64_t bytes, uint32_t type,
                           const char **why);

err_t boot_set_initrd(struct boot_info *info, uint64_t base, uint64_t bytes, const char **why);

/* The text at `from`, at most `limit` bytes with its NUL. */
err_t boot_set_cmdline(struct boot_info *info, const struct phys_view *view, paddr_t from, uint64_t limit,
                       const char **why);
