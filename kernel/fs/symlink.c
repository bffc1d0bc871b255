/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/symlink.h"

#include "fs/made.h"
#include "lib/string.h"

/* The target of an ordinary link never changes, so it needs no lock. */
err_t symlink_read(struct fs_context *reader, const struct vnode *link, char *text, size_t capacity,
                   size_t *length)
{
    if (link->made && link->made->row->kind == MADE_LINK)
        return link->made->row->link->read(link->made, reader, text, capacity, length);
    *length = MIN(link->size, capacity);
    memcpy(text, link->symlink.target, *length);
    return OK;
}
