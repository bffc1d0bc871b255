/* SPDX-License-Identifier: Apache-2.0 */
/* Reads and writes of one small piece of user memory, without the ways round. */
#include "fs/pipe_internal.h"

#include "abi/linux/fcntl.h"
#include "mm/direct_map.h"
#include "vm/usercopy.h"

/* What give() does, for a thread that has changed something and told whoever watches. */
static inline void finish(struct pipe *p) RELEASES(p->queue.lock)
{
    p->is_busy = false;
    if (unlikely(!list_is_empty(&p->queue.waiters))) wait_wake_all_locked(&p->queue);
    spin_unlock_short(&p->queue.lock);
}

static NOINLINE int64_t write_in_general(struct file *file, uint64_t address, uint64_t bytes)
{
    struct io_segment segment = { address, bytes };
    struct io_buffer from;
    io_buffer_init_user(&from, &segment, bytes);
    return pipe_write(file, &from, NULL);
}

static NOINLINE int64_t read_in_general(struct file *file, uint64_t address, uint64_t bytes)
{
    struct io_segment segment = { address, bytes };
    struct io_buffer to;
    io_buffer_init_user(&to, &segment, bytes);
    return pipe_read(file, &to, NULL);
}

/* Busy with the last slot, if it has room behind its bytes; with a new one if that only takes the spare page; NULL:
 * neither. */
static struct pipe_slot *take_room_locked(struct pipe *p, uint64_t bytes) REQUIRES(p->queue.lock)
{
    if (p->is_busy || p->readers == 0) return NULL;
    struct pipe_slot *last = pipe_slot_at(p, p->head - 1);
    bool fits = p->head != p->tail && !last->is_full && last->offset + last->bytes + bytes <= PAGE_BYTES;
    if (!fits) {
        if (pipe_is_full(p) || is_paddr_none(p->spare)) return NULL;
        last = pipe_slot_at(p, p->head);
        *last = (struct pipe_slot){ .frame = p->spare };
        p->spare = PADDR_NONE;
    }
    p->is_busy = true;
    return last;
}

static void put_room_back_locked(struct pipe *p, struct pipe_slot *slot) REQUIRES(p->queue.lock)
{
    if (slot->bytes) return;
    p->spare = slot->frame;
}

int64_t pipe_write_user(struct file *file, uint64_t address, uint64_t bytes)
{
    struct pipe *p = file->context;
    if (bytes == 0 || bytes >= PAGE_BYTES || file->flags & LINUX_O_DIRECT)
        return write_in_general(file, address, bytes);
    spin_lock_short(&p->queue.lock);
    struct pipe_slot *slot = take_room_locked(p, bytes);
    spin_unlock_short(&p->queue.lock);
    if (unlikely(!slot)) return write_in_general(file, address, bytes);
    err_t e =
        user_copy_in((char *)direct_map(slot->frame) + slot->offset + slot->bytes, UADDR(address), bytes);
    spin_lock_short(&p->queue.lock);
    if (likely(!failed(e))) {
        readiness_changed(&p->readiness, PIPE_CHANGE_IN);
        p->head += slot->bytes == 0;
        slot->bytes += (uint16_t)bytes;
    } else {
        put_room_back_locked(p, slot);
    }
    finish(p);
    return failed(e) ? e.code : (int64_t)bytes;
}

/* Busy with the first slot, if there is one and all of it, or `bytes` of it, is what is wanted. */
static struct pipe_slot *take_bytes_locked(const struct file *file, struct pipe *p, uint64_t bytes)
    REQUIRES(p->queue.lock)
{
    while (p->head == p->tail && p->writers && !p->is_busy && !(file->flags & LINUX_O_NONBLOCK)) {
        if (failed(wait_sleep_interruptible_locked(&p->queue, UINT64_MAX))) return NULL;
    }
    struct pipe_slot *first = pipe_slot_at(p, p->tail);
    bool has_all = p->head != p->tail && (bytes <= first->bytes || p->head - p->tail == 1);
    if (p->is_busy || !has_all || first->is_packet) return NULL;
    p->is_busy = true;
    return first;
}

int64_t pipe_read_user(struct file *file, uint64_t address, uint64_t bytes)
{
    struct pipe *p = file->context;
    if (bytes == 0) return 0;
    spin_lock(&p->queue.lock);
    struct pipe_slot *slot = take_bytes_locked(file, p, bytes);
    spin_unlock(&p->queue.lock);
    if (unlikely(!slot)) return read_in_general(file, address, bytes);
    uint16_t count = (uint16_t)MIN(bytes, (uint64_t)slot->bytes);
    err_t e = user_copy_out(UADDR(address), (char *)direct_map(slot->frame) + slot->offset, count);
    if (likely(!failed(e)) && count == slot->bytes) pipe_page_put(p, slot->frame);
    spin_lock_short(&p->queue.lock);
    if (likely(!failed(e))) {
        if (readiness_is_watched(&p->readiness) && pipe_is_full(p) && count == slot->bytes)
            readiness_tell(&p->readiness, PIPE_CHANGE_OUT);
        slot->offset += count;
        slot->bytes -= count;
        p->tail += slot->bytes == 0;
    }
    finish(p);
    return failed(e) ? e.code : count;
}
