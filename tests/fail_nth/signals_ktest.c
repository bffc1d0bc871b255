/* SPDX-License-Identifier: Apache-2.0 */
/* Signals with values, which wait for the thread and the process, and are taken by calls and through files. One that
 * finds no memory is not sent. */
#include "lib/string.h"
#include "process/process_internal.h"
#include "process/user_thread.h"
#include "syscall/sys_core.h"
#include "syscall/sys_file.h"
#include "tests/fail_nth/fail_nth.h"
#include "tests/harness/test.h"
#include "vm/usercopy.h"

enum { RT = 40, FIRST = 3, FILES = 4 };
enum { CELL_THREAD, CELL_PROCESS, CELL_FILES, CELLS = CELL_FILES + FILES };
enum { TO_THREAD, TO_PROCESS, OPEN, TO_BOTH, WAIT, READ, STEPS_EACH };

static uint32_t mix_pending(const struct signal_pending *pending)
{
    uint32_t cell = cell_mix(1, pending->set);
    for (const struct signal_item *item = pending->first; item; item = item->next)
        cell = cell_mix(cell_mix(cell, (uint64_t)item->info.number), item->info.sender.value);
    return cell;
}

static void look(uint32_t *cells)
{
    cells[CELL_THREAD] = mix_pending(&user_thread_current()->signals.pending);
    cells[CELL_PROCESS] = mix_pending(&fail_nth_process->signals.pending);
    for (uint64_t i = 0; i < FILES; i++) cells[CELL_FILES + i] = sys_fcntl(FIRST + i, 1, 0) >= 0;
}

static int64_t send_value(uint32_t i, bool to_thread)
{
    struct linux_siginfo info;
    uint64_t pid = fail_nth_process->pid;
    memset(&info, 0, sizeof(info));
    info.head.code = LINUX_SI_QUEUE;
    info.head.sender.value = i;
    uint64_t at = scratch_put(1, &info, sizeof(info));
    return to_thread ? sys_rt_tgsigqueueinfo(pid, pid, RT, at) : sys_rt_sigqueueinfo(pid, RT + 1, at);
}

static uint64_t set_at(void)
{
    uint64_t set = signal_bit(RT) | signal_bit(RT + 1);
    return scratch_put(2, &set, sizeof(set));
}

/* The number of the signal, or of bytes. */
static int64_t step(uint32_t i)
{
    uint64_t turn = i / STEPS_EACH, no_time[2] = { 0, 0 };
    switch (i % STEPS_EACH) {
    case TO_THREAD: return send_value(i, true);
    case TO_PROCESS: return send_value(i, false);
    case OPEN: return sys_signalfd4((uint64_t)-1, set_at(), sizeof(uint64_t), LINUX_SFD_NONBLOCK);
    case TO_BOTH: return send_value(i, turn % 2);
    case WAIT:
        return sys_rt_sigtimedwait(set_at(), scratch_at(3), scratch_put(4, no_time, sizeof(no_time)),
                                   sizeof(uint64_t));
    default: return sys_read(FIRST, scratch_at(3), sizeof(struct linux_signalfd_siginfo) * (1 + turn % 2));
    }
}

/* The thread of the steps is one of its process's, and nothing acts on it. */
static void open_signals(void)
{
    struct user_thread *t = user_thread_current();
    t->tid = fail_nth_process->pid;
    list_push_back(&fail_nth_process->threads, &t->process_link);
    signal_set_blocked(UINT64_MAX);
}

static void close_signals(void)
{
    struct user_thread *t = user_thread_current();
    spin_lock(&fail_nth_process->signal_lock);
    list_remove(&t->process_link);
    signal_leave_locked(t);
    spin_unlock(&fail_nth_process->signal_lock);
}

static const struct workload signals = {
    .name = "signals",
    .steps = FILES * STEPS_EACH,
    .cells = CELLS,
    .is_atomic = true,
    .open = open_signals,
    .step = step,
    .look = look,
    .close = close_signals,
};

TEST(every_allocation_can_fail_where_signals_wait) { fail_nth(&signals); }
