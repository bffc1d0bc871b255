/* SPDX-License-Identifier: Apache-2.0 */
/* Frames together with their charges. */
#pragma once
#include "mm/charge.h"
#include "mm/frame.h"

/* PADDR_NONE: no frame left, or a limit in the way. */
paddr_t frame_alloc_charged(enum charge_kind kind);
paddr_t frame_alloc_zeroed_charged(enum charge_kind kind);
void frame_free_charged(enum charge_kind kind, paddr_t frame);
