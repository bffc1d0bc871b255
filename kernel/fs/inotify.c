/* SPDX-License-Identifier: Apache-2.0 */
/* The queue of an inotify and its watches. [linux fs/notify/inotify/inotify_user.c]
 *
 * Events wait under inotify.queue.lock. An event equal to the last one in the queue is not queued again; one that
 * finds no room or no memory is replaced by IN_Q_OVERFLOW, for which there always is room. */
#include "fs/inotify_internal.h"

#include "abi/linux/fcntl.h"
#include "abi/linux/ioctl.h"
#include "abi/linux/poll.h"
#include "fs/credentials.h"
#include "fs/text_file.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "vm/usercopy.h"

struct event {
    struct list link; /* in inotify.events */
    struct linux_inotify_event head;
    char name[]; /* head.len bytes */
};

/* What one user has, for the limits. */
struct watcher_user {
    struct list link;
    uint32_t uid, instances, watches;
};

struct inotify {
    struct wait_queue queue; /* readers */
    struct readiness readiness;
    struct list events; /* this and the next two under queue.lock */
    uint32_t event_count;
    uint64_t event_bytes; /* as they will be read */
    uint32_t event_limit; /* fixed */
    struct tree watches;  /* this and the next under notify_lock */
    uint32_t last_number;
    struct watcher_user *user; /* fixed; its counts are under notify_lock */
    struct event overflow;     /* in the list, or a list of its own */
};

/* The first two are Linux's; Linux takes the third from the size of memory, at least this. */
struct inotify_limits inotify_limits = { 16384, 128, 65536 };
static struct list users = LIST_INIT(users); /* under notify_lock */

static uint32_t limit(const uint32_t *value) { return __atomic_load_n(value, __ATOMIC_RELAXED); }

/* ---- events ---- */

static struct event *event_create(const struct watch *watch, const struct notice *n)
{
    /* Names end with a NUL at least, and the next event is aligned as this one is. */
    size_t room = n->bytes ? align_up(n->bytes + 1, sizeof(struct linux_inotify_event)) : 0;
    struct event *event = heap_alloc_zeroed(sizeof(*event) + room);
    if (!event) return NULL;
    event->head = (struct linux_inotify_event){
        .wd = (int32_t)watch->number, .mask = n->event, .cookie = n->cookie, .len = (uint32_t)room
    };
    if (n->bytes) memcpy(event->name, n->name, n->bytes);
    return event;
}

static void append_locked(struct inotify *in, struct event *event) REQUIRES(in->queue.lock)
{
    list_push_back(&in->events, &event->link);
    in->event_count++;
    in->event_bytes += sizeof(event->head) + event->head.len;
    wait_wake_all_locked(&in->queue);
}

static bool repeats_last_locked(const struct inotify *in, const struct event *event) REQUIRES(in->queue.lock)
{
    if (list_is_empty(&in->events) || (event->head.mask & LINUX_IN_IGNORED)) return false;
    const struct event *last = LIST_ENTRY(in->events.prev, struct event, link);
    return last->head.wd == event->head.wd && last->head.mask == event->head.mask &&
           last->head.len == event->head.len && !memcmp(last->name, event->name, event->head.len);
}

/* False: the event is still the caller's. */
static bool add_locked(struct inotify *in, struct event *event) REQUIRES(in->queue.lock)
{
    if (event && in->event_count < in->event_limit) {
        if (repeats_last_locked(in, event)) return false;
        append_locked(in, event);
        return true;
    }
    if (list_is_empty(&in->overflow.link)) append_locked(in, &in->overflow);
    return false;
}

void inotify_queue_event(const struct watch *watch, const struct notice *notice)
{
    struct inotify *in = watch->inotify;
    struct event *event = event_create(watch, notice);
    spin_lock(&in->queue.lock);
    bool is_added = add_locked(in, event);
    spin_unlock(&in->queue.lock);
    if (!is_added) heap_free(event);
    readiness_changed(&in->readiness, LINUX_POLLIN | LINUX_POLLRDNORM);
}

static void event_free(struct inotify *in, struct event *event)
{
    if (event != &in->overflow) heap_free(event);
}

/* The next event, if there is room for it: *out is NULL where there is not. */
static void take_locked(struct inotify *in, uint64_t room, struct event **out) REQUIRES(in->queue.lock)
{
    struct event *event = LIST_ENTRY(in->events.next, struct event, link);
    uint64_t bytes = sizeof(event->head) + event->head.len;
    *out = bytes <= room ? event : NULL;
    if (!*out) return;
    list_remove(&event->link);
    in->event_count--;
    in->event_bytes -= bytes;
}

/* ---- the file ---- */

static err_t wait_for_event_locked(struct file *file, struct inotify *in) REQUIRES(in->queue.lock)
{
    err_t e = OK;
    while (list_is_empty(&in->events) && !failed(e))
        e = file->flags & LINUX_O_NONBLOCK ? ERR_TRY_AGAIN
                                           : wait_sleep_interruptible_locked(&in->queue, UINT64_MAX);
    return e;
}

/* What cannot be told is lost, as on Linux. */
static err_t put_event(struct inotify *in, struct event *event, struct io_buffer *to)
{
    size_t bytes = event->head.len;
    bool is_told = io_put(to, &event->head, sizeof(event->head)) == sizeof(event->head) &&
                   io_put(to, event->name, bytes) == bytes;
    event_free(in, event);
    return is_told ? OK : ERR_FAULT;
}

static int64_t inotify_read(struct file *file, struct io_buffer *to, uint64_t *position)
{
    struct inotify *in = file->context;
    uint64_t done = 0, before;
    (void)position;
    for (;;) {
        struct event *event = NULL;
        spin_lock(&in->queue.lock);
        err_t e = done && list_is_empty(&in->events) ? ERR_TRY_AGAIN : wait_for_event_locked(file, in);
        if (!failed(e)) take_locked(in, to->left, &event);
        spin_unlock(&in->queue.lock);
        if (!event) return io_result(done, failed(e) ? e : ERR_INVALID);
        before = to->left;
        e = put_event(in, event, to);
        if (failed(e)) return e.code;
        done += before - to->left;
    }
}

static uint32_t inotify_poll(struct file *file)
{
    struct inotify *in = file->context;
    spin_lock(&in->queue.lock);
    bool is_empty = list_is_empty(&in->events);
    spin_unlock(&in->queue.lock);
    return is_empty ? 0 : LINUX_POLLIN | LINUX_POLLRDNORM;
}

static struct readiness *inotify_readiness(struct file *file)
{
    return &((struct inotify *)file->context)->readiness;
}

static int64_t inotify_ioctl(struct file *file, uint32_t request, uint64_t argument)
{
    struct inotify *in = file->context;
    if (request != LINUX_FIONREAD) return ERR_NOT_TTY.code;
    spin_lock(&in->queue.lock);
    int32_t bytes = (int32_t)in->event_bytes;
    spin_unlock(&in->queue.lock);
    return user_copy_out(UADDR(argument), &bytes, sizeof(bytes)).code;
}

static struct watch *watch_at(struct tree_node *node)
{
    return node ? TREE_ENTRY(node, struct watch, node) : NULL;
}

static void inotify_describe(struct file *file, struct text *text)
{
    struct inotify *in = file->context;
    spin_lock(&notify_lock);
    for (struct watch *w = watch_at(tree_first(&in->watches)); w; w = watch_at(tree_next(&w->node)))
        text_add(text, "inotify wd:%x ino:%llx sdev:%x mask:%x ignored_mask:0 \n", w->number,
                 (unsigned long long)w->watched->vnode->inode,
                 VNODE_MINOR_BASE + w->watched->vnode->filesystem, w->mask & LINUX_IN_ALL_EVENTS);
    spin_unlock(&notify_lock);
}

/* ---- watches ---- */

static void detach_locked(struct watch *watch) REQUIRES(notify_lock)
{
    tree_remove(&watch->inotify->watches, &watch->node);
    list_remove(&watch->link);
    watch->inotify->user->watches--;
    heap_free(watch);
}

void inotify_end_watch_locked(struct watch *watch)
{
    inotify_queue_event(watch, &(struct notice){ .event = LINUX_IN_IGNORED });
    detach_locked(watch);
}

static struct watch *find_locked(struct inotify *in, uint32_t number) REQUIRES(notify_lock)
{
    struct tree_node *node = in->watches.root;
    while (node && watch_at(node)->number != number) node = node->child[watch_at(node)->number < number];
    return watch_at(node);
}

static struct watch *find_for_locked(const struct inotify *in, const struct watched *watched)
    REQUIRES(notify_lock)
{
    LIST_FOR_EACH (node, &watched->watches) {
        struct watch *watch = LIST_ENTRY(node, struct watch, link);
        if (watch->inotify == in) return watch;
    }
    return NULL;
}

#define KEPT (LINUX_IN_ALL_EVENTS | LINUX_IN_EXCL_UNLINK | LINUX_IN_ONESHOT)

/* Numbers are not given out again: 2^31 watches are more than one inotify will see. */
static err_t create_locked(struct inotify *in, struct watched *watched, uint32_t mask, struct watch **out)
    REQUIRES(notify_lock)
{
    if (in->user->watches >= limit(&inotify_limits.user_watches) || in->last_number == INT32_MAX)
        return ERR_NO_SPACE;
    struct watch *watch = heap_alloc_zeroed(sizeof(*watch));
    if (!watch) return ERR_NO_MEMORY;
    watch->inotify = in;
    watch->watched = watched;
    watch->mask = mask & KEPT;
    watch->number = ++in->last_number;
    in->user->watches++;
    tree_insert_after(&in->watches, tree_last(&in->watches), &watch->node);
    list_push_back(&watched->watches, &watch->link);
    *out = watch;
    return OK;
}

static err_t add_watch_locked(struct inotify *in, struct watched *watched, uint32_t mask, struct watch **out)
    REQUIRES(notify_lock)
{
    *out = find_for_locked(in, watched);
    if (!*out) return create_locked(in, watched, mask, out);
    if (mask & LINUX_IN_MASK_CREATE) return ERR_EXISTS;
    (*out)->mask = (mask & KEPT) | (mask & LINUX_IN_MASK_ADD ? (*out)->mask : 0);
    return OK;
}

int64_t inotify_add(struct file *file, struct vnode *v, uint32_t mask)
{
    struct watch *watch;
    int64_t result = ERR_NO_MEMORY.code;
    fs_lock();
    spin_lock(&notify_lock);
    struct watched *watched = notify_watch_locked(v);
    if (watched) {
        err_t e = add_watch_locked(file->context, watched, mask, &watch);
        result = failed(e) ? e.code : (int64_t)watch->number;
        notify_unwatch_locked(watched);
    }
    spin_unlock(&notify_lock);
    fs_unlock();
    return result;
}

err_t inotify_remove(struct file *file, uint32_t number)
{
    fs_lock();
    spin_lock(&notify_lock);
    struct watch *watch = find_locked(file->context, number);
    if (watch) {
        struct watched *watched = watch->watched;
        inotify_end_watch_locked(watch);
        notify_unwatch_locked(watched);
    }
    spin_unlock(&notify_lock);
    fs_unlock();
    return watch ? OK : ERR_INVALID;
}

/* ---- beginning and end ---- */

static struct watcher_user *find_user_locked(uint32_t uid) REQUIRES(notify_lock)
{
    LIST_FOR_EACH (node, &users) {
        struct watcher_user *user = LIST_ENTRY(node, struct watcher_user, link);
        if (user->uid == uid) return user;
    }
    return NULL;
}

/* A user is known as long as he has an inotify. `fresh` is his record where he is not; *out is NULL: he has too many. */
static void enter_user(struct watcher_user *fresh, struct watcher_user **out)
{
    spin_lock(&notify_lock);
    struct watcher_user *user = find_user_locked(fresh->uid);
    bool is_allowed = (user ? user->instances : 0) < limit(&inotify_limits.user_instances);
    if (is_allowed && !user) {
        user = fresh;
        list_push_back(&users, &fresh->link);
    }
    if (is_allowed) user->instances++;
    *out = is_allowed ? user : NULL;
    spin_unlock(&notify_lock);
}

static void leave_user(struct watcher_user *user)
{
    spin_lock(&notify_lock);
    bool is_last = --user->instances == 0;
    if (is_last) list_remove(&user->link);
    spin_unlock(&notify_lock);
    if (is_last) heap_free(user);
}

static void remove_all(struct inotify *in)
{
    struct watch *watch;
    do {
        fs_lock();
        spin_lock(&notify_lock);
        watch = watch_at(tree_first(&in->watches));
        if (watch) {
            struct watched *watched = watch->watched;
            detach_locked(watch);
            notify_unwatch_locked(watched);
        }
        spin_unlock(&notify_lock);
        fs_unlock();
    } while (watch);
}

static void inotify_release(struct file *file)
{
    struct inotify *in = file->context;
    remove_all(in);
    LIST_FOR_EACH_SAFE (node, &in->events) event_free(in, LIST_ENTRY(node, struct event, link));
    leave_user(in->user);
    heap_free(in);
}

static const struct file_ops inotify_ops = {
    .name = "anon_inode:inotify",
    .mode = 0600,
    .read = inotify_read,
    .seek = file_seek_nowhere,
    .ioctl = inotify_ioctl,
    .poll = inotify_poll,
    .readiness = inotify_readiness,
    .describe = inotify_describe,
    .release = inotify_release,
};

bool inotify_is(const struct file *file) { return file->ops == &inotify_ops; }

static err_t user_get(struct watcher_user **out)
{
    struct watcher_user *fresh = heap_alloc_zeroed(sizeof(*fresh));
    if (!fresh) return ERR_NO_MEMORY;
    fresh->uid = credentials_current()->uid.real;
    enter_user(fresh, out);
    if (*out != fresh) heap_free(fresh);
    return *out ? OK : ERR_TOO_MANY_FILES;
}

err_t inotify_open(uint32_t flags, struct file **out)
{
    struct inotify *in = heap_alloc_zeroed(sizeof(*in));
    if (!in) return ERR_NO_MEMORY;
    err_t e = user_get(&in->user);
    if (failed(e)) goto free;
    wait_queue_init(&in->queue);
    readiness_init(&in->readiness);
    list_init(&in->events);
    list_init(&in->overflow.link);
    in->overflow.head = (struct linux_inotify_event){ .wd = -1, .mask = LINUX_IN_Q_OVERFLOW };
    in->event_limit = limit(&inotify_limits.queued_events);
    *out = file_create(&inotify_ops, in, LINUX_O_RDONLY | flags);
    if (*out) return OK;
    e = ERR_NO_MEMORY;
    leave_user(in->user);
free:
    heap_free(in);
    return e;
}
