/* SPDX-License-Identifier: Apache-2.0 */
#include "abi/linux/mman.h"
#include "abi/linux/prctl.h"
#include "arch/features.h"
#include "process/process.h"
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

/* A program may want that what can be read can be executed: personality(2). */
static uint32_t protection_of(uint64_t protection)
{
    bool reads_run = process_current()->personality & LINUX_READ_IMPLIES_EXEC;
    if (unlikely(reads_run) && protection & SPACE_READ) protection |= SPACE_EXEC;
    return protection & SPACE_PROTECTION;
}

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

static const struct {
    uint32_t linux_flag, space_flags;
} map_flags[] = {
    { LINUX_MAP_FIXED, SPACE_FIXED },
    { LINUX_MAP_FIXED_NOREPLACE, SPACE_FIXED | SPACE_NO_REPLACE },
    { LINUX_MAP_POPULATE, SPACE_POPULATE },
    { LINUX_MAP_LOCKED, SPACE_LOCKED },
    { LINUX_MAP_NORESERVE, SPACE_NO_RESERVE },
    { LINUX_MAP_STACK, SPACE_STACK },
    { LINUX_MAP_GROWSDOWN, SPACE_STACK | SPACE_GROWS_DOWN },
};

static uint32_t decode_flags(uint64_t flags)
{
    uint32_t decoded = (flags & LINUX_MAP_TYPE) == LINUX_MAP_PRIVATE ? 0 : SPACE_SHARED;
    if (likely(!(flags & ~(uint64_t)(LINUX_MAP_TYPE | LINUX_MAP_ANONYMOUS)))) return decoded;
    if (flags & LINUX_MAP_NONBLOCK) flags &= ~(uint64_t)LINUX_MAP_POPULATE;
    for (size_t i = 0; i < ARRAY_LENGTH(map_flags); i++)
        if (flags & map_flags[i].linux_flag) decoded |= map_flags[i].space_flags;
    return decoded;
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
        .flags = protection_of(protection) | decode_flags(flags),
        .offset = offset,
        .linux_flags = flags,
    };
    return flags & LINUX_MAP_HUGETLB ? decode_huge(out) : OK;
}

/* Memory that a device shows. */
static err_t map_device(struct map_request *r, struct file *file, uint64_t *place)
{
    struct file_view view;
    bool is_written = (r->flags & SPACE_SHARED) && (r->flags & SPACE_WRITE);
    if (!file_is_readable(file) || (is_written && !file_is_writable(file))) return ERR_ACCESS;
    if (r->flags & SPACE_SHARED && file_is_writable(file)) r->flags |= SPACE_MAY_WRITE;
    err_t e = file->ops->map(file, r->offset, r->bytes, &r->flags, &view);
    if (failed(e)) return e;
    return space_map(space(), r->at, r->bytes, r->flags, view.backing, view.first_page, place);
}

/* Settles the file that an opened mapping is of. */
static err_t map_file(struct map_request *r, struct file *file, uint64_t first_page, uint64_t *place)
{
    struct backing *backing;
    if (file->ops->map) return map_device(r, file, place);
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
    uint32_t wanted = protection_of(protection);
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
