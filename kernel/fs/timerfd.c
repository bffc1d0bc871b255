/* SPDX-License-Identifier: Apache-2.0 */
/* Expirations are counted when somebody asks, from the clock. The timer is there for who sleeps: it fires once
 * after each setting and each read, so a file that nobody reads costs one interrupt however short its
 * interval. */
#include "fs/timerfd.h"

#include "abi/linux/fcntl.h"
#include "abi/linux/poll.h"
#include "core/time.h"
#include "fs/file.h"
#include "lib/expiry.h"
#include "mm/heap.h"
#include "sched/timer.h"

struct timerfd {
    struct wait_queue queue; /* readers */
    struct readiness readiness;
    struct timer timer;   /* this and the rest under queue.lock */
    struct expiry expiry; /* of what was not read yet, by its own clock */
    bool is_realtime;     /* fixed */
};

static uint64_t clock_ns(const struct timerfd *t)
{
    return t->is_realtime ? time_realtime_ns() : time_now_ns();
}

static void timer_fired(struct timer *timer)
{
    struct timerfd *t = CONTAINER_OF(timer, struct timerfd, timer);
    wait_wake_all(&t->queue);
    readiness_changed(&t->readiness, LINUX_POLLIN);
}

static void arm_locked(struct timerfd *t, uint64_t now) REQUIRES(t->queue.lock)
{
    timer_disarm(&t->timer); /* its function takes the lock that is held here */
    uint64_t next = t->expiry.next_ns;
    if (next) timer_arm(&t->timer, expiry_sum(time_now_ns(), next - MIN(next, now)));
}

/* How often it has expired, which starts anew. */
static uint64_t take_locked(struct timerfd *t) REQUIRES(t->queue.lock)
{
    uint64_t now = clock_ns(t), count = expiry_take(&t->expiry, now);
    if (count) arm_locked(t, now);
    return count;
}

static int64_t timerfd_read(struct file *file, struct io_buffer *to, uint64_t *position)
{
    struct timerfd *t = file->context;
    uint64_t count;
    err_t e = OK;
    (void)position;
    if (to->left < sizeof(count)) return ERR_INVALID.code;
    spin_lock(&t->queue.lock);
    while (!(count = take_locked(t)) && !failed(e))
        e = file->flags & LINUX_O_NONBLOCK ? ERR_TRY_AGAIN
                                           : wait_sleep_interruptible_locked(&t->queue, UINT64_MAX);
    spin_unlock(&t->queue.lock);
    if (!count) return e.code;
    /* What cannot be told is lost, as on Linux. */
    return io_put(to, &count, sizeof(count)) == sizeof(count) ? (int64_t)sizeof(count) : ERR_FAULT.code;
}

static uint32_t timerfd_poll(struct file *file)
{
    struct timerfd *t = file->context;
    spin_lock(&t->queue.lock);
    bool has_expired = expiry_count(&t->expiry, clock_ns(t)) > 0;
    spin_unlock(&t->queue.lock);
    return has_expired ? LINUX_POLLIN : 0;
}

static struct readiness *timerfd_readiness(struct file *file)
{
    return &((struct timerfd *)file->context)->readiness;
}

static void timerfd_release(struct file *file)
{
    struct timerfd *t = file->context;
    timer_cancel(&t->timer);
    heap_free(t);
}

static const struct file_ops timerfd_ops = {
    .name = "anon_inode:[timerfd]",
    .mode = 0600,
    .read = timerfd_read,
    .seek = file_seek_nowhere,
    .poll = timerfd_poll,
    .readiness = timerfd_readiness,
    .release = timerfd_release,
};

err_t timerfd_open(bool is_realtime, uint32_t flags, struct file **out)
{
    struct timerfd *t = heap_alloc_zeroed(sizeof(*t));
    if (!t) return ERR_NO_MEMORY;
    wait_queue_init(&t->queue);
    readiness_init(&t->readiness);
    timer_init(&t->timer, timer_fired);
    t->is_realtime = is_realtime;
    *out = file_create(&timerfd_ops, t, LINUX_O_RDWR | flags);
    if (*out) return OK;
    heap_free(t);
    return ERR_NO_MEMORY;
}

static void read_setting_locked(const struct timerfd *t, uint64_t now, struct timerfd_setting *out)
    REQUIRES(t->queue.lock)
{
    *out = (struct timerfd_setting){ expiry_left_ns(t->expiry, now), t->expiry.interval_ns };
}

err_t timerfd_set(struct file *file, bool is_absolute, const struct timerfd_setting *wanted,
                  struct timerfd_setting *was)
{
    if (file->ops != &timerfd_ops) return ERR_INVALID;
    struct timerfd *t = file->context;
    spin_lock(&t->queue.lock);
    uint64_t now = clock_ns(t);
    read_setting_locked(t, now, was);
    t->expiry.interval_ns = wanted->interval;
    t->expiry.next_ns = wanted->value && !is_absolute ? expiry_sum(now, wanted->value) : wanted->value;
    arm_locked(t, now);
    spin_unlock(&t->queue.lock);
    return OK;
}

err_t timerfd_get(struct file *file, struct timerfd_setting *now)
{
    if (file->ops != &timerfd_ops) return ERR_INVALID;
    struct timerfd *t = file->context;
    spin_lock(&t->queue.lock);
    read_setting_locked(t, clock_ns(t), now);
    spin_unlock(&t->queue.lock);
    return OK;
}
