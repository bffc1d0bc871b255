/* SPDX-License-Identifier: Apache-2.0 */
/* [linux fs/pipe.c] for what a program can see: which bytes share a slot, and when part of a write counts. */
#include "fs/pipe_internal.h"

#include "abi/linux/fcntl.h"
#include "abi/linux/ioctl.h"
#include "abi/linux/poll.h"
#include "core/time.h"
#include "fs/permission.h"
#include "lib/string.h"
#include "mm/direct_map.h"
#include "mm/heap.h"
#include "vm/usercopy.h"

#define CAPACITY_MAX (1ull << 31)

void (*pipe_broken_hook)(void);

static void take_locked(struct pipe *p) REQUIRES(p->queue.lock)
{
    while (p->is_busy) wait_sleep_locked(&p->queue);
    p->is_busy = true;
}

void pipe_take(struct pipe *p)
{
    spin_lock(&p->queue.lock);
    take_locked(p);
    spin_unlock(&p->queue.lock);
}

void pipe_give(struct pipe *p, uint32_t head, uint32_t tail, bool has_written)
{
    spin_lock(&p->queue.lock);
    /* News for readers is every write, for writers only the end of being full. */
    uint32_t changes =
        (has_written ? PIPE_CHANGE_IN : 0) | (pipe_is_full(p) && p->tail != tail ? PIPE_CHANGE_OUT : 0);
    p->head = head;
    p->tail = tail;
    p->is_busy = false;
    wait_wake_all_locked(&p->queue);
    spin_unlock(&p->queue.lock);
    if (changes) readiness_changed(&p->readiness, changes);
}

/* Sleeps until something has changed. */
static err_t wait_locked(struct pipe *p, bool is_nonblocking) REQUIRES(p->queue.lock)
{
    if (is_nonblocking) return ERR_TRY_AGAIN;
    return wait_sleep_interruptible_locked(&p->queue, UINT64_MAX);
}

/* ---- pages; the busy thread only ---- */

paddr_t pipe_page_get(struct pipe *p)
{
    paddr_t frame = p->spare;
    if (is_paddr_none(frame)) return frame_alloc_charged(CHARGE_KERNEL);
    p->spare = PADDR_NONE;
    return frame;
}

/* As it was made, once `head` is where `tail` is. */
static void empty(struct pipe *p)
{
    for (uint32_t i = p->tail; i != p->head; i++) pipe_page_put(p, pipe_slot_at(p, i)->frame);
    if (!is_paddr_none(p->spare)) frame_free_charged(CHARGE_KERNEL, p->spare);
    p->spare = PADDR_NONE;
    if (p->slots == p->first_slots) return;
    heap_free(p->slots);
    spin_lock(&p->queue.lock);
    p->slots = p->first_slots;
    p->slot_count = PIPE_SLOTS_DEFAULT;
    spin_unlock(&p->queue.lock);
}

/* ---- reading ---- */

/* Takes from full slots, beginning at *tail. A slot that cannot be copied whole stays as it was. */
static int64_t drain(struct pipe *p, struct io_buffer *to, uint32_t *tail)
{
    uint64_t done = 0;
    while (to->left && *tail != p->head) {
        struct pipe_slot *slot = pipe_slot_at(p, *tail);
        size_t bytes = MIN((uint64_t)slot->bytes, to->left);
        if (io_put(to, (char *)direct_map(slot->frame) + slot->offset, bytes) < bytes)
            return io_result(done, ERR_FAULT);
        done += bytes;
        slot->offset += (uint16_t)bytes;
        slot->bytes -= (uint16_t)bytes;
        bool is_packet = slot->is_packet;
        if (is_packet || slot->bytes == 0) {
            pipe_page_put(p, slot->frame);
            (*tail)++;
        }
        if (is_packet) break;
    }
    return (int64_t)done;
}

bool pipe_start_reading(struct pipe *p, bool is_nonblocking, err_t *e)
{
    *e = OK;
    spin_lock(&p->queue.lock);
    for (;;) {
        while (p->is_busy) wait_sleep_locked(&p->queue);
        p->is_busy = p->head != p->tail;
        if (p->is_busy || p->writers == 0 || failed(*e)) break;
        *e = wait_locked(p, is_nonblocking);
    }
    bool is_started = p->is_busy;
    spin_unlock(&p->queue.lock);
    return is_started;
}

int64_t pipe_splice_to_memory(struct file *file, struct io_buffer *to, bool is_nonblocking)
{
    struct pipe *p = file->context;
    err_t e;
    if (!pipe_start_reading(p, is_nonblocking, &e)) return e.code;
    uint32_t tail = p->tail;
    int64_t result = drain(p, to, &tail);
    pipe_give(p, p->head, tail, false);
    return result;
}

int64_t pipe_read(struct file *file, struct io_buffer *to, uint64_t *position)
{
    (void)position;
    if (to->left == 0) return 0;
    return pipe_splice_to_memory(file, to, file->flags & LINUX_O_NONBLOCK);
}

/* ---- writing ---- */

/* The bytes that do not fill a page go behind those that came last, where the page has room for them. */
static err_t append(struct pipe *p, struct io_buffer *from, uint64_t *done)
{
    size_t bytes = from->left % PAGE_BYTES;
    if (bytes == 0 || p->head == p->tail) return OK;
    struct pipe_slot *last = pipe_slot_at(p, p->head - 1);
    size_t end = (size_t)last->offset + last->bytes;
    if (last->is_full || end + bytes > PAGE_BYTES) return OK;
    if (io_take(from, (char *)direct_map(last->frame) + end, bytes) < bytes) return ERR_FAULT;
    last->bytes += (uint16_t)bytes;
    *done += bytes;
    return OK;
}

/* Fills free slots, beginning at *head. A page that cannot be copied whole does not count. */
static err_t fill(struct pipe *p, struct io_buffer *from, bool is_packet, uint32_t *head, uint64_t *done)
{
    while (from->left && *head - p->tail < p->slot_count) {
        paddr_t frame = pipe_page_get(p);
        if (is_paddr_none(frame)) return ERR_NO_MEMORY;
        size_t bytes = MIN(from->left, (uint64_t)PAGE_BYTES);
        if (io_take(from, direct_map(frame), bytes) < bytes) {
            pipe_page_put(p, frame);
            return ERR_FAULT;
        }
        *pipe_slot_at(p, *head) = (struct pipe_slot){
            .frame = frame, .bytes = (uint16_t)bytes, .is_packet = is_packet, .is_full = is_packet
        };
        (*head)++;
        *done += bytes;
    }
    return OK;
}

err_t pipe_start_writing(struct pipe *p, bool is_nonblocking, bool needs_room)
{
    err_t e = OK;
    spin_lock(&p->queue.lock);
    for (;;) {
        while (p->is_busy) wait_sleep_locked(&p->queue);
        if (p->readers == 0) e = ERR_BROKEN_PIPE;
        if (failed(e) || !needs_room || !pipe_is_full(p)) break;
        e = wait_locked(p, is_nonblocking);
    }
    p->is_busy = !failed(e);
    spin_unlock(&p->queue.lock);
    if (e.code == ERR_BROKEN_PIPE.code && pipe_broken_hook) pipe_broken_hook();
    return e;
}

int64_t pipe_write(struct file *file, struct io_buffer *from, uint64_t *position)
{
    struct pipe *p = file->context;
    bool is_packet = file->flags & LINUX_O_DIRECT;
    uint64_t done = 0;
    err_t e = OK;
    (void)position;
    for (bool is_first = true; from->left && !failed(e); is_first = false) {
        e = pipe_start_writing(p, file->flags & LINUX_O_NONBLOCK, !is_first);
        if (failed(e)) break;
        uint32_t head = p->head;
        uint64_t before = done;
        if (is_first) e = append(p, from, &done);
        if (!failed(e)) e = fill(p, from, is_packet, &head, &done);
        pipe_give(p, head, p->tail, done != before);
    }
    return failed(e) ? io_result(done, e) : (int64_t)done;
}

/* ---- what else a file does ---- */

static uint32_t pipe_poll(struct file *file)
{
    struct pipe *p = file->context;
    uint32_t ready = 0;
    spin_lock(&p->queue.lock);
    if (file_is_readable(file)) {
        if (p->head != p->tail) ready |= LINUX_POLLIN | LINUX_POLLRDNORM;
        if (p->writers == 0 && p->writer_opens != file->hangs_up_after) ready |= LINUX_POLLHUP;
    }
    if (file_is_writable(file)) {
        if (!pipe_is_full(p)) ready |= LINUX_POLLOUT | LINUX_POLLWRNORM;
        if (p->readers == 0) ready |= LINUX_POLLERR;
    }
    spin_unlock(&p->queue.lock);
    return ready;
}

static struct readiness *pipe_readiness(struct file *file)
{
    return &((struct pipe *)file->context)->readiness;
}

static int64_t pipe_ioctl(struct file *file, uint32_t request, uint64_t argument)
{
    struct pipe *p = file->context;
    uint32_t bytes = 0;
    if (request != LINUX_FIONREAD) return ERR_NOT_TTY.code;
    pipe_take(p);
    for (uint32_t i = p->tail; i != p->head; i++) bytes += pipe_slot_at(p, i)->bytes;
    pipe_give(p, p->head, p->tail, false);
    return user_copy_out(UADDR(argument), &bytes, sizeof(bytes)).code;
}

/* What was not read ends with the last file, although a name in /proc may outlive it. */
static void pipe_release(struct file *file)
{
    struct pipe *p = file->context;
    spin_lock(&p->queue.lock);
    p->readers -= file_is_readable(file);
    p->writers -= file_is_writable(file);
    take_locked(p);
    bool is_last = p->readers + p->writers == 0, is_lone = !p->readers != !p->writers;
    spin_unlock(&p->queue.lock);
    if (is_last) empty(p);
    pipe_give(p, is_last ? p->tail : p->head, p->tail, false);
    if (is_lone) readiness_changed(&p->readiness, PIPE_CHANGE_ENDS);
}

void pipe_destroy(void *context)
{
    struct pipe *p = context;
    if (p->slots != p->first_slots) heap_free(p->slots);
    heap_free(p);
}

static const struct file_ops pipe_ops = {
    .name = "pipe",
    .read = pipe_read,
    .write = pipe_write,
    .read_user = pipe_read_user,
    .write_user = pipe_write_user,
    .ioctl = pipe_ioctl,
    .poll = pipe_poll,
    .readiness = pipe_readiness,
    .reopen = fifo_reopen,
    .release = pipe_release,
};

/* ---- making one ---- */

struct pipe *pipe_create(void)
{
    struct pipe *p = heap_alloc_zeroed(sizeof(*p));
    if (!p) return NULL;
    wait_queue_init(&p->queue);
    readiness_init(&p->readiness);
    p->slots = p->first_slots;
    p->slot_count = PIPE_SLOTS_DEFAULT;
    p->spare = PADDR_NONE;
    return p;
}

struct vnode_stream pipe_stream(struct pipe *p)
{
    return (struct vnode_stream){ .ops = &pipe_ops, .context = p, .destroy = pipe_destroy };
}

static struct vnode *create(void)
{
    struct pipe *p = pipe_create();
    if (!p) return NULL;
    struct vnode *v = vnode_create(LINUX_S_IFIFO | 0600, FILESYSTEM_ANONYMOUS, (int64_t)time_realtime_ns());
    if (!v) {
        pipe_destroy(p);
        return NULL;
    }
    permission_set_maker(v);
    v->links = 1;
    v->stream = pipe_stream(p);
    return v;
}

static struct file *open_end(struct vnode *v, uint32_t flags)
{
    struct pipe *p = v->stream.context;
    struct file *file = file_create_for(&pipe_ops, v, NULL, p, flags);
    if (!file) return NULL;
    p->readers += file_is_readable(file); /* nobody else knows it yet */
    p->writers += file_is_writable(file);
    p->writer_opens = 1;
    return file;
}

err_t pipe_open(uint32_t flags, struct file **out_reader, struct file **out_writer)
{
    struct vnode *v = create();
    if (!v) return ERR_NO_MEMORY;
    *out_reader = open_end(v, LINUX_O_RDONLY | (flags & LINUX_O_NONBLOCK));
    *out_writer = *out_reader ? open_end(v, LINUX_O_WRONLY | flags) : NULL;
    vnode_put(v);
    if (*out_writer) return OK;
    file_put(*out_reader);
    return ERR_NO_MEMORY;
}

bool pipe_is_end(const struct file *file) { return file->ops == &pipe_ops; }

/* ---- its size ---- */

err_t pipe_get_capacity(struct file *file, uint32_t *out_bytes)
{
    if (file->ops != &pipe_ops) return ERR_BAD_FD;
    struct pipe *p = file->context;
    spin_lock(&p->queue.lock);
    *out_bytes = p->slot_count * PAGE_BYTES;
    spin_unlock(&p->queue.lock);
    return OK;
}

/* Full slots move to the start of the new ring. */
static err_t resize(struct pipe *p, uint32_t count)
{
    uint32_t used = p->head - p->tail;
    if (used > count) return ERR_BUSY;
    struct pipe_slot *slots = heap_alloc(count * sizeof(*slots));
    if (!slots) return ERR_NO_MEMORY;
    for (uint32_t i = 0; i < used; i++) slots[i] = *pipe_slot_at(p, p->tail + i);
    if (p->slots != p->first_slots) heap_free(p->slots);
    spin_lock(&p->queue.lock);
    p->slots = slots;
    p->slot_count = count;
    p->head = used;
    p->tail = 0;
    spin_unlock(&p->queue.lock);
    return OK;
}

err_t pipe_set_capacity(struct file *file, uint64_t bytes, uint32_t *out_bytes)
{
    if (file->ops != &pipe_ops) return ERR_BAD_FD;
    if (bytes > CAPACITY_MAX) return ERR_INVALID;
    struct pipe *p = file->context;
    uint32_t count = 1;
    while ((uint64_t)count * PAGE_BYTES < bytes) count *= 2;
    pipe_take(p);
    err_t e = count == p->slot_count ? OK : resize(p, count);
    pipe_give(p, p->head, p->tail, false);
    if (failed(e)) return e;
    readiness_changed(&p->readiness, PIPE_CHANGE_OUT); /* a full pipe may have room now */
    *out_bytes = count * PAGE_BYTES;
    return OK;
}
