/* SPDX-License-Identifier: Apache-2.0 */
/* mount and umount2. [linux fs/namespace.c path_mount, ksys_umount] for the order of checks. */
#include "syscall/sys_file.h"

#include "abi/linux/fcntl.h"
#include "fs/mount.h"
#include "fs/permission.h"
#include "syscall/sys_path.h"
#include "vm/usercopy.h"

/* What a mount keeps and shows; the rest says what the call is to do. */
enum {
    KEPT_FLAGS = LINUX_MS_RDONLY | LINUX_MS_NOSUID | LINUX_MS_NODEV | LINUX_MS_NOEXEC | LINUX_MS_SYNCHRONOUS |
                 LINUX_MS_DIRSYNC | LINUX_MS_NOATIME | LINUX_MS_NODIRATIME | LINUX_MS_STRICTATIME,
    PROPAGATION = LINUX_MS_SHARED | LINUX_MS_PRIVATE | LINUX_MS_SLAVE | LINUX_MS_UNBINDABLE,
};

/* Words of the program's that may be missing. */
struct mount_words {
    char *type, *source, *options;
};

static err_t copy_word(uint64_t address, char **out)
{
    *out = NULL;
    if (!address) return OK;
    size_t length;
    *out = heap_alloc(PAGE_BYTES);
    if (!*out) return ERR_NO_MEMORY;
    err_t e = user_copy_string(*out, UADDR(address), PAGE_BYTES, &length);
    return e.code == ERR_NAME_TOO_LONG.code ? ERR_INVALID : e;
}

static err_t words_init(struct mount_words *w, uint64_t type, uint64_t source, uint64_t options)
{
    *w = (struct mount_words){ 0 };
    err_t e = copy_word(type, &w->type);
    if (!failed(e)) e = copy_word(source, &w->source);
    return failed(e) ? e : copy_word(options, &w->options);
}

static void words_fini(struct mount_words *w)
{
    heap_free(w->type);
    heap_free(w->source);
    heap_free(w->options);
}

static err_t mount_new(const struct path_argument *at, const struct mount_words *w, uint32_t flags)
{
    if (!w->type) return ERR_INVALID;
    struct mount_request request = { mount_find_type(w->type), w->source, w->options, flags & KEPT_FLAGS };
    if (!request.type) return ERR_NO_DEVICE;
    return mount_attach(&at->from, at->path.text, &request);
}

/* With one set of mounts there is nobody to propagate them to: all that can be wrong is the request. */
static err_t set_propagation(const struct path_argument *at, uint32_t flags)
{
    const uint32_t with = LINUX_MS_REC | LINUX_MS_SILENT;
    uint32_t kind = flags & PROPAGATION;
    if ((flags & ~(PROPAGATION | with)) || !is_power_of_two(kind)) return ERR_INVALID;
    return mount_check(&at->from, at->path.text);
}

static err_t act(const struct path_argument *at, const struct mount_words *w, uint32_t flags)
{
    struct vnode *v;
    err_t e = path_get_vnode(&at->from, at->path.text, WALK_FOLLOW, &v);
    if (failed(e)) return e;
    vnode_put(v);
    if ((flags & LINUX_MS_MGC_MSK) == LINUX_MS_MGC_VAL) flags &= ~LINUX_MS_MGC_MSK;
    if (flags & LINUX_MS_NOUSER) return ERR_INVALID;
    if (!may_use(LINUX_CAP_SYS_ADMIN)) return ERR_NOT_PERMITTED;
    if (flags & LINUX_MS_REMOUNT) {
        bool is_of_mount = flags & LINUX_MS_BIND; /* the flags alone */
        return mount_change(&at->from, at->path.text, is_of_mount ? NULL : w->options, flags & KEPT_FLAGS);
    }
    if (flags & PROPAGATION) return set_propagation(at, flags);
    if (flags & (LINUX_MS_BIND | LINUX_MS_MOVE)) return ERR_INVALID;
    return mount_new(at, w, flags);
}

int64_t sys_mount(uint64_t source, uint64_t target, uint64_t type, uint64_t flags, uint64_t data)
{
    struct mount_words words;
    struct path_argument at;
    err_t e = words_init(&words, type, source, data);
    if (!failed(e)) {
        e = path_argument_init(&at, (uint64_t)LINUX_AT_FDCWD, target, PATH_REQUIRED);
        if (!failed(e)) {
            e = act(&at, &words, (uint32_t)flags);
            path_argument_fini(&at);
        }
    }
    words_fini(&words);
    return e.code;
}

static err_t detach(const struct path_argument *at, uint32_t flags)
{
    uint32_t walk = flags & LINUX_UMOUNT_NOFOLLOW ? 0 : WALK_FOLLOW;
    struct vnode *v;
    err_t e = path_get_vnode(&at->from, at->path.text, walk, &v);
    if (failed(e)) return e;
    vnode_put(v);
    if (!may_use(LINUX_CAP_SYS_ADMIN)) return ERR_NOT_PERMITTED;
    return mount_detach(&at->from, at->path.text, walk, flags & LINUX_MNT_DETACH);
}

int64_t sys_umount2(uint64_t target, uint64_t flags)
{
    const uint32_t known = LINUX_MNT_FORCE | LINUX_MNT_DETACH | LINUX_UMOUNT_NOFOLLOW;
    struct path_argument at;
    if ((uint32_t)flags & ~known) return ERR_INVALID.code;
    err_t e = path_argument_init(&at, (uint64_t)LINUX_AT_FDCWD, target, PATH_REQUIRED);
    if (failed(e)) return e.code;
    e = detach(&at, (uint32_t)flags);
    path_argument_fini(&at);
    return e.code;
}
