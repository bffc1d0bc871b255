/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's log as programs read it: /dev/kmsg, each of whose readers has a place of its own, and syslog(2), whose
 * callers share one. [linux Documentation/ABI/testing/dev-kmsg] */
#pragma once
#include "fs/io_buffer.h"

/* The device; before devfs_create. */
void kernel_log_init(void);

/* The lines that no call of this has given yet, as "<6>[    1.234567] text"; waits for one. A line may be given in
 * parts. A count or a negative errno, as are: */
int64_t kernel_log_take(struct io_buffer *to);
/* The last lines that fit, of those since they were last cleared; with `clears`, that is now. */
int64_t kernel_log_read_all(struct io_buffer *to, bool clears);
void kernel_log_clear(void);
/* What kernel_log_take would give in all. */
int64_t kernel_log_untaken_bytes(void);
