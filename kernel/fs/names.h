/* SPDX-License-Identifier: Apache-2.0 */
/* Records of getdents64: whoever lists names fills batches under the tree's lock, and they are copied
 * to the program outside it. */
#pragma once
#include "fs/file.h"

enum { NAMES_BATCH_BYTES = 1024 };

struct names_batch {
    uint8_t bytes[NAMES_BATCH_BYTES] ALIGNED(8);
    size_t used;
    size_t capacity; /* what the reader has room for, at most NAMES_BATCH_BYTES */
    uint64_t next;   /* the position after the last record */
    bool is_full;    /* a record did not fit */
};

/* `next` is the position that follows this name. False: it did not fit, come again. */
bool names_add(struct names_batch *batch, uint64_t inode, uint32_t mode, const char *name, size_t bytes,
               uint64_t next);

/* Adds what lies at and after batch->next. */
typedef void (*names_fill)(struct file *file, struct names_batch *batch);
int64_t names_read(struct file *file, struct io_buffer *to, uint64_t *position, names_fill fill)
    EXCLUDES(fs_queue.lock);
