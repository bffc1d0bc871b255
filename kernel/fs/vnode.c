/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/vnode.h"

#include "core/time.h"
#include "fs/directory.h"
#include "fs/io_buffer.h"
#include "fs/mount.h"
#include "fs/notify.h"
#include "fs/tmpfs.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "sched/thread.h"

struct wait_queue fs_queue = WAIT_QUEUE_INIT(fs_queue);

enum { DIRECTORY_EMPTY_BYTES = 40, DIRECTORY_ENTRY_BYTES = 20 };
/* Linux's tmpfs keeps targets up to here in the inode: they count no block. [linux mm/shmem.c] */
enum { SHORT_SYMLINK_BYTES = 128 };
enum { BLOCKS_PER_PAGE = PAGE_BYTES / 512 };

static uint64_t last_inode;

struct vnode *vnode_create(uint32_t mode, enum filesystem filesystem, int64_t time_ns)
{
    struct vnode *v = heap_alloc_zeroed(sizeof(*v));
    if (!v) return NULL;
    v->references = 1;
    v->mode = (uint16_t)mode;
    v->filesystem = (uint8_t)filesystem;
    v->inode = __atomic_add_fetch(&last_inode, 1, __ATOMIC_RELAXED);
    v->atime_ns = v->mtime_ns = v->ctime_ns = time_ns;
    if (unlikely(filesystem >= FILESYSTEM_MOUNTED)) mount_vnode_made(filesystem);
    if (vnode_is_regular(v)) mapping_init(&v->regular.mapping);
    if (vnode_is_directory(v)) {
        list_init(&v->directory.entries);
        v->directory.next_cookie = DIRECTORY_FIRST_COOKIE;
    }
    return v;
}

err_t vnode_set_target(struct vnode *v, const char *target, size_t bytes)
{
    char *copy = heap_alloc(bytes);
    if (!copy) return ERR_NO_MEMORY;
    memcpy(copy, target, bytes);
    v->symlink.target = copy;
    v->symlink.is_target_owned = true;
    v->size = bytes;
    return OK;
}

/* Returns the vnode whose reference this one held, for the caller to put. */
static struct vnode *vnode_destroy(struct vnode *v)
{
    struct vnode *parent = NULL;
    notify_gone(v);
    switch (vnode_type(v)) {
    case LINUX_S_IFREG:
        tmpfs_release_pages(v);
        if (v->regular.is_name_owned) heap_free((void *)v->regular.name);
        break;
    case LINUX_S_IFDIR:
        if (v->directory.entry) parent = dir_entry_release(v->directory.entry);
        break;
    case LINUX_S_IFLNK:
        if (v->symlink.is_target_owned) heap_free((void *)v->symlink.target);
        break;
    case LINUX_S_IFIFO:
        if (v->stream.destroy) v->stream.destroy(v->stream.context);
        break;
    }
    if (unlikely(v->filesystem >= FILESYSTEM_MOUNTED)) mount_vnode_gone(v->filesystem);
    heap_free(v->made);
    heap_free(v);
    return parent;
}

void vnode_put(struct vnode *v)
{
    while (v && __atomic_sub_fetch(&v->references, 1, __ATOMIC_ACQ_REL) == 0) v = vnode_destroy(v);
}

/* ---- attributes ---- */

static uint64_t size_locked(const struct vnode *v)
{
    if (!vnode_is_directory(v) || v->made) return v->size;
    return DIRECTORY_EMPTY_BYTES + (uint64_t)DIRECTORY_ENTRY_BYTES * v->directory.entry_count;
}

static uint64_t block_pages_locked(const struct vnode *v)
{
    if (vnode_is_regular(v)) return v->regular.block_pages;
    return vnode_is_symlink(v) && v->size >= SHORT_SYMLINK_BYTES;
}

void vnode_get_stat_locked(const struct vnode *v, struct linux_stat *out)
{
    bool is_plain = likely(vnode_is_regular(v));
    out->st_dev = VNODE_MINOR_BASE + v->filesystem; /* major 0, and a small minor: linux_makedev */
    out->st_ino = v->inode;
    out->st_nlink = v->links;
    out->st_mode = v->mode;
    out->st_uid = v->uid;
    out->st_gid = v->gid;
    out->pad0 = 0;
    out->st_rdev = !is_plain && vnode_is_device(v) ? v->device : 0;
    out->st_size = (int64_t)(is_plain ? v->size : size_locked(v));
    out->st_blksize = PAGE_BYTES;
    out->st_blocks = (int64_t)((is_plain ? v->regular.block_pages : block_pages_locked(v)) * BLOCKS_PER_PAGE);
    /* Often one and the same: a division is dearer than to see that. */
    const int64_t atime_ns = v->atime_ns, mtime_ns = v->mtime_ns, ctime_ns = v->ctime_ns;
    out->st_ctime_s = (uint64_t)vnode_seconds(ctime_ns);
    out->st_ctime_ns = vnode_rest(ctime_ns);
    bool is_changed = mtime_ns != ctime_ns, is_read = atime_ns != ctime_ns;
    out->st_mtime_s = is_changed ? (uint64_t)vnode_seconds(mtime_ns) : out->st_ctime_s;
    out->st_mtime_ns = is_changed ? vnode_rest(mtime_ns) : out->st_ctime_ns;
    out->st_atime_s = is_read ? (uint64_t)vnode_seconds(atime_ns) : out->st_ctime_s;
    out->st_atime_ns = is_read ? vnode_rest(atime_ns) : out->st_ctime_ns;
    memset(out->reserved, 0, sizeof(out->reserved));
}

void vnode_get_attributes_locked(const struct vnode *v, struct vnode_attributes *out)
{
    *out = (struct vnode_attributes){
        .device = linux_makedev(0, VNODE_MINOR_BASE + v->filesystem),
        .inode = v->inode,
        .links = v->made && vnode_is_directory(v) ? 1 : v->links, /* those below it are not counted */
        .rdev = vnode_is_device(v) ? v->device : 0,
        .size = size_locked(v),
        .blocks = block_pages_locked(v) * BLOCKS_PER_PAGE,
        .mode = v->mode,
        .uid = v->uid,
        .gid = v->gid,
        .atime_ns = v->atime_ns,
        .mtime_ns = v->mtime_ns,
        .ctime_ns = v->ctime_ns,
    };
}

void vnode_get_attributes(struct vnode *v, struct vnode_attributes *out)
{
    fs_lock_short();
    vnode_get_attributes_locked(v, out);
    fs_unlock_short();
}

/* ---- changes and pins ---- */

/* Has its place among the mutexes, so debug builds check it as one. */
static const char change_class[] = LOCK_CLASS("change of a file");

static void note_change(const struct vnode *v, const void *site)
{
    if (!CONFIG_DEBUG) return;
    lock_order_expect_may_sleep("changing a file");
    lock_order_take(&thread_current()->mutexes[0], &v->is_changing, change_class, site, LOCK_TAKE);
}

void vnode_start_change(struct vnode *v)
{
    note_change(v, __builtin_return_address(0));
    fs_lock();
    while (v->is_changing) wait_sleep_locked(&fs_queue);
    v->is_changing = true;
    fs_unlock();
}

void vnode_end_change(struct vnode *v)
{
    if (CONFIG_DEBUG)
        lock_order_release(&thread_current()->mutexes[0], &v->is_changing, change_class,
                           __builtin_return_address(0));
    fs_lock();
    v->is_changing = false;
    wait_wake_all_locked(&fs_queue);
    fs_unlock();
}

/* New pins count in the other epoch, so a stream of readers cannot hold the wait up for ever; the other
 * count is zero at the start, as whoever waited before us waited for it. */
void vnode_wait_for_pins(struct vnode *v)
{
    fs_lock();
    uint8_t old = v->epoch;
    __atomic_store_n(&v->epoch, !old, __ATOMIC_SEQ_CST);
    while (__atomic_load_n(&v->pins[old], __ATOMIC_SEQ_CST) > 0) wait_sleep_locked(&fs_queue);
    fs_unlock();
}

/* ---- the program loader ---- */

size_t vnode_peek(struct vnode *v, uint64_t offset, const void **data)
{
    fs_lock();
    size_t bytes = tmpfs_peek_locked(v, offset, data);
    fs_unlock();
    return bytes;
}

err_t vnode_read_kernel(struct vnode *v, uint64_t offset, void *buffer, size_t bytes, size_t *done)
{
    struct io_segment segment;
    struct io_buffer to;
    io_buffer_init_kernel(&to, &segment, buffer, bytes);
    int64_t got = tmpfs_read(v, &to, offset);
    if (got < 0) return (err_t){ (int)got };
    *done = (size_t)got;
    return OK;
}
