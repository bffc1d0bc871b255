/* SPDX-License-Identifier: Apache-2.0 */
/* Threads that futexes of a host test put to sleep and wake. */
#pragma once
#include <pthread.h>

#include "process/user_thread.h"

struct fake_futex_thread {
    struct thread kernel;
    struct user_thread user;
    pthread_t host;
    void (*entry)(struct fake_futex_thread *self);
    pthread_mutex_t mutex;
    pthread_cond_t woken;
    bool is_asleep;   /* under mutex */
    uint64_t results; /* the test's */
};

/* Ends the program on failure. At its end the thread leaves what it has, as one of a program does. */
struct fake_futex_thread *fake_futex_start(uint32_t tid, void (*entry)(struct fake_futex_thread *self));
/* Frees it, so that a late waker is found out. */
void fake_futex_join(struct fake_futex_thread *thread);
