/* SPDX-License-Identifier: Apache-2.0 */
/* What is in a POSIX message queue, who waits for it, and who is told. */
#include "ipc/posix_queue_internal.h"

#include "abi/linux/fcntl.h"
#include "abi/linux/poll.h"
#include "mm/heap.h"
#include "process/process.h"
#include "process/signal.h"
#include "vm/usercopy.h"

struct message {
    struct list link;
    uint32_t priority;
    size_t bytes;
    uint8_t data[];
};

static const struct file_ops queue_ops;

void posix_queue_messages_init(struct posix_queue *q)
{
    wait_queue_init(&q->queue);
    readiness_init(&q->readiness);
    list_init(&q->messages);
}

void posix_queue_messages_fini(struct posix_queue *q)
{
    LIST_FOR_EACH_SAFE (node, &q->messages) heap_free(LIST_ENTRY(node, struct message, link));
}

static err_t queue_of(const struct file *file, struct posix_queue **out)
{
    *out = file->context;
    return file->ops == &queue_ops ? OK : ERR_BAD_FD;
}

/* ---- being told ---- */

static bool is_process(const struct process *p, const struct posix_queue_notice *n)
{
    return p && p->start_tsc == n->start_tsc;
}

/* A process that has ended is not told, and stands in nobody's way. */
static bool is_alive(const struct posix_queue_notice *n)
{
    spin_lock(&process_tree_lock);
    bool is_there = n->pid && is_process(process_find_locked(n->pid), n);
    spin_unlock(&process_tree_lock);
    return is_there;
}

static void tell(const struct posix_queue_notice *n)
{
    if (n->event.notify != (int32_t)LINUX_SIGEV_SIGNAL || !n->event.number) return;
    struct linux_siginfo_head info =
        signal_info_of_sender(process_current()->pid, (uint32_t)n->event.number, LINUX_SI_MESGQ);
    info.sender.value = n->event.value;
    spin_lock(&process_tree_lock);
    struct process *p = process_find_locked(n->pid);
    /* What does not fit any more is lost, as on Linux. */
    err_t e = is_process(p, n) ? signal_send(p, &info) : OK;
    spin_unlock(&process_tree_lock);
    (void)e;
}

err_t posix_queue_notify(struct file *file, const struct linux_sigevent *event)
{
    struct posix_queue *q;
    err_t e = queue_of(file, &q);
    if (failed(e)) return e;
    const struct process *p = process_current();
    spin_lock(&q->queue.lock);
    struct posix_queue_notice now = q->notice;
    spin_unlock(&q->queue.lock);
    bool is_taken = is_alive(&now), is_own = is_taken && is_process(p, &now);
    if (event && is_taken) return ERR_BUSY;
    if (!event && !is_own) return OK;
    spin_lock(&q->queue.lock);
    bool is_same = q->notice.pid == now.pid && q->notice.start_tsc == now.start_tsc;
    if (is_same) q->notice = (struct posix_queue_notice){ 0 };
    if (is_same && event) q->notice = (struct posix_queue_notice){ p->pid, p->start_tsc, *event };
    spin_unlock(&q->queue.lock);
    return is_same || !event ? OK : ERR_BUSY;
}

/* ---- sending ---- */

static err_t wait_locked(const struct file *file, struct posix_queue *q, uint64_t deadline_ns)
    REQUIRES(q->queue.lock)
{
    if (file->flags & LINUX_O_NONBLOCK) return ERR_TRY_AGAIN;
    return wait_sleep_interruptible_locked(&q->queue, deadline_ns);
}

static void insert_locked(struct posix_queue *q, struct message *m) REQUIRES(q->queue.lock)
{
    struct list *before = q->messages.prev;
    while (before != &q->messages && LIST_ENTRY(before, struct message, link)->priority < m->priority)
        before = before->prev;
    list_insert_between(&m->link, before, before->next);
    q->count++;
    q->bytes += m->bytes;
}

static err_t send(struct file *file, struct posix_queue *q, struct message *m, uint64_t deadline_ns)
{
    struct posix_queue_notice notice = { 0 };
    err_t e = OK;
    spin_lock(&q->queue.lock);
    while (q->count >= q->messages_max && !failed(e)) e = wait_locked(file, q, deadline_ns);
    if (!failed(e)) {
        insert_locked(q, m);
        if (q->count == 1 && !q->receivers) {
            notice = q->notice;
            q->notice = (struct posix_queue_notice){ 0 };
        }
        wait_wake_all_locked(&q->queue);
    }
    spin_unlock(&q->queue.lock);
    if (failed(e)) return e;
    if (notice.pid) tell(&notice);
    readiness_changed(&q->readiness, LINUX_POLLIN | LINUX_POLLRDNORM);
    return OK;
}

err_t posix_queue_send(struct file *file, uint64_t address, uint64_t bytes, uint32_t priority,
                       uint64_t deadline_ns)
{
    struct posix_queue *q;
    err_t e = queue_of(file, &q);
    if (failed(e)) return e;
    if (!file_is_writable(file)) return ERR_BAD_FD;
    if (bytes > q->bytes_max) return ERR_MESSAGE_SIZE;
    struct message *m = heap_alloc(sizeof(*m) + bytes);
    if (!m) return ERR_NO_MEMORY;
    m->priority = priority;
    m->bytes = bytes;
    e = user_copy_in(m->data, UADDR(address), bytes);
    if (!failed(e)) e = send(file, q, m, deadline_ns);
    if (failed(e)) heap_free(m);
    return e;
}

/* ---- receiving ---- */

static err_t take(const struct file *file, struct posix_queue *q, uint64_t deadline_ns, struct message **out)
{
    err_t e = OK;
    spin_lock(&q->queue.lock);
    while (list_is_empty(&q->messages) && !failed(e)) {
        q->receivers++;
        e = wait_locked(file, q, deadline_ns);
        q->receivers--;
    }
    if (!failed(e)) {
        *out = LIST_ENTRY(q->messages.next, struct message, link);
        list_remove(&(*out)->link);
        q->count--;
        q->bytes -= (*out)->bytes;
        wait_wake_all_locked(&q->queue);
    }
    spin_unlock(&q->queue.lock);
    if (!failed(e)) readiness_changed(&q->readiness, LINUX_POLLOUT | LINUX_POLLWRNORM);
    return e;
}

int64_t posix_queue_receive(struct file *file, uint64_t address, uint64_t bytes, uint32_t *priority,
                            uint64_t deadline_ns)
{
    struct posix_queue *q;
    struct message *m;
    err_t e = queue_of(file, &q);
    if (failed(e)) return e.code;
    if (!file_is_readable(file)) return ERR_BAD_FD.code;
    if (bytes < q->bytes_max) return ERR_MESSAGE_SIZE.code;
    e = take(file, q, deadline_ns, &m);
    if (failed(e)) return e.code;
    *priority = m->priority;
    /* What cannot be told is lost, as on Linux. */
    e = user_copy_out(UADDR(address), m->data, m->bytes);
    int64_t result = failed(e) ? e.code : (int64_t)m->bytes;
    heap_free(m);
    return result;
}

/* ---- the file ---- */

err_t posix_queue_attributes(struct file *file, const int64_t *flags, struct linux_mq_attr *before)
{
    struct posix_queue *q;
    err_t e = queue_of(file, &q);
    if (failed(e)) return e;
    *before = (struct linux_mq_attr){
        .mq_flags = (int64_t)(file->flags & LINUX_O_NONBLOCK),
        .mq_maxmsg = q->messages_max,
        .mq_msgsize = q->bytes_max,
        .mq_curmsgs = __atomic_load_n(&q->count, __ATOMIC_RELAXED),
    };
    if (flags) {
        uint32_t others = file->flags & ~(uint32_t)LINUX_O_NONBLOCK;
        file->flags = others | ((uint32_t)*flags & LINUX_O_NONBLOCK);
    }
    return OK;
}

static uint32_t queue_poll(struct file *file)
{
    const struct posix_queue *q = file->context;
    uint32_t count = __atomic_load_n(&q->count, __ATOMIC_RELAXED);
    return (count ? LINUX_POLLIN | LINUX_POLLRDNORM : 0) |
           (count < q->messages_max ? LINUX_POLLOUT | LINUX_POLLWRNORM : 0);
}

static struct readiness *queue_readiness(struct file *file)
{
    return &((struct posix_queue *)file->context)->readiness;
}

/* Who closes it is not notified any more: that of a process whose descriptor is the last. */
static void queue_release(struct file *file)
{
    struct posix_queue *q = file->context;
    err_t e = posix_queue_notify(file, NULL);
    (void)e; /* nothing to take back */
    posix_queue_put(q);
}

static const struct file_ops queue_ops = {
    .name = "mqueue",
    .poll = queue_poll,
    .readiness = queue_readiness,
    .release = queue_release,
};

struct file *posix_queue_file(struct posix_queue *q, uint32_t flags)
{
    const uint32_t kept = LINUX_O_ACCMODE | LINUX_O_NONBLOCK;
    return file_create_for(&queue_ops, q->vnode, NULL, q, flags & kept);
}
