/* SPDX-License-Identifier: Apache-2.0 */
/* Niceness, I/O priorities and sched_setattr: what is kept, passed on, shown and refused; that a nice thread gets less
 * of a processor that it shares. */
#include "tests/conformance/tasks.h"

#include <sys/resource.h>

struct attributes {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
    uint32_t utilisation[2];
};

static long nice_of(int which, int who) { return syscall(SYS_getpriority, which, who); }
static long set_nice(int which, int who, int value) { return syscall(SYS_setpriority, which, who, value); }

static int child_nice(void *argument)
{
    (void)argument;
    return (int)nice_of(PRIO_PROCESS, 0);
}
static long thread_nice(void *argument)
{
    (void)argument;
    long was = nice_of(PRIO_PROCESS, 0);
    set_nice(PRIO_PROCESS, 0, 15);
    return was * 100 + nice_of(PRIO_PROCESS, 0);
}
static void niceness(void)
{
    struct worker worker;
    set_nice(PRIO_PROCESS, 0, 0);
    CASE("at first", nice_of(PRIO_PROCESS, 0));
    CASE("nicer", set_nice(PRIO_PROCESS, 0, 5));
    CASE("is", nice_of(PRIO_PROCESS, 0));
    CASE("of the group", nice_of(PRIO_PGRP, 0));
    CASE("by number", nice_of(PRIO_PROCESS, getpid()));
    CHILD("a child", child_nice, NULL);
    start_worker(&worker, thread_nice, NULL);
    tell("a thread, before and after its own change", "%ld", join_worker(&worker));
    CASE("the first thread", nice_of(PRIO_PROCESS, 0));
    CASE("as nice as can be", set_nice(PRIO_PROCESS, 0, 1000));
    CASE("is", nice_of(PRIO_PROCESS, 0));
    CASE("back", set_nice(PRIO_PROCESS, 0, 0));
    CASE("the group", set_nice(PRIO_PGRP, 0, 3));
    CASE("is", nice_of(PRIO_PROCESS, 0));
    CASE("back", set_nice(PRIO_PGRP, 0, 0));
    CASE("nobody's", set_nice(PRIO_PROCESS, 0x3fffffff, 3));
    CASE("no group's", set_nice(PRIO_PGRP, 0x3fffffff, 3));
    CASE("no such kind", set_nice(7, 0, 3));
    CASE("asked so", nice_of(-1, 0));
}

static long set_attributes(struct attributes *a, int flags)
{
    return syscall(SYS_sched_setattr, 0, a, flags);
}
static void show(const char *what)
{
    struct attributes a = { 0 };
    long result = syscall(SYS_sched_getattr, 0, &a, sizeof a, 0);
    tell(what, "%ld: policy %u, flags %d, nice %d, priority %u", result, a.policy, (int)a.flags, a.nice,
         a.priority);
}
static int child_attributes(void *argument)
{
    (void)argument;
    show("    a child's");
    return 0;
}
static void attributes(void)
{
    struct attributes a = { .size = sizeof a };
    char large[128] = { 0 };
    show("at first");
    a.nice = 7;
    CASE("nicer", set_attributes(&a, 0));
    show("is");
    a.policy = SCHED_BATCH;
    CASE("batch", set_attributes(&a, 0));
    show("is");
    a.policy = SCHED_IDLE;
    a.nice = 0;
    CASE("idle", set_attributes(&a, 0));
    show("is");
    CASE("scheduler", syscall(SYS_sched_getscheduler, 0));
    a.policy = SCHED_OTHER;
    a.flags = 1;
    a.nice = 4;
    CASE("reset on fork", set_attributes(&a, 0));
    show("is");
    CHILD("a child", child_attributes, NULL);
    a.flags = 0;
    a.nice = 0;
    CASE("ordinary again", set_attributes(&a, 0));
    show("is");
    a.priority = 1;
    CASE("with a priority", set_attributes(&a, 0));
    a.priority = 0;
    a.flags = 1ull << 40;
    CASE("unknown flags", set_attributes(&a, 0));
    a.flags = 0;
    CASE("flags of the call", set_attributes(&a, 1));
    a.policy = 9;
    CASE("an unknown policy", set_attributes(&a, 0));
    a.policy = ~0u;
    CASE("a negative one", set_attributes(&a, 0));
    a = (struct attributes){ .size = 20 };
    CASE("too short", set_attributes(&a, 0));
    HOLDS("told how long", a.size >= 48);
    a.size = 0;
    CASE("no size at all", set_attributes(&a, 0));
    memset(large, 0, sizeof large);
    ((struct attributes *)large)->size = sizeof large;
    CASE("longer, zeros", syscall(SYS_sched_setattr, 0, large, 0));
    large[100] = 1;
    CASE("longer, not zeros", syscall(SYS_sched_setattr, 0, large, 0));
    CASE("nothing", syscall(SYS_sched_setattr, 0, NULL, 0));
    CASE("nobody's", syscall(SYS_sched_setattr, 0x3fffffff, &a, 0));
    CASE("a negative thread's", syscall(SYS_sched_setattr, -1, &a, 0));
    CASE("asked, too short", syscall(SYS_sched_getattr, 0, &a, 20, 0));
    CASE("asked of nobody", syscall(SYS_sched_getattr, 0x3fffffff, &a, sizeof a, 0));
    CASE("asked to no memory", syscall(SYS_sched_getattr, 0, map_bad(), sizeof a, 0));
    CASE("asked, the first version", syscall(SYS_sched_getattr, 0, &a, 48, 0));
    tell("its size", "%u", a.size);
}

static long io_get(int which, int who) { return syscall(SYS_ioprio_get, which, who); }
static long io_set(int which, int who, int value) { return syscall(SYS_ioprio_set, which, who, value); }
static int child_io(void *argument)
{
    (void)argument;
    return (int)(io_get(1, 0) >> 8);
}
static void io(void)
{
    CASE("best effort", io_set(1, 0, 2 << 13 | 5));
    CASE("is", io_get(1, 0));
    CASE("of the group", io_get(2, 0) > 0);
    CHILD("a child", child_io, NULL);
    CASE("idle", io_set(1, 0, 3 << 13));
    CASE("is", io_get(1, 0));
    CASE("no class with a level", io_set(1, 0, 3));
    CASE("an unknown class", io_set(1, 0, 5 << 13));
    CASE("no such kind", io_set(0, 0, 2 << 13));
    CASE("no such kind", io_get(9, 0));
    CASE("nobody's", io_get(1, 0x3fffffff));
    CASE("nobody's", io_set(1, 0x3fffffff, 2 << 13));
}

/* ---- what it is for ---- */

static _Atomic int is_over;
static long count(void *argument)
{
    long n = 0;
    set_nice(PRIO_PROCESS, 0, (int)(long)argument);
    while (!is_over) n++;
    return n;
}
static void sharing(void)
{
    struct worker polite, usual;
    cpu_set_t all, one;
    sched_getaffinity(0, sizeof all, &all);
    CPU_ZERO(&one);
    for (int i = 0; i < 1024; i++)
        if (CPU_ISSET(i, &all)) {
            CPU_SET(i, &one);
            break;
        }
    sched_setaffinity(0, sizeof one, &one);
    start_worker(&polite, count, (void *)15L);
    start_worker(&usual, count, (void *)0L);
    pause_ms(300);
    is_over = 1;
    long less = join_worker(&polite), more = join_worker(&usual);
    HOLDS("the nice one gets much less", less * 4 < more);
    HOLDS("but not nothing", less > 0);
    sched_setaffinity(0, sizeof all, &all);
}

int main(int argc, char **argv)
{
    begin_cases(argc, argv);
    setpgid(0, 0);
    niceness();
    attributes();
    io();
    sharing();
    return end_cases();
}
