/* SPDX-License-Identifier: Apache-2.0 */
/* Opening files by path, with Linux's flags and answers. */
#pragma once
#include "fs/file.h"
#include "fs/path.h"

struct open_request {
    uint32_t flags; /* LINUX_O_, already checked by open_flags_check */
    uint32_t mode;  /* permissions of a new file, before the umask */
    bool is_to_run; /* as a program: asks for permission to execute, not to read */
};

/* INVALID for combinations that Linux refuses; clears the flags that O_PATH ignores. */
err_t open_flags_check(uint32_t *flags);

/* The file has one reference. What Linux's open returns, and NO_MEMORY. With O_CREAT nothing is left
 * behind on failure. */
err_t open_path(const struct path_from *from, const char *path, const struct open_request *request,
                struct file **out) EXCLUDES(fs_queue.lock);
