/* SPDX-License-Identifier: Apache-2.0 */
/* Signals that wait to be acted upon. The caller locks. */
#pragma once
#include "abi/linux/signal.h"
#include "lib/base.h"

struct signal_item {
    struct signal_item *next;
    struct linux_siginfo_head info;
};

/* All zeros: none. */
struct signal_pending {
    uint64_t set; /* bit n - 1 of signal n */
    struct signal_item *first,
        *last;              /* as they were sent. One of `set` may have none: there was no memory for it */
    struct signal_item own; /* used first, so that a lone signal takes no memory */
    bool is_own_used;
};

static inline uint64_t signal_bit(uint32_t number) { return 1ull << (number - 1); }

/* Those that the running instruction raises: they are acted upon before others. */
#define SIGNALS_OF_FAULTS                                                                    \
    (1ull << (LINUX_SIGSEGV - 1) | 1ull << (LINUX_SIGBUS - 1) | 1ull << (LINUX_SIGILL - 1) | \
     1ull << (LINUX_SIGTRAP - 1) | 1ull << (LINUX_SIGFPE - 1) | 1ull << (LINUX_SIGSYS - 1))
#define SIGNALS_STOP                                                                           \
    (1ull << (LINUX_SIGSTOP - 1) | 1ull << (LINUX_SIGTSTP - 1) | 1ull << (LINUX_SIGTTIN - 1) | \
     1ull << (LINUX_SIGTTOU - 1))
#define SIGNALS_NEVER_BLOCKED (1ull << (LINUX_SIGKILL - 1) | 1ull << (LINUX_SIGSTOP - 1))

/* The one of a set, which is not empty, that is acted upon first. */
static inline uint32_t signal_first(uint64_t set)
{
    if (set & SIGNALS_OF_FAULTS) set &= SIGNALS_OF_FAULTS;
    return (uint32_t)__builtin_ctzll(set) + 1;
}

/* So many wait everywhere. RLIMIT_SIGPENDING bounds them, as all programs here belong to one user. */
uint32_t signal_queued_count(void);

/* `info->number` waits from now on. One below LINUX_SIGRTMIN waits once, and comes without the rest of `info` when
 * there is no memory; of others each does. ERR_TRY_AGAIN: one of those that was sent with a value, and no memory
 * for it or `limit` others waiting. */
err_t signal_queue_add(struct signal_pending *pending, const struct linux_siginfo_head *info, uint64_t limit);

/* Takes one that waits. */
void signal_queue_take(struct signal_pending *pending, uint32_t number, struct linux_siginfo_head *out);
/* Forgets all of a set. */
void signal_queue_drop(struct signal_pending *pending, uint64_t set);
