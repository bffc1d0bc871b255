/* SPDX-License-Identifier: Apache-2.0 */
/* Decoding of path and descriptor arguments, for the calls of sys_file.h. */
#pragma once
#include "abi/linux/fcntl.h"
#include "fs/file.h"
#include "fs/path.h"
#include "mm/heap.h"
#include "process/process.h"
#include "vm/usercopy.h"

enum { USER_TEXT_SHORT = 256 };

/* A string copied from the program; short ones need no allocation. */
struct user_text {
    char *text;
    size_t length;
    char near[USER_TEXT_SHORT + PATH_SLACK_BYTES];
};

/* FAULT; NAME_TOO_LONG from PATH_MAX bytes on; NOT_FOUND when empty, unless allowed; NO_MEMORY. */
err_t user_text_init(struct user_text *text, uint64_t address, bool is_empty_allowed);
static inline void user_text_fini(struct user_text *text)
{
    if (unlikely(text->text != text->near)) heap_free(text->text);
}

/* A path and where it starts: what every ...at call begins with. */
struct path_argument {
    struct user_text path;
    struct path_from from;
    struct file *held; /* the directory descriptor's file */
};

/* What AT_EMPTY_PATH allows: an empty path, in some calls also none, means the descriptor itself. */
enum path_need { PATH_REQUIRED, PATH_MAY_BE_EMPTY, PATH_MAY_BE_NULL };

err_t path_argument_init(struct path_argument *argument, uint64_t directory_fd, uint64_t path,
                         enum path_need need);
static inline void path_argument_fini(struct path_argument *argument)
{
    user_text_fini(&argument->path);
    if (argument->held) file_put(argument->held);
}

/* ---- the same as a part of their callers, for the calls that have to be quick ---- */

/* A short copy has failed, or found nothing: most paths are short, and a long one is copied again, whole. */
err_t user_text_retry(struct user_text *text, uint64_t address, bool is_empty_allowed, err_t e);
static ALWAYS_INLINE err_t user_text_init_inline(struct user_text *text, uint64_t address,
                                                 bool is_empty_allowed)
{
    text->text = text->near;
    err_t e = user_copy_string_inline(text->near, UADDR(address), USER_TEXT_SHORT, &text->length);
    if (likely(!failed(e) && text->length > 0)) return OK;
    return user_text_retry(text, address, is_empty_allowed, e);
}

/* A relative path begins at the descriptor's directory. */
err_t path_argument_begin_at(struct path_argument *argument, uint64_t directory_fd);
static ALWAYS_INLINE err_t path_argument_init_inline(struct path_argument *argument, uint64_t directory_fd,
                                                     uint64_t path, enum path_need need)
{
    argument->held = NULL;
    argument->from.context = process_current()->fs;
    argument->from.directory = NULL;
    argument->from.resolve = 0;
    if (unlikely(need == PATH_MAY_BE_NULL && path == 0)) {
        argument->path.text = argument->path.near;
        argument->path.near[0] = '\0';
        argument->path.length = 0;
    } else {
        err_t e = user_text_init_inline(&argument->path, path, need != PATH_REQUIRED);
        if (unlikely(failed(e))) return e;
    }
    argument->from.path_bytes = argument->path.length;
    if (argument->path.text[0] == '/' || (int32_t)directory_fd == LINUX_AT_FDCWD) return OK;
    return path_argument_begin_at(argument, directory_fd);
}

/* The vnode a path argument names, counted; `walk_flags` as of fs/path.h. */
err_t path_argument_get_vnode(uint64_t directory_fd, uint64_t path, enum path_need need, uint32_t walk_flags,
                              struct vnode **out);

/* The same with the name it was reached by, for calls that who watches the file is told of. */
struct named_vnode {
    struct vnode *vnode;     /* counted */
    struct dir_entry *entry; /* counted, or NULL */
};
err_t path_argument_get_named(uint64_t directory_fd, uint64_t path, enum path_need need, uint32_t walk_flags,
                              struct named_vnode *out);
void named_vnode_of(const struct file *file, struct named_vnode *out);
/* `event` happened to it, unless `e` says that nothing did; and puts it. */
void named_vnode_done(struct named_vnode *named, err_t e, uint32_t event);

/* The file behind a descriptor, counted. Both BAD_FD; the first also for O_PATH descriptors, with which
 * nothing but naming is possible. */
err_t file_argument(uint64_t fd, struct file **out);
err_t file_argument_or_path(uint64_t fd, struct file **out);

/* F_DUPFD: another number, from `from` on, for the same open file. The number or a negative errno. */
int64_t descriptor_duplicate(uint64_t fd, uint64_t from, bool is_cloexec);

/* How many descriptors the process may have. */
uint32_t fd_limit(void);
