/* SPDX-License-Identifier: Apache-2.0 */
/* Calls about extended attributes. No file has any and none can be set, as on a Linux file system without them: lists
 * are empty, what is asked for is not there, and setting is not supported. Programs that copy files rely on these
 * answers. [linux fs/xattr.c] */
#include "syscall/sys_file.h"

#include "abi/linux/fcntl.h"
#include "abi/linux/stat.h"
#include "abi/linux/xattr.h"
#include "fs/credentials.h"
#include "fs/permission.h"
#include "lib/string.h"
#include "syscall/sys_path.h"
#include "vm/usercopy.h"

#define CWD ((uint64_t)LINUX_AT_FDCWD)

/* ---- which file: by a path, by a path whose last symlink is meant itself, by a descriptor ---- */

enum named_by { BY_PATH, BY_LINK, BY_FD };

static err_t find(enum named_by by, uint64_t file, struct vnode **out)
{
    if (by != BY_FD)
        return path_argument_get_vnode(CWD, file, PATH_REQUIRED, by == BY_PATH ? WALK_FOLLOW : 0, out);
    struct file *open;
    err_t e = file_argument(file, &open);
    if (failed(e)) return e;
    *out = open->vnode;
    vnode_get(*out);
    file_put(open);
    return OK;
}

/* ---- which attribute ---- */

enum name_space { SPACE_USER, SPACE_TRUSTED, SPACE_SECURITY, SPACE_ACL, SPACE_UNKNOWN };

static bool begins(const char *name, const char *prefix)
{
    return strncmp(name, prefix, strlen(prefix)) == 0;
}

static enum name_space space_of(const char *name)
{
    if (begins(name, "user.")) return SPACE_USER;
    if (begins(name, "trusted.")) return SPACE_TRUSTED;
    if (begins(name, "security.")) return SPACE_SECURITY;
    return begins(name, "system.posix_acl_") ? SPACE_ACL : SPACE_UNKNOWN;
}

static err_t read_name(uint64_t address, enum name_space *out)
{
    char name[LINUX_XATTR_NAME_MAX + 1];
    size_t length;
    err_t e = user_copy_string(name, UADDR(address), sizeof(name), &length);
    if (e.code == ERR_NAME_TOO_LONG.code || (!failed(e) && length == 0)) return ERR_RANGE;
    if (failed(e)) return e;
    *out = space_of(name);
    return OK;
}

/* Those of users are for files with contents, trusted ones for root. Who may not write is told so, who may not read
 * sees none. */
static err_t check(const struct vnode *v, enum name_space space, uint32_t wanted)
{
    err_t refusal = wanted == MAY_WRITE ? ERR_NOT_PERMITTED : ERR_NO_DATA;
    uint32_t type = v->mode & LINUX_S_IFMT;
    if (space == SPACE_TRUSTED && !credentials_can(credentials_current(), LINUX_CAP_SYS_ADMIN))
        return refusal;
    if (space != SPACE_USER) return OK;
    if (type != LINUX_S_IFREG && type != LINUX_S_IFDIR) return refusal;
    return permission_check(v, wanted);
}

/* Of an attribute that nobody has: the kinds that could be there are not, others are not known. */
static err_t missing(enum name_space space)
{
    return space == SPACE_USER || space == SPACE_UNKNOWN ? ERR_NOT_SUPPORTED : ERR_NO_DATA;
}

/* ---- the calls ---- */

static int64_t get_or_remove(enum named_by by, uint64_t file, uint64_t name, uint32_t wanted)
{
    struct vnode *v;
    enum name_space space;
    err_t e = find(by, file, &v);
    if (failed(e)) return e.code;
    e = read_name(name, &space);
    if (!failed(e)) e = check(v, space, wanted);
    vnode_put(v);
    return failed(e) ? e.code : missing(space).code;
}

static err_t check_value(uint64_t value, uint64_t bytes)
{
    char piece[64];
    if (bytes > LINUX_XATTR_SIZE_MAX) return ERR_ARGS_TOO_LONG;
    for (uint64_t done = 0; done < bytes; done += sizeof(piece)) {
        err_t e = user_copy_in(piece, UADDR(value + done), MIN(bytes - done, (uint64_t)sizeof(piece)));
        if (failed(e)) return e;
    }
    return OK;
}

static int64_t set(enum named_by by, uint64_t file, uint64_t name, uint64_t value, uint64_t bytes,
                   uint64_t flags)
{
    struct vnode *v;
    enum name_space space;
    if ((uint32_t)flags & ~(uint32_t)(LINUX_XATTR_CREATE | LINUX_XATTR_REPLACE)) return ERR_INVALID.code;
    err_t e = find(by, file, &v);
    if (failed(e)) return e.code;
    e = read_name(name, &space);
    if (!failed(e)) e = check_value(value, bytes);
    if (!failed(e)) e = check(v, space, MAY_WRITE);
    vnode_put(v);
    return failed(e) ? e.code : ERR_NOT_SUPPORTED.code;
}

static int64_t list(enum named_by by, uint64_t file)
{
    struct vnode *v;
    err_t e = find(by, file, &v);
    if (failed(e)) return e.code;
    vnode_put(v);
    return 0;
}

int64_t sys_setxattr(uint64_t path, uint64_t name, uint64_t value, uint64_t bytes, uint64_t flags)
{
    return set(BY_PATH, path, name, value, bytes, flags);
}
int64_t sys_lsetxattr(uint64_t path, uint64_t name, uint64_t value, uint64_t bytes, uint64_t flags)
{
    return set(BY_LINK, path, name, value, bytes, flags);
}
int64_t sys_fsetxattr(uint64_t fd, uint64_t name, uint64_t value, uint64_t bytes, uint64_t flags)
{
    return set(BY_FD, fd, name, value, bytes, flags);
}
int64_t sys_getxattr(uint64_t path, uint64_t name) { return get_or_remove(BY_PATH, path, name, MAY_READ); }
int64_t sys_lgetxattr(uint64_t path, uint64_t name) { return get_or_remove(BY_LINK, path, name, MAY_READ); }
int64_t sys_fgetxattr(uint64_t fd, uint64_t name) { return get_or_remove(BY_FD, fd, name, MAY_READ); }
int64_t sys_listxattr(uint64_t path) { return list(BY_PATH, path); }
int64_t sys_llistxattr(uint64_t path) { return list(BY_LINK, path); }
int64_t sys_flistxattr(uint64_t fd) { return list(BY_FD, fd); }
int64_t sys_removexattr(uint64_t path, uint64_t name)
{
    return get_or_remove(BY_PATH, path, name, MAY_WRITE);
}
int64_t sys_lremovexattr(uint64_t path, uint64_t name)
{
    return get_or_remove(BY_LINK, path, name, MAY_WRITE);
}
int64_t sys_fremovexattr(uint64_t fd, uint64_t name) { return get_or_remove(BY_FD, fd, name, MAY_WRITE); }
