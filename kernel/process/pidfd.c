/* SPDX-License-Identifier: Apache-2.0 */
#include "process/pidfd.h"

#include "abi/linux/fcntl.h"
#include "abi/linux/poll.h"
#include "abi/linux/signal.h"
#include "fs/fd_table.h"
#include "fs/file.h"
#include "fs/text_file.h"
#include "process/identity.h"
#include "process/user_thread.h"
#include "vm/usercopy.h"

static uint32_t pidfd_poll(struct file *file)
{
    const struct process_id *id = file->context;
    spin_lock(&process_tree_lock);
    bool is_over = !id->process || id->process->is_zombie;
    spin_unlock(&process_tree_lock);
    return is_over ? LINUX_POLLIN | LINUX_POLLRDNORM : 0;
}

static struct readiness *pidfd_readiness(struct file *file)
{
    return &((struct process_id *)file->context)->readiness;
}

static void pidfd_describe(struct file *file, struct text *text)
{
    const struct process_id *id = file->context;
    spin_lock(&process_tree_lock);
    int32_t number = id->process ? (int32_t)id->number : -1;
    spin_unlock(&process_tree_lock);
    text_add(text, "Pid:\t%d\nNSpid:\t%d\n", number, number);
}

static void pidfd_release(struct file *file) { process_id_put(file->context); }

static const struct file_ops pidfd_ops = {
    .name = "anon_inode:[pidfd]",
    .mode = 0600,
    .poll = pidfd_poll,
    .readiness = pidfd_readiness,
    .describe = pidfd_describe,
    .release = pidfd_release,
};

struct process_id *pidfd_id(const struct file *file)
{
    return file->ops == &pidfd_ops ? (struct process_id *)file->context : NULL;
}

/* The use of `id` becomes the file's. */
static err_t open_counted(struct process_id *id, uint32_t flags, struct file **out)
{
    *out = file_create(&pidfd_ops, id, LINUX_O_RDWR | flags);
    if (*out) return OK;
    process_id_put(id);
    return ERR_NO_MEMORY;
}

err_t pidfd_open_id(struct process_id *id, uint32_t flags, struct file **out)
{
    spin_lock(&process_tree_lock);
    process_id_get_locked(id);
    spin_unlock(&process_tree_lock);
    return open_counted(id, flags, out);
}

err_t pidfd_open(uint32_t pid, uint32_t flags, struct file **out)
{
    spin_lock(&process_tree_lock);
    struct process_id *id = process_id_find_locked(pid);
    err_t e = id && (id->process || id->thread) ? OK : ERR_NO_PROCESS;
    if (!failed(e) && !id->process) e = ERR_INVALID;
    if (!failed(e)) process_id_get_locked(id);
    spin_unlock(&process_tree_lock);
    return failed(e) ? e : open_counted(id, flags, out);
}

/* ---- another's files ---- */

/* Its table, for looking; signal_lock guards the way to it. */
static err_t watch_table(const struct process_id *id, struct fd_table **out)
{
    err_t e = ERR_NO_PROCESS;
    spin_lock(&process_tree_lock);
    struct process *p = id->process;
    if (p && !p->is_zombie) {
        bool is_allowed = identity_may_look_locked(p);
        spin_lock(&p->signal_lock);
        e = !is_allowed ? ERR_NOT_PERMITTED : p->files ? OK : ERR_NO_PROCESS;
        if (!failed(e)) *out = fd_table_watch(p->files);
        spin_unlock(&p->signal_lock);
    }
    spin_unlock(&process_tree_lock);
    return e;
}

err_t pidfd_get_file(const struct process_id *id, uint32_t fd, struct file **out)
{
    struct fd_table *table;
    err_t e = watch_table(id, &table);
    if (failed(e)) return e;
    *out = fd_get(table, fd);
    fd_table_unwatch(table);
    return *out ? OK : ERR_BAD_FD;
}

/* ---- for clone ---- */

err_t pidfd_prepare(struct process_id *id, uint64_t address, uint32_t *fd, struct file **out)
{
    struct process *p = process_current();
    uint64_t limit = MIN(p->limits[LINUX_RLIMIT_NOFILE].soft, (uint64_t)FD_LIMIT_MAX);
    err_t e = fd_reserve(p->files, 0, (uint32_t)limit, true, fd);
    if (failed(e)) return e;
    e = pidfd_open_id(id, 0, out);
    if (failed(e)) goto cancel;
    e = user_copy_out(UADDR(address), fd, sizeof(*fd));
    if (!failed(e)) return OK;
    file_put(*out);
cancel:
    fd_cancel(p->files, *fd);
    return e;
}

void pidfd_cancel(uint32_t fd, struct file *file)
{
    fd_cancel(process_current()->files, fd);
    file_put(file);
}
