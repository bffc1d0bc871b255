/* SPDX-License-Identifier: Apache-2.0 */
/* inotify(7): a queue of what happened to files and directories under watch. */
#pragma once
#include "lib/base.h"

struct file;
struct vnode;

/* Per user, but for the first; set through /proc/sys/fs/inotify; atomic. */
struct inotify_limits {
    uint32_t queued_events; /* of one inotify made from now on */
    uint32_t user_instances, user_watches;
};
extern struct inotify_limits inotify_limits;

/* `flags`: LINUX_O_NONBLOCK. TOO_MANY_FILES, NO_MEMORY. */
err_t inotify_open(uint32_t flags, struct file **out);
bool inotify_is(const struct file *file);

/* The watch's number or a negative errno: EXISTS for LINUX_IN_MASK_CREATE, NO_SPACE, NO_MEMORY. */
int64_t inotify_add(struct file *file, struct vnode *v, uint32_t mask);
/* INVALID. */
err_t inotify_remove(struct file *file, uint32_t number);
