/* SPDX-License-Identifier: Apache-2.0 */
/* What a program says and asks about memory that it has mapped: madvise, msync, mincore, the mlock family. */
#include "abi/linux/mman.h"
#include "process/process.h"
#include "fs/file_mapping.h"
#include "syscall/sys_core.h"
#include "vm/layout.h"
#include "vm/space.h"
#include "vm/usercopy.h"

static struct space *space(void) { return process_current()->space; }

/* True when areas cover the whole range. */
static bool is_mapped(uint64_t at, uint64_t bytes)
{
    struct space *s = space();
    if (!is_user_range(at, bytes)) return false;
    bool whole = true;
    mutex_lock(&s->lock);
    for (uint64_t next = at; whole && next < at + bytes;) {
        struct area *area = space_find_locked(s, next);
        if (area)
            next = area->end;
        else
            whole = false;
    }
    mutex_unlock(&s->lock);
    return whole;
}

/* What an area answers to an advice. [linux mm/madvise.c] */
static err_t check_advice(const struct area *area, uint64_t advice)
{
    bool is_locked = area->flags & SPACE_LOCKED, is_file = area->backing, is_huge = area->flags & SPACE_HUGE;
    switch (advice) {
    case LINUX_MADV_DONTNEED: return is_locked ? ERR_INVALID : OK;
    case LINUX_MADV_COLD:
    case LINUX_MADV_PAGEOUT: return is_locked || is_huge ? ERR_INVALID : OK;
    case LINUX_MADV_FREE: return is_locked || is_file || is_huge ? ERR_INVALID : OK;
    case LINUX_MADV_WIPEONFORK: return is_file || is_huge || (area->flags & SPACE_SHARED) ? ERR_INVALID : OK;
    default: return OK;
    }
}

/* The part of a range that one file has to remove. */
struct removal {
    uint64_t start, end;
    struct backing *backing; /* counted */
    uint64_t first_page;
};

/* Ends the walk at the first area: the file changes with the space unlocked. */
static err_t take_removal(const struct area *area, uint64_t context)
{
    struct removal *r = (struct removal *)context;
    uint32_t needed = SPACE_SHARED | SPACE_MAY_WRITE;
    if (area->flags & SPACE_LOCKED || !area->backing) return ERR_INVALID;
    if ((area->flags & needed) != needed) return ERR_ACCESS;
    r->start = MAX(r->start, area->start);
    r->end = MIN(r->end, area->end);
    r->backing = backing_get(area->backing);
    r->first_page = area->backing_page + ((r->start - area->start) >> PAGE_SHIFT);
    return ERR_TRY_AGAIN;
}

static err_t remove_range(uint64_t at, uint64_t end)
{
    err_t hole = OK;
    while (at < end) {
        struct removal r = { .start = at, .end = end };
        err_t e = space_advise(space(), at, end - at, take_removal, (uint64_t)&r, false);
        if (e.code != ERR_TRY_AGAIN.code) return e;
        if (r.start > at) hole = ERR_NO_MEMORY;
        e = file_backing_punch(r.backing, r.first_page, (r.end - r.start) >> PAGE_SHIFT);
        backing_put(r.backing);
        if (failed(e)) return e;
        at = r.end;
    }
    return hole;
}

/* Advice that an area remembers. */
static const struct {
    uint8_t advice;
    uint32_t clear, set;
} remembered[] = {
    { LINUX_MADV_NORMAL, SPACE_RANDOM | SPACE_SEQUENTIAL, 0 },
    { LINUX_MADV_RANDOM, SPACE_SEQUENTIAL, SPACE_RANDOM },
    { LINUX_MADV_SEQUENTIAL, SPACE_RANDOM, SPACE_SEQUENTIAL },
    { LINUX_MADV_DONTFORK, 0, SPACE_NO_FORK },
    { LINUX_MADV_DOFORK, SPACE_NO_FORK, 0 },
    { LINUX_MADV_HUGEPAGE, SPACE_NO_HUGE, SPACE_WANTS_HUGE },
    { LINUX_MADV_NOHUGEPAGE, SPACE_WANTS_HUGE, SPACE_NO_HUGE },
    { LINUX_MADV_DONTDUMP, 0, SPACE_NO_DUMP },
    { LINUX_MADV_DODUMP, SPACE_NO_DUMP, 0 },
    { LINUX_MADV_WIPEONFORK, 0, SPACE_WIPE_ON_FORK },
    { LINUX_MADV_KEEPONFORK, SPACE_WIPE_ON_FORK, 0 },
};

static err_t mark(uint64_t at, uint64_t bytes, uint64_t advice)
{
    for (size_t i = 0; i < ARRAY_LENGTH(remembered); i++)
        if (remembered[i].advice == advice)
            return space_mark(space(), at, bytes, check_advice, advice, remembered[i].clear,
                              remembered[i].set);
    return space_advise(space(), at, bytes, check_advice, advice, false);
}

static err_t advise(uint64_t at, uint64_t bytes, uint64_t advice)
{
    switch (advice) {
    case LINUX_MADV_POPULATE_READ: return space_populate(space(), at, bytes, POPULATE_READ);
    case LINUX_MADV_POPULATE_WRITE: return space_populate(space(), at, bytes, POPULATE_WRITE);
    case LINUX_MADV_REMOVE: return remove_range(at, at + bytes);
    case LINUX_MADV_DONTNEED:
    case LINUX_MADV_DONTNEED_LOCKED:
    case LINUX_MADV_FREE: return space_advise(space(), at, bytes, check_advice, advice, true);
    default: return mark(at, bytes, advice);
    }
}

static bool is_advice(uint64_t advice)
{
    switch (advice) {
    case LINUX_MADV_NORMAL ... LINUX_MADV_DONTNEED:
    case LINUX_MADV_FREE ... LINUX_MADV_DOFORK:
    case LINUX_MADV_HUGEPAGE ... LINUX_MADV_DONTNEED_LOCKED: return true;
    default: return false;
    }
}

int64_t sys_madvise(uint64_t at, uint64_t bytes, uint64_t advice)
{
    uint64_t end, whole_bytes = align_up(bytes, PAGE_BYTES);
    if (!is_advice(advice) || at % PAGE_BYTES || whole_bytes < bytes || add_overflows(at, whole_bytes, &end))
        return ERR_INVALID.code;
    return whole_bytes ? advise(at, whole_bytes, advice).code : 0;
}

static err_t check_sync(const struct area *area, uint64_t flags)
{
    return (flags & LINUX_MS_INVALIDATE) && (area->flags & SPACE_LOCKED) ? ERR_BUSY : OK;
}

int64_t sys_msync(uint64_t at, uint64_t bytes, uint64_t flags)
{
    const uint64_t known = LINUX_MS_ASYNC | LINUX_MS_INVALIDATE | LINUX_MS_SYNC;
    if (at % PAGE_BYTES || flags & ~known) return ERR_INVALID.code;
    if ((flags & LINUX_MS_ASYNC) && (flags & LINUX_MS_SYNC)) return ERR_INVALID.code;
    bytes = align_up(bytes, PAGE_BYTES);
    return bytes ? space_advise(space(), at, bytes, check_sync, flags, false).code : 0;
}

/* A page of a file that no mapping has touched is in memory when the file has it. */
static uint8_t is_in_core(uint64_t at)
{
    struct space *s = space();
    mutex_lock(&s->lock);
    paddr_t frame;
    uint32_t flags;
    uint8_t leaf_shift;
    bool is_present = page_table_translate(&s->page_table, at, &frame, &flags, &leaf_shift);
    if (!is_present) {
        const struct area *area = space_find_locked(s, at);
        uint64_t page = area ? area->backing_page + ((at - area->start) >> PAGE_SHIFT) : 0;
        is_present = area && area->backing && file_backing_has_page(area->backing, page);
    }
    mutex_unlock(&s->lock);
    return is_present;
}

int64_t sys_mincore(uint64_t at, uint64_t bytes, uint64_t vector)
{
    if (at % PAGE_BYTES) return ERR_INVALID.code;
    if (!is_user_range(at, bytes)) return ERR_NO_MEMORY.code;
    uint64_t pages = align_up(bytes, PAGE_BYTES) >> PAGE_SHIFT;
    if (!is_user_range(vector, pages)) return ERR_FAULT.code;
    if (!is_mapped(at, pages << PAGE_SHIFT)) return ERR_NO_MEMORY.code;
    for (uint64_t i = 0; i < pages; i++) {
        uint8_t present = is_in_core(at + (i << PAGE_SHIFT));
        err_t e = user_copy_out(UADDR(vector + i), &present, 1);
        if (failed(e)) return e.code;
    }
    return 0;
}

int64_t sys_mlock(uint64_t at, uint64_t bytes) { return space_lock(space(), at, bytes, SPACE_LOCKED).code; }

int64_t sys_mlock2(uint64_t at, uint64_t bytes, uint64_t flags)
{
    if (flags & ~(uint64_t)LINUX_MLOCK_ONFAULT) return ERR_INVALID.code;
    uint32_t marks = SPACE_LOCKED | (flags & LINUX_MLOCK_ONFAULT ? SPACE_LOCKED_ON_FAULT : 0);
    return space_lock(space(), at, bytes, marks).code;
}

int64_t sys_munlock(uint64_t at, uint64_t bytes) { return space_lock(space(), at, bytes, 0).code; }

int64_t sys_mlockall(uint64_t flags)
{
    const uint64_t whom = LINUX_MCL_CURRENT | LINUX_MCL_FUTURE;
    if (!(flags & whom) || flags & ~(whom | LINUX_MCL_ONFAULT)) return ERR_INVALID.code;
    uint32_t marks = SPACE_LOCKED | (flags & LINUX_MCL_ONFAULT ? SPACE_LOCKED_ON_FAULT : 0);
    space_lock_all(space(), marks, flags & LINUX_MCL_FUTURE ? marks : 0, flags & LINUX_MCL_CURRENT);
    return 0;
}

int64_t sys_munlockall(void)
{
    space_lock_all(space(), 0, 0, true);
    return 0;
}
