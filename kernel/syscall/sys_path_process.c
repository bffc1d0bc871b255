/* SPDX-License-Identifier: Apache-2.0 */
/* Where the process is, and where links lead. */
#include "syscall/sys_file.h"

#include "abi/linux/fcntl.h"
#include "process/process.h"
#include "fs/file.h"
#include "fs/fs_context.h"
#include "fs/permission.h"
#include "fs/symlink.h"
#include "mm/heap.h"
#include "syscall/sys_path.h"
#include "vm/usercopy.h"

#define CWD ((uint64_t)LINUX_AT_FDCWD)

static int64_t read_link(struct vnode *link, uint64_t buffer, size_t bytes)
{
    size_t capacity = MIN(bytes, (size_t)LINUX_PATH_MAX), length;
    char *text = heap_alloc(capacity);
    if (!text) return ERR_NO_MEMORY.code;
    err_t e = symlink_read(process_current()->fs, link, text, capacity, &length);
    if (!failed(e)) e = user_copy_out(UADDR(buffer), text, length);
    heap_free(text);
    return failed(e) ? e.code : (int64_t)length;
}

int64_t sys_readlinkat(uint64_t directory_fd, uint64_t path, uint64_t buffer, uint64_t bytes)
{
    if ((int32_t)bytes <= 0) return ERR_INVALID.code;
    struct path_argument argument;
    struct vnode *v;
    err_t e = path_argument_init(&argument, directory_fd, path, PATH_MAY_BE_EMPTY);
    if (failed(e)) return e.code;
    bool is_empty = argument.path.length == 0;
    e = path_get_vnode(&argument.from, argument.path.text, 0, &v);
    path_argument_fini(&argument);
    if (failed(e)) return e.code;
    int64_t result = is_empty ? ERR_NOT_FOUND.code : ERR_INVALID.code;
    if (vnode_is_symlink(v)) result = read_link(v, buffer, (uint32_t)bytes);
    vnode_put(v);
    return result;
}

int64_t sys_readlink(uint64_t path, uint64_t buffer, uint64_t bytes)
{
    return sys_readlinkat(CWD, path, buffer, bytes);
}

int64_t sys_getcwd(uint64_t buffer, uint64_t bytes)
{
    char *text = heap_alloc(LINUX_PATH_MAX);
    size_t length;
    if (!text) return ERR_NO_MEMORY.code;
    err_t e = fs_context_get_cwd(process_current()->fs, text, LINUX_PATH_MAX, &length);
    if (e.code == ERR_RANGE.code) e = ERR_NAME_TOO_LONG;
    if (!failed(e) && length > bytes) e = ERR_RANGE;
    if (!failed(e)) e = user_copy_out(UADDR(buffer), text, length);
    heap_free(text);
    return failed(e) ? e.code : (int64_t)length;
}

static err_t enter(struct vnode *directory)
{
    if (!vnode_is_directory(directory)) return ERR_NOT_DIRECTORY;
    err_t e = permission_check(directory, MAY_SEARCH);
    if (!failed(e)) fs_context_set_cwd(process_current()->fs, directory);
    return e;
}

int64_t sys_chdir(uint64_t path)
{
    struct vnode *v;
    err_t e = path_argument_get_vnode(CWD, path, PATH_REQUIRED, WALK_FOLLOW | WALK_DIRECTORY, &v);
    if (failed(e)) return e.code;
    e = enter(v);
    vnode_put(v);
    return e.code;
}

int64_t sys_fchdir(uint64_t fd)
{
    struct file *file;
    err_t e = file_argument_or_path(fd, &file);
    if (failed(e)) return e.code;
    e = enter(file->vnode);
    file_put(file);
    return e.code;
}

int64_t sys_chroot(uint64_t path)
{
    struct vnode *v;
    err_t e = path_argument_get_vnode(CWD, path, PATH_REQUIRED, WALK_FOLLOW | WALK_DIRECTORY, &v);
    if (failed(e)) return e.code;
    e = permission_check(v, MAY_SEARCH);
    if (!failed(e) && !may_use(LINUX_CAP_SYS_CHROOT)) e = ERR_NOT_PERMITTED;
    if (!failed(e)) fs_context_set_root(process_current()->fs, v);
    vnode_put(v);
    return e.code;
}

int64_t sys_umask(uint64_t mask) { return fs_context_set_umask(process_current()->fs, (uint32_t)mask); }
