/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fakes/fake_net_stack.h"

#include <stdlib.h>
#include <string.h>

#include "core/entropy.h"
#include "core/log.h"
#include "core/panic.h"
#include "core/time.h"
#include "mm/direct_map.h"
#include "mm/heap.h"
#include "net/lwip/lwip.h"
#include "net/loopback.h"
#include "net/stack.h"
#include "net/ticks.h"
#include "net/udp_errors.h"
#include "vm/usercopy.h"

struct mutex net_mutex;
bool ticks_are_asked_for, ticks_look_at_patience;
uint64_t direct_map_host_base;
enum log_level log_threshold;
static uint64_t now_ns = 1;

/* ---- one thread ---- */
static uint64_t thread[64];
struct thread *percpu_current(void) { return (struct thread *)thread; }
uint64_t percpu_index(void) { return 0; }
void mutex_lock_slow(struct mutex *mutex) { (void)mutex, abort(); }
void mutex_unlock_slow(struct mutex *mutex) { (void)mutex, abort(); }
void spin_lock(struct spinlock *lock) NO_THREAD_SAFETY_ANALYSIS { (void)lock; }
void spin_unlock(struct spinlock *lock) NO_THREAD_SAFETY_ANALYSIS { (void)lock; }
void wait_wake_all(struct wait_queue *queue) { (void)queue; }
err_t wait_sleep_until_locked(struct wait_queue *queue, uint64_t deadline_ns)
{
    (void)queue, (void)deadline_ns;
    abort();
}

void net_unlock(void) NO_THREAD_SAFETY_ANALYSIS
{
    loopback_deliver();
    mutex_unlock(&net_mutex);
}
err_t net_start(void) { return OK; }
void net_wake(void) {}

/* ---- time ---- */
uint64_t time_now_ns(void) { return now_ns; }
void tcp_timer_needed(void) {}
void ticks_ask_for_ack(void) {}
void sys_timeouts_init(void) {}

void fake_net_tick(void)
{
    now_ns += 250000000;
    tcp_tmr();
    if (ticks_look_at_patience) tcp_endpoints_expire();
    etharp_tmr();
    ip_reass_tmr();
    ip6_reass_tmr();
    nd6_tmr();
    igmp_tmr();
    mld6_tmr();
}

/* lwIP keeps the list of a packet's fragments inside the fragments, at addresses where no leak detector looks. */
void fake_net_forget_fragments(void)
{
    for (int i = 0; i <= IPV6_REASS_MAXAGE; i++) {
        ip_reass_tmr();
        ip6_reass_tmr();
    }
}

/* ---- the rest ---- */
void *heap_alloc(size_t bytes) { return malloc(bytes); }
void *heap_alloc_zeroed(size_t bytes) { return calloc(1, bytes); }
void heap_free(void *block) { free(block); }
void entropy_read(void *out, size_t bytes) { memset(out, 0x5a, bytes); }
uint64_t entropy_u64(void) { return 0x1234567; }
void panic(const char *format, ...)
{
    (void)format;
    abort();
}
void log_write(enum log_level level, const char *format, ...) { (void)level, (void)format; }

/* No program's memory here. */
err_t user_copy_in(void *dst, uaddr_t src, size_t bytes)
{
    (void)dst, (void)src, (void)bytes;
    return ERR_FAULT;
}
err_t user_copy_out(uaddr_t dst, const void *src, size_t bytes)
{
    (void)dst, (void)src, (void)bytes;
    return ERR_FAULT;
}
err_t user_zero(uaddr_t dst, size_t bytes)
{
    (void)dst, (void)bytes;
    return ERR_FAULT;
}
struct user_u64 user_read_u64(uaddr_t src)
{
    (void)src;
    return (struct user_u64){ 0, 1 };
}
uint64_t arch_user_copy(void *dst, const void *src, uint64_t bytes)
{
    (void)dst, (void)src;
    return bytes;
}
uint64_t arch_user_zero(void *dst, uint64_t bytes)
{
    (void)dst;
    return bytes;
}

void fake_net_start(void) NO_THREAD_SAFETY_ANALYSIS
{
    lwip_init();
    loopback_start();
    err_t e = udp_errors_start();
    ASSERT(!failed(e));
}
