/* SPDX-License-Identifier: Apache-2.0 */
/* read, write and their kin. [linux fs/read_write.c, lib/iov_iter.c] for the order of checks. */
#include "syscall/sys_file.h"

#include "abi/linux/fcntl.h"
#include "fs/fd_table.h"
#include "fs/file.h"
#include "process/process.h"
#include "syscall/io_pieces.h"
#include "syscall/sys_path.h"
#include "vm/layout.h"
#include "vm/usercopy.h"

/* How a call names its memory, where it starts in the file, and which way bytes go. */
struct io_call {
    uint64_t fd;
    uint64_t address, count; /* bytes, or pieces of a vector */
    bool is_vector, is_write;
    bool has_offset;
    uint64_t offset;
    uint32_t flags; /* LINUX_RWF_ */
};

static err_t check_file(const struct file *file, const struct io_call *call)
{
    if (call->has_offset && !file->ops->is_seekable) return ERR_SEEK_PIPE;
    if (!(call->is_write ? file_is_writable(file) : file_is_readable(file))) return ERR_BAD_FD;
    return (call->is_write ? !file->ops->write : !file->ops->read) ? ERR_INVALID : OK;
}

static err_t check_range(const struct file *file, const struct io_call *call, uint64_t bytes)
{
    /* A shared position may move meanwhile; that case is the file's to survive, this one the caller's
     * to be told about. */
    uint64_t start = call->has_offset ? call->offset : file->position;
    bool has_position = file->ops->is_seekable;
    return has_position && (int64_t)(start + bytes) < 0 ? ERR_INVALID : OK;
}

/* What is synchronous or polled for anyway needs nothing; no file promises not to wait, as in Linux 6.1, where those
 * of tmpfs, pipes and sockets do not. [linux include/linux/fs.h kiocb_set_rw_flags] */
static err_t check_flags(uint32_t flags)
{
    const uint32_t kept = LINUX_RWF_HIPRI | LINUX_RWF_DSYNC | LINUX_RWF_SYNC | LINUX_RWF_APPEND;
    return flags & ~kept ? ERR_NOT_SUPPORTED : OK;
}

static int64_t transfer(struct file *file, const struct io_call *call)
{
    struct io_pieces pieces;
    err_t e = check_file(file, call);
    if (failed(e)) return e.code;
    e = call->is_vector ? io_pieces_decode_vector(call->address, call->count, &pieces)
                        : io_pieces_decode(call->address, call->count, &pieces);
    if (failed(e)) return e.code;
    int64_t result = check_range(file, call, call->is_vector ? pieces.bytes : call->count).code;
    bool is_empty_vector = call->is_vector && pieces.bytes == 0; /* the file is not even asked */
    if (result == 0 && !is_empty_vector) result = check_flags(call->flags).code;
    if (result == 0 && !is_empty_vector) {
        struct io_buffer buffer;
        uint64_t position = call->offset;
        uint64_t *at = call->has_offset ? &position : NULL;
        io_buffer_init_user(&buffer, pieces.segments, pieces.bytes);
        buffer.appends = call->flags & LINUX_RWF_APPEND;
        result = call->is_write ? file_write(file, &buffer, at) : file_read(file, &buffer, at);
    }
    io_pieces_fini(&pieces);
    return result;
}

static int64_t run(const struct io_call *call)
{
    if (call->has_offset && (int64_t)call->offset < 0) return ERR_INVALID.code;
    struct file *file;
    err_t e = file_argument(call->fd, &file);
    if (failed(e)) return e.code;
    int64_t result = transfer(file, call);
    file_put(file);
    return result;
}

/* ---- the two that have to be quick ---- */

/* The file needs no counting when nobody else could close it before the call is over. */
static inline struct file *find_alone(uint32_t fd)
{
    const struct process *p = process_current();
    bool is_alone = __atomic_load_n(&p->thread_count, __ATOMIC_RELAXED) <= 1 && fd_table_is_own(p->files);
    return likely(is_alone) ? fd_peek(p->files, fd) : NULL;
}

/* Who watches it is told by the long way. */
static inline bool is_unwatched(const struct file *file) { return likely(!file->vnode->notify); }

static inline bool may_read(const struct file *file, uint64_t address, uint64_t bytes)
{
    uint32_t mode = file->flags & (LINUX_O_ACCMODE | LINUX_O_PATH);
    bool is_open_for_it = mode == LINUX_O_RDONLY || mode == LINUX_O_RDWR;
    return file->ops->read_user && is_open_for_it && bytes <= PAGE_BYTES && is_user_range(address, bytes) &&
           is_unwatched(file);
}

static inline bool may_write(const struct file *file, uint64_t address, uint64_t bytes)
{
    uint32_t mode = file->flags & (LINUX_O_ACCMODE | LINUX_O_PATH);
    bool is_open_for_it = mode == LINUX_O_WRONLY || mode == LINUX_O_RDWR;
    return file->ops->write_user && is_open_for_it && bytes <= PAGE_BYTES && is_user_range(address, bytes) &&
           is_unwatched(file);
}

static NOINLINE int64_t transfer_counted(uint32_t fd, uint64_t address, uint64_t bytes, bool is_write)
{
    struct file *file = fd_get(process_current()->files, fd);
    if (!file) return ERR_BAD_FD.code;
    struct io_call call = { .address = address, .count = bytes, .is_write = is_write };
    int64_t result = ERR_BAD_FD.code;
    if (is_write && may_write(file, address, bytes))
        result = file->ops->write_user(file, address, bytes);
    else if (!is_write && may_read(file, address, bytes))
        result = file->ops->read_user(file, address, bytes);
    else if (!(file->flags & LINUX_O_PATH))
        result = transfer(file, &call);
    file_put(file);
    return result;
}

int64_t sys_read(uint64_t fd, uint64_t buffer, uint64_t bytes)
{
    struct file *file = find_alone((uint32_t)fd);
    if (likely(file) && may_read(file, buffer, bytes)) return file->ops->read_user(file, buffer, bytes);
    return transfer_counted((uint32_t)fd, buffer, bytes, false);
}

int64_t sys_write(uint64_t fd, uint64_t buffer, uint64_t bytes)
{
    struct file *file = find_alone((uint32_t)fd);
    if (likely(file) && may_write(file, buffer, bytes)) return file->ops->write_user(file, buffer, bytes);
    return transfer_counted((uint32_t)fd, buffer, bytes, true);
}

static inline bool may_read_at(const struct file *file, uint64_t address, uint64_t bytes, uint64_t offset)
{
    uint32_t mode = file->flags & (LINUX_O_ACCMODE | LINUX_O_PATH);
    bool is_open_for_it = mode == LINUX_O_RDONLY || mode == LINUX_O_RDWR;
    return file->ops->read_user_at && is_open_for_it && bytes <= LINUX_RW_COUNT_MAX &&
           is_user_range(address, bytes) && offset <= (uint64_t)INT64_MAX - bytes && is_unwatched(file);
}

/* ---- the others ---- */

static NOINLINE int64_t read_at(uint64_t fd, uint64_t buffer, uint64_t bytes, uint64_t offset)
{
    return run(&(struct io_call){
        .fd = fd, .address = buffer, .count = bytes, .has_offset = true, .offset = offset });
}

int64_t sys_pread64(uint64_t fd, uint64_t buffer, uint64_t bytes, uint64_t offset)
{
    struct file *file = find_alone((uint32_t)fd);
    if (likely(file) && may_read_at(file, buffer, bytes, offset))
        return file->ops->read_user_at(file, buffer, bytes, offset);
    return read_at(fd, buffer, bytes, offset);
}

int64_t sys_pwrite64(uint64_t fd, uint64_t buffer, uint64_t bytes, uint64_t offset)
{
    return run(&(struct io_call){ .fd = fd,
                                  .address = buffer,
                                  .count = bytes,
                                  .has_offset = true,
                                  .offset = offset,
                                  .is_write = true });
}

int64_t sys_readv(uint64_t fd, uint64_t vector, uint64_t count)
{
    return run(&(struct io_call){ .fd = fd, .address = vector, .count = count, .is_vector = true });
}

int64_t sys_writev(uint64_t fd, uint64_t vector, uint64_t count)
{
    return run(&(struct io_call){
        .fd = fd, .address = vector, .count = count, .is_vector = true, .is_write = true });
}

int64_t sys_preadv(uint64_t fd, uint64_t vector, uint64_t count, uint64_t offset)
{
    return run(&(struct io_call){ .fd = fd,
                                  .address = vector,
                                  .count = count,
                                  .is_vector = true,
                                  .has_offset = true,
                                  .offset = offset });
}

int64_t sys_pwritev(uint64_t fd, uint64_t vector, uint64_t count, uint64_t offset)
{
    return run(&(struct io_call){ .fd = fd,
                                  .address = vector,
                                  .count = count,
                                  .is_vector = true,
                                  .has_offset = true,
                                  .offset = offset,
                                  .is_write = true });
}

/* The offset comes in two registers, of which the first holds all of it; -1 means the file's own position. */
int64_t sys_preadv2(uint64_t fd, uint64_t vector, uint64_t count, uint64_t offset, uint64_t high,
                    uint64_t flags)
{
    (void)high;
    return run(&(struct io_call){ .fd = fd,
                                  .address = vector,
                                  .count = count,
                                  .is_vector = true,
                                  .has_offset = offset != UINT64_MAX,
                                  .offset = offset,
                                  .flags = (uint32_t)flags });
}

int64_t sys_pwritev2(uint64_t fd, uint64_t vector, uint64_t count, uint64_t offset, uint64_t high,
                     uint64_t flags)
{
    (void)high;
    return run(&(struct io_call){ .fd = fd,
                                  .address = vector,
                                  .count = count,
                                  .is_vector = true,
                                  .has_offset = offset != UINT64_MAX,
                                  .offset = offset,
                                  .is_write = true,
                                  .flags = (uint32_t)flags });
}

static int64_t seek(struct file *file, int64_t offset, uint32_t whence)
{
    if (whence > LINUX_SEEK_HOLE) return ERR_INVALID.code;
    if (!file->ops->seek) return ERR_SEEK_PIPE.code;
    file_take_position(file);
    uint64_t position = file->position;
    err_t e = file->ops->seek(file, offset, whence, &position);
    if (!failed(e)) file->position = position;
    file_give_position(file);
    return failed(e) ? e.code : (int64_t)position;
}

int64_t sys_lseek(uint64_t fd, uint64_t offset, uint64_t whence)
{
    struct file *file;
    err_t e = file_argument(fd, &file);
    if (failed(e)) return e.code;
    int64_t result = seek(file, (int64_t)offset, (uint32_t)whence);
    file_put(file);
    return result;
}
