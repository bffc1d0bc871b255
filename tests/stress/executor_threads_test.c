/* SPDX-License-Identifier: Apache-2.0 */
/* Executors, wakers and joiners as real threads, with ThreadSanitizer watching. Tasks keep plain data that only
 * the rules of executor.h order, so that two polls at a time, or a poll that does not see what its waker did, is a
 * reported race. A lost wake-up is a wait that ends by its time limit. */
#include "sched/executor.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <time.h>

#include "tests/harness/test.h"

enum { EXECUTORS = 2, WAKERS = 3, TASKS = 16, PATIENCE_S = 60 };

static bool is_late(time_t end) { return time(NULL) > end; }

static void start_executors(void)
{
    for (uint32_t cpu = 0; cpu < EXECUTORS; cpu++) EXPECT_OK(executor_start(cpu));
}

static void stop_executors(void)
{
    for (uint32_t cpu = 0; cpu < EXECUTORS; cpu++) executor_stop(cpu);
}

static void run_threads(void *(*entry)(void *))
{
    pthread_t threads[WAKERS];
    for (uint64_t i = 0; i < WAKERS; i++) pthread_create(&threads[i], NULL, entry, (void *)i);
    for (uint64_t i = 0; i < WAKERS; i++) pthread_join(threads[i], NULL);
}

/* ---- every task has one waker: a poll for each wake, and it sees what was written before ---- */

enum { ROUNDS = 10000 };

static struct message {
    struct task task;
    uint64_t payload;  /* plain: the waker's, then the poll's */
    uint64_t answered; /* atomic: the payload that the last poll saw */
    uint64_t polls;    /* the poll's */
} messages[WAKERS][TASKS];

static enum task_poll answer(struct task *task)
{
    struct message *message = CONTAINER_OF(task, struct message, task);
    message->polls++;
    uint64_t payload = message->payload;
    __atomic_store_n(&message->answered, payload, __ATOMIC_RELEASE); /* the next payload may come */
    return payload == ROUNDS ? TASK_DONE : TASK_PENDING;
}

static bool await_answer(const struct message *message, uint64_t round, time_t end)
{
    while (__atomic_load_n(&message->answered, __ATOMIC_ACQUIRE) != round) {
        if (is_late(end)) return false;
        sched_yield();
    }
    return true;
}

static void *ask(void *argument)
{
    struct message *mine = messages[(uint64_t)argument];
    time_t end = time(NULL) + PATIENCE_S;
    for (uint32_t i = 0; i < TASKS; i++) {
        mine[i].payload = 1;
        task_init(&mine[i].task, answer);
        if (failed(task_spawn(&mine[i].task, i % EXECUTORS))) abort();
    }
    for (uint64_t round = 1; round <= ROUNDS; round++)
        for (uint32_t i = 0; i < TASKS; i++) {
            if (!await_answer(&mine[i], round, end)) return NULL;
            if (round == ROUNDS) continue;
            mine[i].payload = round + 1;
            task_wake(task_waker(&mine[i].task));
        }
    for (uint32_t i = 0; i < TASKS; i++) task_join(&mine[i].task);
    return NULL;
}

TEST(each_wake_is_one_poll_that_sees_what_its_waker_wrote)
{
    start_executors();
    run_threads(ask);
    stop_executors();
    for (uint32_t waker = 0; waker < WAKERS; waker++)
        for (uint32_t i = 0; i < TASKS; i++) {
            EXPECT_EQ(messages[waker][i].answered, ROUNDS);
            EXPECT_EQ(messages[waker][i].polls, ROUNDS);
        }
}

/* ---- every waker wakes every task, at any moment of its life ---- */

enum { WAKES = 100000, WAKES_UNTIL_CHECK = 50 };

static struct crowd {
    struct task task;
    uint64_t polls;                           /* plain: two polls at a time would race */
    uint64_t asked[WAKERS], answered[WAKERS]; /* atomic */
} crowds[TASKS];

static enum task_poll serve(struct task *task)
{
    struct crowd *crowd = CONTAINER_OF(task, struct crowd, task);
    crowd->polls++;
    for (uint32_t i = 0; i < WAKERS; i++)
        __atomic_store_n(&crowd->answered[i], __atomic_load_n(&crowd->asked[i], __ATOMIC_RELAXED),
                         __ATOMIC_RELEASE);
    return task_is_cancelled(task) ? TASK_DONE : TASK_PENDING;
}

static uint64_t lost_wakes; /* atomic */

static void *wake_all(void *argument)
{
    uint64_t self = (uint64_t)argument;
    time_t end = time(NULL) + PATIENCE_S;
    for (uint64_t wake = 1; wake <= WAKES; wake++) {
        struct crowd *crowd = &crowds[(wake * 7 + self) % TASKS];
        __atomic_store_n(&crowd->asked[self], wake, __ATOMIC_RELAXED);
        task_wake(task_waker(&crowd->task));
        if (wake % WAKES_UNTIL_CHECK) continue;
        while (__atomic_load_n(&crowd->answered[self], __ATOMIC_ACQUIRE) != wake) {
            if (is_late(end)) {
                __atomic_fetch_add(&lost_wakes, 1, __ATOMIC_RELAXED);
                return NULL;
            }
            sched_yield();
        }
    }
    return NULL;
}

TEST(no_wake_is_lost_and_no_poll_overlaps_another_of_its_task)
{
    uint64_t polls = 0;
    start_executors();
    for (uint32_t i = 0; i < TASKS; i++) {
        task_init(&crowds[i].task, serve);
        EXPECT_OK(task_spawn(&crowds[i].task, i % EXECUTORS));
    }
    run_threads(wake_all);
    for (uint32_t i = 0; i < TASKS; i++) task_cancel(&crowds[i].task);
    for (uint32_t i = 0; i < TASKS; i++) {
        task_join(&crowds[i].task);
        polls += crowds[i].polls;
    }
    stop_executors();
    EXPECT_EQ(lost_wakes, 0);
    EXPECT(polls <= WAKERS * (WAKES + 0ull) + 2 * TASKS); /* never more than was asked for */
}

/* ---- a wake that finds the task queued already orders as much as one that queues it ---- */

enum { LETTERS = 3000 };

static struct {
    struct task task;
    uint64_t letter;         /* plain: the writer's before its wake, the poll's after */
    uint64_t sent, received; /* atomic: the number of the last letter, set after its wake */
    uint64_t seen;           /* the poll's: the `sent` of the poll before */
    uint64_t wrong;          /* the poll's */
} mailbox;

/* The poll that sees `sent` may have begun before the wake; the one after it has not. */
static enum task_poll receive(struct task *task)
{
    if (mailbox.seen != mailbox.received) {
        mailbox.wrong += mailbox.letter != mailbox.seen;
        __atomic_store_n(&mailbox.received, mailbox.seen, __ATOMIC_RELEASE);
    }
    mailbox.seen = __atomic_load_n(&mailbox.sent, __ATOMIC_RELAXED);
    return task_is_cancelled(task) ? TASK_DONE : TASK_PENDING;
}

static uint64_t received(void) { return __atomic_load_n(&mailbox.received, __ATOMIC_ACQUIRE); }

/* The first writes letters, the others wake without having anything to say. */
static void *write_or_disturb(void *argument)
{
    time_t end = time(NULL) + PATIENCE_S;
    if (argument) {
        while (received() != LETTERS && !is_late(end)) task_wake(task_waker(&mailbox.task));
        return NULL;
    }
    for (uint64_t number = 1; number <= LETTERS && !is_late(end); number++) {
        mailbox.letter = number;
        task_wake(task_waker(&mailbox.task));
        __atomic_store_n(&mailbox.sent, number, __ATOMIC_RELAXED);
        while (received() != number && !is_late(end)) sched_yield();
    }
    return NULL;
}

TEST(a_wake_of_a_queued_task_shows_its_poll_what_was_written_before)
{
    start_executors();
    task_init(&mailbox.task, receive);
    EXPECT_OK(task_spawn(&mailbox.task, 0));
    run_threads(write_or_disturb);
    task_cancel(&mailbox.task);
    task_join(&mailbox.task);
    stop_executors();
    EXPECT_EQ(mailbox.received, LETTERS);
    EXPECT_EQ(mailbox.wrong, 0);
}

/* ---- owners that spawn, cancel, join and free, while others go on waking what is long gone ---- */

enum { LIVES = 10000, KNOWN = 8 };

static uint64_t known[KNOWN]; /* atomic: wakers of tasks of all owners, mostly of ended ones */

struct child {
    struct task task;
    uint64_t result;
};

struct parent {
    struct task task;
    struct child *child;
    uint64_t result;
};

static enum task_poll wait_for_cancel(struct task *task)
{
    if (!task_is_cancelled(task)) return TASK_PENDING;
    CONTAINER_OF(task, struct child, task)->result = 42;
    return TASK_DONE;
}

static enum task_poll wait_for_child(struct task *task)
{
    struct parent *parent = CONTAINER_OF(task, struct parent, task);
    if (!task_join_poll(&parent->child->task, task_waker(task))) return TASK_PENDING;
    parent->result = parent->child->result;
    free(parent->child);
    return TASK_DONE;
}

static void wake_somebody(uint64_t life, struct waker mine)
{
    uint64_t raw;
    struct waker other;
    __builtin_memcpy(&raw, &mine, sizeof(raw));
    raw = __atomic_exchange_n(&known[life % KNOWN], raw, __ATOMIC_RELAXED);
    __builtin_memcpy(&other, &raw, sizeof(other));
    task_wake(other);
    raw = __atomic_load_n(&known[(life + 3) % KNOWN], __ATOMIC_RELAXED);
    __builtin_memcpy(&other, &raw, sizeof(other));
    task_wake(other);
}

static uint64_t wrong_results; /* atomic */

static void *own(void *argument)
{
    uint64_t self = (uint64_t)argument;
    for (uint64_t life = 0; life < LIVES; life++) {
        struct child *child = calloc(1, sizeof(*child));
        struct parent *parent = calloc(1, sizeof(*parent));
        if (!child || !parent) abort();
        task_init(&child->task, wait_for_cancel);
        task_init(&parent->task, wait_for_child);
        parent->child = child;
        if (failed(task_spawn(&child->task, life % EXECUTORS))) abort();
        struct waker waker = task_waker(&child->task);
        if (life & 1) sched_yield();
        task_cancel(&child->task); /* before there is a parent, which frees it */
        if (failed(task_spawn(&parent->task, (life + self) % EXECUTORS))) abort();
        wake_somebody(life, waker);
        wake_somebody(life + 1, task_waker(&parent->task));
        task_join(&parent->task);
        if (parent->result != 42) __atomic_fetch_add(&wrong_results, 1, __ATOMIC_RELAXED);
        free(parent);
    }
    return NULL;
}

TEST(tasks_end_once_and_late_wakers_touch_nothing_of_theirs)
{
    start_executors();
    run_threads(own);
    stop_executors();
    EXPECT_EQ(wrong_results, 0);
}
