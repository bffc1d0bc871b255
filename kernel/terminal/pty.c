/* SPDX-License-Identifier: Apache-2.0 */
/* Pseudo terminals: /dev/ptmx makes one, whose file is the master; /dev/pts/N is the terminal. What the terminal
 * outputs the master reads, what the master writes is typed. [linux drivers/tty/pty.c, man pty] */
#include "terminal/pty.h"

#include "abi/linux/fcntl.h"
#include "abi/linux/poll.h"
#include "fs/credentials.h"
#include "fs/fd_table.h"
#include "fs/made.h"
#include "fs/open.h"
#include "lib/format.h"
#include "mm/heap.h"
#include "process/process.h"
#include "terminal/terminal.h"
#include "vm/usercopy.h"

enum { CHUNK_BYTES = 512, TTY_GROUP = 5, PACKET_DATA = 0 };

struct pty {
    struct terminal terminal; /* first: they are freed together */
    struct readiness master_readiness;
    uint32_t number, uid;
    uint64_t birth;
    bool is_locked; /* with queue.lock of the terminal, as is: */
    bool is_packet;
};

static struct spinlock ptys_lock = SPINLOCK_INIT_CLASS("ptys_lock");
static struct pty *ptys[PTYS_MAX] GUARDED_BY(ptys_lock); /* not counted: one that is destroyed leaves */
static uint64_t births GUARDED_BY(ptys_lock);

static struct pty *pty_of(struct terminal *t) { return CONTAINER_OF(t, struct pty, terminal); }

/* ---- numbers ---- */

static void destroy(struct terminal *t)
{
    struct pty *p = pty_of(t);
    spin_lock(&ptys_lock);
    ptys[p->number] = NULL;
    spin_unlock(&ptys_lock);
    heap_free(p);
}

static void output_changed_locked(struct terminal *t)
{
    readiness_changed(&pty_of(t)->master_readiness,
                      LINUX_POLLIN | LINUX_POLLRDNORM | LINUX_POLLOUT | LINUX_POLLHUP);
}

/* NO_SPACE: all numbers are taken. */
static err_t give_number(struct pty *p)
{
    spin_lock(&ptys_lock);
    for (p->number = 0; p->number < PTYS_MAX && ptys[p->number];) p->number++;
    bool is_free = p->number < PTYS_MAX;
    if (is_free) {
        ptys[p->number] = p;
        p->birth = ++births;
        p->terminal.device = PTS_DEVICE + p->number;
    }
    spin_unlock(&ptys_lock);
    return is_free ? OK : ERR_NO_SPACE;
}

static err_t create(struct pty **out)
{
    struct pty *p = heap_alloc_zeroed(sizeof(*p));
    if (!p) return ERR_NO_MEMORY;
    terminal_init(&p->terminal, 0, destroy);
    readiness_init(&p->master_readiness);
    p->terminal.changed_locked = output_changed_locked;
    p->is_locked = true;
    p->uid = credentials_current()->uid.fs;
    err_t e = give_number(p);
    if (failed(e))
        heap_free(p);
    else
        *out = p;
    return e;
}

/* One whose master is open, counted; NULL: there is none. */
static struct pty *find(uint32_t number)
{
    struct pty *p = NULL;
    spin_lock(&ptys_lock);
    if (number < PTYS_MAX) p = ptys[number];
    /* The last reference may be gone, and destroy() wait for the lock. */
    uint32_t references = p ? __atomic_load_n(&p->terminal.references, __ATOMIC_RELAXED) : 0;
    while (references && !__atomic_compare_exchange_n(&p->terminal.references, &references, references + 1,
                                                      false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {}
    spin_unlock(&ptys_lock);
    return references ? p : NULL;
}

/* ---- the master ---- */

/* No capacity: waits all the same. */
static int64_t take_output(struct pty *p, char *bytes, size_t capacity, bool is_impatient)
{
    struct terminal *t = &p->terminal;
    for (;;) {
        size_t count = terminal_take_output(t, bytes, capacity);
        if (count) return (int64_t)count;
        err_t e = OK;
        spin_lock(&t->queue.lock);
        bool is_empty = t->line.is_stopped || t->output_head == t->output_tail;
        if (is_empty && t->was_opened && !t->opens)
            e = ERR_IO;
        else if (is_empty)
            e = is_impatient ? ERR_TRY_AGAIN : wait_sleep_interruptible_locked(&t->queue, UINT64_MAX);
        spin_unlock(&t->queue.lock);
        if (failed(e)) return e.code;
        if (!is_empty && !capacity) return 0;
    }
}

static int64_t master_read(struct file *file, struct io_buffer *to, uint64_t *position)
{
    struct pty *p = file->context;
    char bytes[CHUNK_BYTES];
    uint64_t done = 0;
    (void)position;
    if (p->is_packet && to->left) {
        int64_t count =
            take_output(p, bytes + 1, MIN(to->left, sizeof(bytes)) - 1, file->flags & LINUX_O_NONBLOCK);
        if (count < 0) return count;
        bytes[0] = PACKET_DATA;
        return io_put(to, bytes, (size_t)count + 1) == (size_t)count + 1 ? count + 1 : ERR_FAULT.code;
    }
    while (to->left) {
        size_t wanted = MIN(to->left, (uint64_t)sizeof(bytes));
        int64_t count = take_output(p, bytes, wanted, done || (file->flags & LINUX_O_NONBLOCK));
        if (count < 0) return done ? (int64_t)done : count;
        if (io_put(to, bytes, (size_t)count) < (size_t)count) return io_result(done, ERR_FAULT);
        done += (uint64_t)count;
    }
    return (int64_t)done;
}

static err_t wait_for_room(struct terminal *t, bool is_impatient)
{
    err_t e = OK;
    spin_lock(&t->queue.lock);
    while (!failed(e) && !line_room(&t->line))
        e = is_impatient ? ERR_TRY_AGAIN : wait_sleep_interruptible_locked(&t->queue, UINT64_MAX);
    spin_unlock(&t->queue.lock);
    return e;
}

static int64_t master_write(struct file *file, struct io_buffer *from, uint64_t *position)
{
    struct pty *p = file->context;
    char bytes[CHUNK_BYTES];
    uint64_t done = 0;
    (void)position;
    while (from->left) {
        size_t count = io_take(from, bytes, MIN(from->left, (uint64_t)sizeof(bytes))), typed = 0;
        if (!count) return io_result(done, ERR_FAULT);
        while (typed < count) {
            err_t e = wait_for_room(&p->terminal, file->flags & LINUX_O_NONBLOCK);
            if (failed(e)) return io_result(done, e);
            size_t now = terminal_input(&p->terminal, bytes + typed, count - typed);
            typed += now;
            done += now;
        }
    }
    return (int64_t)done;
}

static uint32_t master_poll(struct file *file)
{
    struct terminal *t = &((struct pty *)file->context)->terminal;
    uint32_t ready = 0;
    spin_lock(&t->queue.lock);
    if (t->output_head != t->output_tail && !t->line.is_stopped) ready |= LINUX_POLLIN | LINUX_POLLRDNORM;
    if (line_room(&t->line)) ready |= LINUX_POLLOUT | LINUX_POLLWRNORM;
    if (t->was_opened && !t->opens) ready |= LINUX_POLLHUP;
    spin_unlock(&t->queue.lock);
    return ready;
}

static struct readiness *master_readiness(struct file *file)
{
    return &((struct pty *)file->context)->master_readiness;
}

static err_t set_flag(struct pty *p, bool *flag, uint64_t argument)
{
    int32_t value;
    err_t e = user_copy_in(&value, UADDR(argument), sizeof(value));
    if (failed(e)) return e;
    spin_lock(&p->terminal.queue.lock);
    *flag = value;
    spin_unlock(&p->terminal.queue.lock);
    return OK;
}

/* TIOCGPTPEER: the terminal itself, by the name it has. */
static int64_t open_peer(const struct pty *p, uint64_t flags)
{
    char path[24];
    struct process *self = process_current();
    struct path_from from = { .context = self->fs };
    struct open_request how = { .flags = (uint32_t)flags & ~(uint32_t)LINUX_O_CREAT };
    struct file *file;
    uint32_t fd;
    format_string(path, sizeof(path), "/dev/pts/%u", p->number);
    err_t e = open_flags_check(&how.flags);
    if (!failed(e))
        e = fd_reserve(self->files, 0,
                       (uint32_t)MIN(self->limits[LINUX_RLIMIT_NOFILE].soft, (uint64_t)FD_LIMIT_MAX),
                       flags & LINUX_O_CLOEXEC, &fd);
    if (failed(e)) return e.code;
    e = open_path(&from, path, &how, &file);
    if (failed(e)) {
        fd_cancel(self->files, fd);
        return e.code;
    }
    fd_install(self->files, fd, file);
    return fd;
}

static err_t write_number(uint64_t argument, uint32_t number)
{
    return user_copy_out(UADDR(argument), &number, sizeof(number));
}

static int64_t master_ioctl(struct file *file, uint32_t request, uint64_t argument)
{
    struct pty *p = file->context;
    struct terminal *t = &p->terminal;
    switch (request) {
    case LINUX_TIOCGPTN: return write_number(argument, p->number).code;
    case LINUX_TIOCSPTLCK: return set_flag(p, &p->is_locked, argument).code;
    case LINUX_TIOCGPTLCK: return write_number(argument, p->is_locked).code;
    case LINUX_TIOCPKT: return set_flag(p, &p->is_packet, argument).code;
    case LINUX_TIOCGPKT: return write_number(argument, p->is_packet).code;
    case LINUX_TIOCGPTPEER: return open_peer(p, argument);
    case LINUX_FIONREAD: return write_number(argument, t->output_head - t->output_tail).code;
    case LINUX_TIOCSCTTY:
    case LINUX_TIOCNOTTY: return ERR_NOT_TTY.code;
    }
    return terminal_ioctl(t, true, request, argument);
}

static void master_release(struct file *file)
{
    struct pty *p = file->context;
    terminal_hang_up(&p->terminal);
    terminal_put(&p->terminal);
}

static const struct file_ops master_ops = {
    .name = "/dev/ptmx",
    .read = master_read,
    .write = master_write,
    .ioctl = master_ioctl,
    .poll = master_poll,
    .readiness = master_readiness,
    .release = master_release,
};

static err_t open_master(struct file *file, uint32_t flags)
{
    struct pty *p;
    (void)flags;
    err_t e = create(&p);
    if (failed(e)) return e;
    file->ops = &master_ops;
    file->context = p;
    return OK;
}

static err_t open_slave(struct file *file, uint32_t flags)
{
    struct pty *p = find((uint32_t)(file->vnode->device - PTS_DEVICE));
    if (!p) return ERR_NO_DEVICE_ADDRESS;
    err_t e = p->is_locked ? ERR_IO : terminal_open(&p->terminal, file, flags);
    terminal_put(&p->terminal);
    return e;
}

const struct file_ops ptmx_ops = { .name = "/dev/ptmx", .open = open_master };
const struct file_ops pts_ops = { .name = "/dev/pts", .open = open_slave };

/* ---- /dev/pts ---- */

static bool is_there(const struct pty *p) { return p && !p->terminal.is_hung_up; }

static bool find_name(const struct made_subject *parent, uint32_t number, struct made_subject *child)
{
    (void)parent;
    spin_lock(&ptys_lock);
    const struct pty *p = number < PTYS_MAX ? ptys[number] : NULL;
    bool is = is_there(p);
    if (is) *child = (struct made_subject){ .birth = p->birth, .number = number };
    spin_unlock(&ptys_lock);
    return is;
}

static bool next_name(const struct made_subject *parent, uint32_t from, uint32_t *number)
{
    (void)parent;
    spin_lock(&ptys_lock);
    while (from < PTYS_MAX && !is_there(ptys[from])) from++;
    spin_unlock(&ptys_lock);
    *number = from;
    return from < PTYS_MAX;
}

/* The directory itself is for ever; a terminal belongs to who made it, and to the group that mesg(1) is about. */
static bool look(const struct made_subject *subject, struct made_owner *owner)
{
    *owner = (struct made_owner){ 0, 0 };
    if (!subject->birth) return true;
    spin_lock(&ptys_lock);
    const struct pty *p = ptys[subject->number];
    if (p) *owner = (struct made_owner){ p->uid, TTY_GROUP };
    spin_unlock(&ptys_lock);
    return p;
}

static const struct made_row rows[] = {
    { .name = "ptmx", .mode = LINUX_S_IFCHR | 0666, .kind = MADE_DEVICE, .device = PTMX_DEVICE },
};
static const struct made_series names = {
    "",
    find_name,
    next_name,
    { .mode = LINUX_S_IFCHR | 0620, .kind = MADE_DEVICE, .device = PTS_DEVICE },
};
static const struct made_table table = {
    .rows = rows, .count = ARRAY_LENGTH(rows), .series = &names, .look = look
};
static const struct made_row root = MADE_DIRECTORY("", 0755, &table);

err_t pts_create(struct vnode **out, enum filesystem filesystem, int64_t time_ns)
{
    return made_create(&root, filesystem, time_ns, out);
}
