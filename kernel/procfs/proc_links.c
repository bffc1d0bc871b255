/* SPDX-License-Identifier: Apache-2.0 */
/* The links of /proc: to processes, to their files and directories, and the names of name spaces, of which there is
 * one of each. */
#include "abi/linux/fcntl.h"
#include "fs/fd_table.h"
#include "fs/directory.h"
#include "fs/path.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "procfs/proc_process.h"
#include "procfs/proc_text.h"

/* ---- self and thread-self ---- */

static size_t write_own(char text[32], bool is_thread)
{
    uint32_t pid = proc_own_process();
    return is_thread ? format_string(text, 32, "%u/task/%u", pid, proc_own_thread())
                     : format_string(text, 32, "%u", pid);
}

static err_t read_own(const struct made_node *node, struct fs_context *reader, char *text, size_t capacity,
                      size_t *length)
{
    char own[32];
    (void)reader;
    *length = MIN(write_own(own, node->row->argument), capacity);
    memcpy(text, own, *length);
    return OK;
}

/* `path` is relative to the root of /proc, and has names alone. */
static err_t resolve_own_locked(const struct made_node *node, struct vnode *directory, struct vnode **vnode,
                                struct dir_entry **entry) REQUIRES(fs_queue.lock)
{
    char path[32];
    struct dir_entry *found = NULL;
    write_own(path, node->row->argument);
    for (char *name = path, *end = path; *end; name = end + 1) {
        for (end = name; *end && *end != '/'; end++) {}
        err_t e = made_find_locked(directory, name, (size_t)(end - name), &found);
        if (failed(e)) return e;
        if (!found) return ERR_NOT_FOUND;
        directory = found->vnode;
    }
    *vnode = vnode_get(directory);
    *entry = dir_entry_get(found);
    return OK;
}

const struct made_link proc_own_link = { read_own, resolve_own_locked, 0, .is_path = true };

/* ---- exe, cwd, root, fd/N ---- */

/* A path, or what a file without one is called. */
static err_t copy_name(const struct file *file, const struct dir_entry *entry, struct fs_context *reader,
                       char *text, size_t capacity, size_t *length)
{
    static const char removed[] = " (deleted)";
    char *whole = heap_alloc(LINUX_PATH_MAX + sizeof(removed));
    struct path_text path = { 0 };
    if (!whole) return ERR_NO_MEMORY;
    fs_lock();
    err_t e = file ? file_write_name_locked(file, reader->root, whole, LINUX_PATH_MAX, length)
                   : path_write_locked(reader->root, entry, whole, LINUX_PATH_MAX, &path);
    fs_unlock();
    if (!file) *length = path.length;
    if (!failed(e) && path.is_removed) {
        memcpy(whole + *length, removed, sizeof(removed) - 1);
        *length += sizeof(removed) - 1;
    }
    if (!failed(e)) memcpy(text, whole, *length = MIN(*length, capacity));
    heap_free(whole);
    return e.code == ERR_RANGE.code ? ERR_NAME_TOO_LONG : e;
}

static err_t read_place(const struct made_node *node, struct fs_context *reader, char *text, size_t capacity,
                        size_t *length)
{
    struct vnode *vnode;
    struct dir_entry *entry;
    err_t e = proc_check_look(&node->subject);
    if (failed(e)) return e;
    fs_lock();
    bool has = proc_place_locked(&node->subject, node->row->argument, &vnode, &entry);
    fs_unlock();
    if (!has) return ERR_NOT_FOUND;
    e = copy_name(NULL, entry, reader, text, capacity, length);
    dir_entry_put(entry);
    vnode_put(vnode);
    return e;
}

static err_t resolve_place_locked(const struct made_node *node, struct vnode *directory, struct vnode **vnode,
                                  struct dir_entry **entry) REQUIRES(fs_queue.lock)
{
    (void)directory;
    err_t e = proc_check_look(&node->subject);
    if (failed(e)) return e;
    return proc_place_locked(&node->subject, node->row->argument, vnode, entry) ? OK : ERR_NOT_FOUND;
}

const struct made_link proc_place_link = { read_place, resolve_place_locked, 0, .is_path = false };

static err_t read_fd(const struct made_node *node, struct fs_context *reader, char *text, size_t capacity,
                     size_t *length)
{
    const struct made_subject process = proc_of_fd(&node->subject);
    err_t e = proc_check_look(&process);
    if (failed(e)) return e;
    struct file *file = proc_file_get(&node->subject);
    if (!file) return ERR_NOT_FOUND;
    e = copy_name(file, NULL, reader, text, capacity, length);
    file_put(file);
    return e;
}

static err_t resolve_fd_locked(const struct made_node *node, struct vnode *directory, struct vnode **vnode,
                               struct dir_entry **entry) REQUIRES(fs_queue.lock)
{
    const struct made_subject process = proc_of_fd(&node->subject);
    err_t e = proc_check_look(&process);
    (void)directory;
    if (failed(e)) return e;
    return proc_fd_place_locked(&node->subject, vnode, entry) ? OK : ERR_NOT_FOUND;
}

/* What the file is open for; lsof reads it. */
static uint32_t permissions_of_fd(const struct made_node *node)
{
    uint32_t mode = proc_fd_mode(&node->subject);
    return (mode & FD_READABLE ? 0500 : 0) | (mode & FD_WRITABLE ? 0300 : 0);
}

const struct made_link proc_fd_link = {
    .read = read_fd,
    .resolve_locked = resolve_fd_locked,
    .permissions = permissions_of_fd,
    .size = 64, /* as Linux says of them */
};

/* ---- name spaces ---- */

/* The inodes of Linux's first ones. [linux include/linux/proc_ns.h] */
static err_t read_namespace(const struct made_node *node, struct fs_context *reader, char *text,
                            size_t capacity, size_t *length)
{
    char whole[40];
    const char *name = node->row->name;
    (void)reader;
    if (strchr(name, '_')) name = strncmp(name, "pid", 3) ? "time" : "pid"; /* those of children to come */
    *length = MIN(format_string(whole, sizeof(whole), "%s:[%lu]", name, node->row->argument), capacity);
    memcpy(text, whole, *length);
    return OK;
}

/* There is nothing behind them to enter. */
static err_t resolve_namespace_locked(const struct made_node *node, struct vnode *directory,
                                      struct vnode **vnode, struct dir_entry **entry) REQUIRES(fs_queue.lock)
{
    (void)node, (void)directory, (void)vnode, (void)entry;
    return ERR_NOT_FOUND;
}

const struct made_link proc_namespace_link = { read_namespace, resolve_namespace_locked, 0,
                                               .is_path = false };
