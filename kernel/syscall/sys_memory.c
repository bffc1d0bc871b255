/* SPDX-License-Identifier: Apache-2.0 */
#include "abi/linux/mman.h"
#include "arch/features.h"
#include "container/process.h"
#include "fs/file.h"
#include "fs/file_mapping.h"
#include "fs/memfd.h"
#include "syscall/sys_core.h"
#include "syscall/sys_path.h"
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
    uint64_t offset;
    uint64_t linux_flags; /* what kind of mapping was asked for, not checked yet */
};

static err_t refuse_area(const struct area *area, uint64_t context)
{
    (void)area, (void)context;
    return ERR_EXISTS;
}

/* Linux looks for the place before it looks at the kind of mapping and at the file; space_map decides. */
static err_t check_place(const struct map_request *r)
{
    if (!(r->flags & SPACE_NO_REPLACE)) return OK;
    err_t e = space_advise(space(), r->at, r->bytes, refuse_area, 0, false);
    return e.code == ERR_EXISTS.code ? e : OK;
}

/* [linux mm/mmap.c, do_mmap] */
static err_t check_kind(const struct map_request *r)
{
    uint64_t flags = r->linux_flags, type = flags & LINUX_MAP_TYPE;
    if (flags & LINUX_MAP_ANONYMOUS) {
        bool grows = type == LINUX_MAP_SHARED && flags & LINUX_MAP_GROWSDOWN;
        return (type == LINUX_MAP_SHARED || type == LINUX_MAP_PRIVATE) && !grows ? OK : ERR_INVALID;
    }
    if (r->offset > (uint64_t)INT64_MAX - r->bytes) return ERR_OVERFLOW;
    if (type == LINUX_MAP_SHARED_VALIDATE && flags & ~LINUX_MAP_LEGACY_MASK) return ERR_NOT_SUPPORTED;
    if (flags & LINUX_MAP_GROWSDOWN) return ERR_INVALID;
    return type >= LINUX_MAP_SHARED && type <= LINUX_MAP_SHARED_VALIDATE ? OK : ERR_INVALID;
}

/* There is no file system of huge pages. */
static err_t decode_huge(struct map_request *r)
{
    uint64_t shift = r->linux_flags >> LINUX_MAP_HUGE_SHIFT & LINUX_MAP_HUGE_MASK;
    bool is_giant = shift == GIANT_SHIFT;
    if (!(r->linux_flags & LINUX_MAP_ANONYMOUS)) return ERR_INVALID;
    if (is_giant ? !cpu_features.giant_pages : shift && shift != HUGE_SHIFT) return ERR_INVALID;
    uint64_t unit = is_giant ? GIANT_BYTES : HUGE_BYTES;
    r->bytes = align_up(r->bytes, unit);
    if (r->flags & SPACE_FIXED && !is_aligned(r->at, unit)) return ERR_INVALID;
    r->at = align_up(r->at, unit);
    r->flags |= is_giant ? SPACE_HUGE_1G : SPACE_HUGE_2M;
    if (r->flags & SPACE_SHARED) r->flags |= SPACE_MAY_WRITE;
    return OK;
}

static err_t decode_map(uint64_t at, uint64_t bytes, uint64_t protection, uint64_t flags, uint64_t offset,
                        struct map_request *out)
{
    bool fixed = flags & (LINUX_MAP_FIXED | LINUX_MAP_FIXED_NOREPLACE);
    if (bytes == 0) return ERR_INVALID;
    if (bytes > USER_END || (fixed && at > USER_END - bytes)) return ERR_NO_MEMORY;
    if (fixed && at % PAGE_BYTES) return ERR_INVALID;
    *out = (struct map_request){
        .at = align_down(at, PAGE_BYTES),
        .bytes = align_up(bytes, PAGE_BYTES),
        .flags = protection & SPACE_PROTECTION,
        .offset = offset,
        .linux_flags = flags,
    };
    if (fixed) out->flags |= SPACE_FIXED;
    if (flags & LINUX_MAP_FIXED_NOREPLACE) out->flags |= SPACE_NO_REPLACE;
    if ((flags & (LINUX_MAP_POPULATE | LINUX_MAP_NONBLOCK)) == LINUX_MAP_POPULATE)
        out->flags |= SPACE_POPULATE;
    if (flags & LINUX_MAP_LOCKED) out->flags |= SPACE_LOCKED;
    if (flags & LINUX_MAP_NORESERVE) out->flags |= SPACE_NO_RESERVE;
    if (flags & LINUX_MAP_STACK) out->flags |= SPACE_STACK;
    if (flags & LINUX_MAP_GROWSDOWN) out->flags |= SPACE_STACK | SPACE_GROWS_DOWN;
    if ((flags & LINUX_MAP_TYPE) != LINUX_MAP_PRIVATE) out->flags |= SPACE_SHARED;
    return flags & LINUX_MAP_HUGETLB ? decode_huge(out) : OK;
}

/* Settles the file that an opened mapping is of. */
static err_t map_file(struct map_request *r, struct file *file, uint64_t first_page, uint64_t *place)
{
    struct backing *backing;
    err_t e = file_backing_open(file, &r->flags, &backing);
    if (failed(e)) return e;
    e = space_map(space(), r->at, r->bytes, r->flags, backing, first_page, place);
    file_backing_settle(file, r->flags);
    return e;
}

/* Memory that processes share is a file that only they know. */
static err_t map_shared_memory(struct map_request *r, uint64_t *place)
{
    struct file *file;
    err_t e = memfd_open_shared_memory(r->bytes, &file);
    if (failed(e)) return e;
    e = map_file(r, file, 0, place);
    file_put(file);
    return e;
}

/* `file` is NULL for anonymous memory. */
static err_t map(struct map_request *r, struct file *file, uint64_t *place)
{
    err_t e = check_place(r);
    if (!failed(e)) e = check_kind(r);
    if (failed(e)) return e;
    if (file) return map_file(r, file, r->offset >> PAGE_SHIFT, place);
    if ((r->flags & (SPACE_SHARED | SPACE_HUGE)) == SPACE_SHARED) return map_shared_memory(r, place);
    return space_map(space(), r->at, r->bytes, r->flags, NULL, 0, place);
}

int64_t sys_mmap(uint64_t at, uint64_t bytes, uint64_t protection, uint64_t flags, uint64_t fd,
                 uint64_t offset)
{
    if (offset % PAGE_BYTES) return ERR_INVALID.code;
    struct file *file = NULL;
    err_t e = flags & LINUX_MAP_ANONYMOUS ? OK : file_argument(fd, &file);
    if (failed(e)) return e.code;
    struct map_request r;
    uint64_t place;
    e = decode_map(at, bytes, protection, flags, offset, &r);
    if (!failed(e)) e = map(&r, file, &place);
    file_put(file);
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
    bool is_locked = area->flags & SPACE_LOCKED, is_file = area->backing, is_huge = area->flags & SPACE_HUGE;
    switch (advice) {
    case LINUX_MADV_DONTNEED: return is_locked ? ERR_INVALID : OK;
    case LINUX_MADV_COLD:
    case LINUX_MADV_PAGEOUT: return is_locked || is_huge ? ERR_INVALID : OK;
    case LINUX_MADV_FREE: return is_locked || is_file || is_huge ? ERR_INVALID : OK;
    case LINUX_MADV_DODUMP: return is_huge ? ERR_INVALID : OK;
    case LINUX_MADV_WIPEONFORK: return is_file || (area->flags & SPACE_SHARED) ? ERR_INVALID : OK;
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
    if (bytes > USER_END) return ERR_NO_MEMORY.code;
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
