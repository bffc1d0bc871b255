/* SPDX-License-Identifier: Apache-2.0 */
/* Calls that make and remove names. */
#include "syscall/sys_file.h"

#include "abi/linux/fcntl.h"
#include "abi/linux/stat.h"
#include "fs/namespace.h"
#include "syscall/sys_path.h"

#define CWD ((uint64_t)LINUX_AT_FDCWD)

static int64_t create(uint64_t directory_fd, uint64_t path, const struct node_request *node)
{
    struct path_argument argument;
    err_t e = path_argument_init(&argument, directory_fd, path, PATH_REQUIRED);
    if (failed(e)) return e.code;
    e = namespace_create(&argument.from, argument.path.text, *node);
    path_argument_fini(&argument);
    return e.code;
}

int64_t sys_mkdirat(uint64_t directory_fd, uint64_t path, uint64_t mode)
{
    uint32_t permissions = (uint32_t)mode & (0777 | LINUX_S_ISVTX);
    return create(directory_fd, path, &(struct node_request){ .mode = LINUX_S_IFDIR | permissions });
}

int64_t sys_mkdir(uint64_t path, uint64_t mode) { return sys_mkdirat(CWD, path, mode); }

/* [linux fs/namei.c may_mknod]; a type of 0 means a regular file. */
static err_t decode_node(uint64_t mode, uint64_t device, struct node_request *out)
{
    uint32_t type = (uint32_t)mode & LINUX_S_IFMT;
    *out = (struct node_request){
        .mode = (type ? type : (uint32_t)LINUX_S_IFREG) | ((uint32_t)mode & LINUX_S_IALLUGO),
        .device = (uint32_t)device,
    };
    switch (type) {
    case 0:
    case LINUX_S_IFREG:
    case LINUX_S_IFCHR:
    case LINUX_S_IFBLK:
    case LINUX_S_IFIFO:
    case LINUX_S_IFSOCK: return OK;
    case LINUX_S_IFDIR: return ERR_NOT_PERMITTED;
    }
    return ERR_INVALID;
}

int64_t sys_mknodat(uint64_t directory_fd, uint64_t path, uint64_t mode, uint64_t device)
{
    struct node_request node;
    err_t e = decode_node(mode, device, &node);
    return failed(e) ? e.code : create(directory_fd, path, &node);
}

int64_t sys_mknod(uint64_t path, uint64_t mode, uint64_t device)
{
    return sys_mknodat(CWD, path, mode, device);
}

int64_t sys_symlinkat(uint64_t target, uint64_t directory_fd, uint64_t path)
{
    struct user_text text;
    err_t e = user_text_init(&text, target, false);
    if (failed(e)) return e.code;
    struct node_request node = {
        .mode = LINUX_S_IFLNK | 0777,
        .target = text.text,
        .target_bytes = text.length,
    };
    int64_t result = create(directory_fd, path, &node);
    user_text_fini(&text);
    return result;
}

int64_t sys_symlink(uint64_t target, uint64_t path) { return sys_symlinkat(target, CWD, path); }

static enum path_need need_of(uint64_t flags)
{
    return flags & LINUX_AT_EMPTY_PATH ? PATH_MAY_BE_EMPTY : PATH_REQUIRED;
}

int64_t sys_linkat(uint64_t old_fd, uint64_t old_path, uint64_t new_fd, uint64_t new_path, uint64_t flags)
{
    if ((uint32_t)flags & ~(uint32_t)(LINUX_AT_SYMLINK_FOLLOW | LINUX_AT_EMPTY_PATH)) return ERR_INVALID.code;
    struct vnode *v;
    uint32_t walk = flags & LINUX_AT_SYMLINK_FOLLOW ? WALK_FOLLOW : 0;
    err_t e = path_argument_get_vnode(old_fd, old_path, need_of(flags), walk, &v);
    if (failed(e)) return e.code;
    struct path_argument to;
    e = path_argument_init(&to, new_fd, new_path, PATH_REQUIRED);
    if (!failed(e)) {
        e = namespace_link(v, &to.from, to.path.text);
        path_argument_fini(&to);
    }
    vnode_put(v);
    return e.code;
}

int64_t sys_link(uint64_t old_path, uint64_t new_path) { return sys_linkat(CWD, old_path, CWD, new_path, 0); }

static int64_t remove(uint64_t directory_fd, uint64_t path,
                      err_t (*act)(const struct path_from *from, const char *path))
{
    struct path_argument argument;
    err_t e = path_argument_init(&argument, directory_fd, path, PATH_REQUIRED);
    if (failed(e)) return e.code;
    e = act(&argument.from, argument.path.text);
    path_argument_fini(&argument);
    return e.code;
}

int64_t sys_unlinkat(uint64_t directory_fd, uint64_t path, uint64_t flags)
{
    if ((uint32_t)flags & ~(uint32_t)LINUX_AT_REMOVEDIR) return ERR_INVALID.code;
    return remove(directory_fd, path,
                  flags & LINUX_AT_REMOVEDIR ? namespace_remove_directory : namespace_unlink);
}

int64_t sys_unlink(uint64_t path) { return sys_unlinkat(CWD, path, 0); }
int64_t sys_rmdir(uint64_t path) { return sys_unlinkat(CWD, path, LINUX_AT_REMOVEDIR); }

int64_t sys_renameat2(uint64_t old_fd, uint64_t old_path, uint64_t new_fd, uint64_t new_path, uint64_t flags)
{
    enum { BOTH = LINUX_RENAME_NOREPLACE | LINUX_RENAME_EXCHANGE };
    if ((uint32_t)flags & ~(uint32_t)BOTH || (flags & BOTH) == BOTH) return ERR_INVALID.code;
    struct path_argument from, to;
    err_t e = path_argument_init(&from, old_fd, old_path, PATH_REQUIRED);
    if (failed(e)) return e.code;
    e = path_argument_init(&to, new_fd, new_path, PATH_REQUIRED);
    if (!failed(e)) {
        e = namespace_rename(&from.from, from.path.text, &to.from, to.path.text, (uint32_t)flags);
        path_argument_fini(&to);
    } else {
        /* Linux walks the first path before it minds that the second is bad. */
        err_t first = path_check_parent(&from.from, from.path.text);
        if (failed(first)) e = first;
    }
    path_argument_fini(&from);
    return e.code;
}

int64_t sys_renameat(uint64_t old_fd, uint64_t old_path, uint64_t new_fd, uint64_t new_path)
{
    return sys_renameat2(old_fd, old_path, new_fd, new_path, 0);
}

int64_t sys_rename(uint64_t old_path, uint64_t new_path)
{
    return sys_renameat2(CWD, old_path, CWD, new_path, 0);
}
