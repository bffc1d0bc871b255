/* SPDX-License-Identifier: Apache-2.0 */
/* Stacks of threads, in slots of equal size among the kernel's addresses.
 *
 * A slot's lowest page is never mapped, so a stack that overflows faults instead of running into its neighbour. A few
 * freed stacks of the usual size are kept as they are for the threads to come, as making and unmaking one costs more
 * than all else that a short thread does; the others go back at once, so that a late user of them faults too. */
#include "mm/alloc_fail.h"
#include "mm/frame_charged.h"
#include "mm/kernel_map.h"
#include "mm/kernel_map_internal.h"
#include "mm/page_table.h"
#include "config.h"

enum { KEPT_BYTES = CONFIG_KERNEL_STACK_BYTES };
static uint64_t stack_slots[KERNEL_STACKS_MAX / 64] GUARDED_BY(kernel_area_lock); /* a bit per slot in use */
static uint16_t kept[CONFIG_STACKS_KEPT] GUARDED_BY(kernel_area_lock); /* slots with a stack and no thread */
static uint32_t kept_count GUARDED_BY(kernel_area_lock);
_Static_assert(KERNEL_STACKS_MAX <= UINT16_MAX, "a slot's number fits");

static uint64_t slot_top(uint64_t slot) { return KERNEL_STACK_BASE + (slot + 1) * KERNEL_STACK_SLOT_BYTES; }

static bool slot_take_locked(uint64_t *slot) REQUIRES(kernel_area_lock)
{
    for (uint64_t i = 0; i < ARRAY_LENGTH(stack_slots); i++) {
        if (stack_slots[i] == ~0ull) continue;
        uint64_t bit = (uint64_t)__builtin_ctzll(~stack_slots[i]);
        stack_slots[i] |= 1ull << bit;
        *slot = i * 64 + bit;
        return true;
    }
    return false;
}

static void slot_give_locked(uint64_t slot) REQUIRES(kernel_area_lock)
{
    ASSERT(stack_slots[slot / 64] >> slot % 64 & 1);
    stack_slots[slot / 64] &= ~(1ull << slot % 64);
}

static void free_page(paddr_t paddr, uint8_t leaf_shift UNUSED, uint32_t flags UNUSED, void *context UNUSED)
{
    frame_free_charged(CHARGE_KERNEL, paddr);
}

/* Needs no memory: stacks are made of 4 KiB leaves. */
static void unmap_stack_locked(uint64_t bottom, uint64_t bytes) REQUIRES(kernel_area_lock)
{
    err_t e = page_table_unmap(&kernel_page_table, bottom, bytes, free_page, NULL);
    ASSERT(!failed(e));
}

static err_t map_stack_locked(uint64_t bottom, uint64_t bytes) REQUIRES(kernel_area_lock)
{
    for (uint64_t done = 0; done < bytes; done += PAGE_BYTES) {
        err_t e = ERR_NO_MEMORY;
        paddr_t frame = frame_alloc_charged(CHARGE_KERNEL);
        if (!is_paddr_none(frame)) {
            e = page_table_map_leaf(&kernel_page_table, bottom + done, frame, PAGE_SHIFT,
                                    PAGE_WRITE | PAGE_GLOBAL);
            if (failed(e)) frame_free_charged(CHARGE_KERNEL, frame);
        }
        if (failed(e)) {
            unmap_stack_locked(bottom, done);
            return e;
        }
    }
    return OK;
}

static bool take_kept(uint64_t bytes, void **top)
{
    if (bytes != KEPT_BYTES) return false;
    spin_lock(&kernel_area_lock);
    bool has_one = kept_count > 0;
    if (has_one) *top = (void *)slot_top(kept[--kept_count]);
    spin_unlock(&kernel_area_lock);
    return has_one;
}

err_t kernel_stack_alloc(uint64_t bytes, void **top)
{
    ASSERT(bytes > 0 && bytes <= KERNEL_STACK_BYTES_MAX && is_aligned(bytes, PAGE_BYTES));
    if (alloc_should_fail()) return ERR_NO_MEMORY;
    if (take_kept(bytes, top)) return OK;
    uint64_t slot;
    err_t e = ERR_TRY_AGAIN;
    spin_lock(&kernel_area_lock);
    if (slot_take_locked(&slot)) {
        e = map_stack_locked(slot_top(slot) - bytes, bytes);
        if (failed(e))
            slot_give_locked(slot);
        else
            *top = (void *)slot_top(slot);
    }
    spin_unlock(&kernel_area_lock);
    return e;
}

static void give_back_locked(uint64_t slot) REQUIRES(kernel_area_lock)
{
    unmap_stack_locked(slot_top(slot) - KERNEL_STACK_BYTES_MAX, KERNEL_STACK_BYTES_MAX);
    slot_give_locked(slot);
}

void kernel_stack_free(void *top, uint64_t bytes)
{
    uint64_t slot = ((uint64_t)top - KERNEL_STACK_BASE) / KERNEL_STACK_SLOT_BYTES - 1;
    ASSERT(slot < KERNEL_STACKS_MAX && slot_top(slot) == (uint64_t)top);
    spin_lock(&kernel_area_lock);
    if (bytes == KEPT_BYTES && kept_count < ARRAY_LENGTH(kept))
        kept[kept_count++] = (uint16_t)slot;
    else
        give_back_locked(slot);
    spin_unlock(&kernel_area_lock);
}

void kernel_stack_trim(void)
{
    spin_lock(&kernel_area_lock);
    while (kept_count > 0) give_back_locked(kept[--kept_count]);
    spin_unlock(&kernel_area_lock);
}
