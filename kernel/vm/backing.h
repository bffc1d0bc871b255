/* SPDX-License-Identifier: Apache-2.0 */
/* What a file mapping needs of a file. vm/ owns the contract; container/file_backing.c fills it in
 * from a vnode, so that vm/ does not know files. */
#pragma once
#include "lib/base.h"

struct backing;

struct backing_ops {
    /* The frame that already holds the whole page, to be mapped in place read-only and never freed
     * by the caller. ERR_NOT_SUPPORTED: there is none, use read. */
    err_t (*page)(struct backing *backing, uint64_t page_index, paddr_t *out);
    /* Copies a page's bytes; what lies beyond the end of the file is zero. ERR_IO when the whole
     * page lies beyond it (SIGBUS for the program). */
    err_t (*read)(struct backing *backing, uint64_t page_index, void *out_page);
    void (*destroy)(struct backing *backing);
};

struct backing { /* embedded in its owner's struct */
    const struct backing_ops *ops;
    uint32_t references; /* areas that use it; under the space's lock */
};

static inline struct backing *backing_get(struct backing *backing)
{
    if (backing) backing->references++;
    return backing;
}
static inline void backing_put(struct backing *backing)
{
    if (backing && --backing->references == 0) backing->ops->destroy(backing);
}
