/* SPDX-License-Identifier: Apache-2.0 */
/* Names and lives of POSIX message queues. [linux ipc/mqueue.c]
 *
 * A queue lives while it has a name or is open. Locking: names_lock guards the list of queues, their names and their
 * references; what is in a queue is posix_queue_messages.c's. */
#include "ipc/posix_queue_internal.h"

#include "abi/linux/capability.h"
#include "abi/linux/fcntl.h"
#include "core/time.h"
#include "fs/fs_context.h"
#include "fs/permission.h"
#include "fs/text_file.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "process/process.h"

/* As Linux has them. */
static struct {
    uint32_t queues_max, msg_default, msg_max, msgsize_default, msgsize_max;
} limits = { 256, 10, 10, 8192, 8192 };

static struct spinlock names_lock = SPINLOCK_INIT_CLASS("mqueue names_lock");
static struct list queues = LIST_INIT(queues); /* under names_lock, as what follows */
static uint32_t queue_count;

static uint32_t limit(const uint32_t *value) { return __atomic_load_n(value, __ATOMIC_RELAXED); }

void posix_queue_init(void)
{
#define LIMIT(name_) MADE_FILE(#name_, 0644, &text_limit, &limits.name_)
    static const struct made_row rows[] = {
        LIMIT(msg_default), LIMIT(msg_max), LIMIT(msgsize_default), LIMIT(msgsize_max), LIMIT(queues_max),
    };
#undef LIMIT
    static struct made_addition addition = { "proc/sys/fs/mqueue", rows, ARRAY_LENGTH(rows), NULL };
    made_add(&addition);
}

/* ---- what may be made ---- */

/* NULL: by default, which is never more than what is allowed. */
static err_t check_attributes(const struct linux_mq_attr *a, struct posix_queue *q)
{
    bool is_privileged = may_use(LINUX_CAP_SYS_RESOURCE);
    uint32_t most = limit(&limits.msg_max), most_bytes = limit(&limits.msgsize_max);
    if (!a) {
        q->messages_max = MIN(most, limit(&limits.msg_default));
        q->bytes_max = MIN(most_bytes, limit(&limits.msgsize_default));
        return OK;
    }
    if (is_privileged) {
        most = LINUX_MQ_HARD_MESSAGES;
        most_bytes = LINUX_MQ_HARD_BYTES;
    }
    if (a->mq_maxmsg <= 0 || a->mq_msgsize <= 0) return ERR_INVALID;
    if (a->mq_maxmsg > (int64_t)most || a->mq_msgsize > (int64_t)most_bytes) return ERR_INVALID;
    q->messages_max = (uint32_t)a->mq_maxmsg;
    q->bytes_max = (uint32_t)a->mq_msgsize;
    return OK;
}

static uint64_t cost_of(const struct posix_queue *q)
{
    uint64_t priorities = MIN(q->messages_max, (uint32_t)LINUX_MQ_PRIO_MAX);
    return (uint64_t)q->messages_max * (LINUX_MQ_MESSAGE_COST + (uint64_t)q->bytes_max) +
           priorities * LINUX_MQ_PRIORITY_COST;
}

/* All queues of a user count, those without a name too. */
static err_t check_limits_locked(const struct posix_queue *fresh) REQUIRES(names_lock)
{
    uint64_t most = process_current()->limits[LINUX_RLIMIT_MSGQUEUE].soft, sum = cost_of(fresh);
    if (queue_count >= limit(&limits.queues_max) && !may_use(LINUX_CAP_SYS_RESOURCE)) return ERR_NO_SPACE;
    LIST_FOR_EACH (node, &queues) {
        const struct posix_queue *q = LIST_ENTRY(node, struct posix_queue, link);
        if (q->user == fresh->user) sum += cost_of(q);
    }
    return sum > most ? ERR_TOO_MANY_FILES : OK;
}

/* ---- lives ---- */

static struct posix_queue *create(const char *name, uint32_t mode)
{
    size_t bytes = strlen(name) + 1;
    struct posix_queue *q = heap_alloc_zeroed(sizeof(*q) + bytes);
    if (!q) return NULL;
    q->vnode = vnode_create(mode & LINUX_S_IALLUGO, FILESYSTEM_ANONYMOUS, (int64_t)time_realtime_ns());
    if (!q->vnode) {
        heap_free(q);
        return NULL;
    }
    memcpy(q->name, name, bytes);
    permission_set_maker(q->vnode);
    q->vnode->links = 1;
    q->user = credentials_current()->uid.real;
    posix_queue_messages_init(q);
    return q;
}

static void destroy(struct posix_queue *q)
{
    posix_queue_messages_fini(q);
    vnode_put(q->vnode);
    heap_free(q);
}

void posix_queue_put(struct posix_queue *q)
{
    spin_lock(&names_lock);
    bool is_last = --q->references == 0;
    if (is_last) list_remove(&q->link);
    spin_unlock(&names_lock);
    if (is_last) destroy(q);
}

/* ---- names ---- */

static struct posix_queue *find_locked(const char *name) REQUIRES(names_lock)
{
    LIST_FOR_EACH (node, &queues) {
        struct posix_queue *q = LIST_ENTRY(node, struct posix_queue, link);
        if (q->is_named && !strcmp(q->name, name)) return q;
    }
    return NULL;
}

/* One name, of no directory. [linux fs/namei.c lookup_one_len] */
static err_t check_name(const char *name)
{
    if (!strcmp(name, ".") || !strcmp(name, "..") || strchr(name, '/')) return ERR_ACCESS;
    return strlen(name) > LINUX_NAME_MAX ? ERR_NAME_TOO_LONG : OK;
}

static err_t check_open_locked(const struct posix_queue *q, uint32_t flags) REQUIRES(names_lock)
{
    static const uint8_t access[] = { MAY_READ, MAY_WRITE, MAY_READ | MAY_WRITE };
    if ((flags & LINUX_O_CREAT) && (flags & LINUX_O_EXCL)) return ERR_EXISTS;
    if ((flags & LINUX_O_ACCMODE) == LINUX_O_ACCMODE) return ERR_INVALID;
    return permission_check(q->vnode, access[flags & LINUX_O_ACCMODE]);
}

/* Counted. `fresh` becomes the queue of that name where there is none. */
static err_t enter(const char *name, uint32_t flags, struct posix_queue *fresh, err_t refusal,
                   struct posix_queue **out)
{
    spin_lock(&names_lock);
    struct posix_queue *q = find_locked(name);
    err_t e = q ? check_open_locked(q, flags) : refusal;
    if (!q && !failed(e)) e = check_limits_locked(fresh);
    if (!q && !failed(e)) {
        q = fresh;
        q->is_named = true;
        q->references = 1;
        queue_count++;
        list_push_back(&queues, &q->link);
    }
    if (!failed(e)) q->references++;
    spin_unlock(&names_lock);
    *out = q;
    return e;
}

err_t posix_queue_open(const char *name, uint32_t flags, uint32_t mode,
                       const struct linux_mq_attr *attributes, struct file **out)
{
    struct posix_queue *fresh = NULL, *q;
    err_t e = check_name(name), refusal = ERR_NOT_FOUND;
    if (failed(e)) return e;
    if (flags & LINUX_O_CREAT) {
        fresh = create(name, mode & ~process_current()->fs->umask);
        if (!fresh) return ERR_NO_MEMORY;
        refusal = check_attributes(attributes, fresh);
    }
    e = enter(name, flags, fresh, refusal, &q);
    if (fresh && (failed(e) || q != fresh)) destroy(fresh);
    if (failed(e)) return e;
    *out = posix_queue_file(q, flags);
    if (*out) return OK;
    posix_queue_put(q);
    return ERR_NO_MEMORY;
}

/* The directory of all queues is everybody's, and sticky. */
static bool may_unlink(const struct posix_queue *q)
{
    return q->vnode->uid == credentials_current()->uid.fs || may_use(LINUX_CAP_FOWNER);
}

err_t posix_queue_unlink(const char *name)
{
    err_t e = check_name(name);
    if (failed(e)) return e;
    spin_lock(&names_lock);
    struct posix_queue *q = find_locked(name);
    if (!q)
        e = ERR_NOT_FOUND;
    else if (!may_unlink(q))
        e = ERR_NOT_PERMITTED;
    if (!failed(e)) {
        q->is_named = false;
        queue_count--;
    }
    spin_unlock(&names_lock);
    if (!failed(e)) posix_queue_put(q);
    return e;
}

void posix_queue_fini(void)
{
    LIST_FOR_EACH_SAFE (node, &queues) {
        struct posix_queue *q = LIST_ENTRY(node, struct posix_queue, link);
        if (q->is_named) posix_queue_put(q);
    }
}
