/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/fd_table.h"

#include "fs/file.h"
#include "fs/file_lock.h"
#include "lib/string.h"
#include "mm/heap.h"

enum { WORD_BITS = 64, CAPACITY_MIN = 64 };

static uint64_t bit_of(uint32_t fd) { return 1ull << (fd % WORD_BITS); }
static inline bool bit_get(const uint64_t *bits, uint32_t fd) { return bits[fd / WORD_BITS] & bit_of(fd); }
static inline void bit_set(uint64_t *bits, uint32_t fd, bool value)
{
    if (value)
        bits[fd / WORD_BITS] |= bit_of(fd);
    else
        bits[fd / WORD_BITS] &= ~bit_of(fd);
}

/* ---- storage ---- */

struct storage {
    uint32_t capacity;
    struct file **files;
    uint64_t *used, *cloexec;
};

static bool storage_create(uint32_t capacity, struct storage *out)
{
    size_t words = capacity / WORD_BITS;
    struct file **files = heap_alloc_zeroed(capacity * sizeof(*files) + 2 * words * sizeof(uint64_t));
    if (!files) return false;
    uint64_t *bits = (uint64_t *)(files + capacity);
    *out = (struct storage){ capacity, files, bits, bits + words };
    return true;
}

static void storage_copy_locked(const struct fd_table *table, struct storage *to) REQUIRES(table->lock)
{
    size_t words = table->capacity / WORD_BITS;
    memcpy(to->files, table->files, table->capacity * sizeof(*to->files));
    memcpy(to->used, table->used, words * sizeof(uint64_t));
    memcpy(to->cloexec, table->cloexec, words * sizeof(uint64_t));
}

static void storage_adopt(struct fd_table *table, const struct storage *storage)
{
    table->capacity = storage->capacity;
    table->files = storage->files;
    table->used = storage->used;
    table->cloexec = storage->cloexec;
}

static NOINLINE err_t make_room_locked(struct fd_table *table, uint32_t fd) REQUIRES(table->lock)
{
    if (fd < table->capacity) return OK;
    uint32_t capacity = table->capacity;
    while (capacity <= fd) capacity *= 2;
    struct storage larger;
    if (!storage_create(capacity, &larger)) return ERR_NO_MEMORY;
    storage_copy_locked(table, &larger);
    heap_free(table->files);
    storage_adopt(table, &larger);
    return OK;
}

/* ---- the table ---- */

static struct fd_table *table_create(const struct storage *storage)
{
    struct fd_table *table = heap_alloc_zeroed(sizeof(*table));
    if (!table) return NULL;
    spin_set_class(&table->lock, "fd_table.lock");
    table->references = table->watchers = 1;
    storage_adopt(table, storage);
    return table;
}

struct fd_table *fd_table_create(void)
{
    struct storage storage;
    if (!storage_create(CAPACITY_MIN, &storage)) return NULL;
    struct fd_table *table = table_create(&storage);
    if (!table) heap_free(storage.files);
    return table;
}

/* Numbers that are reserved but not filled belong to calls of the other process and are not copied. */
static void share_files(struct storage *storage)
{
    for (uint32_t word = 0; word < storage->capacity / WORD_BITS; word++) {
        for (uint64_t used = storage->used[word]; used; used &= used - 1) {
            uint32_t fd = word * WORD_BITS + (uint32_t)__builtin_ctzll(used);
            if (storage->files[fd])
                file_get(storage->files[fd]);
            else
                bit_set(storage->used, fd, false);
        }
    }
}

struct fd_table *fd_table_clone(struct fd_table *table)
{
    struct storage storage;
    spin_lock(&table->lock);
    bool is_copied = storage_create(table->capacity, &storage);
    if (is_copied) {
        storage_copy_locked(table, &storage);
        share_files(&storage);
    }
    spin_unlock(&table->lock);
    if (!is_copied) return NULL;

    struct fd_table *copy = table_create(&storage);
    if (copy) return copy;
    for (uint32_t fd = 0; fd < storage.capacity; fd++) file_put(storage.files[fd]);
    heap_free(storage.files);
    return NULL;
}

struct fd_table *fd_table_get(struct fd_table *table)
{
    __atomic_add_fetch(&table->references, 1, __ATOMIC_RELAXED);
    return table;
}

static inline struct file *take_locked(struct fd_table *table, uint32_t fd) REQUIRES(table->lock)
{
    struct file *file = table->files[fd];
    table->files[fd] = NULL;
    bit_set(table->used, fd, false);
    bit_set(table->cloexec, fd, false);
    table->lowest_hint = MIN(table->lowest_hint, fd);
    return file;
}

struct fd_table *fd_table_watch(struct fd_table *table)
{
    __atomic_add_fetch(&table->watchers, 1, __ATOMIC_RELAXED);
    return table;
}

void fd_table_unwatch(struct fd_table *table)
{
    if (__atomic_sub_fetch(&table->watchers, 1, __ATOMIC_ACQ_REL) > 0) return;
    heap_free(table->files);
    heap_free(table);
}

static void close_all(struct fd_table *table)
{
    uint32_t fd = 0;
    while (fd_next(table, fd, &fd)) {
        spin_lock(&table->lock);
        struct file *file = take_locked(table, fd);
        spin_unlock(&table->lock);
        file_lock_closed(file->vnode, table);
        file_put(file);
    }
}

void fd_table_put(struct fd_table *table)
{
    if (!table || __atomic_sub_fetch(&table->references, 1, __ATOMIC_ACQ_REL) > 0) return;
    close_all(table);
    fd_table_unwatch(table);
}

void fd_table_close_on_exec(struct fd_table *table)
{
    for (uint32_t word = 0; word < table->capacity / WORD_BITS;) {
        struct file *file = NULL;
        spin_lock(&table->lock);
        uint64_t marked = table->cloexec[word];
        if (marked) file = take_locked(table, word * WORD_BITS + (uint32_t)__builtin_ctzll(marked));
        spin_unlock(&table->lock);
        if (file) file_lock_closed(file->vnode, table);
        file_put(file);
        word += !marked;
    }
}

/* ---- numbers ---- */

/* The first clear bit at or after `from`; the capacity when all are set. */
static uint32_t first_free_locked(const struct fd_table *table, uint32_t from) REQUIRES(table->lock)
{
    if (likely(from < table->capacity) && !bit_get(table->used, from)) return from;
    for (uint32_t word = from / WORD_BITS; word < table->capacity / WORD_BITS; word++) {
        uint64_t free_bits = ~table->used[word];
        if (word == from / WORD_BITS) free_bits &= ~0ull << (from % WORD_BITS);
        if (free_bits) return word * WORD_BITS + (uint32_t)__builtin_ctzll(free_bits);
    }
    return MAX(from, table->capacity);
}

static inline err_t reserve_locked(struct fd_table *table, uint32_t from, uint32_t limit, uint32_t *fd)
    REQUIRES(table->lock)
{
    bool is_from_start = from <= table->lowest_hint;
    uint32_t found = first_free_locked(table, MAX(from, table->lowest_hint));
    if (unlikely(found >= limit)) return ERR_TOO_MANY_FILES;
    if (unlikely(found >= table->capacity)) {
        err_t e = make_room_locked(table, found);
        if (failed(e)) return e;
    }
    if (is_from_start) table->lowest_hint = found + 1;
    bit_set(table->used, found, true);
    *fd = found;
    return OK;
}

err_t fd_reserve(struct fd_table *table, uint32_t from, uint32_t limit, bool is_cloexec, uint32_t *fd)
{
    spin_lock_short(&table->lock);
    err_t e = reserve_locked(table, from, limit, fd);
    if (!failed(e) && is_cloexec) bit_set(table->cloexec, *fd, true); /* a free number is not marked */
    spin_unlock_short(&table->lock);
    return e;
}

int64_t fd_add(struct fd_table *table, uint32_t limit, bool is_cloexec, struct file *file)
{
    uint32_t fd = 0;
    spin_lock_short(&table->lock);
    err_t e = reserve_locked(table, 0, limit, &fd);
    if (likely(!failed(e))) {
        table->files[fd] = file;
        if (is_cloexec) bit_set(table->cloexec, fd, true);
    }
    spin_unlock_short(&table->lock);
    return failed(e) ? e.code : (int64_t)fd;
}

void fd_install(struct fd_table *table, uint32_t fd, struct file *file)
{
    spin_lock_short(&table->lock);
    table->files[fd] = file;
    spin_unlock_short(&table->lock);
}

void fd_cancel(struct fd_table *table, uint32_t fd)
{
    spin_lock(&table->lock);
    take_locked(table, fd);
    spin_unlock(&table->lock);
}

static bool is_open_locked(const struct fd_table *table, uint32_t fd) REQUIRES(table->lock)
{
    return fd < table->capacity && table->files[fd];
}

err_t fd_replace(struct fd_table *table, uint32_t fd, uint32_t limit, struct file *file, bool is_cloexec,
                 struct file **before)
{
    if (fd >= limit) return ERR_BAD_FD;
    spin_lock(&table->lock);
    err_t e = make_room_locked(table, fd);
    if (!failed(e) && !table->files[fd] && bit_get(table->used, fd)) e = ERR_BUSY;
    if (!failed(e)) {
        *before = table->files[fd];
        table->files[fd] = file_get(file);
        bit_set(table->used, fd, true);
        bit_set(table->cloexec, fd, is_cloexec);
    }
    spin_unlock(&table->lock);
    if (!failed(e) && *before) file_lock_closed((*before)->vnode, table);
    return e;
}

struct file *fd_get(struct fd_table *table, uint32_t fd)
{
    spin_lock_short(&table->lock);
    struct file *file = is_open_locked(table, fd) ? file_get(table->files[fd]) : NULL;
    spin_unlock_short(&table->lock);
    return file;
}

uint32_t fd_get_mode(struct fd_table *table, uint32_t fd)
{
    spin_lock(&table->lock);
    const struct file *file = is_open_locked(table, fd) ? table->files[fd] : NULL;
    uint32_t mode =
        !file ? 0 : (file_is_readable(file) ? FD_READABLE : 0) | (file_is_writable(file) ? FD_WRITABLE : 0);
    spin_unlock(&table->lock);
    return mode;
}

bool fd_get_vnode(struct fd_table *table, uint32_t fd, struct vnode **vnode, struct dir_entry **entry)
{
    spin_lock(&table->lock);
    struct file *file = is_open_locked(table, fd) ? table->files[fd] : NULL;
    if (file) file_get_vnode(file, vnode, entry);
    spin_unlock(&table->lock);
    return file != NULL;
}

struct file *fd_remove(struct fd_table *table, uint32_t fd)
{
    spin_lock_short(&table->lock);
    struct file *file = is_open_locked(table, fd) ? take_locked(table, fd) : NULL;
    spin_unlock_short(&table->lock);
    if (file) file_lock_closed(file->vnode, table); /* with any of its numbers, POSIX says */
    return file;
}

err_t fd_get_cloexec(struct fd_table *table, uint32_t fd, bool *out)
{
    spin_lock(&table->lock);
    bool is_open = is_open_locked(table, fd);
    if (is_open) *out = bit_get(table->cloexec, fd);
    spin_unlock(&table->lock);
    return is_open ? OK : ERR_BAD_FD;
}

err_t fd_set_cloexec(struct fd_table *table, uint32_t fd, bool is_cloexec)
{
    spin_lock(&table->lock);
    bool is_open = is_open_locked(table, fd);
    if (is_open) bit_set(table->cloexec, fd, is_cloexec);
    spin_unlock(&table->lock);
    return is_open ? OK : ERR_BAD_FD;
}

bool fd_next(struct fd_table *table, uint32_t fd, uint32_t *out)
{
    spin_lock(&table->lock);
    while (fd < table->capacity && !table->files[fd]) fd++;
    bool found = fd < table->capacity;
    spin_unlock(&table->lock);
    if (found) *out = fd;
    return found;
}
