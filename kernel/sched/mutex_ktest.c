/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/mutex.h"

#include "arch/percpu.h"
#include "core/lock.h"
#include "sched/thread.h"
#include "tests/harness/test.h"

static struct mutex outer = MUTEX_INIT(outer), inner = MUTEX_INIT(inner);
static struct mutex older, younger; /* of one class */
static struct spinlock spin = SPINLOCK_INIT;

TEST(held_locks_stand_in_the_work_before_ring_3_until_the_last_is_released)
{
    uint32_t before = percpu()->user_work;
    mutex_lock(&outer);
    spin_lock(&spin);
    EXPECT_EQ(percpu()->user_work, before | USER_WORK_HOLDS_MUTEX | USER_WORK_HOLDS_SPIN);
    spin_unlock(&spin);
    mutex_lock(&inner);
    mutex_unlock(&outer);
    EXPECT_EQ(percpu()->user_work, before | USER_WORK_HOLDS_MUTEX);
    mutex_unlock(&inner);
    EXPECT_EQ(percpu()->user_work, before);
}

static void lock_inner(void *argument)
{
    (void)argument;
    mutex_lock(&inner);
    mutex_unlock(&inner);
}

TEST(a_thread_that_goes_on_has_its_mutexes_in_the_work_before_ring_3)
{
    mutex_lock(&outer);
    struct thread *t = thread_create("other", lock_inner, NULL);
    thread_join(t);
    EXPECT(percpu()->user_work & USER_WORK_HOLDS_MUTEX);
    mutex_unlock(&outer);
}

TEST(mutexes_of_one_class_nest_where_the_caller_says_so)
{
    struct mutex *both[] = { &older, &younger };
    for (size_t i = 0; i < ARRAY_LENGTH(both); i++) mutex_init(both[i]);
    mutex_lock(&older);
    mutex_lock_nested(&younger);
    EXPECT_EQ(thread_current()->mutexes[0].count, 2);
    mutex_unlock(&older);
    mutex_unlock(&younger);
    EXPECT_EQ(thread_current()->mutexes[0].count, 0);
}

TEST(a_lock_taken_only_if_free_may_be_taken_in_any_order)
{
    mutex_lock(&outer);
    mutex_lock(&inner);
    mutex_unlock(&inner);
    mutex_unlock(&outer);
    mutex_lock(&inner);
    bool was_free = false;
    if (mutex_try_lock(&outer)) {
        was_free = true;
        mutex_unlock(&outer);
    }
    mutex_unlock(&inner);
    EXPECT(was_free);
}
