/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/fs_context.h"

#include "fs/file.h"
#include "fs/path.h"
#include "lib/string.h"
#include "mm/heap.h"

enum { UMASK_DEFAULT = 022, PERMISSION_BITS = 0777 };

struct fs_context *fs_context_create(struct vnode *root)
{
    struct fs_context *context = heap_alloc(sizeof(*context));
    if (!context) return NULL;
    *context = (struct fs_context){
        .references = 1,
        .umask = UMASK_DEFAULT,
        .root = vnode_get(root),
        .cwd = vnode_get(root),
    };
    return context;
}

struct fs_context *fs_context_clone(struct fs_context *context)
{
    struct fs_context *copy = heap_alloc(sizeof(*copy));
    if (!copy) return NULL;
    fs_lock();
    *copy = *context;
    copy->references = 1;
    vnode_get(copy->root);
    vnode_get(copy->cwd);
    if (copy->exe) file_get(copy->exe);
    fs_unlock();
    return copy;
}

struct fs_context *fs_context_get(struct fs_context *context)
{
    __atomic_add_fetch(&context->references, 1, __ATOMIC_RELAXED);
    return context;
}

void fs_context_put(struct fs_context *context)
{
    if (!context || __atomic_sub_fetch(&context->references, 1, __ATOMIC_ACQ_REL) > 0) return;
    vnode_put(context->root);
    vnode_put(context->cwd);
    if (context->exe) file_put(context->exe);
    heap_free(context);
}

static void replace(struct vnode **place, struct vnode *directory)
{
    vnode_get(directory);
    fs_lock();
    struct vnode *before = *place;
    *place = directory;
    fs_unlock();
    vnode_put(before);
}

void fs_context_set_cwd(struct fs_context *context, struct vnode *directory)
{
    replace(&context->cwd, directory);
}

void fs_context_set_root(struct fs_context *context, struct vnode *directory)
{
    replace(&context->root, directory);
}

void fs_context_set_exe(struct fs_context *context, struct file *exe)
{
    fs_lock();
    struct file *before = context->exe;
    context->exe = exe;
    fs_unlock();
    if (before) file_put(before);
}

uint32_t fs_context_set_umask(struct fs_context *context, uint32_t umask)
{
    fs_lock();
    uint32_t before = context->umask;
    context->umask = umask & PERMISSION_BITS;
    fs_unlock();
    return before;
}

err_t fs_context_get_cwd(struct fs_context *context, char *text, size_t capacity, size_t *length)
{
    static const char unreachable[] = "(unreachable)";
    struct path_text path;
    fs_lock();
    err_t e = path_write_locked(context->root, context->cwd->directory.entry, text, capacity, &path);
    fs_unlock();
    if (failed(e)) return e;
    if (path.is_removed) return ERR_NOT_FOUND;

    size_t prefix = path.is_reachable ? 0 : sizeof(unreachable) - 1;
    *length = prefix + path.length + 1;
    if (*length > capacity) return ERR_RANGE;
    memmove(text + prefix, text, path.length);
    memcpy(text, unreachable, prefix);
    text[*length - 1] = '\0';
    return OK;
}
