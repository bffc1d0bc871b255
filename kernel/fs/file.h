/* SPDX-License-Identifier: Apache-2.0 */
/* An open file: a vnode, a position, flags, and the operations of what it is.
 *
 * Files are counted; descriptors, threads in a call and mappings hold references. Whatever can be open
 * (regular files, directories, devices, pipes, later sockets) fills in a struct file_ops.
 * `position` belongs to whoever holds it (file_take_position); `flags` change by single stores. */
#pragma once
#include "fs/io_buffer.h"
#include "fs/readiness.h"
#include "fs/vnode.h"
#include "lib/base.h"
#include "vm/backing.h"

struct file;
struct text;

/* What a mapping shows: pages of a backing from one on. */
struct file_view {
    struct backing *backing;
    uint64_t first_page;
};

struct file_ops {
    /* For /proc/self/fd: all of it when it is a path or has a ':', else "name:[inode]". */
    const char *name;
    uint32_t mode;      /* fstat of a file made by file_create: type and permissions */
    uint64_t device;    /* the same: st_rdev */
    bool is_seekable;   /* has a position, and pread and pwrite work */
    bool is_spliceable; /* splice(2) takes it as the other end; its operations take memory of the kernel's */
    bool is_shared; /* with file_create: `context` outlives the file, so that another may be opened on it */

    /* A count or a negative errno. With is_seekable the position is read and advanced; else it is NULL. May
     * sleep. A missing operation gives INVALID. */
    int64_t (*read)(struct file *file, struct io_buffer *to, uint64_t *position);
    int64_t (*write)(struct file *file, struct io_buffer *from, uint64_t *position);
    /* The same for one piece of user memory, in user space; for the small ones that are to be quick. Files with a
     * position read and move it themselves. NULL: it goes by the two above. */
    int64_t (*read_user)(struct file *file, uint64_t address, uint64_t bytes);
    int64_t (*write_user)(struct file *file, uint64_t address, uint64_t bytes);
    int64_t (*read_user_at)(struct file *file, uint64_t address, uint64_t bytes, uint64_t position);
    /* The new position. NULL: SEEK_PIPE. */
    err_t (*seek)(struct file *file, int64_t offset, uint32_t whence, uint64_t *position);
    /* `argument` is the caller's, perhaps a user address. NULL: NOT_TTY. */
    int64_t (*ioctl)(struct file *file, uint32_t request, uint64_t argument);
    /* The LINUX_POLL bits that hold now, whatever was asked for. NULL: always readable and writable, and nothing
     * for epoll. May sleep only if the file is an epoll itself. */
    uint32_t (*poll)(struct file *file);
    /* Told whenever one of them becomes true (fs/readiness.h); as long as the file. NULL: they never change. */
    struct readiness *(*readiness)(struct file *file);
    /* mmap(2) of a file that is no regular one: memory that a device shows. `flags` are SPACE_* and may get more. *out is
     * counted for the caller. NULL: NO_DEVICE. */
    err_t (*map)(struct file *file, uint64_t offset, uint64_t bytes, uint32_t *flags, struct file_view *out);
    /* What /proc/PID/fdinfo/N says of it besides. May be NULL. */
    void (*describe)(struct file *file, struct text *text);
    /* Directories only; NULL: NOT_DIRECTORY. */
    int64_t (*read_names)(struct file *file, struct io_buffer *to, uint64_t *position);
    /* A file was opened on a device whose operations these are; it may give the file others and a context of its own.
     * `flags` are those of the open. May be NULL. */
    err_t (*open)(struct file *file, uint32_t flags);
    /* Another file was opened on the same vnode, through /proc/self/fd; is_shared or a stream. May be NULL. */
    err_t (*reopen)(struct file *file);
    /* The last reference is gone; free what `context` holds. May be NULL. */
    void (*release)(struct file *file);
};

struct file {
    uint32_t references; /* atomic */
    uint32_t flags;      /* LINUX_O_: access mode and status; what open alone uses is cleared */
    const struct file_ops *ops;
    void *context;           /* the ops' own */
    struct vnode *vnode;     /* counted, never NULL */
    struct dir_entry *entry; /* the name it was opened by, counted; NULL for a root or no name */
    int32_t owner;           /* F_SETOWN: a process, a negated group, or 0; told back */
    uint64_t position;
    bool is_position_taken;    /* under fs_queue.lock */
    struct backing backing;    /* of a regular file: fs/file_mapping.h */
    bool is_writer, is_runner; /* counted in the vnode */
    uint32_t hangs_up_after;   /* of a FIFO: so many openings by writers; fs/fifo.c */
    bool is_watched;           /* by an epoll, at some time; then the next are valid: */
    struct list epoll_items;   /* fs/epoll_internal.h */
};

/* A file without a name, such as the terminal or a pipe's end. `flags` are O_ACCMODE and status flags.
 * Has one reference. NULL when memory is out; `context` is then still the caller's. */
struct file *file_create(const struct file_ops *ops, void *context, uint32_t flags);

/* The same for a vnode with or without a name; takes references of its own. */
struct file *file_create_for(const struct file_ops *ops, struct vnode *vnode, struct dir_entry *entry,
                             void *context, uint32_t flags);
/* The same, but the caller's references become the file's; they are still the caller's after a failure. */
struct file *file_adopt(const struct file_ops *ops, struct vnode *vnode, struct dir_entry *entry,
                        void *context, uint32_t flags);

static inline struct file *file_get(struct file *file)
{
    __atomic_add_fetch(&file->references, 1, __ATOMIC_RELAXED);
    return file;
}
void file_put(struct file *file); /* NULL is fine. Threads only */

/* A program that runs does not change under its feet: ERR_TEXT_BUSY for whoever comes second, the one that
 * wants to write the file or the one that wants to run it. Both last until the file's last reference is
 * gone, or until file_stop_running. Regular files only. */
err_t file_start_writing(struct file *file) EXCLUDES(fs_queue.lock);
err_t file_start_running(struct file *file) EXCLUDES(fs_queue.lock);
void file_stop_running(struct file *file);

/* What the file is open on, counted; *entry may be NULL. */
void file_get_vnode(const struct file *file, struct vnode **vnode, struct dir_entry **entry);

static inline bool file_is_readable(const struct file *file)
{
    return (file->flags & 3) == 0 || (file->flags & 3) == 2;
}
static inline bool file_is_writable(const struct file *file)
{
    return (file->flags & 3) == 1 || (file->flags & 3) == 2;
}

/* Reads and writes at the file's own position take turns, as POSIX wants of threads that share it. */
void file_take_position(struct file *file) EXCLUDES(fs_queue.lock);
void file_give_position(struct file *file) EXCLUDES(fs_queue.lock);

/* BAD_FD when not open for it; `position` NULL means the file's own. */
int64_t file_read(struct file *file, struct io_buffer *to, uint64_t *position);
int64_t file_write(struct file *file, struct io_buffer *from, uint64_t *position);

/* lseek of what has no position but does not mind: always 0. */
err_t file_seek_nowhere(struct file *file, int64_t offset, uint32_t whence, uint64_t *position);

/* What holds now. Threads only. */
uint32_t file_poll(struct file *file);
static inline struct readiness *file_readiness(struct file *file)
{
    return file->ops->readiness ? file->ops->readiness(file) : NULL;
}

/* What readlink of /proc/self/fd/N shows. No NUL. RANGE when it does not fit. */
err_t file_write_name_locked(const struct file *file, const struct vnode *root, char *text, size_t capacity,
                             size_t *length) REQUIRES(fs_queue.lock);
