/* SPDX-License-Identifier: Apache-2.0 */
/* signalfd(2): a file that signals of the process and thread that reads it are read from, instead of acting. */
#pragma once
#include "lib/base.h"

struct file;

/* `flags` are status flags, such as LINUX_O_NONBLOCK. ERR_NO_MEMORY. */
err_t signalfd_open(uint64_t set, uint32_t flags, struct file **out);
/* ERR_INVALID: not such a file. */
err_t signalfd_set(struct file *file, uint64_t set);
