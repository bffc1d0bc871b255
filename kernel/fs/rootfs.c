/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/rootfs.h"

#include "abi/linux/fcntl.h"
#include "fs/devfs.h"
#include "fs/directory.h"
#include "fs/tmpfs.h"
#include "lib/cpio.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/heap.h"

enum {
    LINK_BUCKETS = 256,
    REASON_BYTES = 512,
    REASON_NAME_MAX = 300, /* bytes of a name that a message shows */
    MISSING_DIRECTORY_MODE = LINUX_S_IFDIR | 0755,
};

/* An entry with further names: those that share (device, inode) in the archive share a vnode. */
struct hard_link {
    struct hard_link *next;
    struct vnode *vnode; /* counted */
    uint32_t inode, device_major, device_minor;
};

/* Only while an archive is unpacked. */
static struct hard_link *links[LINK_BUCKETS];

struct build {
    struct vnode *root;
    bool has_links;
    /* The directory of the entry before, which is mostly the next one's too. */
    const char *parent_name;
    uint32_t parent_bytes;
    struct vnode *parent;
    const char *why;
};

static struct vnode *tree_root;
static char reason[REASON_BYTES];

static int64_t time_of(const struct cpio_entry *entry) { return (int64_t)entry->mtime_s * 1000000000; }

static err_t refuse(struct build *b, err_t e, const char *why)
{
    b->why = why;
    return e;
}

/* ---- directories on the way ---- */

static void adopt_attributes(struct vnode *v, const struct cpio_entry *entry)
{
    v->mode = (uint16_t)(vnode_type(v) | entry->permissions);
    v->uid = entry->uid;
    v->gid = entry->gid;
    v->atime_ns = v->mtime_ns = v->ctime_ns = time_of(entry);
}

static err_t add_locked(struct build *b, struct vnode *parent, const char *name, uint32_t bytes,
                        struct vnode *v) REQUIRES(fs_queue.lock)
{
    err_t e = directory_add_locked(parent, name, bytes, true, v, NULL);
    return failed(e) ? refuse(b, e, "no memory for the name") : OK;
}

static err_t step_locked(struct build *b, struct vnode **at, const char *name, uint32_t bytes)
    REQUIRES(fs_queue.lock)
{
    if (bytes > LINUX_NAME_MAX) return refuse(b, ERR_NAME_TOO_LONG, "a directory's name is too long");
    struct dir_entry *entry = directory_find_locked(*at, name, bytes);
    if (entry) {
        if (!vnode_is_directory(entry->vnode))
            return refuse(b, ERR_NOT_DIRECTORY, "it lies below something that is no directory");
        *at = entry->vnode;
        return OK;
    }
    struct vnode *made = vnode_create(MISSING_DIRECTORY_MODE, FILESYSTEM_ROOT, (*at)->mtime_ns);
    if (!made) return refuse(b, ERR_NO_MEMORY, "no memory for its directory");
    err_t e = add_locked(b, *at, name, bytes, made);
    vnode_put(made); /* the tree's reference keeps it */
    *at = made;
    return e;
}

/* The directory `path` names, made where it is missing. */
static err_t find_parent_locked(struct build *b, const char *path, uint32_t bytes, struct vnode **out)
    REQUIRES(fs_queue.lock)
{
    if (b->parent && bytes == b->parent_bytes && memcmp(path, b->parent_name, bytes) == 0) {
        *out = b->parent;
        return OK;
    }
    struct vnode *at = b->root;
    const char *rest = path, *name;
    uint32_t rest_bytes = bytes, name_bytes;
    while (cpio_component(&rest, &rest_bytes, &name, &name_bytes)) {
        err_t e = step_locked(b, &at, name, name_bytes);
        if (failed(e)) return e;
    }
    b->parent_name = path;
    b->parent_bytes = bytes;
    *out = b->parent = at;
    return OK;
}

/* ---- hard links ---- */

static struct hard_link **find_link(const struct cpio_entry *entry)
{
    struct hard_link **at = &links[entry->inode % LINK_BUCKETS];
    while (*at && ((*at)->inode != entry->inode || (*at)->device_major != entry->device_major ||
                   (*at)->device_minor != entry->device_minor))
        at = &(*at)->next;
    return at;
}

static err_t remember_link(struct build *b, const struct cpio_entry *entry, struct vnode *v)
{
    struct hard_link *link = heap_alloc(sizeof(*link));
    if (!link) return refuse(b, ERR_NO_MEMORY, "no memory for its links");
    *link = (struct hard_link){
        .vnode = vnode_get(v),
        .inode = entry->inode,
        .device_major = entry->device_major,
        .device_minor = entry->device_minor,
    };
    *find_link(entry) = link;
    b->has_links = true;
    return OK;
}

static void forget_links(struct build *b)
{
    for (size_t i = 0; b->has_links && i < LINK_BUCKETS; i++) {
        struct hard_link *next;
        for (struct hard_link *link = links[i]; link; link = next) {
            next = link->next;
            vnode_put(link->vnode);
            heap_free(link);
        }
        links[i] = NULL;
    }
}

/* ---- entries ---- */

static void fill_vnode(struct vnode *v, const struct cpio_entry *entry)
{
    if (entry->type == CPIO_SYMLINK) {
        v->symlink.target = (const char *)entry->data;
        v->size = entry->data_bytes;
    } else if (vnode_is_device(v)) {
        v->device = linux_makedev(entry->rdev_major, entry->rdev_minor);
    } else if (vnode_is_regular(v) && entry->data_bytes > 0) {
        tmpfs_set_lower(v, entry->data, entry->data_bytes);
    }
    adopt_attributes(v, entry);
}

/* A counted vnode for the entry: a new one, or that of an earlier name of the same file. */
static err_t get_vnode(struct build *b, const struct cpio_entry *entry, struct vnode **out)
{
    bool is_linked = entry->type == CPIO_REGULAR && entry->nlink > 1;
    struct hard_link *link = is_linked ? *find_link(entry) : NULL;
    if (link) {
        fill_vnode(link->vnode, entry);
        *out = vnode_get(link->vnode);
        return OK;
    }
    *out = vnode_create(entry->type, FILESYSTEM_ROOT, 0);
    if (!*out) return refuse(b, ERR_NO_MEMORY, "no memory for it");
    fill_vnode(*out, entry);
    err_t e = is_linked ? remember_link(b, entry, *out) : OK;
    if (failed(e)) vnode_put(*out);
    return e;
}

/* Archives may be laid over each other: a later file replaces an earlier one, directories join. */
static err_t replace_locked(struct build *b, struct dir_entry *before, const struct cpio_entry *entry,
                            bool *is_done) REQUIRES(fs_queue.lock)
{
    if (!vnode_is_directory(before->vnode)) {
        vnode_put(directory_remove_locked(before));
        return OK;
    }
    if (entry->type != CPIO_DIRECTORY) return refuse(b, ERR_EXISTS, "it would replace a directory");
    adopt_attributes(before->vnode, entry);
    *is_done = true;
    return OK;
}

static err_t add_entry_locked(struct build *b, const struct cpio_entry *entry) REQUIRES(fs_queue.lock)
{
    if (entry->name_bytes == 0) {
        adopt_attributes(b->root, entry);
        return OK;
    }
    const char *name = entry->name + entry->name_bytes;
    while (name > entry->name && name[-1] != '/') name--;
    uint32_t bytes = (uint32_t)(entry->name + entry->name_bytes - name);
    if (bytes > LINUX_NAME_MAX) return refuse(b, ERR_NAME_TOO_LONG, "its name is too long");

    struct vnode *parent, *v;
    err_t e = find_parent_locked(b, entry->name, (uint32_t)(name - entry->name), &parent);
    if (failed(e)) return e;
    bool is_done = false;
    struct dir_entry *before = directory_find_locked(parent, name, bytes);
    if (before) e = replace_locked(b, before, entry, &is_done);
    if (failed(e) || is_done) return e;

    e = get_vnode(b, entry, &v);
    if (failed(e)) return e;
    e = add_locked(b, parent, name, bytes, v);
    vnode_put(v);
    return e;
}

static void say_where(const char *why, const struct cpio_entry *entry)
{
    int shown = (int)MIN(entry->name_bytes, (uint32_t)REASON_NAME_MAX);
    format_string(reason, sizeof(reason), "initramfs entry \"%.*s\": %s", shown, entry->name, why);
}

static err_t unpack(struct build *b, const void *archive, size_t bytes)
{
    struct cpio_reader reader;
    struct cpio_entry entry;
    cpio_reader_init(&reader, archive, bytes);
    for (;;) {
        const char *why = NULL;
        err_t e = cpio_next(&reader, &entry, &why);
        if (e.code == ERR_NOT_FOUND.code) return OK;
        if (failed(e)) {
            format_string(reason, sizeof(reason), "initramfs at byte %llu: %s",
                          (unsigned long long)reader.offset, why);
            return e;
        }
        fs_lock();
        e = add_entry_locked(b, &entry);
        fs_unlock();
        if (failed(e)) {
            say_where(b->why, &entry);
            return e;
        }
    }
}

/* ---- the whole tree ---- */

static void clear_tree(struct vnode *root)
{
    mount_fini();
    fs_lock();
    directory_clear_locked(root);
    directory_table_trim_locked();
    fs_unlock();
    vnode_put(root);
}

/* The mounted tree hides what the archive has under the name, as a mount does. */
static err_t mount(struct vnode *root, const char *name, const struct mount_type *type,
                   enum filesystem filesystem)
{
    struct vnode *tree;
    err_t e = type->create(&tree, filesystem, root->mtime_ns);
    if (failed(e)) return e;
    struct vnode *hidden = NULL;
    fs_lock();
    struct dir_entry *before = directory_find_locked(root, name, strlen(name));
    if (before) {
        if (vnode_is_directory(before->vnode)) directory_clear_locked(before->vnode);
        hidden = directory_remove_locked(before);
    }
    e = directory_add_locked(root, name, strlen(name), true, tree, NULL);
    if (failed(e))
        directory_clear_locked(tree);
    else
        mount_add_first(type, tree);
    fs_unlock();
    vnode_put(hidden);
    vnode_put(tree);
    return e;
}

static struct rootfs_tree *trees;

void rootfs_add_tree(struct rootfs_tree *tree)
{
    tree->next = trees;
    trees = tree;
    mount_add_type(tree->type);
}

static err_t mount_all(struct vnode *root)
{
    mount_add_first(&mount_tmpfs, root);
    err_t e = mount(root, "dev", &devfs_type, FILESYSTEM_DEV);
    for (const struct rootfs_tree *tree = trees; tree && !failed(e); tree = tree->next)
        e = mount(root, tree->name, tree->type, tree->filesystem);
    if (failed(e)) format_string(reason, sizeof(reason), "no memory for /dev, /proc and /sys");
    return e;
}

err_t rootfs_init(const void *archive, size_t bytes, const char **why)
{
    *why = reason;
    struct build b = { .root = vnode_create(MISSING_DIRECTORY_MODE, FILESYSTEM_ROOT, 0) };
    if (!b.root) {
        format_string(reason, sizeof(reason), "no memory for the root directory");
        return ERR_NO_MEMORY;
    }
    b.root->links = 2; /* no name of its own: "." and the mount */
    err_t e = unpack(&b, archive, bytes);
    forget_links(&b);
    if (!failed(e)) e = mount_all(b.root);
    if (failed(e)) {
        clear_tree(b.root);
        return e;
    }
    tmpfs_init();
    tree_root = b.root;
    return OK;
}

void rootfs_fini(void)
{
    clear_tree(tree_root);
    tree_root = NULL;
}

struct vnode *rootfs_root(void) { return tree_root; }
