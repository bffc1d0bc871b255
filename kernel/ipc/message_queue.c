/* SPDX-License-Identifier: Apache-2.0 */
/* [linux ipc/msg.c] for what a program can see. */
#include "ipc/message_queue.h"

#include "ipc/ipc_table.h"
#include "abi/linux/capability.h"
#include "fs/credentials.h"
#include "mm/heap.h"
#include "process/process.h"
#include "vm/usercopy.h"

struct message {
    struct list link;
    int64_t type;
    size_t bytes;
    uint8_t data[];
};

/* All under object.queue.lock. */
struct message_queue {
    struct ipc_object object;
    struct list messages;
    uint64_t bytes, count, bytes_max;
    int64_t sent_s, received_s;
    uint32_t sender, receiver;
};

static struct ipc_table table = IPC_TABLE_INIT;

static struct message_queue *queue_of(const struct ipc_object *o)
{
    return CONTAINER_OF(o, struct message_queue, object);
}

static err_t create(uint64_t size UNUSED, uint32_t flags UNUSED, struct ipc_object **out)
{
    struct message_queue *q = heap_alloc_zeroed(sizeof(*q));
    if (!q) return ERR_NO_MEMORY;
    list_init(&q->messages);
    q->bytes_max = LINUX_MSGMNB;
    *out = &q->object;
    return OK;
}

static err_t check_size(const struct ipc_object *o UNUSED, uint64_t size UNUSED) { return OK; }

static void destroy(struct ipc_object *o)
{
    struct message_queue *q = queue_of(o);
    LIST_FOR_EACH_SAFE (node, &q->messages) heap_free(LIST_ENTRY(node, struct message, link));
    heap_free(q);
}

static const struct ipc_kind kind = { &table, LINUX_MSGMNI, create, check_size, destroy };

int64_t message_queue_get(int32_t key, uint32_t flags) { return ipc_get(&kind, key, 0, flags); }

/* Until something has changed. ERR_REMOVED; ERR_INTERRUPTED. */
static err_t wait_locked(struct message_queue *q) REQUIRES(q->object.queue.lock)
{
    err_t e = wait_sleep_interruptible_locked(&q->object.queue, UINT64_MAX);
    return q->object.is_removed ? ERR_REMOVED : e;
}

/* ---- sending ---- */

static bool has_room_locked(const struct message_queue *q, size_t bytes) REQUIRES(q->object.queue.lock)
{
    /* As many messages as bytes, so that empty ones have an end, too. */
    return bytes + q->bytes <= q->bytes_max && q->count + 1 <= q->bytes_max;
}

static err_t send_locked(struct message_queue *q, struct message *m, uint32_t flags)
    REQUIRES(q->object.queue.lock)
{
    err_t e = OK;
    for (;;) {
        e = ipc_check_access_locked(&q->object, 0222);
        if (failed(e) || has_room_locked(q, m->bytes)) break;
        e = flags & LINUX_IPC_NOWAIT ? ERR_TRY_AGAIN : wait_locked(q);
        if (failed(e)) break;
    }
    if (failed(e)) return e;
    list_push_back(&q->messages, &m->link);
    q->bytes += m->bytes;
    q->count++;
    q->sender = process_current()->pid;
    q->sent_s = ipc_now_s();
    wait_wake_all_locked(&q->object.queue);
    return OK;
}

int64_t message_queue_send(uint32_t id, int64_t type, uint64_t address, uint64_t bytes, uint32_t flags)
{
    struct ipc_object *o;
    if (bytes > LINUX_MSGMAX || (int32_t)id < 0 || type < 1) return ERR_INVALID.code;
    struct message *m = heap_alloc(sizeof(*m) + bytes);
    if (!m) return ERR_NO_MEMORY.code;
    m->type = type;
    m->bytes = bytes;
    err_t e = user_copy_in(m->data, UADDR(address), bytes);
    if (!failed(e)) e = ipc_take(&kind, id, &o);
    if (!failed(e)) {
        struct message_queue *q = queue_of(o);
        spin_lock(&q->object.queue.lock);
        e = send_locked(q, m, flags);
        ipc_give(&q->object);
    }
    if (failed(e)) heap_free(m);
    return e.code;
}

/* ---- receiving ---- */

static bool is_wanted(const struct message *m, int64_t type, uint32_t flags)
{
    if (type == 0) return true;
    if (type < 0) return type == INT64_MIN || m->type <= -type;
    return (m->type == type) == !(flags & LINUX_MSG_EXCEPT);
}

/* For a type below zero the lowest comes first. NULL: there is none. */
static struct message *find_locked(struct message_queue *q, int64_t type, uint32_t flags)
    REQUIRES(q->object.queue.lock)
{
    struct message *best = NULL;
    LIST_FOR_EACH (node, &q->messages) {
        struct message *m = LIST_ENTRY(node, struct message, link);
        if (!is_wanted(m, type, flags) || (best && m->type >= best->type)) continue;
        best = m;
        if (type >= 0) break;
    }
    return best;
}

static err_t receive_locked(struct message_queue *q, uint64_t bytes, int64_t type, uint32_t flags,
                            struct message **out) REQUIRES(q->object.queue.lock)
{
    err_t e = ipc_check_access_locked(&q->object, 0444);
    if (failed(e)) return e;
    while (!(*out = find_locked(q, type, flags))) {
        e = flags & LINUX_IPC_NOWAIT ? ERR_NO_MESSAGE : wait_locked(q);
        if (failed(e)) return e;
    }
    if ((*out)->bytes > bytes && !(flags & LINUX_MSG_NOERROR)) return ERR_ARGS_TOO_LONG;
    list_remove(&(*out)->link);
    q->bytes -= (*out)->bytes;
    q->count--;
    q->receiver = process_current()->pid;
    q->received_s = ipc_now_s();
    wait_wake_all_locked(&q->object.queue);
    return OK;
}

int64_t message_queue_receive(uint32_t id, uint64_t address, uint64_t bytes, int64_t type, uint32_t flags)
{
    struct ipc_object *o;
    struct message *m = NULL;
    if ((int32_t)id < 0 || (int64_t)bytes < 0) return ERR_INVALID.code;
    /* Looking without taking is for checkpoints, which a Linux may be built without. */
    if (flags & LINUX_MSG_COPY) return ERR_NO_SYSCALL.code;
    err_t e = ipc_take(&kind, id, &o);
    if (failed(e)) return e.code;
    struct message_queue *q = queue_of(o);
    spin_lock(&q->object.queue.lock);
    e = receive_locked(q, bytes, type, flags, &m);
    ipc_give(&q->object);
    if (failed(e)) return e.code;
    uint64_t count = MIN(bytes, (uint64_t)m->bytes);
    e = user_copy_out(UADDR(address), &m->type, sizeof(m->type));
    if (!failed(e)) e = user_copy_out(UADDR(address + sizeof(m->type)), m->data, count);
    heap_free(m); /* what cannot be told is lost, as on Linux */
    return failed(e) ? e.code : (int64_t)count;
}

/* ---- control ---- */

static int64_t stat(uint32_t id, uint32_t operation, uint64_t address)
{
    struct ipc_object *o;
    err_t e = operation == LINUX_IPC_STAT ? ipc_take(&kind, id, &o) : ipc_take_at(&kind, id, &o);
    if (failed(e)) return e.code;
    spin_lock(&o->queue.lock);
    const struct message_queue *q = queue_of(o);
    if (operation != LINUX_MSG_STAT_ANY) e = ipc_check_access_locked(o, 0444);
    struct linux_msqid_ds ds = {
        .sent_s = q->sent_s,
        .received_s = q->received_s,
        .changed_s = o->changed_s,
        .bytes = q->bytes,
        .messages = q->count,
        .bytes_max = q->bytes_max,
        .sender = (int32_t)q->sender,
        .receiver = (int32_t)q->receiver,
    };
    ipc_describe_locked(o, &ds.perm);
    uint32_t number = operation == LINUX_IPC_STAT ? 0 : o->id;
    ipc_give(o);
    if (!failed(e)) e = user_copy_out(UADDR(address), &ds, sizeof(ds));
    return failed(e) ? e.code : (int64_t)number;
}

static int64_t tell_limits(uint32_t operation, uint64_t address)
{
    uint32_t highest, count = ipc_count(&kind, &highest);
    struct linux_msginfo info = {
        .pool = LINUX_MSGMNI * LINUX_MSGMNB / 1024,
        .map = LINUX_MSGMNB,
        .message_max = LINUX_MSGMAX,
        .queue_max = LINUX_MSGMNB,
        .queues_max = LINUX_MSGMNI,
        .segment_bytes = 16, /* [linux uapi linux/msg.h MSGSSZ, MSGSEG] */
        .headers = LINUX_MSGMNB,
        .segments = 0xffff,
    };
    if (operation == LINUX_MSG_INFO) {
        struct ipc_object *o;
        info.pool = (int32_t)count;
        info.map = info.headers = 0;
        for (uint32_t i = 0; (o = ipc_next(&kind, &i)) != NULL; ipc_put(o)) {
            info.map += (int32_t)queue_of(o)->count;
            info.headers += (int32_t)queue_of(o)->bytes;
        }
    }
    err_t e = user_copy_out(UADDR(address), &info, sizeof(info));
    return failed(e) ? e.code : (int64_t)highest;
}

static err_t set_locked(struct message_queue *q, const struct linux_msqid_ds *wanted)
    REQUIRES(q->object.queue.lock)
{
    if (wanted->bytes_max > LINUX_MSGMNB && !may_use(LINUX_CAP_SYS_RESOURCE)) return ERR_NOT_PERMITTED;
    q->bytes_max = wanted->bytes_max;
    ipc_change_locked(&q->object, &wanted->perm);
    wait_wake_all_locked(&q->object.queue); /* there may be room now */
    return OK;
}

static int64_t change(uint32_t id, uint32_t operation, const struct linux_msqid_ds *wanted)
{
    struct ipc_object *o;
    err_t e = ipc_take(&kind, id, &o);
    if (failed(e)) return e.code;
    struct message_queue *q = queue_of(o);
    spin_lock(&q->object.queue.lock);
    e = ipc_check_owner_locked(&q->object);
    if (!failed(e) && operation == LINUX_IPC_SET) e = set_locked(q, wanted);
    spin_unlock(&q->object.queue.lock);
    if (!failed(e) && operation == LINUX_IPC_RMID) ipc_remove(o);
    ipc_put(o);
    return e.code;
}

int64_t message_queue_control(uint32_t id, uint32_t operation, uint64_t address)
{
    struct linux_msqid_ds wanted;
    if ((int32_t)id < 0) return ERR_INVALID.code;
    switch (operation) {
    case LINUX_IPC_INFO:
    case LINUX_MSG_INFO: return tell_limits(operation, address);
    case LINUX_IPC_STAT:
    case LINUX_MSG_STAT:
    case LINUX_MSG_STAT_ANY: return stat(id, operation, address);
    case LINUX_IPC_SET: {
        err_t e = user_copy_in(&wanted, UADDR(address), sizeof(wanted));
        return failed(e) ? e.code : change(id, operation, &wanted);
    }
    case LINUX_IPC_RMID: return change(id, operation, NULL);
    }
    return ERR_INVALID.code;
}

void message_queue_fini(void) { ipc_fini(&kind); }
