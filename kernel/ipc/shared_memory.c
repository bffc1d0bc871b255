/* SPDX-License-Identifier: Apache-2.0 */
#include "ipc/shared_memory.h"

#include "fs/file.h"
#include "fs/file_mapping.h"
#include "fs/memfd.h"
#include "ipc/ipc_table.h"
#include "mm/charge.h"
#include "mm/heap.h"
#include "process/process.h"
#include "vm/layout.h"
#include "vm/space.h"
#include "vm/space_report.h"
#include "vm/usercopy.h"

/* Areas hold `backing`, which holds the file; so what lasts as long as somebody is attached is the segment. */
struct segment {
    struct ipc_object object;
    struct backing backing;
    struct file *file; /* fixed */
    uint64_t bytes;    /* fixed */
    uint32_t holders;  /* of `backing`; atomic */
    int64_t attached_s, detached_s;
    uint32_t maker, last;
};

static struct ipc_table table = IPC_TABLE_INIT;
static uint64_t pages_in_use; /* of all segments; atomic */

static struct segment *segment_of(const struct ipc_object *o)
{
    return CONTAINER_OF(o, struct segment, object);
}
static struct segment *of_backing(const struct backing *b)
{
    return CONTAINER_OF(b, struct segment, backing);
}
static uint64_t pages_of(const struct segment *s) { return align_up(s->bytes, PAGE_BYTES) / PAGE_BYTES; }
static uint32_t attached(const struct segment *s)
{
    return __atomic_load_n(&s->backing.mapping->area_count, __ATOMIC_RELAXED);
}

/* ---- as areas see it ---- */

/* Each holder has the object, too. */
static void backing_op_get(struct backing *b)
{
    struct segment *s = of_backing(b);
    __atomic_add_fetch(&s->object.references, 1, __ATOMIC_RELAXED);
    __atomic_add_fetch(&s->holders, 1, __ATOMIC_RELAXED);
}

static void note_detached_locked(struct segment *s) REQUIRES(s->object.queue.lock)
{
    s->detached_s = ipc_now_s();
    s->last = process_current()->pid;
}

/* A segment that was removed while it was attached goes with the last area. */
static void backing_op_put(struct backing *b)
{
    struct segment *s = of_backing(b);
    spin_lock(&s->object.queue.lock);
    bool is_last = __atomic_sub_fetch(&s->holders, 1, __ATOMIC_ACQ_REL) == 0;
    if (is_last) note_detached_locked(s);
    bool is_doomed = is_last && s->object.mode & LINUX_SHM_DEST;
    spin_unlock(&s->object.queue.lock);
    if (is_doomed) ipc_remove(&s->object);
    ipc_put(&s->object);
}

static err_t backing_op_page(struct backing *b, uint64_t index, bool is_shared, struct backing_page *out)
{
    struct backing *file = &of_backing(b)->file->backing;
    return file->ops->page(file, index, is_shared, out);
}
static err_t backing_op_own(struct backing *b, uint64_t index)
{
    struct backing *file = &of_backing(b)->file->backing;
    return file->ops->own(file, index);
}
static err_t backing_op_read(struct backing *b, uint64_t index, void *out_page)
{
    struct backing *file = &of_backing(b)->file->backing;
    return file->ops->read(file, index, out_page);
}

static const struct backing_ops backing_ops = {
    .name = "/SYSV (deleted)",
    .get = backing_op_get,
    .put = backing_op_put,
    .page = backing_op_page,
    .own = backing_op_own,
    .read = backing_op_read,
};

/* ---- making one ---- */

static err_t create(uint64_t bytes, uint32_t flags, struct ipc_object **out)
{
    if (bytes == 0 || bytes > LINUX_SHMMAX) return ERR_INVALID;
    if (flags & LINUX_SHM_HUGETLB) return ERR_NO_SYSCALL; /* as memfd_create */
    /* More than there will ever be, unless it was said that it need not be there. */
    uint64_t limit = __atomic_load_n(&charge_counters.limits[CHARGE_FILE], __ATOMIC_RELAXED);
    if (!(flags & LINUX_SHM_NORESERVE) && bytes / PAGE_BYTES > limit) return ERR_NO_MEMORY;
    struct segment *s = heap_alloc_zeroed(sizeof(*s));
    if (!s) return ERR_NO_MEMORY;
    err_t e = memfd_open_shared_memory(align_up(bytes, PAGE_BYTES), &s->file);
    if (failed(e)) {
        heap_free(s);
        return e;
    }
    s->backing = (struct backing){ &backing_ops, s->file->backing.mapping };
    s->bytes = bytes;
    s->maker = process_current()->pid;
    __atomic_add_fetch(&pages_in_use, pages_of(s), __ATOMIC_RELAXED);
    *out = &s->object;
    return OK;
}

static err_t check_size(const struct ipc_object *o, uint64_t bytes)
{
    return bytes > segment_of(o)->bytes ? ERR_INVALID : OK;
}

static void destroy(struct ipc_object *o)
{
    struct segment *s = segment_of(o);
    __atomic_sub_fetch(&pages_in_use, pages_of(s), __ATOMIC_RELAXED);
    file_put(s->file);
    heap_free(s);
}

static const struct ipc_kind kind = { &table, LINUX_SHMMNI, create, check_size, destroy };

int64_t shared_memory_get(int32_t key, uint64_t bytes, uint32_t flags)
{
    return ipc_get(&kind, key, bytes, flags);
}

/* ---- attaching ---- */

static struct space *space(void) { return process_current()->space; }

/* [linux ipc/shm.c do_shmat] */
static err_t decode_place(uint64_t *address, uint32_t flags)
{
    if (*address % PAGE_BYTES) {
        if (!(flags & LINUX_SHM_RND)) return ERR_INVALID;
        *address = align_down(*address, PAGE_BYTES);
    }
    return *address == 0 && (flags & LINUX_SHM_REMAP) ? ERR_INVALID : OK;
}

static int64_t attach(struct segment *s, uint64_t address, uint32_t flags)
{
    uint64_t bytes = pages_of(s) * PAGE_BYTES, place;
    bool is_written = !(flags & LINUX_SHM_RDONLY);
    uint32_t how = SPACE_SHARED | SPACE_READ | (is_written ? SPACE_WRITE | SPACE_MAY_WRITE : 0);
    if (flags & LINUX_SHM_EXEC) how |= SPACE_EXEC;
    if (address) how |= SPACE_FIXED | (flags & LINUX_SHM_REMAP ? 0 : SPACE_NO_REPLACE);
    if (address && (address > USER_END || bytes > USER_END - address)) return ERR_INVALID.code;
    fs_lock();
    s->file->vnode->regular.was_shared = true;
    fs_unlock();
    err_t e = space_map(space(), address, bytes, how, backing_get(&s->backing), 0, &place);
    return failed(e) ? (e.code == ERR_EXISTS.code ? ERR_INVALID.code : e.code) : (int64_t)place;
}

int64_t shared_memory_attach(uint32_t id, uint64_t address, uint32_t flags)
{
    struct ipc_object *o;
    err_t e = (int32_t)id < 0 ? ERR_INVALID : decode_place(&address, flags);
    if (!failed(e)) e = ipc_take(&kind, id, &o);
    if (failed(e)) return e.code;
    struct segment *s = segment_of(o);
    spin_lock(&o->queue.lock);
    uint32_t wanted = 0400 | (flags & LINUX_SHM_RDONLY ? 0 : 0200) | (flags & LINUX_SHM_EXEC ? 0100 : 0);
    e = ipc_check_access_locked(o, wanted);
    spin_unlock(&o->queue.lock);
    int64_t result = failed(e) ? e.code : attach(s, address, flags);
    if (result >= 0) {
        spin_lock(&o->queue.lock);
        s->attached_s = ipc_now_s();
        s->last = process_current()->pid;
        spin_unlock(&o->queue.lock);
    }
    ipc_put(o);
    return result;
}

/* The segment whose first page is shown at `address`, with its backing counted; NULL: there is none. */
static struct segment *segment_at(uint64_t address)
{
    struct area_report area;
    if (!space_report_area(space(), address, &area, NULL)) return NULL;
    bool is_start = area.start == address && area.backing_page == 0 && area.backing;
    if (is_start && area.backing->ops == &backing_ops) return of_backing(area.backing);
    backing_put(area.backing);
    return NULL;
}

int64_t shared_memory_detach(uint64_t address)
{
    if (address % PAGE_BYTES) return ERR_INVALID.code;
    struct segment *s = segment_at(address);
    if (!s) return ERR_INVALID.code;
    uint64_t at = address, end = address + pages_of(s) * PAGE_BYTES;
    struct area_report area;
    /* What is left of it: the program may have mapped something else into its middle. */
    while (at < end && space_report_area(space(), at, &area, NULL) && area.start < end) {
        bool is_part = area.backing == &s->backing && area.start - address == area.backing_page * PAGE_BYTES;
        backing_put(area.backing);
        err_t e = is_part ? space_unmap(space(), area.start, area.end - area.start) : OK;
        if (failed(e)) break;
        at = area.end;
    }
    spin_lock(&s->object.queue.lock);
    note_detached_locked(s);
    spin_unlock(&s->object.queue.lock);
    backing_put(&s->backing);
    return 0;
}

/* ---- control ---- */

static void describe_locked(const struct ipc_object *o, struct linux_shmid_ds *out) REQUIRES(o->queue.lock)
{
    const struct segment *s = segment_of(o);
    *out = (struct linux_shmid_ds){
        .bytes = s->bytes,
        .attached_s = s->attached_s,
        .detached_s = s->detached_s,
        .changed_s = o->changed_s,
        .maker = (int32_t)s->maker,
        .last = (int32_t)s->last,
        .attached = attached(s),
    };
    ipc_describe_locked(o, &out->perm);
}

static int64_t stat(uint32_t id, uint32_t operation, uint64_t address)
{
    struct ipc_object *o;
    struct linux_shmid_ds ds;
    err_t e = operation == LINUX_IPC_STAT ? ipc_take(&kind, id, &o) : ipc_take_at(&kind, id, &o);
    if (failed(e)) return e.code;
    spin_lock(&o->queue.lock);
    if (operation != LINUX_SHM_STAT_ANY) e = ipc_check_access_locked(o, 0444);
    describe_locked(o, &ds);
    uint32_t number = operation == LINUX_IPC_STAT ? 0 : o->id;
    ipc_give(o);
    if (!failed(e)) e = user_copy_out(UADDR(address), &ds, sizeof(ds));
    return failed(e) ? e.code : (int64_t)number;
}

/* While it is attached it stays, without its key. */
static void doom(struct ipc_object *o)
{
    spin_lock(&o->kind->table->lock);
    spin_lock(&o->queue.lock);
    o->key = LINUX_IPC_PRIVATE;
    o->mode |= LINUX_SHM_DEST;
    bool is_free = __atomic_load_n(&segment_of(o)->holders, __ATOMIC_ACQUIRE) == 0;
    spin_unlock(&o->queue.lock);
    spin_unlock(&o->kind->table->lock);
    if (is_free) ipc_remove(o);
}

static int64_t change(uint32_t id, uint32_t operation, const struct linux_shmid_ds *wanted)
{
    struct ipc_object *o;
    err_t e = ipc_take(&kind, id, &o);
    if (failed(e)) return e.code;
    spin_lock(&o->queue.lock);
    bool is_lock = operation == LINUX_SHM_LOCK || operation == LINUX_SHM_UNLOCK;
    e = ipc_check_owner_locked(o);
    if (!failed(e) && operation == LINUX_IPC_SET) ipc_change_locked(o, &wanted->perm);
    if (!failed(e) && is_lock) {
        /* Nothing ever leaves memory. */
        o->mode &= (uint16_t)~LINUX_SHM_LOCKED;
        if (operation == LINUX_SHM_LOCK) o->mode |= LINUX_SHM_LOCKED;
    }
    spin_unlock(&o->queue.lock);
    if (!failed(e) && operation == LINUX_IPC_RMID) doom(o);
    ipc_put(o);
    return e.code;
}

static int64_t tell_limits(uint64_t address)
{
    uint32_t highest;
    const struct linux_shminfo info = {
        .bytes_max = LINUX_SHMMAX,
        .bytes_min = 1,
        .segments_max = LINUX_SHMMNI,
        .per_process_max = LINUX_SHMMNI,
        .pages_max = LINUX_SHMMAX,
    };
    ipc_count(&kind, &highest);
    err_t e = user_copy_out(UADDR(address), &info, sizeof(info));
    return failed(e) ? e.code : (int64_t)highest;
}

static int64_t tell_use(uint64_t address)
{
    uint32_t highest;
    struct linux_shm_info info = { .segments = (int32_t)ipc_count(&kind, &highest) };
    info.pages = __atomic_load_n(&pages_in_use, __ATOMIC_RELAXED);
    struct ipc_object *o;
    for (uint32_t i = 0; (o = ipc_next(&kind, &i)) != NULL; ipc_put(o)) {
        struct vnode *v = segment_of(o)->file->vnode;
        fs_lock();
        info.resident += v->regular.block_pages;
        fs_unlock();
    }
    err_t e = user_copy_out(UADDR(address), &info, sizeof(info));
    return failed(e) ? e.code : (int64_t)highest;
}

int64_t shared_memory_control(uint32_t id, uint32_t operation, uint64_t address)
{
    struct linux_shmid_ds wanted;
    if ((int32_t)id < 0) return ERR_INVALID.code;
    switch (operation) {
    case LINUX_IPC_INFO: return tell_limits(address);
    case LINUX_SHM_INFO: return tell_use(address);
    case LINUX_IPC_STAT:
    case LINUX_SHM_STAT:
    case LINUX_SHM_STAT_ANY: return stat(id, operation, address);
    case LINUX_IPC_SET: {
        err_t e = user_copy_in(&wanted, UADDR(address), sizeof(wanted));
        return failed(e) ? e.code : change(id, operation, &wanted);
    }
    case LINUX_IPC_RMID:
    case LINUX_SHM_LOCK:
    case LINUX_SHM_UNLOCK: return change(id, operation, NULL);
    }
    return ERR_INVALID.code;
}

void shared_memory_fini(void) { ipc_fini(&kind); }
