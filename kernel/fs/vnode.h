/* SPDX-License-Identifier: Apache-2.0 */
/* A vnode is a file without its names: type, owner, times, and what its type holds.
 *
 * Names are entries of directories (fs/directory.h); a vnode lives while an entry, an open file or
 * anybody else holds a reference, so an unlinked file works until its last user is gone.
 *
 * Locking: one lock, fs_queue.lock, guards the tree and every vnode field that can change; path walks
 * and changes of names happen under it in one piece. It is a spin lock, so nothing touches user memory
 * under it. Whoever copies to or from a file's pages pins the vnode instead, and whoever changes a
 * file's contents is alone in doing so (vnode_start_change); both sleep on fs_queue. A page fault that
 * gives a file a page of its own does neither: fs/tmpfs_internal.h.
 * Order: fs_queue.lock, then fd_table.lock, then the heap's and frames' own. */
#pragma once
#include "abi/linux/stat.h"
#include "lib/base.h"
#include "lib/list.h"
#include "mm/page_tree.h"
#include "sched/wait.h"
#include "vm/backing.h"

struct dir_entry;

/* Where a vnode lives: hard links and renames stay inside one of these, as inside a mount of Linux. */
enum filesystem {
    FILESYSTEM_ROOT = 1,
    FILESYSTEM_DEV = 2,
    FILESYSTEM_PROC = 3,
    FILESYSTEM_ANONYMOUS = 4,
    FILESYSTEM_SYS = 5,
    FILESYSTEM_TERMINALS = 6, /* /dev/pts */
    FILESYSTEM_CGROUP = 7,
    FILESYSTEM_MOUNTED = 8, /* and all above: what programs mount. fs/mount.h */
};

/* Major 0 is what Linux gives file systems without a disk; the minor, this and enum filesystem, only has to differ. */
enum { VNODE_MINOR_BASE = 20 };

struct vnode_regular {
    const uint8_t *lower;   /* the archive's data, never written; page_tree hides it page by page */
    uint64_t lower_bytes;   /* how much of it still shows; never more than the file's size */
    struct page_tree pages; /* written pages; a page in neither is a hole */
    uint64_t block_pages;   /* pages that hold data: st_blocks */
    struct mapping mapping; /* the areas of address spaces that show the file */
    const char *name;       /* what a file of FILESYSTEM_ANONYMOUS is called in /proc/self */
    bool is_name_owned;
    uint32_t writers; /* open files that may write it; atomic, rises under the lock */
    uint32_t runners; /* open files that run it as a program: then it stays as it is; likewise */
    bool was_shared;  /* some mapping could write it, also behind its end in the last page */
};

struct vnode_directory {
    struct list entries;     /* of dir_entry.siblings, by rising cookie */
    struct dir_entry *entry; /* this directory's own, counted; NULL for a root */
    struct dir_entry *hint;  /* where the last reader of this directory stopped, or NULL */
    uint32_t entry_count;
    uint32_t next_cookie;
};

struct vnode_symlink {
    const char *target; /* `size` bytes and no NUL */
    bool is_target_owned;
};

struct file_ops;
struct made_node;

/* Who may want to be told of what happens to it: whoever watches it, or a directory that names it. */
enum vnode_notify { VNODE_WATCHED = 1, VNODE_NAMED = 2 };

/* A pipe without a name, found again through /proc/self/fd. */
struct vnode_stream {
    const struct file_ops *ops; /* NULL: cannot be opened a second time */
    void *context;
    void (*destroy)(void *context); /* with the vnode; NULL: the context outlives it */
};

struct vnode {
    uint32_t references; /* atomic */
    uint16_t mode;       /* type and permissions; the type is fixed */
    uint8_t filesystem;  /* enum filesystem; fixed */
    uint32_t links;
    uint32_t uid, gid;
    uint16_t pins[2];                     /* copies in progress, by the epoch they began in; atomic */
    uint8_t epoch;                        /* which of the two new pins count in; atomic */
    bool is_changing;                     /* somebody is between vnode_start_change and vnode_end_change */
    bool has_locks;                       /* perhaps; atomic. fs/file_lock.h */
    bool is_linkable;                     /* made by O_TMPFILE: may get its first name */
    uint8_t seals;                        /* LINUX_F_SEAL_, of a memfd; change inside a change */
    uint8_t notify;                       /* enum vnode_notify; atomic. fs/notify.h */
    struct made_node *made;               /* it comes from a table: fs/made.h; owned, fixed */
    uint64_t inode;                       /* fixed */
    uint64_t size;                        /* of a regular file or a symlink's target */
    int64_t atime_ns, mtime_ns, ctime_ns; /* since 1970 */
    union {
        struct vnode_regular regular;
        struct vnode_directory directory;
        struct vnode_symlink symlink;
        struct vnode_stream stream; /* S_IFIFO */
        uint64_t device;            /* S_IFCHR, S_IFBLK */
    };
};

extern struct wait_queue fs_queue;
static inline void fs_lock(void) ACQUIRES(fs_queue.lock) { spin_lock(&fs_queue.lock); }
static inline void fs_unlock(void) RELEASES(fs_queue.lock) { spin_unlock(&fs_queue.lock); }

/* The same in system calls that are to be quick, where interrupts are on. */
static inline void fs_lock_short(void) ACQUIRES(fs_queue.lock) { spin_lock_short(&fs_queue.lock); }
static inline void fs_unlock_short(void) RELEASES(fs_queue.lock) { spin_unlock_short(&fs_queue.lock); }

static inline uint32_t vnode_type(const struct vnode *v) { return v->mode & LINUX_S_IFMT; }
static inline bool vnode_is_directory(const struct vnode *v) { return vnode_type(v) == LINUX_S_IFDIR; }
static inline bool vnode_is_regular(const struct vnode *v) { return vnode_type(v) == LINUX_S_IFREG; }
/* A regular file with bytes of its own, not one whose text is made when it is read. */
static inline bool vnode_is_stored(const struct vnode *v) { return vnode_is_regular(v) && !v->made; }
static inline bool vnode_is_symlink(const struct vnode *v) { return vnode_type(v) == LINUX_S_IFLNK; }
static inline bool vnode_is_device(const struct vnode *v)
{
    return vnode_type(v) == LINUX_S_IFCHR || vnode_type(v) == LINUX_S_IFBLK;
}

/* A nameless vnode with one reference and no links, owned by root, stamped with `time_ns`; NULL when
 * memory is out. Any context. */
struct vnode *vnode_create(uint32_t mode, enum filesystem filesystem, int64_t time_ns);
/* Gives a fresh symlink a copy of its target. ERR_NO_MEMORY. */
err_t vnode_set_target(struct vnode *v, const char *target, size_t bytes);

static inline struct vnode *vnode_get(struct vnode *v)
{
    __atomic_add_fetch(&v->references, 1, __ATOMIC_RELAXED);
    return v;
}
/* May be the end of the vnode, its pages and its removed parents. NULL is fine. With or without fs_lock. */
void vnode_put(struct vnode *v);

/* Times before 1970 have a negative second and a positive rest. */
static inline int64_t vnode_seconds(int64_t ns)
{
    if (likely(ns >= 0)) return (int64_t)((uint64_t)ns / 1000000000);
    return (ns - 999999999) / 1000000000;
}
static inline uint32_t vnode_rest(int64_t ns) { return (uint32_t)(ns - vnode_seconds(ns) * 1000000000); }

struct vnode_attributes {
    uint64_t device, inode, links, rdev, size, blocks;
    uint32_t mode, uid, gid;
    int64_t atime_ns, mtime_ns, ctime_ns;
};
void vnode_get_attributes(struct vnode *v, struct vnode_attributes *out) EXCLUDES(fs_queue.lock);
/* The same as stat(2) tells it. */
void vnode_get_stat_locked(const struct vnode *v, struct linux_stat *out) REQUIRES(fs_queue.lock);
void vnode_get_attributes_locked(const struct vnode *v, struct vnode_attributes *out) REQUIRES(fs_queue.lock);

/* In place of a time: it stays as it is. */
#define VNODE_TIME_KEEP INT64_MIN

/* One thread at a time changes a file's contents; the others sleep. Page faults of that thread may be on
 * mappings of the same file. No lock of an address space is held. */
void vnode_start_change(struct vnode *v) EXCLUDES(fs_queue.lock);
void vnode_end_change(struct vnode *v) EXCLUDES(fs_queue.lock);

/* Pages seen while pinned stay allocated until the unpin, even when they are cut off meanwhile. The
 * ticket goes to the matching unpin. */
static inline uint32_t vnode_pin_locked(struct vnode *v) REQUIRES(fs_queue.lock)
{
    __atomic_add_fetch(&v->pins[v->epoch], 1, __ATOMIC_RELAXED);
    return v->epoch;
}
static inline void vnode_unpin(struct vnode *v, uint32_t ticket)
{
    /* Either this sees the other epoch, or who began that sees this count: vnode_wait_for_pins. */
    bool is_last = __atomic_sub_fetch(&v->pins[ticket], 1, __ATOMIC_SEQ_CST) == 0;
    if (is_last && unlikely(__atomic_load_n(&v->epoch, __ATOMIC_SEQ_CST) != ticket)) wait_wake_all(&fs_queue);
}
/* Sleeps until every pin taken before the call is gone. Inside a change only. */
void vnode_wait_for_pins(struct vnode *v) EXCLUDES(fs_queue.lock);

/* ---- for the program loader; regular files only ---- */

/* Bytes that lie in one piece at `offset`, within the file; 0 at its end. A hole shows a page of zeros.
 * Valid while nobody may truncate the file: file_start_running. */
size_t vnode_peek(struct vnode *v, uint64_t offset, const void **data) EXCLUDES(fs_queue.lock);

/* Reads up to `bytes` bytes; *done is less only at the end of the file. Threads only. */
err_t vnode_read_kernel(struct vnode *v, uint64_t offset, void *buffer, size_t bytes, size_t *done)
    EXCLUDES(fs_queue.lock);
