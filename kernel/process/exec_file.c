/* SPDX-License-Identifier: Apache-2.0 */
#include "process/exec_file.h"

#include "abi/linux/fcntl.h"
#include "fs/notify.h"
#include "fs/open.h"
#include "mm/heap.h"

static err_t open_checked(struct fs_context *fs, const char *path, bool must_be_file, struct file **out,
                          const char **why)
{
    struct path_from from = { .context = fs };
    struct open_request how = { .flags = LINUX_O_RDONLY | (must_be_file ? LINUX_O_NOFOLLOW : 0),
                                .is_to_run = true };
    *why = "an empty path"; /* of an interpreter: for Linux it names the working directory */
    if (!path[0]) return ERR_ACCESS;
    *why = "no such file in the root file system";
    err_t e = open_path(&from, path, &how, out);
    if (failed(e)) {
        if (e.code != ERR_NOT_FOUND.code) *why = err_text(e);
        if (e.code == ERR_ACCESS.code)
            *why = "not a regular file, or no permission to execute it (mode has no x)";
        return e;
    }
    *why = "it is open for writing";
    e = file_start_running(*out);
    if (failed(e)) file_put(*out);
    return e;
}

static err_t read_all(struct exec_file *f)
{
    struct vnode_attributes attributes;
    vnode_get_attributes(f->file->vnode, &attributes);
    f->size = attributes.size;
    const void *bytes;
    if (vnode_peek(f->file->vnode, 0, &bytes) >= f->size) {
        f->bytes = bytes;
        return OK;
    }
    f->bytes = f->copy = heap_alloc(f->size);
    return f->copy ? vnode_read_kernel(f->file->vnode, 0, f->copy, f->size, &f->size) : ERR_NO_MEMORY;
}

err_t exec_file_open(struct fs_context *fs, const char *path, bool must_be_file, struct exec_file *out,
                     const char **why)
{
    *out = (struct exec_file){ 0 };
    err_t e = open_checked(fs, path, must_be_file, &out->file, why);
    if (failed(e)) {
        out->file = NULL;
        return e;
    }
    *why = "not enough memory to read it";
    e = read_all(out);
    if (!failed(e)) notify_file(out->file, LINUX_IN_ACCESS);
    if (failed(e)) exec_file_close(out);
    return e;
}

void exec_file_close(struct exec_file *f)
{
    heap_free(f->copy);
    file_put(f->file);
    *f = (struct exec_file){ 0 };
}
