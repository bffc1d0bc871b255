/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/devfs.h"

#include "abi/linux/fcntl.h"
#include "core/entropy.h"
#include "fs/directory.h"
#include "lib/string.h"

enum { MEM_MAJOR = 1, RANDOM_BATCH_BYTES = 256 };

/* ---- what every machine has. [linux admin-guide/devices.rst, drivers/char/mem.c] ---- */

static int64_t null_read(struct file *file, struct io_buffer *to, uint64_t *position)
{
    (void)file, (void)to, (void)position;
    return 0;
}

static int64_t null_write(struct file *file, struct io_buffer *from, uint64_t *position)
{
    (void)file, (void)position;
    return (int64_t)io_skip(from, from->left);
}

static int64_t null_read_user(struct file *file, uint64_t address, uint64_t bytes)
{
    (void)file, (void)address, (void)bytes;
    return 0;
}

static int64_t null_write_user(struct file *file, uint64_t address, uint64_t bytes)
{
    (void)file, (void)address;
    return (int64_t)bytes;
}

static int64_t zero_read(struct file *file, struct io_buffer *to, uint64_t *position)
{
    (void)file, (void)position;
    uint64_t wanted = to->left;
    size_t done = io_put_zeros(to, wanted);
    return io_result(done, done == wanted ? OK : ERR_FAULT);
}

static int64_t full_write(struct file *file, struct io_buffer *from, uint64_t *position)
{
    (void)file, (void)from, (void)position;
    return ERR_NO_SPACE.code;
}

static int64_t random_device_read(struct file *file, struct io_buffer *to, uint64_t *position)
{
    (void)file, (void)position;
    uint8_t batch[RANDOM_BATCH_BYTES];
    uint64_t done = 0;
    while (to->left > 0) {
        size_t bytes = MIN(to->left, sizeof(batch));
        entropy_read(batch, bytes);
        size_t copied = io_put(to, batch, bytes);
        done += copied;
        if (copied < bytes) return io_result(done, ERR_FAULT);
    }
    return (int64_t)done;
}

/* What a program writes is mixed in and counts for nothing. */
static int64_t random_device_write(struct file *file, struct io_buffer *from, uint64_t *position)
{
    (void)file, (void)position;
    uint8_t batch[RANDOM_BATCH_BYTES];
    uint64_t done = 0;
    while (from->left > 0) {
        size_t bytes = MIN(from->left, sizeof(batch));
        size_t copied = io_take(from, batch, bytes);
        entropy_mix(batch, copied);
        done += copied;
        if (copied < bytes) return io_result(done, ERR_FAULT);
    }
    return (int64_t)done;
}

static err_t seek_to_zero(struct file *file, int64_t offset, uint32_t whence, uint64_t *position)
{
    (void)file, (void)offset, (void)whence;
    *position = 0;
    return OK;
}

static err_t seek_nowhere(struct file *file, int64_t offset, uint32_t whence, uint64_t *position)
{
    (void)file, (void)offset, (void)whence, (void)position;
    return OK;
}

static const struct file_ops null_ops = {
    .name = "null",
    .is_seekable = true,
    .is_spliceable = true,
    .read = null_read,
    .read_user = null_read_user,
    .write = null_write,
    .write_user = null_write_user,
    .seek = seek_to_zero,
};
static const struct file_ops zero_ops = {
    .name = "zero",
    .is_seekable = true,
    .is_spliceable = true,
    .read = zero_read,
    .write = null_write,
    .write_user = null_write_user,
    .seek = seek_to_zero,
};
static const struct file_ops full_ops = {
    .name = "full",
    .is_seekable = true,
    .is_spliceable = true,
    .read = zero_read,
    .write = full_write,
    .seek = seek_to_zero,
};
static const struct file_ops random_ops = {
    .name = "random",
    .is_seekable = true,
    .is_spliceable = true,
    .read = random_device_read,
    .write = random_device_write,
    .seek = seek_nowhere,
};

static const struct char_device memory_devices[] = {
    { .name = "null", .number = 0x103, .permissions = 0666, .ops = &null_ops },
    { .name = "zero", .number = 0x105, .permissions = 0666, .ops = &zero_ops },
    { .name = "full", .number = 0x107, .permissions = 0666, .ops = &full_ops },
    { .name = "random", .number = 0x108, .permissions = 0666, .ops = &random_ops },
    { .name = "urandom", .number = 0x109, .permissions = 0666, .ops = &random_ops },
};
_Static_assert(MEM_MAJOR == 0x103 >> 8, "the numbers above");

/* ---- devices of others ---- */

static const struct char_device *added[DEVFS_DEVICES_MAX];
static size_t added_count;

void devfs_add(const struct char_device *device)
{
    ASSERT(added_count < DEVFS_DEVICES_MAX);
    added[added_count++] = device;
}

enum { TREES_MAX = 4 };
static struct dev_tree {
    const char *name;
    const struct mount_type *type;
    enum filesystem filesystem;
} trees[TREES_MAX];
static size_t tree_count;

void devfs_add_tree(const char *name, struct mount_type *type, enum filesystem filesystem)
{
    ASSERT(tree_count < TREES_MAX);
    mount_add_type(type);
    trees[tree_count++] = (struct dev_tree){ name, type, filesystem };
}

const struct char_device *devfs_find(uint64_t number)
{
    for (size_t i = 0; i < ARRAY_LENGTH(memory_devices); i++)
        if (memory_devices[i].number == number) return &memory_devices[i];
    for (size_t i = 0; i < added_count; i++)
        if (number - added[i]->number <= added[i]->further) return added[i];
    return NULL;
}

/* ---- the tree ---- */

struct dev_name {
    const char *name;
    const char *target; /* NULL: a directory */
};

static const struct dev_name names[] = {
    { "fd", "/proc/self/fd" },
    { "stdin", "/proc/self/fd/0" },
    { "stdout", "/proc/self/fd/1" },
    { "stderr", "/proc/self/fd/2" },
    { "shm", NULL },
};

static err_t add_vnode(struct vnode *dev, const char *name, size_t bytes, struct vnode *v)
{
    fs_lock();
    err_t e = directory_add_locked(dev, name, bytes, true, v, NULL);
    fs_unlock();
    return e;
}

/* The directory of a device, made with the first of them; *out is counted. */
static err_t open_directory(struct vnode *dev, const char *name, struct vnode **out)
{
    size_t bytes = strlen(name);
    fs_lock();
    struct dir_entry *entry = directory_find_locked(dev, name, bytes);
    *out = entry ? vnode_get(entry->vnode) : NULL;
    fs_unlock();
    if (*out) return OK;
    *out = vnode_create(LINUX_S_IFDIR | 0755, dev->filesystem, dev->mtime_ns);
    if (!*out) return ERR_NO_MEMORY;
    err_t e = add_vnode(dev, name, bytes, *out);
    if (failed(e)) vnode_put(*out);
    return e;
}

static err_t add_device_to(struct vnode *directory, const struct char_device *device)
{
    struct vnode *v =
        vnode_create(LINUX_S_IFCHR | device->permissions, directory->filesystem, directory->mtime_ns);
    if (!v) return ERR_NO_MEMORY;
    v->device = device->number;
    err_t e = add_vnode(directory, device->name, strlen(device->name), v);
    vnode_put(v);
    return e;
}

static err_t add_device(struct vnode *dev, const struct char_device *device)
{
    struct vnode *directory;
    if (!device->name) return OK;
    if (!device->directory) return add_device_to(dev, device);
    err_t e = open_directory(dev, device->directory, &directory);
    if (failed(e)) return e;
    e = add_device_to(directory, device);
    vnode_put(directory);
    return e;
}

static err_t add_name(struct vnode *dev, const struct dev_name *name)
{
    uint32_t mode = name->target ? LINUX_S_IFLNK | 0777 : LINUX_S_IFDIR | 01777;
    struct vnode *v = vnode_create(mode, dev->filesystem, dev->mtime_ns);
    if (!v) return ERR_NO_MEMORY;
    err_t e = name->target ? vnode_set_target(v, name->target, strlen(name->target)) : OK;
    if (!failed(e)) e = add_vnode(dev, name->name, strlen(name->name), v);
    vnode_put(v);
    return e;
}

static err_t add_tree(struct vnode *dev, const struct dev_tree *tree)
{
    struct vnode *v;
    if (dev->filesystem != FILESYSTEM_DEV) return add_name(dev, &(struct dev_name){ tree->name, NULL });
    err_t e = tree->type->create(&v, tree->filesystem, dev->mtime_ns);
    if (failed(e)) return e;
    e = add_vnode(dev, tree->name, strlen(tree->name), v);
    if (!failed(e)) mount_add_first(tree->type, v);
    vnode_put(v);
    return e;
}

static err_t fill(struct vnode *dev)
{
    err_t e = OK;
    for (size_t i = 0; i < ARRAY_LENGTH(memory_devices) && !failed(e); i++)
        e = add_device(dev, &memory_devices[i]);
    for (size_t i = 0; i < added_count && !failed(e); i++) e = add_device(dev, added[i]);
    for (size_t i = 0; i < ARRAY_LENGTH(names) && !failed(e); i++) e = add_name(dev, &names[i]);
    for (size_t i = 0; i < tree_count && !failed(e); i++) e = add_tree(dev, &trees[i]);
    return e;
}

static err_t create(struct vnode **out, enum filesystem filesystem, int64_t time_ns)
{
    struct vnode *dev = vnode_create(LINUX_S_IFDIR | 0755, filesystem, time_ns);
    if (!dev) return ERR_NO_MEMORY;
    err_t e = fill(dev);
    if (!failed(e)) {
        *out = dev;
        return OK;
    }
    fs_lock();
    directory_clear_locked(dev);
    fs_unlock();
    vnode_put(dev);
    return e;
}

struct mount_type devfs_type = { "devtmpfs", LINUX_TMPFS_MAGIC, false, create, NULL };
