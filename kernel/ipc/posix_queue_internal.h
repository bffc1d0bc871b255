/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by posix_queue.c (names and lives) and posix_queue_messages.c (what is in a queue). */
#pragma once
#include "fs/file.h"
#include "ipc/posix_queue.h"

struct posix_queue {
    struct list link;    /* of all queues; this and the next two under names_lock */
    uint32_t references; /* its name and its open files */
    bool is_named;
    uint32_t user; /* who pays for it; fixed, as the next three */
    uint32_t messages_max, bytes_max;
    struct vnode *vnode;     /* owner, mode and times; counted */
    struct wait_queue queue; /* who waits for a message or for room */
    struct readiness readiness;
    struct list messages; /* this and what follows under queue.lock; by falling priority, then by age */
    uint32_t count;
    uint64_t bytes;
    uint32_t receivers; /* that wait: then nobody is notified */
    struct posix_queue_notice {
        uint32_t pid;       /* 0: nobody */
        uint64_t start_tsc; /* tells the process from a later one of that number */
        struct linux_sigevent event;
    } notice;
    char name[];
};

void posix_queue_messages_init(struct posix_queue *q);
void posix_queue_messages_fini(struct posix_queue *q);
/* The caller's use of the queue becomes the file's. NULL when memory is out. */
struct file *posix_queue_file(struct posix_queue *q, uint32_t flags);
void posix_queue_put(struct posix_queue *q);
