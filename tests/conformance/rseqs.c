/* SPDX-License-Identifier: Apache-2.0 */
/* Restartable sequences: what may be registered, what is begun again and when, the numbers of CPUs; membarrier. */
#include "tests/conformance/tasks.h"

#include <linux/membarrier.h>
#include <linux/rseq.h>
#include <stddef.h>
#include <sys/time.h>
#include <ucontext.h>

enum { SIGNATURE = 0x53053053, OTHER_SIGNATURE = 0x12345678 };

/* Counts %rdx down inside a sequence: 0 when it came to the end, 1 when it was begun again, which here means given
 * up. The first two arguments are the word that announces the sequence and what it is to hold. */
long counted(volatile __u64 *word, const struct rseq_cs *section, unsigned long count);
extern const char section_begin[], section_end[], section_abort[], section_wrong_abort[];
__asm__(".pushsection .text\n"
        "counted:\n"
        "    mov %rsi, (%rdi)\n"
        "section_begin:\n"
        "1:  dec %rdx\n"
        "    jnz 1b\n"
        "section_end:\n"
        "    xor %eax, %eax\n"
        "    ret\n"
        "    .long 0x53053053\n"
        "section_abort:\n"
        "    mov $1, %eax\n"
        "    ret\n"
        "    .long 0x12345678\n"
        "section_wrong_abort:\n"
        "    mov $2, %eax\n"
        "    ret\n"
        ".popsection\n");

static struct rseq mine __attribute__((aligned(32)));
static struct rseq_cs section;

static long rseq(void *at, unsigned bytes, int flags, unsigned signature)
{
    return syscall(SYS_rseq, at, bytes, flags, signature);
}
static volatile __u64 *word(void)
{
    return (volatile __u64 *)((char *)&mine + offsetof(struct rseq, rseq_cs));
}

/* What the C library has registered for this thread, if it did. */
extern const ptrdiff_t __rseq_offset __attribute__((weak));
extern const unsigned __rseq_size __attribute__((weak));
static void be_without(void)
{
    char *self;
    __asm__("mov %%fs:0, %0" : "=r"(self));
    if (&__rseq_size && __rseq_size) rseq(self + __rseq_offset, 32, RSEQ_FLAG_UNREGISTER, SIGNATURE);
}

/* ---- registration ---- */

static void registration(void)
{
    char *bad = map_bad();
    CASE("not aligned", rseq((char *)&mine + 16, 32, 0, SIGNATURE));
    CASE("too short", rseq(&mine, 16, 0, SIGNATURE));
    CASE("nothing long", rseq(&mine, 0, 0, SIGNATURE));
    CASE("unknown flags", rseq(&mine, 32, 2, SIGNATURE));
    CASE("both flags", rseq(&mine, 32, 3, SIGNATURE));
    CASE("not registered", rseq(&mine, 32, RSEQ_FLAG_UNREGISTER, SIGNATURE));
    CASE("the kernel's memory", rseq((void *)0xffff800000000000, 32, 0, SIGNATURE));
    mine.cpu_id = 77;
    CASE("registered", rseq(&mine, 32, 0, SIGNATURE));
    HOLDS("and told the CPU", mine.cpu_id == mine.cpu_id_start && mine.cpu_id < 64);
    CASE("once more", rseq(&mine, 32, 0, SIGNATURE));
    CASE("with another signature", rseq(&mine, 32, 0, OTHER_SIGNATURE));
    CASE("elsewhere", rseq(bad - 64, 32, 0, SIGNATURE));
    CASE("given up elsewhere", rseq(bad - 64, 32, RSEQ_FLAG_UNREGISTER, SIGNATURE));
    CASE("with another signature", rseq(&mine, 32, RSEQ_FLAG_UNREGISTER, OTHER_SIGNATURE));
    CASE("too short", rseq(&mine, 16, RSEQ_FLAG_UNREGISTER, SIGNATURE));
    CASE("given up", rseq(&mine, 32, RSEQ_FLAG_UNREGISTER, SIGNATURE));
    tell("what is left there", "%u %d", mine.cpu_id_start, (int)mine.cpu_id);
    CASE("given up twice", rseq(&mine, 32, RSEQ_FLAG_UNREGISTER, SIGNATURE));
    CASE("registered again", rseq(&mine, 32, 0, SIGNATURE));
}

/* ---- CPUs ---- */

static unsigned cpu_now(void)
{
    unsigned cpu = 99;
    syscall(SYS_getcpu, &cpu, NULL, NULL);
    return cpu;
}
static int child_of_fork(void *argument)
{
    (void)argument;
    int registered = rseq(&mine, 32, 0, SIGNATURE) == -1 && errno == EBUSY;
    return registered + 2 * (mine.cpu_id < 64) + 4 * (rseq(&mine, 32, RSEQ_FLAG_UNREGISTER, SIGNATURE) == 0);
}
static void cpus(void)
{
    cpu_set_t all, one;
    sched_getaffinity(0, sizeof all, &all);
    bool agrees = true;
    for (int cpu = 0; cpu < 64; cpu++) {
        if (!CPU_ISSET(cpu, &all)) continue;
        CPU_ZERO(&one);
        CPU_SET(cpu, &one);
        sched_setaffinity(0, sizeof one, &one);
        agrees &= *(volatile __u32 *)&mine.cpu_id == (unsigned)cpu && cpu_now() == (unsigned)cpu;
    }
    HOLDS("the number follows the thread", agrees);
    sched_setaffinity(0, sizeof all, &all);
    CHILD("a child of fork", child_of_fork, NULL);
}

/* ---- sequences ---- */

static _Atomic int signals;
static _Atomic long interrupted_at;
static void on_alarm(int number, siginfo_t *info, void *context)
{
    (void)number, (void)info;
    signals++;
    interrupted_at = ((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];
}
static void describe(void)
{
    section = (struct rseq_cs){ .start_ip = (uintptr_t)section_begin,
                                .post_commit_offset = (size_t)(section_end - section_begin),
                                .abort_ip = (uintptr_t)section_abort };
}
static void alarm_soon(void)
{
    struct itimerval soon = { .it_value = { 0, 20000 } };
    setitimer(ITIMER_REAL, &soon, NULL);
}
static void by_signals(void)
{
    describe();
    catch_info(SIGALRM, on_alarm, 0);
    /* On a busy machine another program may come between, too. */
    bool stays = false;
    for (int i = 0; i < 1000 && !stays; i++)
        stays = counted(word(), &section, 10) == 0 && *word() == (uintptr_t)&section;
    HOLDS("nothing comes between, and the word stays", stays);
    long result = 0;
    for (int i = 0; i < 100 && interrupted_at != (long)(uintptr_t)section_abort; i++) {
        int before = signals;
        alarm_soon();
        while (signals == before) result = counted(word(), &section, 1ul << 40);
    }
    tell("a signal", "%ld", result);
    HOLDS("whose handler returns to the other place", interrupted_at == (long)(uintptr_t)section_abort);
    *word() = (uintptr_t)&section;
    raise(SIGALRM);
    tell("a signal elsewhere; the word", "%d", (int)*word());
}

static _Atomic int stop;
static long run_beside(void *argument)
{
    (void)argument;
    while (!stop) {}
    return 0;
}
static void by_others(void)
{
    cpu_set_t all, one;
    struct worker worker;
    sched_getaffinity(0, sizeof all, &all);
    CPU_ZERO(&one);
    CPU_SET((int)cpu_now(), &one);
    sched_setaffinity(0, sizeof one, &one);
    stop = 0;
    start_worker(&worker, run_beside, NULL);
    long result = 0;
    for (int i = 0; i < 200 && !result; i++) result = counted(word(), &section, 10000000);
    tell("another thread on the CPU", "%ld", result);
    stop = 1;
    join_worker(&worker);
    sched_setaffinity(0, sizeof all, &all);
}

/* ---- what is not sound ---- */

static int run_wrong(void *argument)
{
    int which = *(int *)argument;
    describe();
    catch_info(SIGALRM, on_alarm, 0);
    const struct rseq_cs *at = &section;
    if (which == 0) section.abort_ip = (uintptr_t)section_wrong_abort;
    if (which == 1) section.abort_ip = (uintptr_t)section_begin + 1;
    if (which == 2) section.version = 1;
    if (which == 3) section.start_ip = ~0ull - 3;
    if (which == 4) at = (const struct rseq_cs *)map_bad();
    if (which == 5) section.abort_ip = 0xffff800000000000;
    if (which == 6) section.post_commit_offset = ~0ull;
    alarm_soon();
    return (int)counted(word(), at, 1ul << 36) + 50;
}
static void wrong(void)
{
    static const char *const names[] = { "another signature",    "begun again inside", "an unknown version",
                                         "the end of addresses", "not to be read",     "the kernel's address",
                                         "without end" };
    for (int i = 0; i < (int)(sizeof names / sizeof *names); i++) CHILD(names[i], run_wrong, &i);
}

/* ---- barriers ---- */

static long barrier(int command, unsigned flags) { return syscall(SYS_membarrier, command, flags, 0); }
static int barriers_of_child(void *argument)
{
    (void)argument;
    return (barrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0) == 0) + 2;
}
static int barriers(void *argument)
{
    (void)argument;
    long all = barrier(MEMBARRIER_CMD_QUERY, 0);
    HOLDS("what there is", (all & 0x1ff) == 0x1ff);
    CASE("unknown flags", barrier(MEMBARRIER_CMD_QUERY, 1));
    CASE("an unknown command", barrier(1 << 20, 0));
    CASE("two at once", barrier(MEMBARRIER_CMD_GLOBAL | MEMBARRIER_CMD_GLOBAL_EXPEDITED, 0));
    CASE("a negative one", barrier(-1, 0));
    CASE("global", barrier(MEMBARRIER_CMD_GLOBAL, 0));
    CASE("global, with flags", barrier(MEMBARRIER_CMD_GLOBAL, 1));
    CASE("global, expedited", barrier(MEMBARRIER_CMD_GLOBAL_EXPEDITED, 0));
    CASE("registered", barrier(MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED, 0));
    static const int kinds[] = { MEMBARRIER_CMD_PRIVATE_EXPEDITED, MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE,
                                 MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ };
    for (int i = 0; i < 3; i++) {
        CASE("private, not registered", barrier(kinds[i], 0));
        CASE("registered", barrier(kinds[i] << 1, 0));
        CASE("registered again", barrier(kinds[i] << 1, 0));
        CASE("private", barrier(kinds[i], 0));
        CASE("with a CPU", barrier(kinds[i], MEMBARRIER_CMD_FLAG_CPU));
    }
    CHILD("a child of fork may, too", barriers_of_child, NULL);
    return 0;
}

/* The other thread never leaves its sequence by itself: only the barrier, on another CPU or on this one, ends it. */
static long count_long(void *argument)
{
    (void)argument;
    static struct rseq own __attribute__((aligned(32)));
    be_without();
    if (rseq(&own, 32, 0, SIGNATURE) != 0) return 98;
    stop = 1;
    return counted((volatile __u64 *)((char *)&own + offsetof(struct rseq, rseq_cs)), &section, 1ul << 40);
}
static int barrier_restarts(void *argument)
{
    (void)argument;
    struct worker worker;
    describe();
    barrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ, 0);
    stop = 0;
    start_worker(&worker, count_long, NULL);
    becomes(&stop, 1);
    pause_ms(20);
    barrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ, 0);
    return (int)join_worker(&worker) + 10;
}

int main(int argc, char **argv)
{
    begin_cases(argc, argv);
    be_without();
    registration();
    cpus();
    by_signals();
    by_others();
    wrong();
    CHILD("barriers", barriers, NULL);
    CHILD("a barrier ends sequences", barrier_restarts, NULL);
    return end_cases();
}
