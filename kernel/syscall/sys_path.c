/* SPDX-License-Identifier: Apache-2.0 */
#include "syscall/sys_path.h"

#include "fs/fd_table.h"
#include "fs/notify.h"
#include "mm/heap.h"
#include "vm/usercopy.h"

static err_t copy_long(struct user_text *text, uint64_t address)
{
    char *copy = heap_alloc(LINUX_PATH_MAX + PATH_SLACK_BYTES);
    if (!copy) return ERR_NO_MEMORY;
    text->text = copy;
    return user_copy_string(copy, UADDR(address), LINUX_PATH_MAX, &text->length);
}

err_t user_text_retry(struct user_text *text, uint64_t address, bool is_empty_allowed, err_t e)
{
    if (e.code == ERR_NAME_TOO_LONG.code) e = copy_long(text, address);
    if (!failed(e) && text->length == 0 && !is_empty_allowed) e = ERR_NOT_FOUND;
    if (failed(e)) user_text_fini(text);
    return e;
}

err_t user_text_init(struct user_text *text, uint64_t address, bool is_empty_allowed)
{
    return user_text_init_inline(text, address, is_empty_allowed);
}

err_t path_argument_begin_at(struct path_argument *argument, uint64_t directory_fd)
{
    err_t e = file_argument_or_path(directory_fd, &argument->held);
    if (failed(e))
        user_text_fini(&argument->path);
    else
        argument->from.directory = argument->held->vnode;
    return e;
}

err_t path_argument_init(struct path_argument *argument, uint64_t directory_fd, uint64_t path,
                         enum path_need need)
{
    return path_argument_init_inline(argument, directory_fd, path, need);
}

err_t path_argument_get_vnode(uint64_t directory_fd, uint64_t path, enum path_need need, uint32_t walk_flags,
                              struct vnode **out)
{
    struct path_argument argument;
    err_t e = path_argument_init(&argument, directory_fd, path, need);
    if (failed(e)) return e;
    e = path_get_vnode(&argument.from, argument.path.text, walk_flags, out);
    path_argument_fini(&argument);
    return e;
}

err_t path_argument_get_named(uint64_t directory_fd, uint64_t path, enum path_need need, uint32_t walk_flags,
                              struct named_vnode *out)
{
    struct path_argument argument;
    err_t e = path_argument_init(&argument, directory_fd, path, need);
    if (failed(e)) return e;
    bool is_held = argument.held && !argument.path.text[0];
    if (is_held)
        named_vnode_of(argument.held, out);
    else
        e = path_get_named(&argument.from, argument.path.text, walk_flags, &out->vnode, &out->entry);
    path_argument_fini(&argument);
    return e;
}

void named_vnode_of(const struct file *file, struct named_vnode *out)
{
    file_get_vnode(file, &out->vnode, &out->entry);
}

void named_vnode_done(struct named_vnode *named, err_t e, uint32_t event)
{
    if (!failed(e) && event) notify_vnode(named->vnode, named->entry, event);
    dir_entry_put(named->entry);
    vnode_put(named->vnode);
}

err_t file_argument_or_path(uint64_t fd, struct file **out)
{
    *out = fd_get(process_current()->files, (uint32_t)fd);
    return *out ? OK : ERR_BAD_FD;
}

err_t file_argument(uint64_t fd, struct file **out)
{
    err_t e = file_argument_or_path(fd, out);
    if (failed(e) || !((*out)->flags & LINUX_O_PATH)) return e;
    file_put(*out);
    return ERR_BAD_FD;
}

uint32_t fd_limit(void)
{
    uint64_t limit = process_current()->limits[LINUX_RLIMIT_NOFILE].soft;
    return (uint32_t)MIN(limit, (uint64_t)FD_LIMIT_MAX);
}
