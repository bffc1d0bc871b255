/* SPDX-License-Identifier: Apache-2.0 */
/* inotify. [linux fs/notify/inotify/inotify_user.c] for the order of checks. */
#include "syscall/sys_file.h"

#include "abi/linux/fcntl.h"
#include "abi/linux/inotify.h"
#include "fs/fd_table.h"
#include "fs/inotify.h"
#include "fs/permission.h"
#include "process/process.h"
#include "syscall/sys_path.h"

#define KNOWN_BITS                                                                                      \
    (LINUX_IN_ALL_EVENTS | LINUX_IN_UNMOUNT | LINUX_IN_Q_OVERFLOW | LINUX_IN_IGNORED | LINUX_IN_ISDIR | \
     LINUX_IN_ONLYDIR | LINUX_IN_DONT_FOLLOW | LINUX_IN_EXCL_UNLINK | LINUX_IN_MASK_CREATE |            \
     LINUX_IN_MASK_ADD | LINUX_IN_ONESHOT)

int64_t sys_inotify_init1(uint64_t flags)
{
    struct fd_table *files = process_current()->files;
    struct file *file;
    uint32_t fd;
    if ((uint32_t)flags & ~(uint32_t)(LINUX_IN_NONBLOCK | LINUX_IN_CLOEXEC)) return ERR_INVALID.code;
    err_t e = fd_reserve(files, 0, fd_limit(), flags & LINUX_IN_CLOEXEC, &fd);
    if (failed(e)) return e.code;
    e = inotify_open((uint32_t)flags & LINUX_IN_NONBLOCK, &file);
    if (failed(e)) {
        fd_cancel(files, fd);
        return e.code;
    }
    fd_install(files, fd, file);
    return fd;
}

int64_t sys_inotify_init(void) { return sys_inotify_init1(0); }

static int64_t add_watch(struct file *file, uint64_t path, uint32_t mask)
{
    struct vnode *v;
    uint32_t walk = mask & LINUX_IN_DONT_FOLLOW ? 0 : WALK_FOLLOW;
    if ((mask & LINUX_IN_MASK_ADD) && (mask & LINUX_IN_MASK_CREATE)) return ERR_INVALID.code;
    if (!inotify_is(file)) return ERR_INVALID.code;
    if (mask & LINUX_IN_ONLYDIR) walk |= WALK_DIRECTORY;
    err_t e = path_argument_get_vnode((uint64_t)LINUX_AT_FDCWD, path, PATH_REQUIRED, walk, &v);
    if (failed(e)) return e.code;
    e = permission_check(v, MAY_READ);
    int64_t result = failed(e) ? e.code : inotify_add(file, v, mask);
    vnode_put(v);
    return result;
}

int64_t sys_inotify_add_watch(uint64_t fd, uint64_t path, uint64_t mask)
{
    struct file *file;
    if (((uint32_t)mask & ~KNOWN_BITS) || !(uint32_t)mask) return ERR_INVALID.code;
    err_t e = file_argument(fd, &file);
    if (failed(e)) return e.code;
    int64_t result = add_watch(file, path, (uint32_t)mask);
    file_put(file);
    return result;
}

int64_t sys_inotify_rm_watch(uint64_t fd, uint64_t number)
{
    struct file *file;
    err_t e = file_argument(fd, &file);
    if (failed(e)) return e.code;
    e = inotify_is(file) ? inotify_remove(file, (uint32_t)number) : ERR_INVALID;
    file_put(file);
    return e.code;
}
