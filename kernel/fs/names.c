/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/names.h"

#include "abi/linux/dirent.h"
#include "lib/string.h"

bool names_add(struct names_batch *batch, uint64_t inode, uint32_t mode, const char *name, size_t bytes,
               uint64_t next)
{
    size_t record_bytes = align_up(offsetof(struct linux_dirent64, d_name) + bytes + 1, 8);
    if (batch->used + record_bytes > batch->capacity) {
        batch->is_full = true;
        return false;
    }
    struct linux_dirent64 *record = (struct linux_dirent64 *)(batch->bytes + batch->used);
    memset(record, 0, record_bytes); /* the padding reaches the program too */
    record->d_ino = inode;
    record->d_off = (int64_t)next;
    record->d_reclen = (uint16_t)record_bytes;
    record->d_type = (uint8_t)((mode & LINUX_S_IFMT) >> 12);
    memcpy(record->d_name, name, bytes);
    batch->used += record_bytes;
    batch->next = next;
    return true;
}

int64_t names_read(struct file *file, struct io_buffer *to, uint64_t *position, names_fill fill)
{
    struct names_batch batch;
    uint64_t done = 0;
    do {
        batch.used = 0;
        batch.is_full = false;
        batch.next = *position;
        batch.capacity = MIN(to->left, (uint64_t)NAMES_BATCH_BYTES);
        fill(file, &batch);
        if (batch.used == 0) return batch.is_full && done == 0 ? ERR_INVALID.code : (int64_t)done;
        if (io_put(to, batch.bytes, batch.used) < batch.used) return io_result(done, ERR_FAULT);
        done += batch.used;
        *position = batch.next;
    } while (batch.is_full);
    return (int64_t)done;
}
