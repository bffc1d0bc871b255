/* SPDX-License-Identifier: Apache-2.0 */
/* Events of /dev/kfd with real threads, with ThreadSanitizer watching: what is raised is seen, whoever sleeps for it is
 * woken, and events go while others raise and wait. A lost wake-up is a test that does not end. */
#include "gpu/amd/kfd_events.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "mm/heap.h"
#include "tests/harness/test.h"
#include "vm/usercopy.h"

enum { SIGNAL = LINUX_KFD_IOC_EVENT_SIGNAL, PAIRS = 3, ROUNDS = 20000, CHURNS = 3000, WAITERS = 4 };
/* Long enough for a machine that is busy; fake_sched_threads.c counts it from now. */
#define PATIENCE_NS 20000000000ull

void *heap_alloc(size_t bytes) { return malloc(bytes); }
void *heap_alloc_zeroed(size_t bytes) { return calloc(1, bytes); }
void heap_free(void *block) { free(block); }
err_t user_copy_in(void *dst, uaddr_t src, size_t bytes)
{
    memcpy(dst, (const void *)src.raw, bytes);
    return OK;
}
err_t user_copy_out(uaddr_t dst, const void *src, size_t bytes)
{
    memcpy((void *)dst.raw, src, bytes);
    return OK;
}

static struct kfd_events events;

static err_t wait_for(const uint32_t *ids, uint32_t count, bool all, uint32_t *result)
{
    struct linux_kfd_event_data data[WAITERS];
    for (uint32_t i = 0; i < count; i++) data[i].event_id = ids[i];
    struct kfd_wait what = { (uint64_t)data, count, all, PATIENCE_NS };
    return kfd_events_wait(&events, &what, result);
}

static void must_see(const uint32_t *ids, uint32_t count, bool all)
{
    uint32_t result;
    EXPECT_OK(wait_for(ids, count, all, &result));
    EXPECT_EQ(result, LINUX_KFD_IOC_WAIT_RESULT_COMPLETE);
}

static uint32_t make(bool is_auto_reset)
{
    uint32_t id = 0;
    EXPECT_OK(kfd_event_make(&events, SIGNAL, is_auto_reset, &id));
    return id;
}

/* ---- a ball that goes to and fro: each raise is waited for ---- */

struct pair {
    uint32_t to, fro;
};

static void *answer(void *argument)
{
    const struct pair *p = argument;
    for (uint32_t i = 0; i < ROUNDS; i++) {
        must_see(&p->to, 1, false);
        kfd_event_signal(&events, p->fro);
    }
    return NULL;
}

static void *ask(void *argument)
{
    const struct pair *p = argument;
    for (uint32_t i = 0; i < ROUNDS; i++) {
        kfd_event_signal(&events, p->to);
        must_see(&p->fro, 1, i & 1);
    }
    return NULL;
}

TEST(no_raise_is_lost_between_a_look_and_a_sleep)
{
    struct pair pairs[PAIRS];
    pthread_t threads[2 * PAIRS];
    kfd_events_init(&events);
    for (uint32_t i = 0; i < PAIRS; i++) pairs[i] = (struct pair){ make(true), make(true) };
    for (uint32_t i = 0; i < PAIRS; i++) {
        pthread_create(&threads[2 * i], NULL, answer, &pairs[i]);
        pthread_create(&threads[2 * i + 1], NULL, ask, &pairs[i]);
    }
    for (uint32_t i = 0; i < 2 * PAIRS; i++) pthread_join(threads[i], NULL);
    kfd_events_fini(&events);
}

/* ---- all of several, raised by different threads ---- */

static uint32_t all[WAITERS], turn; /* turn: atomic */

static void *raise_one(void *argument)
{
    uint32_t mine = (uint32_t)(uintptr_t)argument;
    for (uint32_t i = 1; i <= ROUNDS / 10; i++) {
        while (__atomic_load_n(&turn, __ATOMIC_ACQUIRE) < i) sched_yield();
        kfd_event_signal(&events, all[mine]);
    }
    return NULL;
}

TEST(a_wait_for_all_sees_each_of_them_once)
{
    pthread_t threads[WAITERS];
    kfd_events_init(&events);
    turn = 0;
    for (uint32_t i = 0; i < WAITERS; i++) all[i] = make(true);
    for (uint32_t i = 0; i < WAITERS; i++) pthread_create(&threads[i], NULL, raise_one, (void *)(uintptr_t)i);
    for (uint32_t i = 1; i <= ROUNDS / 10; i++) {
        __atomic_store_n(&turn, i, __ATOMIC_RELEASE);
        must_see(all, WAITERS, true);
    }
    for (uint32_t i = 0; i < WAITERS; i++) pthread_join(threads[i], NULL);
    kfd_events_fini(&events);
}

/* ---- events that go ---- */

static uint32_t shared, is_over; /* both atomic */

static void *raise_whatever(void *argument)
{
    (void)argument;
    while (!__atomic_load_n(&is_over, __ATOMIC_ACQUIRE)) {
        uint32_t id = __atomic_load_n(&shared, __ATOMIC_ACQUIRE);
        kfd_event_signal(&events, id);
        err_t e = kfd_event_change(&events, id, false);
        (void)e; /* it may be gone */
        sched_yield();
    }
    return NULL;
}

static void *wait_for_whatever(void *argument)
{
    (void)argument;
    while (!__atomic_load_n(&is_over, __ATOMIC_ACQUIRE)) {
        uint32_t id = __atomic_load_n(&shared, __ATOMIC_ACQUIRE), result;
        err_t e = wait_for(&id, 1, false, &result);
        EXPECT(e.code == 0 || e.code == ERR_IO.code || e.code == ERR_INVALID.code);
        EXPECT(result != LINUX_KFD_IOC_WAIT_RESULT_TIMEOUT);
    }
    return NULL;
}

TEST(events_go_while_others_raise_them_and_wait_for_them)
{
    pthread_t threads[WAITERS];
    kfd_events_init(&events);
    is_over = 0;
    shared = make(false);
    for (uint32_t i = 0; i < WAITERS; i++)
        pthread_create(&threads[i], NULL, i & 1 ? raise_whatever : wait_for_whatever, NULL);
    for (uint32_t i = 0; i < CHURNS; i++) {
        uint32_t old = shared;
        __atomic_store_n(&shared, make(i & 1), __ATOMIC_RELEASE);
        EXPECT_OK(kfd_event_end(&events, old));
        sched_yield();
    }
    __atomic_store_n(&is_over, 1, __ATOMIC_RELEASE);
    EXPECT_OK(kfd_event_end(&events, shared));
    for (uint32_t i = 0; i < WAITERS; i++) pthread_join(threads[i], NULL);
    kfd_events_fini(&events);
}
