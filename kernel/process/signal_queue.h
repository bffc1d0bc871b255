/* SPDX-License-Identifier: Apache-2.0 */
/* Signals that wait to be acted upon. The caller locks, but may look at the set without. */
#pragma once
#include "abi/linux/signal.h"
#include "lib/base.h"

struct signal_item {
    struct signal_item *next;
    struct linux_siginfo_head info;
    /* NULL: it is the queue's own. Else it is a part of something, which is told that it waits no longer: somebody
     * acts upon it, and is told what `out` says after that, or nobody does, and `out` is NULL. */
    void (*left)(struct signal_item *item, struct linux_siginfo_head *out);
    bool is_waiting; /* with `left` */
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

/* An item that is no queue's own, and does not wait, waits from now on; others of its number may, too. */
void signal_queue_add_item(struct signal_pending *pending, struct signal_item *item);
/* Takes back one that waits, without telling. */
void signal_queue_remove_item(struct signal_pending *pending, struct signal_item *item);
/* Counts one that is no queue's own among those that wait, as long as there is it. False: `limit` others wait. */
bool signal_item_reserve(uint64_t limit);
void signal_item_release(void);

/* Takes one that waits. */
void signal_queue_take(struct signal_pending *pending, uint32_t number, struct linux_siginfo_head *out);
/* Forgets all of a set. */
void signal_queue_drop(struct signal_pending *pending, uint64_t set);
