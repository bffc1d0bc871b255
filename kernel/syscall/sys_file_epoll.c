/* SPDX-License-Identifier: Apache-2.0 */
#include "syscall/sys_file.h"

#include "process/user_thread.h"
#include "fs/epoll.h"
#include "fs/fd_table.h"
#include "fs/file.h"
#include "syscall/poll_arguments.h"
#include "syscall/sys_path.h"
#include "vm/layout.h"
#include "vm/usercopy.h"

static struct fd_table *files(void) { return process_current()->files; }

int64_t sys_epoll_create1(uint64_t flags)
{
    uint32_t fd;
    struct file *file;
    if ((uint32_t)flags & ~(uint32_t)LINUX_EPOLL_CLOEXEC) return ERR_INVALID.code;
    err_t e = fd_reserve(files(), 0, fd_limit(), flags & LINUX_EPOLL_CLOEXEC, &fd);
    if (failed(e)) return e.code;
    e = epoll_open(&file);
    if (failed(e)) {
        fd_cancel(files(), fd);
        return e.code;
    }
    fd_install(files(), fd, file);
    return fd;
}

int64_t sys_epoll_create(uint64_t size)
{
    return (int32_t)size <= 0 ? ERR_INVALID.code : sys_epoll_create1(0);
}

int64_t sys_epoll_ctl(uint64_t epoll_fd, uint64_t operation, uint64_t fd, uint64_t event)
{
    struct linux_epoll_event wanted;
    struct file *epoll, *file;
    bool has_event = (uint32_t)operation != LINUX_EPOLL_CTL_DEL;
    err_t e = has_event ? user_copy_in(&wanted, UADDR(event), sizeof(wanted)) : OK;
    if (!failed(e)) e = file_argument(epoll_fd, &epoll);
    if (failed(e)) return e.code;
    e = file_argument(fd, &file);
    if (!failed(e)) {
        e = epoll_control(epoll, (uint32_t)operation, file, (uint32_t)fd, has_event ? &wanted : NULL);
        file_put(file);
    }
    file_put(epoll);
    return e.code;
}

static int64_t wait_until(uint64_t fd, uint64_t events, uint64_t capacity, struct deadline end)
{
    const uint64_t event_bytes = sizeof(struct linux_epoll_event);
    struct file *epoll;
    if ((int32_t)capacity <= 0 || (uint32_t)capacity > INT32_MAX / event_bytes) return ERR_INVALID.code;
    if (!is_user_range(events, (uint32_t)capacity * event_bytes)) return ERR_FAULT.code;
    err_t e = file_argument(fd, &epoll);
    if (failed(e)) return e.code;
    int64_t result = ERR_INVALID.code;
    if (file_is_epoll(epoll)) result = epoll_wait(epoll, events, (uint32_t)capacity, end.ns);
    file_put(epoll);
    return result;
}

int64_t sys_epoll_wait(uint64_t epoll_fd, uint64_t events, uint64_t capacity, uint64_t timeout_ms)
{
    return wait_until(epoll_fd, events, capacity, deadline_after_ms((int32_t)timeout_ms));
}

int64_t sys_epoll_pwait(uint64_t epoll_fd, uint64_t events, uint64_t capacity, uint64_t timeout_ms,
                        uint64_t mask, uint64_t mask_bytes)
{
    err_t e = poll_mask_begin(mask, mask_bytes);
    if (failed(e)) return e.code;
    return signal_mask_end(wait_until(epoll_fd, events, capacity, deadline_after_ms((int32_t)timeout_ms)));
}

int64_t sys_epoll_pwait2(uint64_t epoll_fd, uint64_t events, uint64_t capacity, uint64_t timeout,
                         uint64_t mask, uint64_t mask_bytes)
{
    struct deadline end;
    err_t e = deadline_read(timeout, &end);
    if (!failed(e)) e = poll_mask_begin(mask, mask_bytes);
    if (failed(e)) return e.code;
    return signal_mask_end(wait_until(epoll_fd, events, capacity, end));
}
