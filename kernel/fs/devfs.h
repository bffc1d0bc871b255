/* SPDX-License-Identifier: Apache-2.0 */
/* /dev: character devices by number, the names they have, and the links every program expects there. */
#pragma once
#include "fs/file.h"
#include "fs/mount.h"

struct char_device {
    const char *name;      /* in /dev; NULL for none */
    const char *directory; /* there, which has the name instead; NULL: none */
    uint64_t number;       /* linux_makedev(major, minor) */
    uint32_t permissions;
    const struct file_ops *ops;
    void *context;    /* of every file opened on it */
    uint32_t further; /* so many numbers behind its own have the same operations */
};

enum { DEVFS_DEVICES_MAX = 32 };

/* Makes the device known; before devfs_create, which names it. The record lives for ever. LIMIT
 * is a programming error: the table's size is fixed. Boot only. */
void devfs_add(const struct char_device *device);
/* A tree that becomes a directory of /dev; as devfs_add. */
void devfs_add_tree(const char *name, struct mount_type *type, enum filesystem filesystem);
/* NULL when nobody has the number. */
const struct char_device *devfs_find(uint64_t number);

/* Its trees are new ones for /dev, with the others attached; elsewhere those are empty directories. */
extern struct mount_type devfs_type;
