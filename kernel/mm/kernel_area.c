/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses of the kernel that are neither the direct map nor the image: device memory, handed out
 * upwards and never taken back, and stacks in slots of equal size.
 *
 * A slot's lowest page is never mapped, so a stack that overflows faults instead of running into its
 * neighbour. Frames of a freed stack go back at once; a late user of it faults too.
 *
 * Locking: `lock` guards the kernel's page table from here on and the bookkeeping below. It is held
 * around frame allocation. */
#include "mm/kernel_map.h"

#include "core/lock.h"
#include "mm/frame_charged.h"
#include "mm/page_table.h"

static struct spinlock lock = SPINLOCK_INIT;
static uint64_t mmio_used GUARDED_BY(lock);                           /* bytes from KERNEL_MMIO_BASE */
static uint64_t stack_slots[KERNEL_STACKS_MAX / 64] GUARDED_BY(lock); /* a bit per slot in use */

err_t kernel_map_mmio(paddr_t base, uint64_t bytes, uint32_t type, volatile void **out)
{
    uint64_t end;
    if (bytes == 0 || add_overflows(base.raw, bytes, &end) || end > 1ull << 52) return ERR_INVALID;
    uint64_t start = align_down(base.raw, PAGE_BYTES), length = align_up(end, PAGE_BYTES) - start;
    /* Same offset in a 2 MiB unit on both sides, so that large windows get large leaves. */
    uint64_t phase = start % HUGE_BYTES;

    spin_lock(&lock);
    uint64_t offset = align_up(mmio_used, PAGE_BYTES);
    if (length >= HUGE_BYTES) offset = align_up(mmio_used, HUGE_BYTES) + phase;
    err_t e = ERR_NO_MEMORY;
    if (length <= KERNEL_MMIO_BYTES && offset <= KERNEL_MMIO_BYTES - length)
        e = page_table_map(&kernel_page_table, KERNEL_MMIO_BASE + offset, PADDR(start), length,
                           PAGE_WRITE | PAGE_GLOBAL | type);
    if (!failed(e)) mmio_used = offset + length;
    spin_unlock(&lock);
    if (failed(e)) return e;
    *out = (volatile void *)(KERNEL_MMIO_BASE + offset + (base.raw - start));
    return OK;
}

/* ---- stacks ---- */

static uint64_t slot_top(uint64_t slot) { return KERNEL_STACK_BASE + (slot + 1) * KERNEL_STACK_SLOT_BYTES; }

static bool slot_take_locked(uint64_t *slot) REQUIRES(lock)
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

static void slot_give_locked(uint64_t slot) REQUIRES(lock)
{
    ASSERT(stack_slots[slot / 64] >> slot % 64 & 1);
    stack_slots[slot / 64] &= ~(1ull << slot % 64);
}

static void free_page(paddr_t paddr, uint8_t leaf_shift UNUSED, uint32_t flags UNUSED, void *context UNUSED)
{
    frame_free_charged(CHARGE_KERNEL, paddr);
}

/* Needs no memory: stacks are made of 4 KiB leaves. */
static void unmap_stack_locked(uint64_t bottom, uint64_t bytes) REQUIRES(lock)
{
    err_t e = page_table_unmap(&kernel_page_table, bottom, bytes, free_page, NULL);
    ASSERT(!failed(e));
}

static err_t map_stack_locked(uint64_t bottom, uint64_t bytes) REQUIRES(lock)
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

err_t kernel_stack_alloc(uint64_t bytes, void **top)
{
    ASSERT(bytes > 0 && bytes <= KERNEL_STACK_BYTES_MAX && is_aligned(bytes, PAGE_BYTES));
    uint64_t slot;
    err_t e = ERR_TRY_AGAIN;
    spin_lock(&lock);
    if (slot_take_locked(&slot)) {
        e = map_stack_locked(slot_top(slot) - bytes, bytes);
        if (failed(e))
            slot_give_locked(slot);
        else
            *top = (void *)slot_top(slot);
    }
    spin_unlock(&lock);
    return e;
}

void kernel_stack_free(void *top)
{
    uint64_t slot = ((uint64_t)top - KERNEL_STACK_BASE) / KERNEL_STACK_SLOT_BYTES - 1;
    ASSERT(slot < KERNEL_STACKS_MAX && slot_top(slot) == (uint64_t)top);
    spin_lock(&lock);
    unmap_stack_locked((uint64_t)top - KERNEL_STACK_BYTES_MAX, KERNEL_STACK_BYTES_MAX);
    slot_give_locked(slot);
    spin_unlock(&lock);
}
