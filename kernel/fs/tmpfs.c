/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/tmpfs_internal.h"

#include "abi/linux/fcntl.h"
#include "core/time.h"
#include "lib/string.h"
#include "vm/usercopy.h"

int64_t tmpfs_read(struct vnode *v, struct io_buffer *to, uint64_t position)
{
    uint64_t done = 0;
    size_t bytes, copied;
    fs_lock();
    uint32_t ticket = vnode_pin_locked(v);
    do {
        const void *data = NULL;
        bytes = MIN(tmpfs_peek_locked(v, position + done, &data), to->left);
        if (bytes == 0) {
            copied = 0;
            break;
        }
        fs_unlock();
        copied = io_put(to, data, bytes);
        done += copied;
        fs_lock();
    } while (copied == bytes && to->left > 0);
    fs_unlock();
    vnode_unpin(v, ticket);
    return io_result(done, copied == bytes ? OK : ERR_FAULT);
}

static NOINLINE int64_t read_pieces(struct vnode *v, uint64_t address, uint64_t bytes, uint64_t position)
{
    struct io_segment segment = { address, bytes };
    struct io_buffer to;
    io_buffer_init_user(&to, &segment, bytes);
    return tmpfs_read(v, &to, position);
}

static NOINLINE const uint8_t *peek_locked(struct vnode *v, uint64_t position, uint64_t bytes)
    REQUIRES(fs_queue.lock)
{
    const void *data;
    return tmpfs_peek_locked(v, position, &data) >= bytes ? data : NULL;
}

/* Bytes inside the file that lie in one piece; NULL: they do not. */
static inline const uint8_t *one_piece_locked(struct vnode *v, uint64_t position, uint64_t bytes)
    REQUIRES(fs_queue.lock)
{
    const struct vnode_regular *r = &v->regular;
    size_t in_page = offset_in_page(position);
    const uint8_t *page;
    if (!r->pages.root && position + bytes <= r->lower_bytes) return r->lower + position;
    if (likely(in_page + bytes <= PAGE_BYTES) && (page = page_tree_find_inline(&r->pages, page_of(position))))
        return page + in_page;
    return peek_locked(v, position, bytes);
}

int64_t tmpfs_read_user(struct vnode *v, uint64_t address, uint64_t bytes, uint64_t position)
{
    fs_lock_short();
    uint64_t left = position < v->size ? v->size - position : 0, wanted = MIN(bytes, left);
    const uint8_t *data = wanted ? one_piece_locked(v, position, wanted) : NULL;
    uint32_t ticket = vnode_pin_locked(v);
    fs_unlock_short();
    bool is_copied = likely(data) && !failed(user_copy_out_inside(UADDR(address), data, wanted));
    vnode_unpin(v, ticket);
    return likely(is_copied) ? (int64_t)wanted : read_pieces(v, address, bytes, position);
}

/* ---- writing ---- */

/* At most one page, of which the file had none when it was looked for: filled first, shown after. The
 * bytes may come from a mapping of the very page, whose touch then gave the file one. */
static err_t write_new_page(struct vnode *v, struct io_buffer *from, uint64_t position, size_t bytes,
                            size_t *done)
{
    uint64_t index = page_of(position);
    size_t start = offset_in_page(position);
    uint8_t *page, *shown;
    err_t e = tmpfs_page_alloc(v, &page);
    if (failed(e)) return e;

    *done = io_take(from, page + start, bytes);
    if (*done == 0) {
        tmpfs_page_free(v, page);
        return ERR_FAULT;
    }
    tmpfs_fill_from_lower(v, index, page, 0, start);
    tmpfs_fill_from_lower(v, index, page, start + *done, PAGE_BYTES);
    e = tmpfs_show_page(v, index, page, &shown);
    if (shown == page) return OK;
    if (shown) memcpy(shown + start, page + start, *done);
    tmpfs_page_free(v, page);
    return e;
}

static err_t write_piece(struct vnode *v, struct io_buffer *from, uint64_t position, size_t bytes,
                         size_t *done)
{
    uint8_t *page = tmpfs_find_page(v, page_of(position));
    if (!page) return write_new_page(v, from, position, bytes, done);
    *done = io_take(from, page + offset_in_page(position), bytes);
    return *done == 0 ? ERR_FAULT : OK;
}

/* Linux asks page by page, so what comes before the end of a file that may not grow is written. */
static err_t check_seals(const struct vnode *v, uint64_t end)
{
    if (v->seals & (LINUX_F_SEAL_WRITE | LINUX_F_SEAL_FUTURE_WRITE)) return ERR_NOT_PERMITTED;
    return (v->seals & LINUX_F_SEAL_GROW) && end > v->size ? ERR_NOT_PERMITTED : OK;
}

static err_t write_changing(struct vnode *v, struct io_buffer *from, uint64_t *position)
{
    while (from->left > 0) {
        size_t bytes = MIN(from->left, PAGE_BYTES - offset_in_page(*position)), done = 0;
        uint64_t end = *position + bytes;
        err_t e = check_seals(v, end);
        if (failed(e)) return e;
        if (end > v->size) tmpfs_clear_tail(v);
        e = write_piece(v, from, *position, bytes, &done);
        if (failed(e)) return e;
        *position += done;
        tmpfs_grow_to(v, *position);
    }
    return OK;
}

int64_t tmpfs_write(struct vnode *v, struct io_buffer *from, uint64_t *position, bool append)
{
    if (from->left == 0) return 0;
    vnode_start_change(v);
    if (append) *position = v->size;
    uint64_t start = *position;
    err_t e = write_changing(v, from, position);
    if (*position > start) tmpfs_stamp_change(v);
    vnode_end_change(v);
    return io_result(*position - start, e);
}
