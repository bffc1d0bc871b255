/* SPDX-License-Identifier: Apache-2.0 */
#include "host/ck/tree_file.h"

#include "host/ck/report.h"

bool tree_file_open(const struct tree_node *node, struct memory_file *out)
{
    const struct tree_inode *inode = node->inode;
    if (inode->host_path) {
        if (memory_file_open(out, inode->host_path)) return true;
        report_errno("%s", inode->host_path);
        return false;
    }
    *out = (struct memory_file){ .fd = -1, .bytes = (uint8_t *)inode->data, .count = inode->bytes };
    return true;
}

void tree_file_close(struct memory_file *file)
{
    if (file->fd >= 0) memory_file_close(file);
}
