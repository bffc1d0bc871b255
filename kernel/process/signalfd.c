/* SPDX-License-Identifier: Apache-2.0 */
/* The file knows a set and nothing else: what can be read is what waits for whoever reads. */
#include "process/signalfd.h"

#include "abi/linux/fcntl.h"
#include "abi/linux/poll.h"
#include "fs/file.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "process/signal_internal.h"

struct signalfd {
    uint64_t set; /* changes by single stores */
};

/* Which of the fields there are depends on who sent it. [linux fs/signalfd.c] */
static void describe(const struct linux_siginfo_head *info, struct linux_signalfd_siginfo *out)
{
    uint32_t number = (uint32_t)info->number;
    bool is_fault = signal_bit(number) & SIGNALS_OF_FAULTS & ~signal_bit(LINUX_SIGSYS);
    memset(out, 0, sizeof(*out));
    out->number = number;
    out->error = info->error;
    out->code = info->code;
    if (info->code == LINUX_SI_TIMER) {
        out->timer = (uint32_t)info->timer.timer;
        out->overrun = (uint32_t)info->timer.overrun;
        out->value = (int32_t)info->timer.value;
        out->pointer = info->timer.value;
    } else if (info->code > LINUX_SI_USER && info->code < LINUX_SI_KERNEL && is_fault) {
        out->address = info->address;
    } else if (info->code > LINUX_SI_USER && info->code < LINUX_SI_KERNEL && number == LINUX_SIGCHLD) {
        out->pid = info->child.pid;
        out->uid = info->child.uid;
        out->status = info->child.status;
        out->user_ticks = (uint64_t)info->child.user_ticks;
        out->system_ticks = (uint64_t)info->child.system_ticks;
    } else {
        out->pid = info->sender.pid;
        out->uid = info->sender.uid;
        if (info->code < LINUX_SI_USER && info->code != LINUX_SI_TKILL) {
            out->value = (int32_t)info->sender.value;
            out->pointer = info->sender.value;
        }
    }
}

/* The first is waited for, if the file does that. */
static err_t take_first(const struct file *file, uint64_t set, struct linux_siginfo_head *out)
{
    struct readiness_sleeper sleeper;
    struct sleeper_watch watch;
    err_t e = OK;
    if (signal_take(set, out)) return OK;
    if (file->flags & LINUX_O_NONBLOCK) return ERR_TRY_AGAIN;
    sleeper_init(&sleeper);
    sleeper_watch(&sleeper, &watch, &signal_readiness, LINUX_POLLIN);
    while (!failed(e) && !signal_take(set, out)) e = sleeper_wait(&sleeper, UINT64_MAX);
    readiness_unwatch(&watch.watcher);
    return e;
}

static int64_t signalfd_read(struct file *file, struct io_buffer *to, uint64_t *position)
{
    const struct signalfd *s = file->context;
    struct linux_signalfd_siginfo out;
    struct linux_siginfo_head info;
    uint64_t done = 0;
    (void)position;
    if (to->left < sizeof(out)) return ERR_INVALID.code;
    err_t e = take_first(file, s->set, &info);
    while (!failed(e)) {
        describe(&info, &out);
        if (io_put(to, &out, sizeof(out)) < sizeof(out)) return io_result(done, ERR_FAULT);
        done += sizeof(out);
        if (to->left < sizeof(out) || !signal_take(s->set, &info)) break;
    }
    return failed(e) ? e.code : (int64_t)done;
}

static uint32_t signalfd_poll(struct file *file)
{
    const struct signalfd *s = file->context;
    struct user_thread *t = user_thread_current();
    struct process *p = t->process;
    spin_lock(&p->signal_lock);
    uint64_t pending = t->signals.pending.set | p->signals.pending.set;
    spin_unlock(&p->signal_lock);
    return pending & s->set ? LINUX_POLLIN : 0;
}

static struct readiness *signalfd_readiness(struct file *file UNUSED) { return &signal_readiness; }

static void signalfd_release(struct file *file) { heap_free(file->context); }

static const struct file_ops signalfd_ops = {
    .name = "anon_inode:[signalfd]",
    .mode = 0600,
    .read = signalfd_read,
    .seek = file_seek_nowhere,
    .poll = signalfd_poll,
    .readiness = signalfd_readiness,
    .release = signalfd_release,
};

err_t signalfd_open(uint64_t set, uint32_t flags, struct file **out)
{
    struct signalfd *s = heap_alloc(sizeof(*s));
    if (!s) return ERR_NO_MEMORY;
    s->set = set & ~SIGNALS_NEVER_BLOCKED;
    *out = file_create(&signalfd_ops, s, LINUX_O_RDWR | flags);
    if (!*out) {
        heap_free(s);
        return ERR_NO_MEMORY;
    }
    return OK;
}

err_t signalfd_set(struct file *file, uint64_t set)
{
    if (file->ops != &signalfd_ops) return ERR_INVALID;
    ((struct signalfd *)file->context)->set = set & ~SIGNALS_NEVER_BLOCKED;
    readiness_changed(&signal_readiness, LINUX_POLLIN); /* more of what waits may be among it */
    return OK;
}
