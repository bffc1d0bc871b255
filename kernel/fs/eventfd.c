/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/eventfd.h"

#include "abi/linux/fcntl.h"
#include "abi/linux/poll.h"
#include "fs/file.h"
#include "mm/heap.h"
#include "vm/usercopy.h"

#define COUNT_MAX (UINT64_MAX - 1) /* more than this is what a write waits for */

struct eventfd {
    struct wait_queue queue; /* readers and writers */
    struct readiness readiness;
    uint64_t count;    /* under queue.lock */
    bool is_semaphore; /* fixed */
};

/* Until something has changed; with queue.lock, as the next look. */
static err_t wait_locked(const struct file *file, struct eventfd *e) REQUIRES(e->queue.lock)
{
    if (file->flags & LINUX_O_NONBLOCK) return ERR_TRY_AGAIN;
    return wait_sleep_interruptible_locked(&e->queue, UINT64_MAX);
}

static err_t take(const struct file *file, struct eventfd *e, uint64_t *out)
{
    err_t result = OK;
    spin_lock(&e->queue.lock);
    while (e->count == 0 && !failed(result)) result = wait_locked(file, e);
    if (!failed(result)) {
        *out = e->is_semaphore ? 1 : e->count;
        e->count -= *out;
        wait_wake_all_locked(&e->queue);
    }
    spin_unlock(&e->queue.lock);
    if (!failed(result)) readiness_changed(&e->readiness, LINUX_POLLOUT);
    return result;
}

static NOINLINE err_t add_when_there_is_room(const struct file *file, struct eventfd *e, uint64_t value)
{
    err_t result = OK;
    spin_lock(&e->queue.lock);
    while (value > COUNT_MAX - e->count && !failed(result)) result = wait_locked(file, e);
    if (!failed(result)) {
        e->count += value;
        wait_wake_all_locked(&e->queue);
    }
    spin_unlock(&e->queue.lock);
    if (!failed(result)) readiness_changed(&e->readiness, LINUX_POLLIN);
    return result;
}

static inline err_t add(const struct file *file, struct eventfd *e, uint64_t value)
{
    spin_lock_short(&e->queue.lock);
    if (unlikely(value > COUNT_MAX - e->count)) {
        spin_unlock_short(&e->queue.lock);
        return add_when_there_is_room(file, e, value);
    }
    e->count += value;
    if (unlikely(!list_is_empty(&e->queue.waiters))) wait_wake_all_locked(&e->queue);
    spin_unlock_short(&e->queue.lock);
    readiness_changed(&e->readiness, LINUX_POLLIN);
    return OK;
}

static int64_t eventfd_read_user(struct file *file, uint64_t address, uint64_t bytes)
{
    uint64_t value;
    if (bytes < sizeof(value)) return ERR_INVALID.code;
    err_t e = take(file, file->context, &value);
    if (failed(e)) return e.code;
    /* What cannot be told is lost, as on Linux. */
    e = user_write_u64(UADDR(address), value);
    return failed(e) ? e.code : (int64_t)sizeof(value);
}

static int64_t eventfd_write_user(struct file *file, uint64_t address, uint64_t bytes)
{
    if (unlikely(bytes < sizeof(uint64_t))) return ERR_INVALID.code;
    struct user_u64 add_this = user_read_u64(UADDR(address));
    if (unlikely(add_this.is_bad)) return ERR_FAULT.code;
    if (unlikely(add_this.value == UINT64_MAX)) return ERR_INVALID.code;
    err_t e = add(file, file->context, add_this.value);
    return likely(!failed(e)) ? (int64_t)sizeof(uint64_t) : e.code;
}

static int64_t eventfd_read(struct file *file, struct io_buffer *to, uint64_t *position)
{
    uint64_t value;
    (void)position;
    if (to->left < sizeof(value)) return ERR_INVALID.code;
    err_t e = take(file, file->context, &value);
    if (failed(e)) return e.code;
    /* What cannot be told is lost, as on Linux. */
    return io_put(to, &value, sizeof(value)) == sizeof(value) ? (int64_t)sizeof(value) : ERR_FAULT.code;
}

/* Each piece of a vector is a write of its own, as on Linux. */
static int64_t write_piece(struct file *file, struct io_buffer *from)
{
    uint64_t value;
    if (from->segments[from->index].bytes < sizeof(value) || from->left < sizeof(value))
        return ERR_INVALID.code;
    if (io_take(from, &value, sizeof(value)) < sizeof(value)) return ERR_FAULT.code;
    if (value == UINT64_MAX) return ERR_INVALID.code;
    err_t e = add(file, file->context, value);
    return failed(e) ? e.code : (int64_t)sizeof(value);
}

static int64_t eventfd_write(struct file *file, struct io_buffer *from, uint64_t *position)
{
    uint64_t done = 0;
    (void)position;
    do {
        int64_t result = write_piece(file, from);
        if (result < 0) return done ? (int64_t)done : result;
        done += (uint64_t)result;
    } while (from->left && from->skipped == 0); /* the rest of a longer piece is not looked at */
    return (int64_t)done;
}

static uint32_t eventfd_poll(struct file *file)
{
    struct eventfd *e = file->context;
    spin_lock_short(&e->queue.lock);
    uint32_t ready = (e->count > 0 ? LINUX_POLLIN : 0) | (e->count < COUNT_MAX ? LINUX_POLLOUT : 0);
    spin_unlock_short(&e->queue.lock);
    return ready;
}

static struct readiness *eventfd_readiness(struct file *file)
{
    return &((struct eventfd *)file->context)->readiness;
}

static void eventfd_release(struct file *file) { heap_free(file->context); }

static const struct file_ops eventfd_ops = {
    .name = "anon_inode:[eventfd]",
    .mode = 0600,
    .read = eventfd_read,
    .write = eventfd_write,
    .read_user = eventfd_read_user,
    .write_user = eventfd_write_user,
    .seek = file_seek_nowhere,
    .poll = eventfd_poll,
    .readiness = eventfd_readiness,
    .release = eventfd_release,
};

err_t eventfd_open(uint64_t count, bool is_semaphore, uint32_t flags, struct file **out)
{
    struct eventfd *e = heap_alloc(sizeof(*e));
    if (!e) return ERR_NO_MEMORY;
    wait_queue_init(&e->queue);
    readiness_init(&e->readiness);
    e->count = count;
    e->is_semaphore = is_semaphore;
    *out = file_create(&eventfd_ops, e, LINUX_O_RDWR | flags);
    if (*out) return OK;
    heap_free(e);
    return ERR_NO_MEMORY;
}
