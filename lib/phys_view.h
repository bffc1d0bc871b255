/* SPDX-License-Identifier: Apache-2.0 */
/* Reading tables that firmware or a loader left somewhere in physical memory.
 *
 * Parsers (boot facts, ACPI) never follow a physical address themselves: they ask a view, which
 * answers with a pointer to `bytes` readable bytes or NULL. The kernel's view is the direct map, a
 * test's view is an array, so the same parser runs in both and a wild address is an error, not a fault. */
#pragma once
#include "lib/base.h"

struct phys_view {
    const void *(*at)(const struct phys_view *view, paddr_t address, uint64_t bytes);
};

static inline const void *phys_at(const struct phys_view *view, paddr_t address, uint64_t bytes)
{
    return view->at(view, address, bytes);
}
