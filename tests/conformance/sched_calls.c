/* SPDX-License-Identifier: Apache-2.0 */
/* What the scheduler answers to a program of the ordinary policy. The machines have different numbers of
 * processors, so masks are compared with each other, and set to the first processor that is allowed. */
#include "tests/conformance/tasks.h"

#include <sys/resource.h>

static char *bad;

static long get_mask(int pid, void *mask, size_t bytes)
{
    return syscall(SYS_sched_getaffinity, pid, bytes, mask);
}
static long set_mask(int pid, const void *mask, size_t bytes)
{
    return syscall(SYS_sched_setaffinity, pid, bytes, mask);
}
static int cpu_now(void)
{
    unsigned cpu = 9999, node = 9999;
    return syscall(SYS_getcpu, &cpu, &node, NULL) == 0 && node < 64 ? (int)cpu : -1;
}

static void policies(void)
{
    static const struct {
        int policy;
        const char *name;
    } all[] = { { SCHED_OTHER, "other" }, { SCHED_FIFO, "fifo" }, { SCHED_RR, "round robin" },
                { SCHED_BATCH, "batch" }, { SCHED_IDLE, "idle" }, { 4, "no policy" },
                { -1, "a negative one" } };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        char what[60];
        snprintf(what, sizeof what, "%s, the least", all[i].name);
        CASE(what, syscall(SYS_sched_get_priority_min, all[i].policy));
        snprintf(what, sizeof what, "%s, the most", all[i].name);
        CASE(what, syscall(SYS_sched_get_priority_max, all[i].policy));
    }
    struct sched_param p = { .sched_priority = 7 };
    CASE("our policy", syscall(SYS_sched_getscheduler, 0));
    CASE("by number", syscall(SYS_sched_getscheduler, getpid()));
    CASE("nobody's", syscall(SYS_sched_getscheduler, 0x3fffffff));
    CASE("a negative one's", syscall(SYS_sched_getscheduler, -1));
    CASE("our priority", syscall(SYS_sched_getparam, 0, &p));
    tell("it is", "%d", p.sched_priority);
    CASE("told to nowhere", syscall(SYS_sched_getparam, 0, NULL));
    CASE("to no memory", syscall(SYS_sched_getparam, 0, bad));
    CASE("nobody's priority", syscall(SYS_sched_getparam, 0x3fffffff, &p));
    CASE("a negative one's priority", syscall(SYS_sched_getparam, -1, &p));
    p.sched_priority = 0;
    CASE("set what is", syscall(SYS_sched_setscheduler, 0, SCHED_OTHER, &p));
    CASE("set what is, the priority", syscall(SYS_sched_setparam, 0, &p));
    p.sched_priority = 1;
    CASE("a priority that this policy has not", syscall(SYS_sched_setscheduler, 0, SCHED_OTHER, &p));
    CASE("by setparam", syscall(SYS_sched_setparam, 0, &p));
    p.sched_priority = 0;
    CASE("no such policy", syscall(SYS_sched_setscheduler, 0, 77, &p));
    CASE("no priority", syscall(SYS_sched_setscheduler, 0, SCHED_OTHER, NULL));
    CASE("nobody", syscall(SYS_sched_setscheduler, 0x3fffffff, SCHED_OTHER, &p));
    struct timespec slice = { -1, -1 };
    CASE("nobody's slice", syscall(SYS_sched_rr_get_interval, 0x3fffffff, &slice));
    CASE("our slice", syscall(SYS_sched_rr_get_interval, 0, &slice));
    HOLDS("is a time", slice.tv_sec >= 0 && slice.tv_nsec >= 0 && slice.tv_nsec < 1000000000);
    CASE("yield", sched_yield());
    CASE("nice, ours", getpriority(PRIO_PROCESS, 0) < -20); /* whoever tests may have a niceness */
    CASE("nobody's", getpriority(PRIO_PROCESS, 0x3fffffff));
}

static long tell_mask(void *argument) { return get_mask(0, argument, 128); }
static int tell_mask_child(void *argument) { return get_mask(0, argument, 128) > 0 ? 1 : 2; }
static void masks(void)
{
    static struct worker worker;
    static uint64_t all[16], now[16], one[16], none[16];
    uint64_t *seen = map_shared(4096);
    long bytes = get_mask(0, all, sizeof all);
    HOLDS("a mask is so many words", bytes >= 8 && bytes % 8 == 0 && bytes <= 128);
    int first = 0;
    while (first < 1023 && !(all[first / 64] >> first % 64 & 1)) first++;
    one[first / 64] = 1ull << first % 64;
    HOLDS("we run on one of them", cpu_now() >= 0 && (all[cpu_now() / 64] >> cpu_now() % 64 & 1));
    CASE("too short a mask", get_mask(0, now, 4));
    CASE("no whole words", get_mask(0, now, 12));
    CASE("no bytes", get_mask(0, now, 0));
    CASE("nobody's", get_mask(0x3fffffff, now, 128));
    CASE("to no memory", get_mask(0, bad, 128));
    CASE("an empty mask", set_mask(0, none, 128));
    CASE("of no bytes", set_mask(0, one, 0));
    CASE("that cannot be read", set_mask(0, bad, 128));
    CASE("for nobody", set_mask(0x3fffffff, one, 128));
    none[15] = 1ull << 63;
    CASE("of processors that are not there", set_mask(0, none, 128));
    CASE("one processor", set_mask(0, one, 128));
    get_mask(0, now, sizeof now);
    HOLDS("is what there is now", !memcmp(now, one, sizeof now));
    HOLDS("we run on it", cpu_now() == first);
    one[15] |= 1ull << 63;
    CASE("with one that is not there", set_mask(0, one, 128));
    one[15] = first / 64 == 15 ? 1ull << first % 64 : 0;
    get_mask(0, now, sizeof now);
    HOLDS("which goes", !memcmp(now, one, sizeof now));
    memset(seen, 0, 128);
    start_worker(&worker, tell_mask, seen);
    join_worker(&worker);
    HOLDS("a thread has the mask", !memcmp(seen, one, 128));
    CASE("a mask of a byte", first < 8 ? set_mask(0, one, 1) : 0);
    memset(seen, 0, 128);
    CHILD("a child", tell_mask_child, seen);
    HOLDS("has it too", !memcmp(seen, one, 128));
    CASE("all again", set_mask(0, all, 128));
    get_mask(getpid(), now, sizeof now);
    HOLDS("they are what there was", !memcmp(now, all, sizeof now));
    CASE("getcpu, not told", syscall(SYS_getcpu, NULL, NULL, NULL));
    CASE("getcpu, to no memory", syscall(SYS_getcpu, bad, NULL, NULL));
}

/* ---- one processor for several ---- */

static _Atomic int turn, is_over;
static _Atomic long yields;
static long take_turns(void *argument)
{
    int self = (int)(long)argument, done = 0;
    for (long i = 0; i < 10000000 && done < 200; i++) {
        if (turn == self) {
            turn = !self;
            done++;
        }
        sched_yield();
    }
    return done;
}
static long yield_all_the_time(void *argument)
{
    (void)argument;
    while (!is_over) {
        sched_yield();
        yields++;
    }
    return 0;
}
static long spin(void *argument)
{
    (void)argument;
    while (!is_over) {}
    return 0;
}
static long count_to(void *argument)
{
    long n = 0;
    while (n < (long)argument) __asm__ volatile("incq %0" : "+r"(n));
    return n;
}
static void sharing(void)
{
    static struct worker a, b, c;
    uint64_t one[16] = { 0 }, all[16] = { 0 };
    get_mask(0, all, sizeof all);
    int first = 0;
    while (first < 1023 && !(all[first / 64] >> first % 64 & 1)) first++;
    one[first / 64] = 1ull << first % 64;
    set_mask(0, one, 128);
    start_worker(&a, take_turns, (void *)0);
    start_worker(&b, take_turns, (void *)1);
    tell("two take turns on one processor", "%ld %ld", join_worker(&a), join_worker(&b));
    is_over = 0;
    start_worker(&a, yield_all_the_time, NULL);
    start_worker(&b, yield_all_the_time, NULL);
    start_worker(&c, count_to, (void *)3000000);
    tell("one computes beside two that yield", "%ld", join_worker(&c));
    is_over = 1;
    join_worker(&a);
    join_worker(&b);
    is_over = 0;
    start_worker(&a, spin, NULL);
    start_worker(&b, count_to, (void *)3000000);
    tell("one computes beside one that never yields", "%ld", join_worker(&b));
    pause_ms(3);
    is_over = 1;
    join_worker(&a);
    HOLDS("a sleeper comes back to a busy processor", true);
    set_mask(0, all, 128);
}

int main(int argc, char **argv)
{
    begin_cases(argc, argv);
    bad = map_bad();
    policies();
    masks();
    sharing();
    return end_cases();
}
