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
    if (flags & LINUX_MAP_POPULATE && !(flags & LINUX_MAP_NORESERVE)) out->flags |= SPACE_POPULATE;
    if (flags & (LINUX_MAP_GROWSDOWN | LINUX_MAP_STACK)) out->flags |= SPACE_STACK;
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
    if (protection & ~(uint64_t)(SPACE_PROTECTION | LINUX_PROT_SEM)) return ERR_INVALID.code;
    protection &= SPACE_PROTECTION;
    return space_protect(space(), at, align_up(bytes, PAGE_BYTES), (uint32_t)protection).code;
}

int64_t sys_mremap(uint64_t at, uint64_t old_bytes, uint64_t new_bytes, uint64_t flags)
{
    if (at % PAGE_BYTES || flags & ~(uint64_t)LINUX_MREMAP_MAYMOVE) return ERR_INVALID.code;
    uint64_t place; /* lengths that wrap become 0, which is refused, as on Linux */
    err_t e = space_remap(space(), at, align_up(old_bytes, PAGE_BYTES), align_up(new_bytes, PAGE_BYTES),
                          flags & LINUX_MREMAP_MAYMOVE, &place);
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

int64_t sys_madvise(uint64_t at, uint64_t bytes, uint64_t advice)
{
    uint64_t end, whole_bytes = align_up(bytes, PAGE_BYTES);
    if (at % PAGE_BYTES || whole_bytes < bytes || add_overflows(at, whole_bytes, &end))
        return ERR_INVALID.code;
    bytes = whole_bytes;
    err_t e = OK;
    switch (advice) {
    case LINUX_MADV_DONTNEED:
    case LINUX_MADV_FREE:
        if (bytes) e = space_discard(space(), at, bytes);
        break;
    case LINUX_MADV_NORMAL:
    case LINUX_MADV_RANDOM:
    case LINUX_MADV_SEQUENTIAL:
    case LINUX_MADV_WILLNEED:
    case LINUX_MADV_DONTFORK:
    case LINUX_MADV_DOFORK:
    case LINUX_MADV_HUGEPAGE:
    case LINUX_MADV_NOHUGEPAGE:
    case LINUX_MADV_DONTDUMP:
    case LINUX_MADV_DODUMP:
    case LINUX_MADV_COLD:
    case LINUX_MADV_PAGEOUT: break;
    default: return ERR_INVALID.code;
    }
    if (failed(e)) return e.code;
    /* A hole is told of, after the advice was taken for the rest. */
    return !bytes || is_mapped(at, bytes) ? 0 : ERR_NO_MEMORY.code;
}

/* The range rounded out to pages, as the mlock family does. */
static bool is_mapped_rounded(uint64_t at, uint64_t bytes)
{
    if (bytes > USER_END || at > USER_END) return false;
    uint64_t start = align_down(at, PAGE_BYTES);
    return is_mapped(start, align_up(at + bytes, PAGE_BYTES) - start);
}

int64_t sys_msync(uint64_t at, uint64_t bytes, uint64_t flags)
{
    const uint64_t known = LINUX_MS_ASYNC | LINUX_MS_INVALIDATE | LINUX_MS_SYNC;
    if (at % PAGE_BYTES || flags & ~known) return ERR_INVALID.code;
    if ((flags & LINUX_MS_ASYNC) && (flags & LINUX_MS_SYNC)) return ERR_INVALID.code;
    bytes = align_up(bytes, PAGE_BYTES);
    return !bytes || is_mapped(at, bytes) ? 0 : ERR_NO_MEMORY.code;
}

int64_t sys_mincore(uint64_t at, uint64_t bytes, uint64_t vector)
{
    if (at % PAGE_BYTES) return ERR_INVALID.code;
    if (bytes > USER_END) return ERR_NO_MEMORY.code;
    struct space *s = space();
    uint64_t pages = align_up(bytes, PAGE_BYTES) >> PAGE_SHIFT;
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

/* Memory never leaves once it is touched, so locking only has to touch it. */
int64_t sys_mlock(uint64_t at, uint64_t bytes)
{
    if (!is_mapped_rounded(at, bytes)) return ERR_NO_MEMORY.code;
    uint64_t end = at + bytes;
    for (at = align_down(at, PAGE_BYTES); at < end; at += PAGE_BYTES) {
        err_t e = space_fault(space(), at, 0);
        if (failed(e)) return ERR_NO_MEMORY.code;
    }
    return 0;
}

int64_t sys_mlock2(uint64_t at, uint64_t bytes, uint64_t flags)
{
    if (flags > 1) return ERR_INVALID.code; /* 1: MLOCK_ONFAULT, which is what happens anyway */
    if (flags) return is_mapped_rounded(at, bytes) ? 0 : ERR_NO_MEMORY.code;
    return sys_mlock(at, bytes);
}

int64_t sys_munlock(uint64_t at, uint64_t bytes)
{
    return is_mapped_rounded(at, bytes) ? 0 : ERR_NO_MEMORY.code;
}

int64_t sys_mlockall(uint64_t flags) { return flags == 0 || flags > 7 || flags == 4 ? ERR_INVALID.code : 0; }

int64_t sys_munlockall(void) { return 0; }
