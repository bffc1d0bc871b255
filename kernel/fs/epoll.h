/* SPDX-License-Identifier: Apache-2.0 */
/* epoll(7): a file that watches others, and says which of them are ready in time that grows with those alone.
 *
 * What is watched is an open file by one of its numbers. It is watched until it is taken out or its last reference is
 * gone; the watching holds none. [linux fs/eventpoll.c] for what a program can see.
 *
 * Threads only. */
#pragma once
#include "abi/linux/epoll.h"
#include "lib/base.h"

struct file;

/* ERR_NO_MEMORY. */
err_t epoll_open(struct file **out);
bool file_is_epoll(const struct file *file);

/* LINUX_EPOLL_CTL_. `event` is for all but DEL. Errors are epoll_ctl's, but for those of numbers. */
err_t epoll_control(struct file *epoll, uint32_t operation, struct file *file, uint32_t fd,
                    const struct linux_epoll_event *event);

/* Up to `capacity` events go to user memory, the longest ready first; waits for the first of them until the deadline,
 * 0: not at all. A count, 0 after the deadline, or INTERRUPTED or FAULT. */
int64_t epoll_wait(struct file *epoll, uint64_t events, uint32_t capacity, uint64_t deadline_ns);

/* The file's last reference is gone, and it was watched once: file_put. */
void epoll_forget_file(struct file *file);

/* So many files may be watched in all: /proc/sys/fs/epoll/max_user_watches. */
uint64_t epoll_watches_max(void);
