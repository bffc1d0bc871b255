/* SPDX-License-Identifier: Apache-2.0 */
#include "abi/linux/mman.h"
#include "container/file_backing.h"
#include "container/process.h"
#include "fs/fd_table.h"
#include "fs/file.h"
#include "syscall/sys_core.h"
#include "vm/layout.h"
#include "vm/space.h"
#include "vm/usercopy.h"

static struct space *space(void) { return process_current()->space; }

/* Linux's PROT_ bits are the space's. */
_Static_assert(LINUX_PROT_READ == SPACE_READ && LINUX_PROT_WRITE == SPACE_WRITE &&
                   LINUX_PROT_EXEC == SPACE_EXEC,
               "protections pass through");

struct map_request {
    uint64_t at, bytes;
    uint32_t flags; /* SPACE_* */
    uint64_t first_page;
};

/* Linux looks at the descriptor first, at the kind of mapping last. [linux mm/mmap.c, do_mmap] */
static err_t check_kind(uint64_t flags, uint64_t bytes, uint64_t offset)
{
    uint64_t type = flags & LINUX_MAP_TYPE;
    if (flags & LINUX_MAP_ANONYMOUS) {
        bool grows = type == LINUX_MAP_SHARED && flags & LINUX_MAP_GROWSDOWN;
        return (type == LINUX_MAP_SHARED || type == LINUX_MAP_PRIVATE) && !grows ? OK : ERR_INVALID;
    }
    if (offset > (uint64_t)INT64_MAX - bytes) return ERR_OVERFLOW;
    if (flags & LINUX_MAP_GROWSDOWN) return ERR_INVALID;
    return type >= LINUX_MAP_SHARED && type <= LINUX_MAP_SHARED_VALIDATE ? OK : ERR_INVALID;
}

static err_t decode_map(uint64_t at, uint64_t bytes, uint64_t protection, uint64_t flags, uint64_t offset,
                        struct map_request *out)
{
    bool fixed = flags & (LINUX_MAP_FIXED | LINUX_MAP_FIXED_NOREPLACE);
    if (flags & LINUX_MAP_HUGETLB || bytes == 0) return ERR_INVALID; /* as a kernel without hugetlbfs */
    if (bytes > USER_END || (fixed && at > USER_END - bytes)) return ERR_NO_MEMORY;
    if (fixed && at % PAGE_BYTES) return ERR_INVALID;
    *out = (struct map_request){
        .at = align_down(at, PAGE_BYTES),
        .bytes = align_up(bytes, PAGE_BYTES),
        .flags = protection & SPACE_PROTECTION,
        .first_page = offset >> PAGE_SHIFT,
    };
    bool is_file = !(flags & LINUX_MAP_ANONYMOUS);
    if (fixed) out->flags |= SPACE_FIXED;
    if (flags & LINUX_MAP_FIXED_NOREPLACE) out->flags |= SPACE_NO_REPLACE;
    if ((flags & (LINUX_MAP_POPULATE | LINUX_MAP_NONBLOCK)) == LINUX_MAP_POPULATE)
        out->flags |= SPACE_POPULATE;
    if (flags & LINUX_MAP_LOCKED) out->flags |= SPACE_LOCKED;
    if (flags & LINUX_MAP_STACK) out->flags |= SPACE_STACK;
    if (flags & LINUX_MAP_GROWSDOWN) out->flags |= SPACE_STACK | SPACE_GROWS_DOWN;
    if (is_file && (flags & LINUX_MAP_TYPE) != LINUX_MAP_PRIVATE) out->flags |= SPACE_SHARED;
    return check_kind(flags, out->bytes, offset);
}

int64_t sys_mmap(uint64_t at, uint64_t bytes, uint64_t protection, uint64_t flags, uint64_t fd,
                 uint64_t offset)
{
    if (offset % PAGE_BYTES) return ERR_INVALID.code;
    struct file *file = NULL;
    if (!(flags & LINUX_MAP_ANONYMOUS)) {
        file = fd_get(process_current()->files, (uint32_t)fd);
        if (!file) return ERR_BAD_FD.code;
    }
    struct map_request r;
    struct backing *backing = NULL;
    uint64_t place;
    err_t e = decode_map(at, bytes, protection, flags, offset, &r);
    if (!failed(e) && file) e = file_backing_open(file, r.flags, &backing);
    if (file) file_put(file);
    if (!failed(e)) e = space_map(space(), r.at, r.bytes, r.flags, backing, r.first_page, &place);
    return failed(e) ? e.code : (int64_t)place;
}

int64_t sys_munmap(uint64_t at, uint64_t bytes)
{
    if (at % PAGE_BYTES || bytes > USER_END) return ERR_INVALID.code;
    return space_unmap(space(), at, align_up(bytes, PAGE_BYTES)).code;
}

int64_t sys_mprotect(uint64_t at, uint64_t bytes, uint64_t protection)
{
    if (at % PAGE_BYTES) return ERR_INVALID.code;
    if (bytes == 0) return 0;
    uint64_t end;
    if (add_overflows(at, bytes, &end) || align_up(end, PAGE_BYTES) < end) return ERR_NO_MEMORY.code;
    if (protection & ~(uint64_t)(SPACE_PROTECTION | LINUX_PROT_SEM | LINUX_PROT_GROWSDOWN))
        return ERR_INVALID.code; /* nothing grows up on x86 */
    uint32_t wanted = protection & SPACE_PROTECTION;
    if (protection & LINUX_PROT_GROWSDOWN) wanted |= SPACE_GROWS_DOWN;
    return space_protect(space(), at, align_up(bytes, PAGE_BYTES), wanted).code;
}

int64_t sys_mremap(uint64_t at, uint64_t old_bytes, uint64_t new_bytes, uint64_t flags, uint64_t to)
{
    const uint64_t known = LINUX_MREMAP_MAYMOVE | LINUX_MREMAP_FIXED | LINUX_MREMAP_DONTUNMAP;
    if (at % PAGE_BYTES || flags & ~known) return ERR_INVALID.code;
    struct remap_request request = {
        .at = at,
        .old_bytes = align_up(old_bytes, PAGE_BYTES), /* lengths that wrap become 0, which is */
        .new_bytes = align_up(new_bytes, PAGE_BYTES), /* refused, as on Linux */
        .to = to,
        .may_move = flags & LINUX_MREMAP_MAYMOVE,
        .is_fixed = flags & LINUX_MREMAP_FIXED,
        .keeps_old = flags & LINUX_MREMAP_DONTUNMAP,
    };
    if ((request.is_fixed || request.keeps_old) && !request.may_move) return ERR_INVALID.code;
    if (request.keeps_old && request.old_bytes != request.new_bytes) return ERR_INVALID.code;
    if (request.is_fixed && to % PAGE_BYTES) return ERR_INVALID.code;
    uint64_t place;
    err_t e = space_remap(space(), &request, &place);
    return failed(e) ? e.code : (int64_t)place;
}

int64_t sys_brk(uint64_t end) { return (int64_t)space_set_brk(space(), end); }

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
    bool is_locked = area->flags & SPACE_LOCKED, is_file = area->backing;
    switch (advice) {
    case LINUX_MADV_DONTNEED:
    case LINUX_MADV_COLD:
    case LINUX_MADV_PAGEOUT: return is_locked ? ERR_INVALID : OK;
    case LINUX_MADV_FREE: return is_locked || is_file ? ERR_INVALID : OK;
    case LINUX_MADV_WIPEONFORK: return is_file ? ERR_INVALID : OK;
    /* Only files that may be written through the mapping have something to remove. */
    case LINUX_MADV_REMOVE: return is_locked || !is_file ? ERR_INVALID : ERR_ACCESS;
    default: return OK;
    }
}

static err_t advise(uint64_t at, uint64_t bytes, uint64_t advice)
{
    switch (advice) {
    case LINUX_MADV_POPULATE_READ: return space_populate(space(), at, bytes, POPULATE_READ);
    case LINUX_MADV_POPULATE_WRITE: return space_populate(space(), at, bytes, POPULATE_WRITE);
    case LINUX_MADV_DONTNEED:
    case LINUX_MADV_DONTNEED_LOCKED:
    case LINUX_MADV_FREE: return space_advise(space(), at, bytes, check_advice, advice, true);
    default: return space_advise(space(), at, bytes, check_advice, advice, false);
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

int64_t sys_mincore(uint64_t at, uint64_t bytes, uint64_t vector)
{
    if (at % PAGE_BYTES) return ERR_INVALID.code;
    if (bytes > USER_END) return ERR_NO_MEMORY.code;
    struct space *s = space();
    uint64_t pages = align_up(bytes, PAGE_BYTES) >> PAGE_SHIFT;
    if (!is_user_range(vector, pages)) return ERR_FAULT.code;
    if (!is_mapped(at, pages << PAGE_SHIFT)) return ERR_NO_MEMORY.code;
    for (uint64_t i = 0; i < pages; i++) {
        paddr_t frame;
        uint32_t flags;
        uint8_t leaf_shift;
        uint8_t present =
            page_table_translate(&s->page_table, at + (i << PAGE_SHIFT), &frame, &flags, &leaf_shift);
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
