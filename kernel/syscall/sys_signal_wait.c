/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting for signals. */
#include "abi/linux/fcntl.h"
#include "core/time.h"
#include "fs/fd_table.h"
#include "fs/file.h"
#include "process/signalfd.h"
#include "process/user_thread.h"
#include "syscall/sys_core.h"
#include "syscall/sys_path.h"
#include "syscall/timespec.h"
#include "vm/usercopy.h"

static err_t read_set(uint64_t address, uint64_t bytes, uint64_t *out)
{
    return bytes != sizeof(*out) ? ERR_INVALID : user_copy_in(out, UADDR(address), sizeof(*out));
}

int64_t sys_pause(void) { return signal_pause().code; }

int64_t sys_rt_sigsuspend(uint64_t mask, uint64_t set_bytes)
{
    uint64_t blocked;
    err_t e = read_set(mask, set_bytes, &blocked);
    if (failed(e)) return e.code;
    signal_mask_begin(blocked);
    return signal_mask_end(signal_pause().code);
}

static err_t decode_timeout(uint64_t address, uint64_t *deadline_ns)
{
    uint64_t ns;
    *deadline_ns = UINT64_MAX;
    if (!address) return OK;
    err_t e = timespec_read(address, &ns);
    if (failed(e)) return e;
    if (ns == 0)
        *deadline_ns = 0;
    else if (add_overflows(time_now_ns(), ns, deadline_ns))
        *deadline_ns = UINT64_MAX - 1;
    return OK;
}

int64_t sys_rt_sigtimedwait(uint64_t set_at, uint64_t info_at, uint64_t timeout, uint64_t set_bytes)
{
    uint64_t set, deadline_ns;
    struct linux_siginfo info = { 0 };
    err_t e = read_set(set_at, set_bytes, &set);
    if (!failed(e)) e = decode_timeout(timeout, &deadline_ns);
    if (!failed(e)) e = signal_wait(set & ~SIGNALS_NEVER_BLOCKED, deadline_ns, &info.head);
    if (!failed(e) && info_at) e = user_copy_out(UADDR(info_at), &info, sizeof(info));
    return failed(e) ? e.code : info.head.number;
}

/* ---- files ---- */

static int64_t make_file(uint64_t set, uint32_t flags)
{
    struct fd_table *files = process_current()->files;
    struct file *file;
    uint32_t fd;
    err_t e = fd_reserve(files, 0, fd_limit(), flags & LINUX_SFD_CLOEXEC, &fd);
    if (failed(e)) return e.code;
    e = signalfd_open(set, flags & LINUX_SFD_NONBLOCK, &file);
    if (failed(e)) {
        fd_cancel(files, fd);
        return e.code;
    }
    fd_install(files, fd, file);
    return fd;
}

int64_t sys_signalfd4(uint64_t fd, uint64_t set_at, uint64_t set_bytes, uint64_t flags)
{
    uint64_t set;
    struct file *file;
    err_t e = read_set(set_at, set_bytes, &set);
    if (failed(e)) return e.code;
    if ((uint32_t)flags & ~(LINUX_SFD_NONBLOCK | LINUX_SFD_CLOEXEC)) return ERR_INVALID.code;
    if ((int32_t)fd == -1) return make_file(set, (uint32_t)flags);
    e = file_argument(fd, &file);
    if (failed(e)) return e.code;
    e = signalfd_set(file, set);
    file_put(file);
    return failed(e) ? e.code : (int64_t)(int32_t)fd;
}

int64_t sys_signalfd(uint64_t fd, uint64_t set, uint64_t set_bytes)
{
    return sys_signalfd4(fd, set, set_bytes, 0);
}
