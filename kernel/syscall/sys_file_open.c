/* SPDX-License-Identifier: Apache-2.0 */
/* Calls that make and drop descriptors. */
#include "syscall/sys_file.h"

#include "abi/linux/fcntl.h"
#include "process/process.h"
#include "fs/fd_table.h"
#include "fs/file.h"
#include "fs/memfd.h"
#include "fs/open.h"
#include "syscall/sys_path.h"
#include "vm/usercopy.h"

static struct fd_table *files(void) { return process_current()->files; }

/* The number is reserved before the path is walked, so that a full table changes nothing. */
static int64_t open_at(const struct path_argument *argument, const struct open_request *request)
{
    uint32_t fd;
    struct file *file;
    err_t e = fd_reserve(files(), 0, fd_limit(), request->flags & LINUX_O_CLOEXEC, &fd);
    if (failed(e)) return e.code;
    e = open_path(&argument->from, argument->path.text, request, &file);
    if (failed(e)) {
        fd_cancel(files(), fd);
        return e.code;
    }
    fd_install(files(), fd, file);
    return fd;
}

int64_t sys_openat(uint64_t directory_fd, uint64_t path, uint64_t flags, uint64_t mode)
{
    struct open_request request = { .flags = (uint32_t)flags, .mode = (uint32_t)mode };
    err_t e = open_flags_check(&request.flags);
    if (failed(e)) return e.code;
    struct path_argument argument;
    e = path_argument_init(&argument, directory_fd, path, PATH_REQUIRED);
    if (failed(e)) return e.code;
    int64_t result = open_at(&argument, &request);
    path_argument_fini(&argument);
    return result;
}

int64_t sys_open(uint64_t path, uint64_t flags, uint64_t mode)
{
    return sys_openat((uint64_t)LINUX_AT_FDCWD, path, flags, mode);
}

int64_t sys_creat(uint64_t path, uint64_t mode)
{
    return sys_open(path, LINUX_O_CREAT | LINUX_O_WRONLY | LINUX_O_TRUNC, mode);
}

/* [linux mm/memfd.c, memfd_create] */
static err_t decode_memfd(uint64_t name, uint32_t flags, char *text, size_t capacity)
{
    uint32_t known = LINUX_MFD_CLOEXEC | LINUX_MFD_ALLOW_SEALING | LINUX_MFD_HUGETLB;
    if (flags & LINUX_MFD_HUGETLB) known |= LINUX_MFD_HUGE_SIZES;
    if (flags & ~known) return ERR_INVALID;
    size_t length;
    err_t e = user_copy_string(text, UADDR(name), capacity, &length);
    return e.code == ERR_NAME_TOO_LONG.code ? ERR_INVALID : e;
}

int64_t sys_memfd_create(uint64_t name, uint64_t flags)
{
    char text[MEMFD_NAME_BYTES_MAX + 1];
    err_t e = decode_memfd(name, (uint32_t)flags, text, sizeof(text));
    if (failed(e)) return e.code;
    uint32_t fd;
    struct file *file;
    e = fd_reserve(files(), 0, fd_limit(), flags & LINUX_MFD_CLOEXEC, &fd);
    if (failed(e)) return e.code;
    /* As a Linux that was built without hugetlbfs. */
    e = flags & LINUX_MFD_HUGETLB ? ERR_NO_SYSCALL : memfd_open(text, flags & LINUX_MFD_ALLOW_SEALING, &file);
    if (failed(e)) {
        fd_cancel(files(), fd);
        return e.code;
    }
    fd_install(files(), fd, file);
    return fd;
}

int64_t sys_close(uint64_t fd)
{
    struct file *file;
    err_t e = fd_remove(files(), (uint32_t)fd, &file);
    if (!failed(e)) file_put(file);
    return e.code;
}

static void close_open(struct fd_table *table, uint32_t fd)
{
    struct file *file;
    /* Another thread may have been faster: then it is closed, which is what was asked for. */
    if (!failed(fd_remove(table, fd, &file))) file_put(file);
}

int64_t sys_close_range(uint64_t first, uint64_t last, uint64_t flags)
{
    uint32_t fd = (uint32_t)first, end = (uint32_t)last;
    if ((uint32_t)flags & ~(uint32_t)(LINUX_CLOSE_RANGE_UNSHARE | LINUX_CLOSE_RANGE_CLOEXEC))
        return ERR_INVALID.code;
    if (fd > end) return ERR_INVALID.code;
    while (fd_next(files(), fd, &fd) && fd <= end) {
        if (!(flags & LINUX_CLOSE_RANGE_CLOEXEC))
            close_open(files(), fd);
        else if (failed(fd_set_cloexec(files(), fd, true)))
            break;
        fd++;
    }
    return 0;
}

static int64_t duplicate(uint64_t fd, uint32_t from, bool is_cloexec)
{
    struct file *file;
    err_t e = file_argument_or_path(fd, &file);
    if (failed(e)) return e.code;
    uint32_t copy;
    e = fd_reserve(files(), from, fd_limit(), is_cloexec, &copy);
    if (failed(e)) {
        file_put(file);
        return e.code;
    }
    fd_install(files(), copy, file);
    return copy;
}

int64_t sys_dup(uint64_t fd) { return duplicate(fd, 0, false); }

static int64_t duplicate_to(uint64_t old_fd, uint64_t new_fd, bool is_cloexec)
{
    if ((uint32_t)new_fd >= fd_limit()) return ERR_BAD_FD.code;
    struct file *file, *before;
    err_t e = file_argument_or_path(old_fd, &file);
    if (failed(e)) return e.code;
    e = fd_replace(files(), (uint32_t)new_fd, fd_limit(), file, is_cloexec, &before);
    file_put(file);
    if (failed(e)) return e.code;
    file_put(before);
    return (int64_t)(uint32_t)new_fd;
}

int64_t sys_dup2(uint64_t old_fd, uint64_t new_fd)
{
    if ((uint32_t)old_fd != (uint32_t)new_fd) return duplicate_to(old_fd, new_fd, false);
    struct file *file;
    err_t e = file_argument_or_path(old_fd, &file);
    if (failed(e)) return e.code;
    file_put(file);
    return (int64_t)(uint32_t)new_fd;
}

int64_t sys_dup3(uint64_t old_fd, uint64_t new_fd, uint64_t flags)
{
    if ((uint32_t)flags & ~(uint32_t)LINUX_O_CLOEXEC) return ERR_INVALID.code;
    if ((uint32_t)old_fd == (uint32_t)new_fd) return ERR_INVALID.code;
    return duplicate_to(old_fd, new_fd, flags & LINUX_O_CLOEXEC);
}

int64_t descriptor_duplicate(uint64_t fd, uint64_t from, bool is_cloexec)
{
    struct file *file;
    err_t e = file_argument_or_path(fd, &file);
    if (failed(e)) return e.code;
    file_put(file);
    if ((uint32_t)from >= fd_limit()) return ERR_INVALID.code;
    return duplicate(fd, (uint32_t)from, is_cloexec);
}
