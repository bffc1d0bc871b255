/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/made.h"

#include "abi/linux/fcntl.h"
#include "fs/directory.h"
#include "fs/names.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/heap.h"

enum { NUMBER_DIGITS_MAX = 10 };

static struct made_addition *additions; /* atomic */

void made_add(struct made_addition *addition)
{
    struct made_addition *first = __atomic_load_n(&additions, __ATOMIC_RELAXED);
    do {
        addition->next = first;
    } while (
        !__atomic_compare_exchange_n(&additions, &first, addition, true, __ATOMIC_RELEASE, __ATOMIC_RELAXED));
}

/* The next one for the table, from `from` on. */
static const struct made_addition *addition_of(const struct made_table *table,
                                               const struct made_addition *from)
{
    if (!table->path) return NULL;
    while (from && strcmp(from->path, table->path)) from = from->next;
    return from;
}

static const struct made_addition *first_addition(const struct made_table *table)
{
    return addition_of(table, __atomic_load_n(&additions, __ATOMIC_ACQUIRE));
}

/* ---- from a name to a node ---- */

static bool is_name(const struct made_row *row, const char *name, size_t bytes)
{
    return strlen(row->name) == bytes && !memcmp(row->name, name, bytes);
}

static const struct made_row *find_among(const struct made_row *rows, uint32_t count, const char *name,
                                         size_t bytes)
{
    for (uint32_t i = 0; i < count; i++)
        if (is_name(&rows[i], name, bytes)) return &rows[i];
    return NULL;
}

static const struct made_row *find_row(const struct made_table *table, const char *name, size_t bytes)
{
    const struct made_row *row = find_among(table->rows, table->count, name, bytes);
    for (const struct made_addition *a = first_addition(table); a && !row; a = addition_of(table, a->next))
        row = find_among(a->rows, a->count, name, bytes);
    return row;
}

/* Decimal without sign or leading zeros, behind the prefix. */
static bool parse_number(const char *prefix, const char *name, size_t bytes, uint32_t *out)
{
    size_t skipped = strlen(prefix);
    if (bytes <= skipped || memcmp(name, prefix, skipped)) return false;
    name += skipped;
    bytes -= skipped;
    if (bytes > NUMBER_DIGITS_MAX || (name[0] == '0' && bytes > 1)) return false;
    uint64_t number = 0;
    for (size_t i = 0; i < bytes; i++) {
        if (name[i] < '0' || name[i] > '9') return false;
        number = number * 10 + (uint64_t)(name[i] - '0');
    }
    *out = (uint32_t)number;
    return number <= UINT32_MAX;
}

static bool find_node(const struct made_node *parent, const char *name, size_t bytes, struct made_node *out)
{
    const struct made_table *table = parent->row->table;
    const struct made_series *series = table->series;
    uint32_t number;
    struct made_owner owner;
    out->subject = parent->subject;
    out->row = find_row(table, name, bytes);
    if (out->row) return !table->look || table->look(&parent->subject, &owner);
    if (!series || !parse_number(series->prefix, name, bytes, &number)) return false;
    out->row = &series->row;
    return series->find(&parent->subject, number, &out->subject);
}

/* ---- vnodes ---- */

static void set_owner_locked(struct vnode *v, const struct vnode *directory) REQUIRES(fs_queue.lock)
{
    const struct made_table *table = v->made->row->kind == MADE_TABLE ? v->made->row->table : NULL;
    struct made_owner owner = { 0, 0 };
    if ((!table || !table->look) && directory) table = directory->made->row->table;
    if (!table || !table->look || !table->look(&v->made->subject, &owner)) return;
    v->uid = owner.uid;
    v->gid = owner.gid;
}

static struct vnode *create_vnode(const struct made_node *node, enum filesystem filesystem, int64_t time_ns)
{
    struct vnode *v = vnode_create(node->row->mode, filesystem, time_ns);
    if (!v) return NULL;
    v->made = heap_alloc(sizeof(*v->made));
    if (!v->made) {
        vnode_put(v);
        return NULL;
    }
    *v->made = *node;
    if (node->row->kind == MADE_PATH) {
        v->symlink.target = node->row->path;
        v->size = strlen(node->row->path);
    } else if (node->row->kind == MADE_LINK) {
        v->size = node->row->link->size;
    } else if (node->row->kind == MADE_DEVICE) {
        v->device = node->row->device + node->subject.number;
    }
    return v;
}

err_t made_create(const struct made_row *root, enum filesystem filesystem, int64_t time_ns,
                  struct vnode **out)
{
    const struct made_node node = { root, { 0 } };
    *out = create_vnode(&node, filesystem, time_ns);
    return *out ? OK : ERR_NO_MEMORY;
}

static bool is_same(const struct made_node *a, const struct made_node *b)
{
    return a->row == b->row && a->subject.birth == b->subject.birth &&
           a->subject.number == b->subject.number && a->subject.index == b->subject.index;
}

static void remove_locked(struct dir_entry *entry) REQUIRES(fs_queue.lock)
{
    if (vnode_is_directory(entry->vnode)) directory_clear_locked(entry->vnode);
    vnode_put(directory_remove_locked(entry));
}

static err_t add_locked(struct vnode *directory, const char *name, size_t bytes, const struct made_node *node,
                        struct dir_entry **out) REQUIRES(fs_queue.lock)
{
    struct vnode *v = create_vnode(node, directory->filesystem, directory->mtime_ns);
    if (!v) return ERR_NO_MEMORY;
    bool is_row = node->row->name && is_name(node->row, name, bytes);
    err_t e = directory_add_locked(directory, is_row ? node->row->name : name, bytes, is_row, v, out);
    vnode_put(v); /* the tree's reference keeps it */
    return e;
}

err_t made_find_locked(struct vnode *directory, const char *name, size_t bytes, struct dir_entry **out)
{
    struct made_node node;
    *out = NULL;
    if (directory->links == 0 || !find_node(directory->made, name, bytes, &node)) return OK;
    struct dir_entry *entry = directory_find_locked(directory, name, bytes);
    if (entry && entry->vnode->filesystem != directory->filesystem) { /* a mount hides it */
        *out = entry;
        return OK;
    }
    if (entry && !is_same(entry->vnode->made, &node)) {
        remove_locked(entry);
        entry = NULL;
    }
    err_t e = OK;
    bool is_new = !entry;
    if (is_new) e = add_locked(directory, name, bytes, &node, &entry);
    if (failed(e)) return e;
    if (node.row->kind == MADE_LINK && node.row->link->permissions)
        entry->vnode->mode = LINUX_S_IFLNK | node.row->link->permissions(&node);
    /* A device keeps what chown gave it. */
    if (is_new || node.row->kind != MADE_DEVICE) set_owner_locked(entry->vnode, directory);
    *out = entry;
    return OK;
}

err_t made_resolve_locked(const struct vnode *link, struct vnode *directory, struct vnode **vnode,
                          struct dir_entry **entry)
{
    return link->made->row->link->resolve_locked(link->made, directory, vnode, entry);
}

void made_forget(struct vnode *directory, const char *const *path, uint32_t depth)
{
    struct dir_entry *entry = NULL;
    fs_lock();
    for (uint32_t i = 0; i < depth && directory; i++) {
        entry = directory_find_locked(directory, path[i], strlen(path[i]));
        directory = entry ? entry->vnode : NULL;
    }
    if (entry) remove_locked(entry);
    fs_unlock();
}

/* ---- listing: the dots, the rows, what was added, the numbers ---- */

enum { FIRST_ROW = 2 };
#define FIRST_NUMBER (1ull << 32)

static uint64_t inode_of(const struct file *file, uint64_t position)
{
    return (file->vnode->inode << 32) + position; /* nobody compares it with that of the file */
}

static const struct made_row *row_at(const struct made_table *table, uint64_t index)
{
    if (index < table->count) return &table->rows[index];
    index -= table->count;
    for (const struct made_addition *a = first_addition(table); a; a = addition_of(table, a->next)) {
        if (index < a->count) return &a->rows[index];
        index -= a->count;
    }
    return NULL;
}

/* False: the batch is full. */
static bool fill_rows(struct file *file, struct names_batch *batch)
{
    const struct made_table *table = file->vnode->made->row->table;
    const struct made_row *row;
    while (batch->next < FIRST_NUMBER && (row = row_at(table, batch->next - FIRST_ROW)))
        if (!names_add(batch, inode_of(file, batch->next), row->mode, row->name, strlen(row->name),
                       batch->next + 1))
            return false;
    batch->next = MAX(batch->next, FIRST_NUMBER);
    return true;
}

static void fill_numbers(struct file *file, struct names_batch *batch)
{
    const struct made_node *node = file->vnode->made;
    const struct made_series *series = node->row->table->series;
    uint64_t from = batch->next - FIRST_NUMBER;
    uint32_t number;
    char name[32];
    while (series && from <= UINT32_MAX && series->next(&node->subject, (uint32_t)from, &number)) {
        size_t bytes = format_string(name, sizeof(name), "%s%u", series->prefix, number);
        from = (uint64_t)number + 1;
        if (!names_add(batch, inode_of(file, FIRST_NUMBER + number), series->row.mode, name, bytes,
                       FIRST_NUMBER + from))
            return;
    }
}

static void fill(struct file *file, struct names_batch *batch)
{
    uint64_t inode = file->vnode->inode;
    if (batch->next == 0 && !names_add(batch, inode, LINUX_S_IFDIR, ".", 1, 1)) return;
    if (batch->next == 1 && !names_add(batch, inode, LINUX_S_IFDIR, "..", 2, FIRST_ROW)) return;
    if (fill_rows(file, batch)) fill_numbers(file, batch);
}

static int64_t read_names(struct file *file, struct io_buffer *to, uint64_t *position)
{
    const struct made_node *node = file->vnode->made;
    const struct made_table *table = node->row->table;
    struct made_owner owner;
    if (table->look && !table->look(&node->subject, &owner)) return ERR_NOT_FOUND.code;
    return names_read(file, to, position, fill);
}

static int64_t read_directory(struct file *file, struct io_buffer *to, uint64_t *position)
{
    (void)file, (void)to, (void)position;
    return ERR_IS_DIRECTORY.code;
}

static err_t seek_directory(struct file *file, int64_t offset, uint32_t whence, uint64_t *position)
{
    (void)file;
    int64_t base = whence == LINUX_SEEK_CUR ? (int64_t)*position : 0, target;
    if (whence > LINUX_SEEK_CUR || __builtin_add_overflow(base, offset, &target) || target < 0)
        return ERR_INVALID;
    *position = (uint64_t)target;
    return OK;
}

const struct file_ops made_directory_ops = {
    .name = "directory",
    .is_seekable = true,
    .read = read_directory,
    .seek = seek_directory,
    .read_names = read_names,
};
