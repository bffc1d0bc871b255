/* SPDX-License-Identifier: Apache-2.0 */
/* Regular files that no directory knows: those of memfd_create(2), which can be sealed, and the memory of
 * mmap(2) with MAP_SHARED and MAP_ANONYMOUS. They count as file memory and end with their last user.
 *
 * A seal is for ever. Writing, cutting, growing and mapping look at the seals; see tmpfs.h and
 * file_mapping.h. */
#pragma once
#include "abi/linux/fcntl.h"
#include "lib/base.h"

struct file;

enum {
    MEMFD_NAME_BYTES_MAX = 249, /* what "memfd:" leaves of a name's 255 [linux mm/memfd.c] */
    MEMFD_SEALS = LINUX_F_SEAL_SEAL | LINUX_F_SEAL_SHRINK | LINUX_F_SEAL_GROW | LINUX_F_SEAL_WRITE |
                  LINUX_F_SEAL_FUTURE_WRITE,
};

/* An empty file, open for reading and writing. ERR_NO_MEMORY. */
err_t memfd_open(const char *name, bool can_be_sealed, struct file **out);
/* A file of zeros for one mapping and its copies. ERR_NO_MEMORY. */
err_t memfd_open_shared_memory(uint64_t bytes, struct file **out);

/* ERR_NOT_PERMITTED: not open for writing, or sealed against more seals. ERR_INVALID: not a memfd, or no
 * such seal. ERR_BUSY: writes are to be sealed and a shared mapping may write. Threads only. */
err_t memfd_add_seals(struct file *file, uint32_t seals);
/* ERR_INVALID: not a memfd. */
err_t memfd_get_seals(struct file *file, uint32_t *out);
