/* SPDX-License-Identifier: Apache-2.0 */
/* Calls that make and drop descriptors. */
#include "syscall/sys_file.h"

#include "abi/linux/fcntl.h"
#include "abi/linux/stat.h"
#include "process/process.h"
#include "fs/fd_table.h"
#include "fs/file.h"
#include "fs/memfd.h"
#include "fs/open.h"
#include "syscall/sys_path.h"
#include "vm/usercopy.h"

static struct fd_table *files(void) { return process_current()->files; }

/* The number is reserved before the path is walked, so that a full table changes nothing. */
static NOINLINE int64_t open_at(const struct path_argument *argument, const struct open_request *request)
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

/* A table without room is the first thing that Linux tells. */
static NOINLINE int64_t open_failure(err_t e)
{
    uint32_t fd;
    err_t first = fd_reserve(files(), 0, fd_limit(), false, &fd);
    if (failed(first)) return first.code;
    fd_cancel(files(), fd);
    return e.code;
}

/* Opening it has changed nothing, so it could come before the number. */
static inline int64_t add_opened(const struct opened *opened, uint32_t flags)
{
    if (unlikely(!opened->file)) return open_failure(opened->e);
    int64_t result = fd_add(files(), fd_limit(), flags & LINUX_O_CLOEXEC, opened->file);
    if (unlikely(result < 0)) file_put(opened->file);
    return result;
}

int64_t sys_openat(uint64_t directory_fd, uint64_t path, uint64_t flags, uint64_t mode)
{
    struct open_request request = { .flags = (uint32_t)flags, .mode = (uint32_t)mode };
    err_t e = open_flags_check(&request.flags);
    if (failed(e)) return e.code;
    struct path_argument argument;
    e = path_argument_init_inline(&argument, directory_fd, path, PATH_REQUIRED);
    if (unlikely(failed(e))) return e.code;
    struct opened opened = open_plainly(&argument.from, argument.path.text, request.flags);
    bool is_settled = opened.file || failed(opened.e);
    int64_t result = likely(is_settled) ? add_opened(&opened, request.flags) : open_at(&argument, &request);
    path_argument_fini(&argument);
    return result;
}

/* ---- openat2 ---- */

/* A later version's fields may be there, as long as they ask for nothing. [linux include/linux/uaccess.h] */
static err_t copy_how(struct linux_open_how *how, uint64_t address, uint64_t bytes)
{
    uint8_t rest[64];
    if (bytes < sizeof(*how)) return ERR_INVALID;
    if (bytes > PAGE_BYTES) return ERR_ARGS_TOO_LONG;
    err_t e = OK;
    for (uint64_t at = sizeof(*how); at < bytes && !failed(e); at += sizeof(rest)) {
        size_t piece = MIN(bytes - at, sizeof(rest));
        e = user_copy_in(rest, UADDR(address + at), piece);
        for (size_t i = 0; i < piece && !failed(e); i++)
            if (rest[i]) e = ERR_ARGS_TOO_LONG;
    }
    return failed(e) ? e : user_copy_in(how, UADDR(address), sizeof(*how));
}

/* What openat lets pass, openat2 does not. [linux fs/open.c build_open_flags] */
static err_t decode_how(const struct linux_open_how *how, struct open_request *request)
{
    const uint64_t resolve_known = LINUX_RESOLVE_NO_XDEV | LINUX_RESOLVE_NO_MAGICLINKS |
                                   LINUX_RESOLVE_NO_SYMLINKS | LINUX_RESOLVE_BENEATH | LINUX_RESOLVE_IN_ROOT |
                                   LINUX_RESOLVE_CACHED;
    const uint64_t scopes = LINUX_RESOLVE_BENEATH | LINUX_RESOLVE_IN_ROOT;
    bool creates = how->flags & (LINUX_O_CREAT | LINUX_O_TMPFILE_BIT);
    if (how->flags & ~(uint64_t)OPEN_FLAGS_KNOWN || how->resolve & ~resolve_known) return ERR_INVALID;
    if ((how->resolve & scopes) == scopes) return ERR_INVALID;
    if (how->mode & (creates ? ~(uint64_t)LINUX_S_IALLUGO : UINT64_MAX)) return ERR_INVALID;
    if ((how->flags & LINUX_O_PATH) && how->flags & ~(uint64_t)OPEN_FLAGS_PATH) return ERR_INVALID;
    *request = (struct open_request){ .flags = (uint32_t)how->flags, .mode = (uint32_t)how->mode };
    err_t e = open_flags_check(&request->flags);
    if (failed(e)) return e;
    /* Everything else is answered from memory. */
    bool is_no_look_up = creates || (how->flags & LINUX_O_TRUNC);
    return (how->resolve & LINUX_RESOLVE_CACHED) && is_no_look_up ? ERR_TRY_AGAIN : OK;
}

/* Inside a root of its own an absolute path begins at the descriptor, too. */
static err_t restrict_walk(struct path_argument *argument, uint64_t directory_fd, uint32_t resolve)
{
    argument->from.resolve = resolve;
    if (resolve) argument->from.path_bytes = 0;
    bool is_needed = (resolve & LINUX_RESOLVE_IN_ROOT) && (int32_t)directory_fd != LINUX_AT_FDCWD;
    if (!is_needed || argument->held) return OK;
    err_t e = file_argument_or_path(directory_fd, &argument->held);
    if (!failed(e)) argument->from.directory = argument->held->vnode;
    return e;
}

int64_t sys_openat2(uint64_t directory_fd, uint64_t path, uint64_t how, uint64_t bytes)
{
    struct linux_open_how wanted;
    struct open_request request;
    struct path_argument argument;
    err_t e = copy_how(&wanted, how, bytes);
    if (!failed(e)) e = decode_how(&wanted, &request);
    if (failed(e)) return e.code;
    e = path_argument_init(&argument, directory_fd, path, PATH_REQUIRED);
    if (failed(e)) return e.code;
    e = restrict_walk(&argument, directory_fd, (uint32_t)wanted.resolve);
    int64_t result = failed(e) ? e.code : open_at(&argument, &request);
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
    struct file *file = fd_remove(files(), (uint32_t)fd);
    if (unlikely(!file)) return ERR_BAD_FD.code;
    file_put(file);
    return 0;
}

static void close_open(struct fd_table *table, uint32_t fd)
{
    file_put(
        fd_remove(table, fd)); /* another thread may have been faster: then it is closed, as was asked for */
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
