/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of fcntl that are about locks. */
#pragma once
#include "lib/base.h"

struct file;

/* What fcntl returns for F_GETLK, F_SETLK, F_SETLKW and their F_OFD_ twins on descriptor `fd`. */
int64_t file_lock_command(struct file *file, uint32_t fd, uint32_t command, uint64_t address);
