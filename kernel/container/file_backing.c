/* SPDX-License-Identifier: Apache-2.0 */
#include "container/file_backing.h"

#include "fs/file.h"
#include "fs/vnode.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "vm/space.h"

struct file_backing {
    struct backing backing;
    struct vnode *vnode; /* counted */
};

static struct vnode *vnode_of(struct backing *b)
{
    return CONTAINER_OF(b, struct file_backing, backing)->vnode;
}

static err_t backing_page(struct backing *b, uint64_t page_index, paddr_t *out)
{
    return vnode_page(vnode_of(b), page_index, out);
}

static err_t backing_read(struct backing *b, uint64_t page_index, void *out_page)
{
    size_t done;
    err_t e = vnode_read_kernel(vnode_of(b), page_index << PAGE_SHIFT, out_page, PAGE_BYTES, &done);
    if (failed(e)) return e;
    if (!done) return ERR_IO;
    memset((uint8_t *)out_page + done, 0, PAGE_BYTES - done);
    return OK;
}

static void backing_destroy(struct backing *b)
{
    struct file_backing *f = CONTAINER_OF(b, struct file_backing, backing);
    vnode_put(f->vnode);
    heap_free(f);
}

static const struct backing_ops ops = { .page = backing_page,
                                        .read = backing_read,
                                        .destroy = backing_destroy };

err_t file_backing_create(struct vnode *vnode, struct backing **out)
{
    struct file_backing *f = heap_alloc(sizeof(*f));
    if (!f) return ERR_NO_MEMORY;
    *f = (struct file_backing){ .backing = { .ops = &ops, .references = 1 }, .vnode = vnode_get(vnode) };
    *out = &f->backing;
    return OK;
}

err_t file_backing_open(struct file *file, uint32_t flags, struct backing **out)
{
    bool is_written_back = (flags & SPACE_SHARED) && (flags & SPACE_WRITE);
    if (!file_is_readable(file) || (is_written_back && !file_is_writable(file))) return ERR_ACCESS;
    if (!vnode_is_regular(file->vnode)) return ERR_NO_DEVICE;
    if (is_written_back) return ERR_NOT_SUPPORTED;
    return file_backing_create(file->vnode, out);
}
