/* SPDX-License-Identifier: Apache-2.0 */
#include "mm/frame_charged.h"

#include "lib/string.h"
#include "mm/direct_map.h"

paddr_t frame_alloc_charged(enum charge_kind kind)
{
    if (!charge_try(kind, 1)) return PADDR_NONE;
    paddr_t frame = frame_alloc();
    if (unlikely(is_paddr_none(frame))) charge_drop(kind, 1);
    return frame;
}

paddr_t frame_alloc_zeroed_charged(enum charge_kind kind)
{
    paddr_t frame = frame_alloc_charged(kind);
    if (likely(!is_paddr_none(frame))) memset(direct_map(frame), 0, PAGE_BYTES);
    return frame;
}

void frame_free_charged(enum charge_kind kind, paddr_t frame)
{
    frame_free(frame);
    charge_drop(kind, 1);
}
