/* SPDX-License-Identifier: Apache-2.0 */
#include "net/stack.h"

#include "core/log.h"
#include "net/interface.h"
#include "net/loopback.h"
#include "net/lwip/lwip.h"
#include "net/ticks.h"
#include "net/udp_errors.h"
#include "sched/executor.h"

_Static_assert(TCP_WND <= 0xffff << TCP_RCV_SCALE, "the header has 16 bits for the window");
_Static_assert(TCP_SND_QUEUELEN < TCP_SNDQUEUELEN_OVERFLOW, "lwIP counts segments in 16 bits");
_Static_assert(TCP_SND_BUF >= 4 * TCP_MSS, "a sender has more than one segment under way");

struct mutex net_mutex = MUTEX_INIT(net_mutex);

static bool is_started GUARDED_BY(net_mutex);
static bool has_task GUARDED_BY(net_mutex);
static bool has_work; /* atomic: the task has found the lock taken */
static struct task task;
static struct waker waker; /* fixed once has_task */

/* The second part of giving up the lock. The order of a single sequence makes either the task see that the lock is
 * free or its last owner see that there is work. */
static void tell_task(void)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (unlikely(__atomic_load_n(&has_work, __ATOMIC_RELAXED))) task_wake(waker);
}

void net_unlock(void)
{
    if (loopback_has_packets()) loopback_deliver();
    if (interfaces_have_sent) interfaces_flush();
    if (ticks_are_asked_for) ticks_update();
    mutex_unlock(&net_mutex);
    tell_task();
}

static enum task_poll work(struct task *self)
{
    __atomic_store_n(&has_work, true, __ATOMIC_SEQ_CST);
    if (!mutex_try_lock(&net_mutex)) return TASK_PENDING;
    __atomic_store_n(&has_work, false, __ATOMIC_RELAXED);
    bool is_more = interfaces_poll();
    ticks_run();
    if (loopback_has_packets()) loopback_deliver();
    if (interfaces_have_sent) interfaces_flush();
    mutex_unlock(&net_mutex);
    if (is_more) task_wake(task_waker(self));
    return TASK_PENDING;
}

void net_wake(void) { task_wake(waker); }

/* Timers need it too, so there is one as soon as there is a stack. */
static err_t start_task(void) REQUIRES(net_mutex)
{
    if (has_task) return OK;
    err_t e = executor_start(0);
    if (failed(e)) return e;
    task_init(&task, work);
    e = task_spawn(&task, 0);
    if (failed(e)) return e;
    waker = task_waker(&task);
    has_task = true;
    return OK;
}

err_t net_start(void)
{
    mutex_lock(&net_mutex);
    err_t e = is_started ? OK : start_task();
    if (!failed(e) && !is_started) {
        lwip_init();
        ticks_start();
        loopback_start();
        e = udp_errors_start();
        is_started = true; /* even without those, for lwIP can be set up only once */
    }
    mutex_unlock(&net_mutex);
    return e;
}

void net_forget_ended(void)
{
    net_lock();
    while (tcp_tw_pcbs) tcp_abort(tcp_tw_pcbs);
    net_unlock();
}
