/* SPDX-License-Identifier: Apache-2.0 */
/* Pipes that are opened by a name: an end waits for the other one to be opened. [linux fs/pipe.c fifo_open] */
#include "abi/linux/fcntl.h"
#include "fs/pipe_internal.h"
#include "mm/heap.h"

err_t fifo_prepare(struct vnode *v)
{
    fs_lock();
    bool is_prepared = v->stream.ops;
    fs_unlock();
    if (is_prepared) return OK;
    struct pipe *p = pipe_create();
    if (!p) return ERR_NO_MEMORY;
    p->is_named = true;
    fs_lock();
    is_prepared = v->stream.ops; /* by another opener meanwhile */
    if (!is_prepared) v->stream = pipe_stream(p);
    fs_unlock();
    if (is_prepared) pipe_destroy(p);
    return OK;
}

/* Until somebody else opens it; that the other end is gone again by then does not matter. */
static err_t wait_for_open_locked(struct pipe *p, const uint32_t *opens) REQUIRES(p->queue.lock)
{
    uint32_t before = *opens;
    err_t e = OK;
    while (*opens == before && !failed(e)) e = wait_sleep_interruptible_locked(&p->queue, UINT64_MAX);
    return *opens == before ? e : OK;
}

static err_t open_locked(struct file *file, struct pipe *p, bool reads, bool writes) REQUIRES(p->queue.lock)
{
    bool is_quick = file->flags & LINUX_O_NONBLOCK;
    /* Counted from here on: what fails is taken back by the file's release. */
    p->readers += reads;
    p->writers += writes;
    if (p->is_named && writes && !reads && is_quick && !p->readers) return ERR_NO_DEVICE_ADDRESS;
    p->reader_opens += reads;
    p->writer_opens += writes;
    wait_wake_all_locked(&p->queue);
    if (!p->is_named || (reads && writes)) return OK;
    if (writes) return p->readers ? OK : wait_for_open_locked(p, &p->reader_opens);
    if (p->writers) return OK;
    if (!is_quick) return wait_for_open_locked(p, &p->writer_opens);
    /* That nobody writes is no hang-up before somebody has. */
    file->hangs_up_after = p->writer_opens;
    return OK;
}

err_t fifo_reopen(struct file *file)
{
    struct pipe *p = file->context;
    if ((file->flags & LINUX_O_ACCMODE) == LINUX_O_ACCMODE) return ERR_INVALID;
    spin_lock(&p->queue.lock);
    err_t e = open_locked(file, p, file_is_readable(file), file_is_writable(file));
    spin_unlock(&p->queue.lock);
    return e;
}
