/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/memfd.h"

#include "core/time.h"
#include "fs/file.h"
#include "fs/permission.h"
#include "fs/vnode_file.h"
#include "lib/format.h"
#include "mm/heap.h"

static const char name_form[] = "/memfd:%s (deleted)";
enum {
    NAME_ROOM = MEMFD_NAME_BYTES_MAX + sizeof(name_form),
    PERMISSIONS = 0777,
    FLAGS = LINUX_O_RDWR | LINUX_O_LARGEFILE,
};

/* Without links, as on Linux: its name is only for show. */
static err_t open_nameless(uint64_t size, struct file **out)
{
    struct vnode *v =
        vnode_create(LINUX_S_IFREG | PERMISSIONS, FILESYSTEM_ANONYMOUS, (int64_t)time_realtime_ns());
    if (!v) return ERR_NO_MEMORY;
    permission_set_maker(v);
    v->size = size;
    v->seals = LINUX_F_SEAL_SEAL;
    v->regular.name = "/dev/zero (deleted)";
    *out = file_create_for(&regular_file_ops, v, NULL, NULL, FLAGS);
    vnode_put(v);
    return *out ? file_start_writing(*out) : ERR_NO_MEMORY;
}

err_t memfd_open_shared_memory(uint64_t bytes, struct file **out) { return open_nameless(bytes, out); }

err_t memfd_open(const char *name, bool can_be_sealed, struct file **out)
{
    char *shown = heap_alloc(NAME_ROOM);
    if (!shown) return ERR_NO_MEMORY;
    format_string(shown, NAME_ROOM, name_form, name);
    err_t e = open_nameless(0, out);
    if (failed(e)) {
        heap_free(shown);
        return e;
    }
    struct vnode *v = (*out)->vnode;
    v->regular.name = shown;
    v->regular.is_name_owned = true;
    if (can_be_sealed) v->seals = 0;
    return OK;
}

/* ---- seals ---- */

static bool is_memfd(const struct vnode *v)
{
    return vnode_is_regular(v) && v->filesystem == FILESYSTEM_ANONYMOUS;
}

static err_t seal_locked(struct vnode *v, uint32_t seals) REQUIRES(fs_queue.lock)
{
    const struct mapping *mapping = &v->regular.mapping;
    if (v->seals & LINUX_F_SEAL_SEAL) return ERR_NOT_PERMITTED;
    bool is_written = __atomic_load_n(&mapping->writable_count, __ATOMIC_RELAXED) != 0;
    if ((seals & LINUX_F_SEAL_WRITE) && is_written) return ERR_BUSY;
    v->seals |= (uint8_t)seals;
    return OK;
}

/* In Linux's order. [linux mm/memfd.c memfd_add_seals] */
err_t memfd_add_seals(struct file *file, uint32_t seals)
{
    struct vnode *v = file->vnode;
    if (!file_is_writable(file)) return ERR_NOT_PERMITTED;
    if (seals & ~(uint32_t)MEMFD_SEALS || !is_memfd(v)) return ERR_INVALID;
    vnode_start_change(v); /* a write that has begun ends first */
    fs_lock();
    err_t e = seal_locked(v, seals);
    fs_unlock();
    vnode_end_change(v);
    return e;
}

err_t memfd_get_seals(struct file *file, uint32_t *out)
{
    if (!is_memfd(file->vnode)) return ERR_INVALID;
    fs_lock();
    *out = file->vnode->seals;
    fs_unlock();
    return OK;
}
