/* SPDX-License-Identifier: Apache-2.0 */
/* POSIX message queues. [linux ipc/mqueue.c] for the order of checks. */
#include "syscall/sys_ipc.h"

#include "abi/linux/fcntl.h"
#include "core/time.h"
#include "fs/fd_table.h"
#include "ipc/posix_queue.h"
#include "process/process.h"
#include "process/user_thread.h"
#include "syscall/sys_path.h"
#include "syscall/timespec.h"
#include "vm/usercopy.h"

static err_t open_to(uint32_t fd, const char *name, uint32_t flags, uint32_t mode,
                     const struct linux_mq_attr *attributes)
{
    struct file *file;
    err_t e = posix_queue_open(name, flags, mode, attributes, &file);
    if (failed(e))
        fd_cancel(process_current()->files, fd);
    else
        fd_install(process_current()->files, fd, file);
    return e;
}

int64_t sys_mq_open(uint64_t name, uint64_t flags, uint64_t mode, uint64_t attributes)
{
    struct linux_mq_attr a;
    struct user_text text;
    uint32_t fd;
    err_t e = attributes ? user_copy_in(&a, UADDR(attributes), sizeof(a)) : OK;
    if (failed(e)) return e.code;
    e = user_text_init(&text, name, false);
    if (failed(e)) return e.code;
    e = fd_reserve(process_current()->files, 0, fd_limit(), true, &fd);
    if (!failed(e)) e = open_to(fd, text.text, (uint32_t)flags, (uint32_t)mode, attributes ? &a : NULL);
    user_text_fini(&text);
    return failed(e) ? e.code : (int64_t)fd;
}

int64_t sys_mq_unlink(uint64_t name)
{
    struct user_text text;
    err_t e = user_text_init(&text, name, false);
    if (failed(e)) return e.code;
    e = posix_queue_unlink(text.text);
    user_text_fini(&text);
    return e.code;
}

/* A point in time by the realtime clock, as one since boot; 0: none. */
static err_t read_deadline(uint64_t address, uint64_t *out)
{
    uint64_t at_ns, now_ns;
    *out = UINT64_MAX;
    if (!address) return OK;
    err_t e = timespec_read(address, &at_ns);
    if (failed(e)) return e;
    now_ns = time_realtime_ns();
    uint64_t wait_ns = at_ns - MIN(at_ns, now_ns);
    if (add_overflows(time_now_ns(), wait_ns, out)) *out = UINT64_MAX;
    return OK;
}

int64_t sys_mq_timedsend(uint64_t fd, uint64_t message, uint64_t bytes, uint64_t priority, uint64_t timeout)
{
    uint64_t deadline_ns;
    struct file *file;
    err_t e = read_deadline(timeout, &deadline_ns);
    if (!failed(e) && (uint32_t)priority >= LINUX_MQ_PRIO_MAX) e = ERR_INVALID;
    if (!failed(e)) e = file_argument(fd, &file);
    if (failed(e)) return e.code;
    e = posix_queue_send(file, message, bytes, (uint32_t)priority, deadline_ns);
    file_put(file);
    return e.code;
}

int64_t sys_mq_timedreceive(uint64_t fd, uint64_t message, uint64_t bytes, uint64_t priority,
                            uint64_t timeout)
{
    uint64_t deadline_ns;
    uint32_t of_message;
    struct file *file;
    err_t e = read_deadline(timeout, &deadline_ns);
    if (!failed(e)) e = file_argument(fd, &file);
    if (failed(e)) return e.code;
    int64_t result = posix_queue_receive(file, message, bytes, &of_message, deadline_ns);
    file_put(file);
    if (result >= 0 && priority) e = user_copy_out(UADDR(priority), &of_message, sizeof(of_message));
    return failed(e) ? e.code : result;
}

static err_t check_event(const struct linux_sigevent *event)
{
    switch ((uint32_t)event->notify) {
    case LINUX_SIGEV_NONE: return OK;
    case LINUX_SIGEV_SIGNAL: return (uint32_t)event->number > LINUX_NSIG ? ERR_INVALID : OK;
    /* The C library wants a word on a netlink socket for this. */
    case LINUX_SIGEV_THREAD: return ERR_NO_SYSCALL;
    }
    return ERR_INVALID;
}

int64_t sys_mq_notify(uint64_t fd, uint64_t event)
{
    struct linux_sigevent wanted;
    struct file *file;
    err_t e = event ? user_copy_in(&wanted, UADDR(event), sizeof(wanted)) : OK;
    if (!failed(e) && event) e = check_event(&wanted);
    if (!failed(e)) e = file_argument(fd, &file);
    if (failed(e)) return e.code;
    e = posix_queue_notify(file, event ? &wanted : NULL);
    file_put(file);
    return e.code;
}

int64_t sys_mq_getsetattr(uint64_t fd, uint64_t wanted, uint64_t before)
{
    struct linux_mq_attr a, was;
    struct file *file;
    err_t e = wanted ? user_copy_in(&a, UADDR(wanted), sizeof(a)) : OK;
    if (!failed(e) && wanted && (a.mq_flags & ~(int64_t)LINUX_O_NONBLOCK)) e = ERR_INVALID;
    if (!failed(e)) e = file_argument(fd, &file);
    if (failed(e)) return e.code;
    e = posix_queue_attributes(file, wanted ? &a.mq_flags : NULL, &was);
    file_put(file);
    if (!failed(e) && before) e = user_copy_out(UADDR(before), &was, sizeof(was));
    return e.code;
}
