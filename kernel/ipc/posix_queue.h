/* SPDX-License-Identifier: Apache-2.0 */
/* mq_open(3) and its like: queues of messages with names, priorities and descriptors. Errors are Linux's. */
#pragma once
#include "abi/linux/mqueue.h"
#include "abi/linux/signal.h"
#include "lib/base.h"

struct file;

/* Makes the limits known to /proc/sys/fs/mqueue. Boot only. */
void posix_queue_init(void);

/* `flags` and `mode` as of open(2), the umask not yet applied; `attributes` NULL: as large as they are by default.
 * `name` is without its slash. */
err_t posix_queue_open(const char *name, uint32_t flags, uint32_t mode,
                       const struct linux_mq_attr *attributes, struct file **out);
err_t posix_queue_unlink(const char *name);

/* BAD_FD for a file that is no queue or not open for it; MESSAGE_SIZE, TRY_AGAIN, TIMED_OUT, INTERRUPTED. */
err_t posix_queue_send(struct file *file, uint64_t address, uint64_t bytes, uint32_t priority,
                       uint64_t deadline_ns);
/* The number of bytes. */
int64_t posix_queue_receive(struct file *file, uint64_t address, uint64_t bytes, uint32_t *priority,
                            uint64_t deadline_ns);
/* The running process is told once when a message comes to the empty queue; NULL: it is not any more. BUSY. */
err_t posix_queue_notify(struct file *file, const struct linux_sigevent *event);
/* `flags` NULL: they stay. */
err_t posix_queue_attributes(struct file *file, const int64_t *flags, struct linux_mq_attr *before);

/* Removes all names, at the machine's end. */
void posix_queue_fini(void);
