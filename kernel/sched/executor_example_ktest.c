/* SPDX-License-Identifier: Apache-2.0 */
/* The worked example of docs/executor.md, in which a timer stands for the hardware, and its tests. The page shows
 * the part between the two lines word for word; tools/check_docs.sh compares. */
#include "core/time.h"
#include "sched/task_sleep.h"
#include "sched/thread.h"
#include "tests/harness/test.h"

/* ---- the example ---- */
/* A disk that does one read at a time and then interrupts. */
struct disk {
    struct spinlock lock;
    struct waker waker;   /* of who waits for the read; under lock */
    bool is_busy;         /* under lock */
    uint64_t takes_ns;    /* a read; UINT64_MAX: the disk is broken */
    struct timer machine; /* stands for the hardware, which interrupts when its time has come */
};

static void disk_interrupt(struct timer *machine)
{
    struct disk *disk = CONTAINER_OF(machine, struct disk, machine);
    spin_lock(&disk->lock);
    disk->is_busy = false;
    struct waker waker = disk->waker;
    spin_unlock(&disk->lock);
    task_wake(waker);
}

static void disk_begin(struct disk *disk)
{
    disk->is_busy = true; /* no interrupt can come yet */
    timer_init(&disk->machine, disk_interrupt);
    if (disk->takes_ns != UINT64_MAX) timer_arm(&disk->machine, time_now_ns() + disk->takes_ns);
}

static void disk_stop(struct disk *disk) { timer_cancel(&disk->machine); }

/* The look and the waker are one step under the lock: an interrupt comes before it, and the look sees its result,
 * or after it, and wakes. */
static bool disk_is_done(struct disk *disk, struct waker waker)
{
    spin_lock(&disk->lock);
    bool is_done = !disk->is_busy;
    disk->waker = waker;
    spin_unlock(&disk->lock);
    return is_done;
}

/* One read, with a time limit. What a thread would keep on its stack is here. */
struct disk_read {
    struct task task;
    struct task_sleep limit;
    struct disk *disk;
    uint64_t limit_ns;
    bool has_begun;
    err_t result;
};

static enum task_poll disk_read_poll(struct task *task)
{
    struct disk_read *read = CONTAINER_OF(task, struct disk_read, task);
    if (!read->has_begun) {
        read->has_begun = true;
        task_sleep_start(&read->limit, task_waker(task), time_now_ns() + read->limit_ns);
        disk_begin(read->disk);
    }
    if (disk_is_done(read->disk, task_waker(task)))
        read->result = OK;
    else if (task_is_cancelled(task))
        read->result = ERR_INTERRUPTED;
    else if (task_sleep_is_over(&read->limit))
        read->result = ERR_TIMED_OUT;
    else
        return TASK_PENDING;
    if (failed(read->result)) disk_stop(read->disk);
    task_sleep_stop(&read->limit);
    return TASK_DONE;
}

/* The caller may do something else before it joins, or cancel. */
static err_t disk_read_start(struct disk_read *read, struct disk *disk, uint64_t limit_ns)
{
    *read = (struct disk_read){ .disk = disk, .limit_ns = limit_ns };
    task_init(&read->task, disk_read_poll);
    return task_spawn(&read->task, 0);
}

static err_t disk_read_finish(struct disk_read *read)
{
    task_join(&read->task);
    return read->result;
}
/* ---- its tests ---- */

enum { NS_PER_MS = 1000000 };

TEST(the_example_reads_from_a_disk_that_works)
{
    struct disk disk = { .lock = SPINLOCK_INIT, .takes_ns = 2 * NS_PER_MS };
    struct disk_read read;
    uint64_t start_ns = time_now_ns();
    EXPECT_OK(executor_start(0));
    EXPECT_OK(disk_read_start(&read, &disk, 60000ull * NS_PER_MS));
    EXPECT_OK(disk_read_finish(&read));
    EXPECT(time_now_ns() - start_ns >= disk.takes_ns);
    EXPECT(!timer_is_armed(&read.limit.timer));
    executor_stop(0);
}

TEST(the_example_gives_up_on_a_broken_disk_when_its_time_is_over)
{
    struct disk disk = { .lock = SPINLOCK_INIT, .takes_ns = UINT64_MAX };
    struct disk_read read;
    uint64_t start_ns = time_now_ns();
    EXPECT_OK(executor_start(0));
    EXPECT_OK(disk_read_start(&read, &disk, 3 * NS_PER_MS));
    EXPECT_ERR(disk_read_finish(&read), ERR_TIMED_OUT);
    EXPECT(time_now_ns() - start_ns >= 3 * NS_PER_MS);
    executor_stop(0);
}

TEST(the_example_can_be_cancelled_while_the_disk_works)
{
    struct disk disk = { .lock = SPINLOCK_INIT, .takes_ns = UINT64_MAX };
    struct disk_read read;
    EXPECT_OK(executor_start(0));
    EXPECT_OK(disk_read_start(&read, &disk, 60000ull * NS_PER_MS));
    thread_yield();
    EXPECT(read.has_begun);
    task_cancel(&read.task);
    EXPECT_ERR(disk_read_finish(&read), ERR_INTERRUPTED);
    EXPECT(!timer_is_armed(&read.limit.timer));
    executor_stop(0);
}
