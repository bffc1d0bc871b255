/* SPDX-License-Identifier: Apache-2.0 */
/* What a thread leaves behind in the program's memory when it ends: marks in the words of locks that it still had, by
 * a list of its own making (set_robust_list), and the 0 that pthread_join waits for.
 *
 * The list is the program's and may be anything: a ring, wild pointers, kernel addresses. Every access is a checked
 * copy, so the worst it can do is to have the kernel look at CONFIG_ROBUST_LIST_MAX words of its own memory. */
#include "process/futex_internal.h"

#include "abi/linux/futex.h"
#include "process/user_thread.h"
#include "vm/usercopy.h"

struct entry {
    uint64_t address;
    bool is_pi;
};

static struct entry entry_of(uint64_t pointer)
{
    return (struct entry){ pointer & ~LINUX_ROBUST_LIST_PI, pointer & LINUX_ROBUST_LIST_PI };
}

static bool read_entry(uint64_t address, struct entry *out)
{
    uint64_t pointer;
    if (failed(user_copy_in(&pointer, UADDR(address), sizeof(pointer)))) return false;
    *out = entry_of(pointer);
    return true;
}

static void wake_one(uint64_t word)
{
    int64_t woken = futex_wake(UADDR(word), true, 1, LINUX_FUTEX_BITSET_ANY);
    (void)woken; /* there may be no such word any more */
}

/* False: the word cannot be had, and the walk ends. Another thread may change it meanwhile; then once more. */
static bool mark_death(uint64_t word, bool is_pi, bool is_pending, uint32_t tid)
{
    if (word % sizeof(uint32_t) || !is_user_range(word, sizeof(uint32_t))) return false;
    for (;;) {
        uint32_t value;
        if (failed(user_copy_in(&value, UADDR(word), sizeof(value)))) return false;
        uint32_t owner = value & LINUX_FUTEX_TID_MASK;
        /* It ended between unlocking a word and waking those who wait, or before it locked one it was woken for. */
        if (is_pending && !is_pi && !owner) wake_one(word);
        if (owner != tid) return true;
        int64_t seen =
            futex_exchange(UADDR(word), value, (value & LINUX_FUTEX_WAITERS) | LINUX_FUTEX_OWNER_DIED);
        if (seen < 0 && failed(futex_make_present(UADDR(word), FUTEX_WRITES))) return false;
        if (seen != value) continue;
        if (!is_pi && value & LINUX_FUTEX_WAITERS) wake_one(word); /* others pass on by futex_bequeath */
        return true;
    }
}

/* The order of reading and marking is Linux's: the next pointer is read before the mark, and what is pending comes
 * last, once. */
static void walk_robust_list(uint64_t head_address, uint32_t tid)
{
    struct linux_robust_list_head head;
    if (failed(user_copy_in(&head, UADDR(head_address), sizeof(head)))) return;
    struct entry entry = entry_of(head.next), pending = entry_of(head.pending), next = entry;
    uint64_t offset = (uint64_t)head.futex_offset;
    for (uint32_t i = 0; i < CONFIG_ROBUST_LIST_MAX && entry.address != head_address; i++) {
        bool has_next = read_entry(entry.address, &next);
        bool is_done = entry.address == pending.address;
        if (!is_done && !mark_death(entry.address + offset, entry.is_pi, false, tid)) return;
        if (!has_next) return;
        entry = next;
        if (i % CONFIG_ROBUST_LIST_TURN == CONFIG_ROBUST_LIST_TURN - 1) thread_yield();
    }
    if (pending.address) mark_death(pending.address + offset, pending.is_pi, true, tid);
}

void futex_exit_robust(struct user_thread *t)
{
    if (t->robust_list) walk_robust_list(t->robust_list, t->tid);
    t->robust_list = 0;
    futex_bequeath(t);
}

void futex_exec_robust(struct user_thread *t)
{
    futex_exit_robust(t);
    spin_lock(&process_tree_lock);
    t->futex.has_ended = false;
    spin_unlock(&process_tree_lock);
}

static bool has_company(const struct process *p)
{
    return p->thread_count > 1 || __atomic_load_n(&p->space->users, __ATOMIC_RELAXED) > 1;
}

void futex_clear_tid(struct user_thread *t)
{
    uint64_t word = t->clear_tid;
    uint32_t none = 0;
    t->clear_tid = 0;
    if (!word || !has_company(t->process)) return;
    if (!failed(user_copy_out(UADDR(word), &none, sizeof(none)))) wake_one(word);
}
