/* SPDX-License-Identifier: Apache-2.0 */
/* Opening files by path, with Linux's flags and answers. */
#pragma once
#include "abi/linux/fcntl.h"
#include "fs/file.h"
#include "fs/path.h"

/* What Linux gave a meaning. */
enum {
    OPEN_FLAGS_KNOWN = LINUX_O_ACCMODE | LINUX_O_CREAT | LINUX_O_EXCL | LINUX_O_NOCTTY | LINUX_O_TRUNC |
                       LINUX_O_APPEND | LINUX_O_NONBLOCK | LINUX_O_SYNC | LINUX_O_ASYNC | LINUX_O_DIRECT |
                       LINUX_O_LARGEFILE | LINUX_O_DIRECTORY | LINUX_O_NOFOLLOW | LINUX_O_NOATIME |
                       LINUX_O_CLOEXEC | LINUX_O_PATH | LINUX_O_TMPFILE_BIT,
    /* and what it means with O_PATH */
    OPEN_FLAGS_PATH = LINUX_O_PATH | LINUX_O_DIRECTORY | LINUX_O_NOFOLLOW | LINUX_O_CLOEXEC,
    /* What asks for no more than to read. */
    OPEN_FLAGS_PLAIN = LINUX_O_RDONLY | LINUX_O_NOCTTY | LINUX_O_NONBLOCK | LINUX_O_LARGEFILE |
                       LINUX_O_NOFOLLOW | LINUX_O_CLOEXEC,
};

struct open_request {
    uint32_t flags; /* LINUX_O_, already checked by open_flags_check */
    uint32_t mode;  /* permissions of a new file, before the umask */
    bool is_to_run; /* as a program: asks for permission to execute, not to read */
};

/* INVALID for combinations that Linux refuses; clears the flags that O_PATH ignores. */
err_t open_flags_check_all(uint32_t *flags);
static inline err_t open_flags_check(uint32_t *flags)
{
    bool is_plain = likely(!(*flags & ~(uint32_t)OPEN_FLAGS_PLAIN));
    *flags |= LINUX_O_LARGEFILE; /* always set for 64-bit programs, F_GETFL shows it */
    return is_plain ? OK : open_flags_check_all(flags);
}

/* The file has one reference. What Linux's open returns, and NO_MEMORY. With O_CREAT nothing is left
 * behind on failure. */
err_t open_path(const struct path_from *from, const char *path, const struct open_request *request,
                struct file **out) EXCLUDES(fs_queue.lock);

/* The same for most opens: those that read a stored file, with nothing to change or to wait for, or find none. */
struct opened {
    struct file *file; /* NULL: */
    err_t e;           /* why it is none, or OK: open_path is to be asked */
};
struct opened open_plainly(const struct path_from *from, const char *path, uint32_t flags)
    EXCLUDES(fs_queue.lock);
