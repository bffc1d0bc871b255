/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors: small numbers for open files. A number is reserved before the file exists, so that
 * whatever opens a file fails on a full table before it has changed anything.
 *
 * Counted, as clone may share a table. Each call is atomic. */
#pragma once
#include "core/lock.h"
#include "lib/base.h"

struct dir_entry;
struct file;
struct vnode;

enum {
    FD_LIMIT_DEFAULT = 1024, /* RLIMIT_NOFILE of the first program, soft */
    FD_LIMIT_HARD = 4096,    /* and hard */
    FD_LIMIT_MAX = 1 << 20,  /* what may be asked for: nr_open of /proc/sys/fs */
};

struct fd_table {
    uint32_t references; /* atomic: processes */
    uint32_t watchers;   /* atomic: who may look at the numbers, and all processes as one */
    struct spinlock lock;
    /* under lock: */
    uint32_t capacity;    /* a multiple of 64 */
    uint32_t lowest_hint; /* no number below is free */
    struct file **files;  /* counted; NULL while reserved or free. One block with the two bitmaps */
    uint64_t *used, *cloexec;
};

struct fd_table *fd_table_create(void); /* NULL when memory is out */
/* A copy that shares the open files, for fork. NULL when memory is out. */
struct fd_table *fd_table_clone(struct fd_table *table);
struct fd_table *fd_table_get(struct fd_table *table);
/* Other processes have it, too. */
static inline bool fd_table_is_shared(const struct fd_table *table)
{
    return __atomic_load_n(&table->references, __ATOMIC_RELAXED) > 1;
}
void fd_table_put(struct fd_table *table); /* NULL is fine. Closes everything with the last reference */
/* A watcher keeps the table but not what is open: an open /proc/self/fd is itself in the table that it
 * lists. After the last process is gone it sees no numbers. */
struct fd_table *fd_table_watch(struct fd_table *table);
void fd_table_unwatch(struct fd_table *table);
/* For exec. */
void fd_table_close_on_exec(struct fd_table *table);

/* The lowest free number from `from`, below `limit`. TOO_MANY_FILES, NO_MEMORY. */
err_t fd_reserve(struct fd_table *table, uint32_t from, uint32_t limit, bool is_cloexec, uint32_t *fd);
/* Fills the reserved number; the caller's reference becomes the table's. */
void fd_install(struct fd_table *table, uint32_t fd, struct file *file);
void fd_cancel(struct fd_table *table, uint32_t fd);
/* Reserves the lowest free number and fills it in one step, for a file that was there before. The number or a negative
 * errno; then the reference is still the caller's. */
int64_t fd_add(struct fd_table *table, uint32_t limit, bool is_cloexec, struct file *file);

/* Puts the file under exactly this number; what was there comes back for the caller to put, else NULL.
 * Takes a reference of its own. BAD_FD, NO_MEMORY; BUSY when the number is reserved right now. */
err_t fd_replace(struct fd_table *table, uint32_t fd, uint32_t limit, struct file *file, bool is_cloexec,
                 struct file **before);

/* A counted file, or NULL. */
struct file *fd_get(struct fd_table *table, uint32_t fd);
/* The same without counting, for the only thread that uses the table (fd_table_is_own), as long as it does not change
 * it. */
static inline struct file *fd_peek(const struct fd_table *table, uint32_t fd) NO_THREAD_SAFETY_ANALYSIS
{
    return fd < table->capacity ? table->files[fd] : NULL;
}
/* No other process has it. */
static inline bool fd_table_is_own(const struct fd_table *table)
{
    return __atomic_load_n(&table->references, __ATOMIC_RELAXED) == 1;
}
/* What the number's file is open for; 0 when it is not open. */
enum { FD_READABLE = 1, FD_WRITABLE = 2 };
uint32_t fd_get_mode(struct fd_table *table, uint32_t fd);
/* What the number's file is open on, counted; *entry may be NULL. False when it is not open. */
bool fd_get_vnode(struct fd_table *table, uint32_t fd, struct vnode **vnode, struct dir_entry **entry);
/* Takes the number away; the file is the caller's to put. NULL: it is not open. */
struct file *fd_remove(struct fd_table *table, uint32_t fd);
err_t fd_get_cloexec(struct fd_table *table, uint32_t fd, bool *out);
err_t fd_set_cloexec(struct fd_table *table, uint32_t fd, bool is_cloexec);
/* The first open number at or after `fd`; false after the last. */
bool fd_next(struct fd_table *table, uint32_t fd, uint32_t *out);
