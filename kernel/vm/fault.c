/* SPDX-License-Identifier: Apache-2.0 */
/* Page faults: what an access to an area needs in order to go on. */
#include "vm/fault.h"

#include "arch/cpu.h"
#include "arch/trap.h"
#include "config.h"
#include "core/panic.h"
#include "lib/string.h"
#include "mm/direct_map.h"
#include "mm/frame.h"
#include "mm/kernel_map.h"
#include "sched/thread.h"
#include "vm/layout.h"
#include "vm/space_internal.h"

static bool area_allows(const struct area *area, uint32_t error)
{
    if (error & PF_WRITE) return area->flags & SPACE_WRITE;
    if (error & PF_INSTRUCTION) return area->flags & SPACE_EXEC;
    return area->flags & SPACE_PROTECTION; /* x86 cannot grant write or execute without read */
}

static err_t map_page_locked(struct space *space, uint64_t at, paddr_t frame, uint8_t leaf_shift,
                             uint32_t flags) REQUIRES(space->lock)
{
    err_t e = page_table_map_leaf(&space->page_table, at, frame, leaf_shift, flags);
    if (!failed(e)) space->resident_pages += 1ull << (leaf_shift - PAGE_SHIFT);
    return e;
}

/* 2 MiB at once when the area holds the whole aligned block, nothing of it is mapped yet, and there
 * is a free block. Stacks and heaps grow at one end and would waste most of it. */
static bool try_huge_locked(struct space *space, const struct area *area, uint64_t address)
    REQUIRES(space->lock)
{
    uint64_t at = align_down(address, HUGE_BYTES);
    if (area->flags & (SPACE_STACK | SPACE_HEAP)) return false;
    if (at < area->start || at + HUGE_BYTES > area->end) return false;
    if (!page_table_is_empty(&space->page_table, at, HUGE_SHIFT)) return false;
    paddr_t block = frame_alloc_huge_zeroed();
    if (is_paddr_none(block)) return false;
    if (!failed(map_page_locked(space, at, block, HUGE_SHIFT, area_page_flags(area)))) return true;
    frame_free_huge(block);
    return false;
}

static err_t fault_anonymous_locked(struct space *space, const struct area *area, uint64_t address)
    REQUIRES(space->lock)
{
    if (try_huge_locked(space, area, address)) return OK;
    paddr_t frame = frame_alloc_zeroed();
    if (is_paddr_none(frame)) return ERR_NO_MEMORY;
    err_t e =
        map_page_locked(space, align_down(address, PAGE_BYTES), frame, PAGE_SHIFT, area_page_flags(area));
    if (failed(e)) frame_free(frame);
    return e;
}

/* A read maps the file's own frames: this one and its neighbours in a small window, since code and
 * tables are read in sequence. */
static err_t map_borrowed_locked(struct space *space, const struct area *area, uint64_t address)
    REQUIRES(space->lock)
{
    uint64_t window = CONFIG_FAULT_AROUND_PAGES * PAGE_BYTES, page = align_down(address, PAGE_BYTES);
    uint64_t start = MAX(align_down(address, window), area->start);
    uint64_t end = MIN(align_down(address, window) + window, area->end);
    uint32_t flags = (area_page_flags(area) & ~PAGE_WRITE) | PAGE_BORROWED;
    err_t result = ERR_NOT_SUPPORTED;
    for (uint64_t at = start; at < end; at += PAGE_BYTES) {
        paddr_t frame;
        struct backing *b = area->backing;
        if (failed(b->ops->page(b, area->backing_page + ((at - area->start) >> PAGE_SHIFT), &frame)))
            continue;
        err_t e = map_page_locked(space, at, frame, PAGE_SHIFT, flags); /* a neighbour may be there already */
        if (at == page) result = e;
    }
    return result;
}

static err_t fault_file_locked(struct space *space, const struct area *area, uint64_t address, uint32_t error)
    REQUIRES(space->lock)
{
    if (!(error & PF_WRITE)) {
        err_t e = map_borrowed_locked(space, area, address);
        if (e.code != ERR_NOT_SUPPORTED.code) return e;
    }
    uint64_t at = align_down(address, PAGE_BYTES);
    paddr_t frame = frame_alloc();
    if (is_paddr_none(frame)) return ERR_NO_MEMORY;
    struct backing *b = area->backing;
    err_t e = b->ops->read(b, area->backing_page + ((at - area->start) >> PAGE_SHIFT), direct_map(frame));
    if (!failed(e)) e = map_page_locked(space, at, frame, PAGE_SHIFT, area_page_flags(area));
    if (failed(e)) frame_free(frame);
    return e;
}

/* The page is there but not for this access: a write to a borrowed page copies it, a write to an
 * own page that became writable by mprotect only needs the bit. */
static err_t fault_present_locked(struct space *space, const struct area *area, uint64_t address, paddr_t old,
                                  uint32_t flags, uint8_t leaf_shift) REQUIRES(space->lock)
{
    uint64_t at = align_down(address, 1ull << leaf_shift);
    if (!(flags & PAGE_BORROWED))
        return page_table_protect(&space->page_table, at, 1ull << leaf_shift, area_page_flags(area));
    paddr_t copy = frame_alloc();
    if (is_paddr_none(copy)) return ERR_NO_MEMORY;
    memcpy(direct_map(copy), direct_map(PADDR(align_down(old.raw, PAGE_BYTES))), PAGE_BYTES);
    err_t e = space_drop_pages_locked(space, at, at + PAGE_BYTES);
    if (!failed(e)) e = map_page_locked(space, at, copy, PAGE_SHIFT, area_page_flags(area));
    if (failed(e)) frame_free(copy);
    return e;
}

err_t space_fault(struct space *space, uint64_t address, uint32_t error)
{
    if (!is_user_range(address, 1)) return ERR_FAULT;
    mutex_lock(&space->lock);
    space->fault_count++;
    struct area *area = space_find_locked(space, address);
    if (!area) area = space_grow_down_locked(space, address);
    err_t e = ERR_FAULT;
    if (area && area_allows(area, error)) {
        paddr_t frame;
        uint32_t flags;
        uint8_t leaf_shift;
        if (page_table_translate(&space->page_table, address, &frame, &flags, &leaf_shift)) {
            bool is_enough = !(error & PF_WRITE) || (flags & PAGE_WRITE);
            e = is_enough ? OK : fault_present_locked(space, area, address, frame, flags, leaf_shift);
        } else {
            e = area->backing ? fault_file_locked(space, area, address, error)
                              : fault_anonymous_locked(space, area, address);
        }
    }
    mutex_unlock(&space->lock);
    return e;
}

/* ---- the trap ---- */

void (*fault_report_user)(struct trap_frame *frame, uint64_t address, err_t reason);

void fault_double(struct trap_frame *frame)
{
    uint64_t address = cr2_read();
    if (kernel_stack_is_guard(address))
        panic_trap(frame, "kernel stack overflow: %016llx is in the guard page", (unsigned long long)address);
    panic_trap(frame, "double fault");
}

static void fault_in_kernel(struct trap_frame *frame, uint64_t address)
{
    const char *what = frame->error & PF_INSTRUCTION ? "execute" : frame->error & PF_WRITE ? "write" : "read";
    panic_trap(frame, "the kernel tried to %s %016llx (%s)", what, (unsigned long long)address,
               frame->error & PF_PRESENT ? "not allowed" : "not mapped");
}

void fault_handle(struct trap_frame *frame)
{
    uint64_t address = cr2_read();
    struct space *space = thread_current() ? thread_current()->space : NULL;
    bool from_user = trap_is_from_user(frame);
    uint64_t fixup = from_user ? 0 : trap_fixup(frame->rip);
    if (!from_user && !fixup) fault_in_kernel(frame, address);

    /* The CPU's own accesses on behalf of ring 3 are to tables that user memory never holds. (QEMU 7.2
     * makes them for RET and IRET too, where SMAP then forbids the stack for ever.) */
    bool is_implicit = from_user && !(frame->error & PF_USER);
    err_t e = space && !is_implicit ? space_fault(space, address, (uint32_t)frame->error) : ERR_FAULT;
    if (!failed(e)) return;
    if (fixup)
        frame->rip = fixup;
    else
        fault_report_user(frame, address, e);
}
