/* SPDX-License-Identifier: Apache-2.0 */
/* Readiness and epoll with real threads, with ThreadSanitizer watching: what is added is taken, whoever sleeps for it is
 * woken, and items, files and epolls end while others use them. A lost wake-up is a wait that ends by its time limit. */
#include "fs/epoll.h"
#include "fs/file.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "abi/linux/fcntl.h"
#include "abi/linux/poll.h"
#include "fs/text_file.h"
#include "mm/charge.h"
#include "mm/heap.h"
#include "tests/harness/test.h"
#include "vm/usercopy.h"

enum { THINGS = 4, ADDS = 20000, CHURNS = 5000 };
#define PATIENCE_NS 20000000000ull

/* ---- what the files of fs/ need here ---- */

struct charge_counters charge_counters = { .limits = { [CHARGE_KERNEL] = 1 << 20 } };
static _Thread_local char self;
struct thread *percpu_current(void) { return (struct thread *)(void *)&self; }
void *heap_alloc(size_t bytes) { return malloc(bytes); }
void *heap_alloc_zeroed(size_t bytes) { return calloc(1, bytes); }
void heap_free(void *block) { free(block); }
void text_add(struct text *text UNUSED, const char *format UNUSED, ...) {}
void vnode_get_attributes(struct vnode *v UNUSED, struct vnode_attributes *out)
{
    memset(out, 0, sizeof(*out));
}
err_t user_copy_out(uaddr_t dst, const void *src, size_t bytes)
{
    memcpy((void *)dst.raw, src, bytes);
    return OK;
}

struct file *file_create(const struct file_ops *ops, void *context, uint32_t flags)
{
    struct file *file = calloc(1, sizeof(*file));
    *file = (struct file){ .references = 1, .flags = flags, .ops = ops, .context = context };
    return file;
}
void file_put(struct file *file)
{
    if (__atomic_sub_fetch(&file->references, 1, __ATOMIC_ACQ_REL)) return;
    if (file->is_watched) epoll_forget_file(file);
    if (file->ops->release) file->ops->release(file);
    free(file);
}
uint32_t file_poll(struct file *file) { return file->ops->poll(file); }
err_t file_seek_nowhere(struct file *file UNUSED, int64_t offset UNUSED, uint32_t whence UNUSED,
                        uint64_t *position)
{
    *position = 0;
    return OK;
}

/* ---- a thing that counts ---- */

struct thing {
    struct spinlock lock;
    uint64_t count;
    struct readiness readiness;
};

static uint32_t thing_poll(struct file *file)
{
    struct thing *t = file->context;
    spin_lock(&t->lock);
    uint32_t ready = t->count ? LINUX_POLLIN : 0;
    spin_unlock(&t->lock);
    return ready;
}
static struct readiness *thing_readiness(struct file *file)
{
    return &((struct thing *)file->context)->readiness;
}
static void thing_release(struct file *file) { free(file->context); }
static const struct file_ops thing_ops = {
    .name = "thing", .poll = thing_poll, .readiness = thing_readiness, .release = thing_release
};

static struct file *thing_open(void)
{
    struct thing *t = calloc(1, sizeof(*t));
    readiness_init(&t->readiness);
    return file_create(&thing_ops, t, LINUX_O_RDWR);
}
static void thing_add(struct file *file)
{
    struct thing *t = file->context;
    spin_lock(&t->lock);
    t->count++;
    spin_unlock(&t->lock);
    readiness_changed(&t->readiness, LINUX_POLLIN);
}
static uint64_t thing_take(struct file *file)
{
    struct thing *t = file->context;
    spin_lock(&t->lock);
    uint64_t count = t->count;
    t->count = 0;
    spin_unlock(&t->lock);
    return count;
}

static struct file *things[THINGS], *epoll, *outer;
static uint64_t taken;     /* atomic */
static uint32_t taken_all; /* atomic */

static void *adder(void *argument)
{
    for (uint32_t i = 0; i < ADDS; i++) thing_add(things[(uintptr_t)argument]);
    return NULL;
}

static void add_taken(uint64_t count)
{
    if (__atomic_add_fetch(&taken, count, __ATOMIC_RELAXED) == THINGS * ADDS)
        __atomic_store_n(&taken_all, 1, __ATOMIC_RELEASE);
}

/* Ends soon after everything was taken: sleepers have a limit that nobody but them runs into. */
static void *taker(void *argument)
{
    struct file *from = argument;
    struct linux_epoll_event events[3];
    while (!__atomic_load_n(&taken_all, __ATOMIC_ACQUIRE)) {
        int64_t count = epoll_wait(from, (uint64_t)events, 3, from == epoll ? 50000000 : 0);
        for (int64_t i = 0; i < count; i++)
            if (events[i].data < THINGS) add_taken(thing_take(things[events[i].data]));
    }
    return NULL;
}

static void open_all(uint32_t modes)
{
    taken = taken_all = 0;
    EXPECT_OK(epoll_open(&epoll));
    EXPECT_OK(epoll_open(&outer));
    for (uint32_t i = 0; i < THINGS; i++) {
        things[i] = thing_open();
        struct linux_epoll_event event = { LINUX_POLLIN | modes, i };
        EXPECT_OK(epoll_control(epoll, LINUX_EPOLL_CTL_ADD, things[i], i, &event));
    }
}
static void close_all(void)
{
    for (uint32_t i = 0; i < THINGS; i++) file_put(things[i]);
    file_put(outer);
    file_put(epoll);
}

static void run(uint32_t modes, uint32_t takers)
{
    pthread_t threads[THINGS + 2];
    open_all(modes);
    for (uint32_t i = 0; i < takers; i++) pthread_create(&threads[i], NULL, taker, epoll);
    for (uint32_t i = 0; i < THINGS; i++)
        pthread_create(&threads[takers + i], NULL, adder, (void *)(uintptr_t)i);
    for (uint32_t i = 0; i < takers + THINGS; i++) pthread_join(threads[i], NULL);
    EXPECT_EQ(taken, THINGS * ADDS);
    close_all();
}

TEST(no_level_is_lost_between_threads) { run(0, 2); }
TEST(no_edge_is_lost_between_threads) { run(LINUX_EPOLLET, 2); }

/* ---- one sleeper of poll's kind ---- */

static void *sleeper_thread(void *unused UNUSED)
{
    struct readiness_sleeper sleeper;
    struct sleeper_watch watches[THINGS];
    uint64_t got = 0;
    while (got < THINGS * ADDS) {
        sleeper_init(&sleeper);
        for (uint32_t i = 0; i < THINGS; i++)
            sleeper_watch(&sleeper, &watches[i], thing_readiness(things[i]), LINUX_POLLIN);
        uint64_t now = 0;
        for (uint32_t i = 0; i < THINGS; i++) now += thing_take(things[i]);
        if (!now) EXPECT_OK(sleeper_wait(&sleeper, PATIENCE_NS));
        for (uint32_t i = 0; i < THINGS; i++) readiness_unwatch(&watches[i].watcher);
        got += now;
    }
    return NULL;
}

TEST(a_sleeper_that_watches_several_things_misses_none)
{
    pthread_t threads[THINGS + 1];
    open_all(0);
    pthread_create(&threads[THINGS], NULL, sleeper_thread, NULL);
    for (uint32_t i = 0; i < THINGS; i++) pthread_create(&threads[i], NULL, adder, (void *)(uintptr_t)i);
    for (uint32_t i = 0; i <= THINGS; i++) pthread_join(threads[i], NULL);
    close_all();
}

/* ---- coming and going ---- */

static void *churn_items(void *argument)
{
    uint32_t fd = 100 + (uint32_t)(uintptr_t)argument;
    struct linux_epoll_event event = { LINUX_POLLIN, fd };
    for (uint32_t i = 0; i < CHURNS; i++) {
        EXPECT_OK(epoll_control(epoll, LINUX_EPOLL_CTL_ADD, things[0], fd, &event));
        if (i % 3 == 0) EXPECT_OK(epoll_control(epoll, LINUX_EPOLL_CTL_MOD, things[0], fd, &event));
        EXPECT_OK(epoll_control(epoll, LINUX_EPOLL_CTL_DEL, things[0], fd, NULL));
    }
    return NULL;
}

/* A file and an epoll that both watch and are watched end in either order, with events under way. */
static void *churn_files(void *unused UNUSED)
{
    struct linux_epoll_event event = { LINUX_POLLIN, 999 };
    for (uint32_t i = 0; i < CHURNS; i++) {
        struct file *file = thing_open(), *inner;
        EXPECT_OK(epoll_open(&inner));
        EXPECT_OK(epoll_control(inner, LINUX_EPOLL_CTL_ADD, file, 1, &event));
        EXPECT_OK(epoll_control(inner, LINUX_EPOLL_CTL_ADD, things[1], 2, &event));
        EXPECT_OK(epoll_control(outer, LINUX_EPOLL_CTL_ADD, inner, 3, &event));
        EXPECT_OK(epoll_control(epoll, LINUX_EPOLL_CTL_ADD, file, 4, &event));
        thing_add(file);
        file_put(i % 2 ? file : inner);
        file_put(i % 2 ? inner : file);
    }
    __atomic_store_n(&taken_all, 1, __ATOMIC_RELEASE);
    return NULL;
}

TEST(items_files_and_epolls_may_end_while_others_use_them)
{
    pthread_t threads[6];
    open_all(0);
    pthread_create(&threads[0], NULL, taker, epoll);
    pthread_create(&threads[1], NULL, taker, outer);
    pthread_create(&threads[2], NULL, adder, (void *)(uintptr_t)1);
    pthread_create(&threads[3], NULL, churn_items, (void *)(uintptr_t)0);
    pthread_create(&threads[4], NULL, churn_items, (void *)(uintptr_t)1);
    pthread_create(&threads[5], NULL, churn_files, NULL);
    for (uint32_t i = 0; i < 6; i++) pthread_join(threads[i], NULL);
    close_all();
}
