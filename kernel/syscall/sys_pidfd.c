/* SPDX-License-Identifier: Apache-2.0 */
#include "abi/linux/fcntl.h"
#include "fs/fd_table.h"
#include "fs/file.h"
#include "process/pidfd.h"
#include "syscall/sys_core.h"
#include "syscall/sys_path.h"

static int64_t install(struct file *file)
{
    struct fd_table *files = process_current()->files;
    uint32_t fd;
    err_t e = fd_reserve(files, 0, fd_limit(), true, &fd);
    if (failed(e)) {
        file_put(file);
        return e.code;
    }
    fd_install(files, fd, file);
    return fd;
}

int64_t sys_pidfd_open(uint64_t pid, uint64_t flags)
{
    struct file *file;
    if ((uint32_t)flags & ~(uint32_t)LINUX_O_NONBLOCK) return ERR_INVALID.code;
    if ((int32_t)pid <= 0) return ERR_INVALID.code;
    err_t e = pidfd_open((uint32_t)pid, (uint32_t)flags, &file);
    return failed(e) ? e.code : install(file);
}

int64_t sys_pidfd_getfd(uint64_t pidfd, uint64_t fd, uint64_t flags)
{
    struct file *file, *theirs;
    if ((uint32_t)flags) return ERR_INVALID.code;
    err_t e = file_argument(pidfd, &file);
    if (failed(e)) return e.code;
    struct process_id *id = pidfd_id(file);
    e = id ? pidfd_get_file(id, (uint32_t)fd, &theirs) : ERR_BAD_FD;
    file_put(file);
    return failed(e) ? e.code : install(theirs);
}
