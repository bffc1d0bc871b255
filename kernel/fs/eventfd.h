/* SPDX-License-Identifier: Apache-2.0 */
/* eventfd(2): a 64-bit count that writes add to and reads take, all of it or, as a semaphore, one. */
#pragma once
#include "lib/base.h"

struct file;

/* `flags` are status flags, such as LINUX_O_NONBLOCK. ERR_NO_MEMORY. */
err_t eventfd_open(uint64_t count, bool is_semaphore, uint32_t flags, struct file **out);
