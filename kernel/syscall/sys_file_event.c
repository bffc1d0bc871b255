/* SPDX-License-Identifier: Apache-2.0 */
/* Calls that make files which are no place for data: pipes, event counts, timers. */
#include "syscall/sys_file.h"

#include "abi/linux/event.h"
#include "abi/linux/fcntl.h"
#include "process/process.h"
#include "fs/eventfd.h"
#include "fs/fd_table.h"
#include "fs/file.h"
#include "fs/pipe.h"
#include "fs/timerfd.h"
#include "syscall/sys_path.h"
#include "syscall/timespec.h"
#include "vm/usercopy.h"

static struct fd_table *files(void) { return process_current()->files; }

/* ---- pipe ---- */

static err_t open_and_tell(uint32_t flags, uint64_t out, const uint32_t fds[2])
{
    struct file *reader, *writer;
    err_t e = pipe_open(flags & (LINUX_O_NONBLOCK | LINUX_O_DIRECT), &reader, &writer);
    if (failed(e)) return e;
    e = user_copy_out(UADDR(out), fds, 2 * sizeof(*fds));
    if (failed(e)) {
        file_put(reader);
        file_put(writer);
        return e;
    }
    fd_install(files(), fds[0], reader);
    fd_install(files(), fds[1], writer);
    return OK;
}

int64_t sys_pipe2(uint64_t out, uint64_t flags)
{
    uint32_t fds[2];
    if ((uint32_t)flags & ~(uint32_t)(LINUX_O_CLOEXEC | LINUX_O_NONBLOCK | LINUX_O_DIRECT))
        return ERR_INVALID.code;
    err_t e = fd_reserve(files(), 0, fd_limit(), flags & LINUX_O_CLOEXEC, &fds[0]);
    if (failed(e)) return e.code;
    e = fd_reserve(files(), 0, fd_limit(), flags & LINUX_O_CLOEXEC, &fds[1]);
    if (failed(e)) goto cancel_first;
    e = open_and_tell((uint32_t)flags, out, fds);
    if (failed(e)) goto cancel_both;
    return 0;

cancel_both:
    fd_cancel(files(), fds[1]);
cancel_first:
    fd_cancel(files(), fds[0]);
    return e.code;
}

int64_t sys_pipe(uint64_t out) { return sys_pipe2(out, 0); }

/* ---- eventfd ---- */

int64_t sys_eventfd2(uint64_t count, uint64_t flags)
{
    uint32_t fd;
    struct file *file;
    if ((uint32_t)flags & ~(uint32_t)(LINUX_EFD_SEMAPHORE | LINUX_EFD_NONBLOCK | LINUX_EFD_CLOEXEC))
        return ERR_INVALID.code;
    err_t e = fd_reserve(files(), 0, fd_limit(), flags & LINUX_EFD_CLOEXEC, &fd);
    if (failed(e)) return e.code;
    e = eventfd_open((uint32_t)count, flags & LINUX_EFD_SEMAPHORE, flags & LINUX_EFD_NONBLOCK, &file);
    if (failed(e)) {
        fd_cancel(files(), fd);
        return e.code;
    }
    fd_install(files(), fd, file);
    return fd;
}

int64_t sys_eventfd(uint64_t count) { return sys_eventfd2(count, 0); }

/* ---- timerfd ---- */

static err_t check_clock(uint64_t clock)
{
    switch ((uint32_t)clock) {
    case LINUX_CLOCK_REALTIME:
    case LINUX_CLOCK_MONOTONIC:
    case LINUX_CLOCK_BOOTTIME: return OK;
    case LINUX_CLOCK_REALTIME_ALARM:
    case LINUX_CLOCK_BOOTTIME_ALARM: return ERR_NOT_PERMITTED; /* as without CAP_WAKE_ALARM */
    }
    return ERR_INVALID;
}

int64_t sys_timerfd_create(uint64_t clock, uint64_t flags)
{
    uint32_t fd;
    struct file *file;
    if ((uint32_t)flags & ~(uint32_t)(LINUX_TFD_NONBLOCK | LINUX_TFD_CLOEXEC)) return ERR_INVALID.code;
    err_t e = check_clock(clock);
    if (failed(e)) return e.code;
    e = fd_reserve(files(), 0, fd_limit(), flags & LINUX_TFD_CLOEXEC, &fd);
    if (failed(e)) return e.code;
    e = timerfd_open((uint32_t)clock == LINUX_CLOCK_REALTIME, flags & LINUX_TFD_NONBLOCK, &file);
    if (failed(e)) {
        fd_cancel(files(), fd);
        return e.code;
    }
    fd_install(files(), fd, file);
    return fd;
}

static err_t write_setting(uint64_t address, const struct timerfd_setting *s)
{
    struct linux_itimerspec out = { timespec_encode(s->interval), timespec_encode(s->value) };
    return user_copy_out(UADDR(address), &out, sizeof(out));
}

static err_t decode_setting(uint64_t flags, uint64_t address, struct timerfd_setting *out)
{
    struct linux_itimerspec wanted;
    err_t e = user_copy_in(&wanted, UADDR(address), sizeof(wanted));
    if (failed(e)) return e;
    if ((uint32_t)flags & ~(uint32_t)(LINUX_TFD_TIMER_ABSTIME | LINUX_TFD_TIMER_CANCEL_ON_SET))
        return ERR_INVALID;
    e = timespec_decode(wanted.value, &out->value);
    return failed(e) ? e : timespec_decode(wanted.interval, &out->interval);
}

int64_t sys_timerfd_settime(uint64_t fd, uint64_t flags, uint64_t wanted, uint64_t was)
{
    struct timerfd_setting setting, before;
    struct file *file;
    err_t e = decode_setting(flags, wanted, &setting);
    if (!failed(e)) e = file_argument(fd, &file);
    if (failed(e)) return e.code;
    e = timerfd_set(file, flags & LINUX_TFD_TIMER_ABSTIME, &setting, &before);
    file_put(file);
    if (!failed(e) && was) e = write_setting(was, &before);
    return e.code;
}

int64_t sys_timerfd_gettime(uint64_t fd, uint64_t out)
{
    struct timerfd_setting now;
    struct file *file;
    err_t e = file_argument(fd, &file);
    if (failed(e)) return e.code;
    e = timerfd_get(file, &now);
    file_put(file);
    return failed(e) ? e.code : write_setting(out, &now).code;
}
