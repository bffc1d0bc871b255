/* SPDX-License-Identifier: Apache-2.0 */
/* Listing directories, in records of two layouts. */
#include "syscall/sys_file.h"

#include "abi/linux/dirent.h"
#include "fs/notify.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "syscall/sys_path.h"
#include "vm/usercopy.h"

static int64_t read_names(struct file *file, uint64_t address, uint64_t bytes)
{
    if (!file->ops->read_names) return ERR_NOT_DIRECTORY.code;
    struct io_segment segment = { address, bytes };
    struct io_buffer buffer;
    io_buffer_init_user(&buffer, &segment, bytes);
    file_take_position(file);
    int64_t result = file->ops->read_names(file, &buffer, &file->position);
    file_give_position(file);
    notify_file(file, LINUX_IN_ACCESS);
    return result;
}

int64_t sys_getdents64(uint64_t fd, uint64_t buffer, uint64_t bytes)
{
    struct file *file;
    err_t e = file_argument(fd, &file);
    if (failed(e)) return e.code;
    int64_t result = read_names(file, buffer, (int32_t)bytes < 0 ? 0 : (uint32_t)bytes);
    file_put(file);
    return result;
}

/* ---- the old records: as long as the new ones, but the type is their last byte ---- */

enum { OLD_NAME_AT = 18 };
_Static_assert(offsetof(struct linux_dirent64, d_type) == OLD_NAME_AT, "where the old name begins");

static void make_old(uint8_t *records, size_t bytes)
{
    struct linux_dirent64 *record;
    for (size_t at = 0; at < bytes; at += record->d_reclen) {
        record = (struct linux_dirent64 *)(records + at);
        uint8_t type = record->d_type;
        size_t name_bytes = record->d_reclen - offsetof(struct linux_dirent64, d_name);
        memmove(records + at + OLD_NAME_AT, record->d_name, name_bytes);
        records[at + record->d_reclen - 1] = type;
    }
}

/* Whole records, as many as fit in the bounce buffer. */
static int64_t read_old_some(struct file *file, uint64_t address, void *bounce, uint64_t bytes)
{
    struct io_segment segment;
    struct io_buffer buffer;
    uint64_t position = file->position;
    io_buffer_init_kernel(&buffer, &segment, bounce, bytes);
    int64_t got = file->ops->read_names(file, &buffer, &position);
    if (got <= 0) return got;
    make_old(bounce, (size_t)got);
    err_t e = user_copy_out(UADDR(address), bounce, (size_t)got);
    if (failed(e)) return e.code;
    file->position = position;
    return got;
}

static int64_t read_old_names(struct file *file, uint64_t address, uint64_t bytes)
{
    if (!file->ops->read_names) return ERR_NOT_DIRECTORY.code;
    uint8_t *bounce = heap_alloc(PAGE_BYTES);
    if (!bounce) return ERR_NO_MEMORY.code;
    uint64_t done = 0;
    int64_t got;
    file_take_position(file);
    do {
        got = read_old_some(file, address + done, bounce, MIN(bytes - done, (uint64_t)PAGE_BYTES));
        if (got > 0) done += (uint64_t)got;
    } while (got > 0);
    file_give_position(file);
    notify_file(file, LINUX_IN_ACCESS);
    heap_free(bounce);
    return done > 0 ? (int64_t)done : got;
}

int64_t sys_getdents(uint64_t fd, uint64_t buffer, uint64_t bytes)
{
    struct file *file;
    err_t e = file_argument(fd, &file);
    if (failed(e)) return e.code;
    int64_t result = read_old_names(file, buffer, (int32_t)bytes < 0 ? 0 : (uint32_t)bytes);
    file_put(file);
    return result;
}
