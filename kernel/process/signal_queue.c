/* SPDX-License-Identifier: Apache-2.0 */
#include "process/signal_queue.h"

#include "mm/heap.h"

static uint32_t queued; /* atomic */

uint32_t signal_queued_count(void) { return __atomic_load_n(&queued, __ATOMIC_RELAXED); }

static struct signal_item *item_alloc(struct signal_pending *p, uint64_t limit)
{
    struct signal_item *item = &p->own;
    if (unlikely(signal_queued_count() >= limit)) return NULL;
    if (unlikely(p->is_own_used)) {
        item = heap_alloc(sizeof(*item));
        if (!item) return NULL;
    } else {
        p->is_own_used = true;
    }
    __atomic_add_fetch(&queued, 1, __ATOMIC_RELAXED);
    return item;
}

bool signal_item_reserve(uint64_t limit)
{
    if (signal_queued_count() >= limit) return false;
    __atomic_add_fetch(&queued, 1, __ATOMIC_RELAXED);
    return true;
}

void signal_item_release(void) { __atomic_sub_fetch(&queued, 1, __ATOMIC_RELAXED); }

/* It waits no longer; what `out` tells, if it is there, is its `info`. */
static void item_leave(struct signal_pending *p, struct signal_item *item, struct linux_siginfo_head *out)
{
    if (item->left) {
        item->is_waiting = false;
        item->left(item, out);
        return;
    }
    __atomic_sub_fetch(&queued, 1, __ATOMIC_RELAXED);
    if (likely(item == &p->own))
        p->is_own_used = false;
    else
        heap_free(item);
}

static void append(struct signal_pending *p, struct signal_item *item)
{
    item->next = NULL;
    *(p->first ? &p->last->next : &p->first) = item;
    p->last = item;
}

/* Before the sender looks who takes it: signal_set_blocked. */
static void announce(struct signal_pending *p, uint64_t bit)
{
    __atomic_or_fetch(&p->set, bit, __ATOMIC_SEQ_CST);
}

err_t signal_queue_add(struct signal_pending *p, const struct linux_siginfo_head *info, uint64_t limit)
{
    bool is_queued = info->number >= LINUX_SIGRTMIN;
    uint64_t bit = signal_bit((uint32_t)info->number);
    if (!is_queued && p->set & bit) return OK;
    /* What the kernel and kill(2) send comes with its information whatever the limit. [linux kernel/signal.c] */
    struct signal_item *item = item_alloc(p, !is_queued && info->code >= 0 ? UINT64_MAX : limit);
    if (!item && is_queued && info->code != LINUX_SI_USER) return ERR_TRY_AGAIN;
    if (likely(item)) {
        item->info = *info;
        item->left = NULL;
        append(p, item);
    }
    announce(p, bit);
    return OK;
}

void signal_queue_add_item(struct signal_pending *p, struct signal_item *item)
{
    item->is_waiting = true;
    append(p, item);
    announce(p, signal_bit((uint32_t)item->info.number));
}

/* `before` is the one in front of it; NULL: it is the first. */
static void unlink_item(struct signal_pending *p, struct signal_item *before, struct signal_item *item)
{
    *(before ? &before->next : &p->first) = item->next;
    if (p->last == item) p->last = before;
}

/* Takes one of that number out of the list, and knows whether others wait. NULL: it has none. */
static struct signal_item *unlink_first(struct signal_pending *p, uint32_t number)
{
    struct signal_item *before = NULL, *item = p->first;
    while (item && (uint32_t)item->info.number != number) before = item, item = item->next;
    p->set &= ~signal_bit(number);
    if (!item) return NULL;
    struct signal_item *more = item->next;
    while (more && (uint32_t)more->info.number != number) more = more->next;
    if (more) p->set |= signal_bit(number);
    unlink_item(p, before, item);
    return item;
}

void signal_queue_take(struct signal_pending *p, uint32_t number, struct linux_siginfo_head *out)
{
    struct signal_item *item = unlink_first(p, number);
    *out =
        item ? item->info : (struct linux_siginfo_head){ .number = (int32_t)number, .code = LINUX_SI_USER };
    if (item) item_leave(p, item, out);
}

void signal_queue_remove_item(struct signal_pending *p, struct signal_item *gone)
{
    struct signal_item *before = NULL;
    bool is_last = true;
    for (struct signal_item *item = p->first; item; item = item->next) {
        if (item->next == gone) before = item;
        if (item != gone && item->info.number == gone->info.number) is_last = false;
    }
    if (is_last) p->set &= ~signal_bit((uint32_t)gone->info.number);
    unlink_item(p, before, gone);
    gone->is_waiting = false;
}

void signal_queue_drop(struct signal_pending *p, uint64_t set)
{
    if (!(p->set & set)) return;
    p->set &= ~set;
    for (struct signal_item *before = NULL, *item = p->first, *next; item; item = next) {
        next = item->next;
        if (!(set & signal_bit((uint32_t)item->info.number))) {
            before = item;
            continue;
        }
        unlink_item(p, before, item);
        item_leave(p, item, NULL);
    }
}
