/* SPDX-License-Identifier: Apache-2.0 */
/* When translations of an address space are given up: see struct gfx9_memory. */
#include "host/ckdev/gfx9/gfx9.h"

uint64_t gfx9_memory_changed(struct gfx9_memory *memory)
{
    return __atomic_add_fetch(&memory->epoch, 1, __ATOMIC_SEQ_CST);
}
