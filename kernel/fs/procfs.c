/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/procfs.h"

#include "abi/linux/fcntl.h"
#include "fs/fd_table.h"
#include "fs/names.h"
#include "fs/proc_source.h"
#include "fs/proc_text.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/heap.h"

enum { FD_DIGITS_MAX = 7 };

void (*proc_describe)(struct proc_process *out);
static struct fd_table *no_files(void) { return NULL; }
struct fd_table *(*proc_files)(void) = no_files;

static uint32_t number_of_first(void) { return 1; }
uint32_t (*proc_own_number)(void) = number_of_first;

struct proc_node {
    const char *name;
    uint8_t parent; /* index in the table */
    uint8_t magic;  /* enum vnode_magic */
    uint16_t mode;
    const void *content; /* a link's target, or the struct text_source of MAGIC_TEXT */
};

enum {
    FILE_MODE = LINUX_S_IFREG | 0444,
    DIRECTORY_MODE = LINUX_S_IFDIR | 0555,
    LINK_MODE = LINUX_S_IFLNK | 0777
};

/* A process sees itself and no other: its number leads to PROCESS, which shows what is true of whoever asks. */
enum { ROOT, PROCESS };
static const struct proc_node nodes[] = {
    [ROOT] = { "", ROOT, MAGIC_PROCESSES, DIRECTORY_MODE, NULL },
    [PROCESS] = { "1", ROOT, MAGIC_NONE, DIRECTORY_MODE, NULL },
    { "self", ROOT, MAGIC_SELF_LINK, LINK_MODE, NULL },
    { "meminfo", ROOT, MAGIC_TEXT, FILE_MODE, &proc_meminfo },
    { "cpu_counters", ROOT, MAGIC_TEXT, FILE_MODE, &proc_cpu_counters },
    { "fd", PROCESS, MAGIC_FD_DIRECTORY, LINUX_S_IFDIR | 0500, NULL },
    { "exe", PROCESS, MAGIC_EXE_LINK, LINK_MODE, NULL },
    { "maps", PROCESS, MAGIC_TEXT, FILE_MODE, &proc_maps },
    { "smaps", PROCESS, MAGIC_TEXT, FILE_MODE, &proc_smaps },
    { "smaps_rollup", PROCESS, MAGIC_TEXT, FILE_MODE, &proc_smaps_rollup },
    { "statm", PROCESS, MAGIC_TEXT, FILE_MODE, &proc_statm },
    { "status", PROCESS, MAGIC_TEXT, FILE_MODE, &proc_status },
};

static void set_content(struct vnode *v, const void *content)
{
    if (v->magic == MAGIC_TEXT) v->regular.text = content;
    if (!vnode_is_symlink(v) || !content) return;
    v->symlink.target = content;
    v->size = strlen(content);
}

static err_t add_node_locked(const struct proc_node *node, struct vnode *parent, int64_t time_ns,
                             struct vnode **out) REQUIRES(fs_queue.lock)
{
    struct vnode *v = vnode_create(node->mode, FILESYSTEM_PROC, time_ns);
    if (!v) return ERR_NO_MEMORY;
    v->magic = node->magic;
    if (v->magic == MAGIC_SELF_LINK) v->symlink.directory = parent;
    set_content(v, node->content);
    err_t e = directory_add_locked(parent, node->name, strlen(node->name), true, v, NULL);
    vnode_put(v); /* the tree's reference keeps it */
    *out = v;
    return e;
}

err_t procfs_create(struct vnode **out, int64_t time_ns)
{
    struct vnode *made[ARRAY_LENGTH(nodes)];
    made[0] = vnode_create(nodes[0].mode, FILESYSTEM_PROC, time_ns);
    if (!made[0]) return ERR_NO_MEMORY;
    made[0]->magic = nodes[0].magic;
    err_t e = OK;
    fs_lock();
    for (size_t i = 1; i < ARRAY_LENGTH(nodes) && !failed(e); i++)
        e = add_node_locked(&nodes[i], made[nodes[i].parent], time_ns, &made[i]);
    if (failed(e)) directory_clear_locked(made[0]);
    fs_unlock();
    if (failed(e))
        vnode_put(made[0]);
    else
        *out = made[0];
    return e;
}

/* Decimal without sign or leading zeros, as Linux names them. */
static bool parse_fd(const char *name, size_t bytes, uint32_t *out)
{
    if (bytes == 0 || bytes > FD_DIGITS_MAX || (name[0] == '0' && bytes > 1)) return false;
    uint32_t number = 0;
    for (size_t i = 0; i < bytes; i++) {
        if (name[i] < '0' || name[i] > '9') return false;
        number = number * 10 + (uint32_t)(name[i] - '0');
    }
    *out = number;
    return true;
}

/* The directory of processes also has names that are not numbers. */
err_t procfs_find_process_locked(struct vnode *directory, const char *name, size_t bytes,
                                 struct dir_entry **out)
{
    const char *first = nodes[PROCESS].name;
    uint32_t number;
    bool is_number = parse_fd(name, bytes, &number);
    if (is_number && number == proc_own_number())
        *out = directory_find_locked(directory, first, strlen(first));
    else
        *out = is_number ? NULL : directory_find_locked(directory, name, bytes);
    return OK;
}

static err_t resolve_self_locked(const struct vnode *link, struct vnode **vnode, struct dir_entry **entry)
    REQUIRES(fs_queue.lock)
{
    const char *first = nodes[PROCESS].name;
    struct dir_entry *process = directory_find_locked(link->symlink.directory, first, strlen(first));
    if (!process) return ERR_NOT_FOUND;
    *vnode = vnode_get(process->vnode);
    *entry = dir_entry_get(process);
    return OK;
}

static err_t add_fd_locked(struct vnode *directory, const char *name, size_t bytes, uint32_t fd,
                           struct dir_entry **out) REQUIRES(fs_queue.lock)
{
    struct vnode *link = vnode_create(LINUX_S_IFLNK | 0700, FILESYSTEM_PROC, directory->mtime_ns);
    if (!link) return ERR_NO_MEMORY;
    link->magic = MAGIC_FD_LINK;
    link->symlink.magic_number = fd;
    link->size = 64; /* what Linux says of them */
    err_t e = directory_add_locked(directory, name, bytes, false, link, out);
    vnode_put(link);
    return e;
}

err_t procfs_find_fd_locked(struct vnode *directory, const char *name, size_t bytes, struct dir_entry **out)
{
    uint32_t fd;
    *out = NULL;
    struct vnode *vnode;
    struct dir_entry *entry;
    struct fd_table *files = proc_files();
    if (!parse_fd(name, bytes, &fd) || !files || !fd_get_vnode(files, fd, &vnode, &entry)) return OK;
    dir_entry_put(entry);
    vnode_put(vnode);
    *out = directory_find_locked(directory, name, bytes);
    return *out ? OK : add_fd_locked(directory, name, bytes, fd, out);
}

err_t procfs_resolve_locked(struct fs_context *context, const struct vnode *link, struct vnode **vnode,
                            struct dir_entry **entry)
{
    if (link->magic == MAGIC_SELF_LINK) return resolve_self_locked(link, vnode, entry);
    if (link->magic == MAGIC_EXE_LINK) {
        if (!context->exe) return ERR_NOT_FOUND;
        file_get_vnode(context->exe, vnode, entry);
        return OK;
    }
    struct fd_table *files = proc_files();
    bool is_open = files && fd_get_vnode(files, link->symlink.magic_number, vnode, entry);
    return is_open ? OK : ERR_NOT_FOUND;
}

/* ---- listing descriptors ---- */

enum { FIRST_FD_POSITION = 2 }; /* after the dots */

static bool add_fd(struct file *file, struct names_batch *batch, uint32_t fd)
{
    char name[FD_DIGITS_MAX + 1];
    size_t bytes = format_string(name, sizeof(name), "%u", fd);
    /* The link's vnode may not exist yet; no program compares its inode with anything. */
    uint64_t inode = (file->vnode->inode << 32) + fd;
    return names_add(batch, inode, LINUX_S_IFLNK, name, bytes, (uint64_t)fd + FIRST_FD_POSITION + 1);
}

static void fd_directory_fill(struct file *file, struct names_batch *batch)
{
    uint64_t inode = file->vnode->inode;
    if (batch->next == 0 && !names_add(batch, inode, LINUX_S_IFDIR, ".", 1, 1)) return;
    if (batch->next == 1 && !names_add(batch, inode, LINUX_S_IFDIR, "..", 2, FIRST_FD_POSITION)) return;
    if (batch->next - FIRST_FD_POSITION > UINT32_MAX) return;
    uint32_t fd = (uint32_t)(batch->next - FIRST_FD_POSITION);
    while (fd_next(file->context, fd, &fd) && add_fd(file, batch, fd)) fd++;
}

static int64_t fd_directory_read_names(struct file *file, struct io_buffer *to, uint64_t *position)
{
    return names_read(file, to, position, fd_directory_fill);
}

static int64_t fd_directory_read(struct file *file, struct io_buffer *to, uint64_t *position)
{
    (void)file, (void)to, (void)position;
    return ERR_IS_DIRECTORY.code;
}

static err_t fd_directory_seek(struct file *file, int64_t offset, uint32_t whence, uint64_t *position)
{
    (void)file;
    if (whence != LINUX_SEEK_SET || offset < 0) return ERR_INVALID;
    *position = (uint64_t)offset;
    return OK;
}

static void fd_directory_release(struct file *file) { fd_table_unwatch(file->context); }

const struct file_ops fd_directory_ops = {
    .name = "/proc/1/fd",
    .is_seekable = true,
    .read = fd_directory_read,
    .seek = fd_directory_seek,
    .read_names = fd_directory_read_names,
    .release = fd_directory_release,
};

/* ---- the text of links ---- */

static struct file *file_behind(struct fs_context *context, const struct vnode *link)
{
    struct fd_table *files = proc_files();
    if (link->magic == MAGIC_FD_LINK) return files ? fd_get(files, link->symlink.magic_number) : NULL;
    fs_lock();
    struct file *exe = context->exe ? file_get(context->exe) : NULL;
    fs_unlock();
    return exe;
}

static err_t magic_read(struct fs_context *context, const struct vnode *link, char *text, size_t capacity,
                        size_t *length)
{
    struct file *file = file_behind(context, link);
    if (!file) return ERR_NOT_FOUND;
    char *whole = heap_alloc(LINUX_PATH_MAX);
    err_t e = whole ? OK : ERR_NO_MEMORY;
    if (!failed(e)) {
        fs_lock();
        e = file_write_name_locked(file, context->root, whole, LINUX_PATH_MAX, length);
        fs_unlock();
        if (e.code == ERR_RANGE.code) e = ERR_NAME_TOO_LONG;
    }
    if (!failed(e)) {
        *length = MIN(*length, capacity);
        memcpy(text, whole, *length);
    }
    heap_free(whole);
    file_put(file);
    return e;
}

/* The target of an ordinary link never changes, so it needs no lock. */
err_t symlink_read(struct fs_context *context, struct vnode *link, char *text, size_t capacity,
                   size_t *length)
{
    if (link->magic == MAGIC_SELF_LINK) {
        char number[FD_DIGITS_MAX + 1];
        *length = MIN(format_string(number, sizeof(number), "%u", proc_own_number()), capacity);
        memcpy(text, number, *length);
        return OK;
    }
    if (link->magic != MAGIC_NONE) return magic_read(context, link, text, capacity, length);
    *length = MIN(link->size, capacity);
    memcpy(text, link->symlink.target, *length);
    return OK;
}
