/* SPDX-License-Identifier: Apache-2.0 */
/* The compiler's analysis would refuse most of this. */
#include "tests/harness/crash_locks.h"

#include "arch/percpu.h"
#include "core/lock.h"
#include "core/time.h"
#include "lib/string.h"
#include "sched/mutex.h"
#include "sched/thread.h"
#include "sched/timer.h"
#include "vm/usercopy.h"

static struct spinlock first_spin = SPINLOCK_INIT_CLASS("first"), second_spin = SPINLOCK_INIT_CLASS("second"),
                       third_spin = SPINLOCK_INIT_CLASS("third");
static struct mutex first_mutex = MUTEX_INIT(first_mutex), second_mutex = MUTEX_INIT(second_mutex);

static NOINLINE void take_in_order(struct spinlock *a, struct spinlock *b) NO_THREAD_SAFETY_ANALYSIS
{
    spin_lock(a);
    spin_lock(b);
    spin_unlock(b);
    spin_unlock(a);
}

static void order_of_two(void)
{
    take_in_order(&first_spin, &second_spin);
    take_in_order(&second_spin, &first_spin);
}

static void order_of_three(void)
{
    take_in_order(&first_spin, &second_spin);
    take_in_order(&second_spin, &third_spin);
    take_in_order(&third_spin, &first_spin);
}

static NOINLINE void take_mutexes(struct mutex *a, struct mutex *b) NO_THREAD_SAFETY_ANALYSIS
{
    mutex_lock(a);
    mutex_lock(b);
    mutex_unlock(a); /* in this order too */
    mutex_unlock(b);
}

static void order_of_mutexes(void)
{
    take_mutexes(&first_mutex, &second_mutex);
    take_mutexes(&second_mutex, &first_mutex);
}

static void one_class(void)
{
    struct spinlock pair[2];
    for (int i = 0; i < 2; i++) pair[i] = (struct spinlock)SPINLOCK_INIT_CLASS("pair");
    take_in_order(&pair[0], &pair[1]);
}

static void no_class(void) NO_THREAD_SAFETY_ANALYSIS
{
    struct spinlock zeros;
    memset(&zeros, 0, sizeof(zeros));
    spin_lock(&zeros);
}

static void sleep_with_spin(void) NO_THREAD_SAFETY_ANALYSIS
{
    spin_lock(&first_spin);
    thread_sleep_until_ns(time_now_ns() + 1000);
}

static void mutex_with_spin(void) NO_THREAD_SAFETY_ANALYSIS
{
    spin_lock(&first_spin);
    mutex_lock(&first_mutex);
}

static void lock_mutex(struct timer *timer) NO_THREAD_SAFETY_ANALYSIS
{
    (void)timer;
    mutex_lock(&first_mutex);
}

static void mutex_in_interrupt(void)
{
    static struct timer timer;
    timer_init(&timer, lock_mutex);
    timer_arm(&timer, time_now_ns());
    thread_sleep_until_ns(time_now_ns() + 1000000000ull);
}

static void user_memory_with_spin(void) NO_THREAD_SAFETY_ANALYSIS
{
    uint8_t byte;
    spin_lock(&first_spin);
    err_t e = user_copy_in(&byte, UADDR(PAGE_BYTES), 1);
    (void)e; /* whether anything is there does not matter */
}

/* Keeps the call before it from becoming a jump, which would leave the caller out of the report. */
static inline void after_call(void) { __asm__ volatile("" : : : "memory"); }

static void unlock_free_spin(void) NO_THREAD_SAFETY_ANALYSIS
{
    spin_unlock(&first_spin);
    after_call();
}

static void unlock_free_mutex(void) NO_THREAD_SAFETY_ANALYSIS
{
    mutex_unlock(&first_mutex);
    after_call();
}

static void unlock_out_of_order(void) NO_THREAD_SAFETY_ANALYSIS
{
    spin_lock(&first_spin);
    spin_lock(&second_spin);
    spin_unlock(&first_spin);
}

static void interrupts_with_spin(void) NO_THREAD_SAFETY_ANALYSIS
{
    spin_lock(&first_spin);
    interrupts_on();
    spin_unlock(&first_spin);
    after_call();
}

static void end_holding(void *argument) NO_THREAD_SAFETY_ANALYSIS
{
    (void)argument;
    mutex_lock(&second_mutex);
}

static void end_with_mutex(void) { thread_join(thread_create("holder", end_holding, NULL)); }

static void too_many(void) NO_THREAD_SAFETY_ANALYSIS
{
    static struct mutex many[CONFIG_LOCKS_HELD_MAX + 1];
    for (size_t i = 0; i < ARRAY_LENGTH(many); i++) {
        mutex_init(&many[i]);
        mutex_lock_nested(&many[i]);
    }
}

static const struct {
    const char *name;
    void (*run)(void);
} breaches[] = {
    { "lock-order-two", order_of_two },
    { "lock-order-three", order_of_three },
    { "lock-order-mutexes", order_of_mutexes },
    { "lock-one-class", one_class },
    { "lock-no-class", no_class },
    { "lock-sleep", sleep_with_spin },
    { "lock-mutex-with-spin", mutex_with_spin },
    { "lock-mutex-in-interrupt", mutex_in_interrupt },
    { "lock-user-memory", user_memory_with_spin },
    { "lock-unlock-free-spin", unlock_free_spin },
    { "lock-unlock-free-mutex", unlock_free_mutex },
    { "lock-unlock-out-of-order", unlock_out_of_order },
    { "lock-interrupts-on", interrupts_with_spin },
    { "lock-end-thread", end_with_mutex },
    { "lock-too-many", too_many },
};

void crash_locks(const char *name)
{
    for (size_t i = 0; i < ARRAY_LENGTH(breaches); i++)
        if (!strcmp(breaches[i].name, name)) breaches[i].run();
}
