/* SPDX-License-Identifier: Apache-2.0 */
/* A loop that computes on each processor, and what disturbs it: quiet MILLIONS [COUNTERS]. Each of as many threads
 * as there are processors executes so many millions of instructions; before and after, the kernel's own counters
 * are read, while all threads run. Prints the sums over all processors, as lines "name<TAB>count", of
 * interrupts, faults and switches; then the instructions, of all threads together. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { CPUS_MAX = 64, TEXT_MAX = 32768, PER_TURN = 2 /* instructions */ };

/* A line "cpuN INTERRUPTS FAULTS SWITCHES" for each processor; or Linux's /proc/stat, and its count of this
 * process's faults. */
static const char *counters_path = "/proc/cpu_counters";
static const char linux_path[] = "/proc/stat";
static const char *const names[] = { "interrupts", "faults", "switches" };
enum { COUNTERS = sizeof names / sizeof *names };

struct counts {
    unsigned long long sums[COUNTERS];
    int cpus;
};

static cpu_set_t all;
static uint64_t turns;
static int cpu_count;
static _Atomic int arrived, may_begin, done, may_end;

static void must(int succeeded, const char *what)
{
    if (succeeded) return;
    perror(what);
    exit(1);
}

/* Three calls and nothing that could fault: the buffer is there before. */
static void read_file(const char *path, char *text)
{
    int fd = open(path, O_RDONLY);
    must(fd >= 0, path);
    ssize_t bytes = read(fd, text, TEXT_MAX - 1);
    must(bytes > 0, path);
    text[bytes] = 0;
    close(fd);
}
static int is_linux(void) { return !strcmp(counters_path, linux_path); }
struct reading {
    char text[TEXT_MAX];
    struct rusage usage;
};
static void read_counters(struct reading *r)
{
    read_file(counters_path, r->text);
    if (is_linux()) getrusage(RUSAGE_SELF, &r->usage);
}

static unsigned long long linux_count(const char *text, const char *name)
{
    const char *at = strstr(text, name);
    must(at != NULL, name);
    return strtoull(at + strlen(name), NULL, 10);
}
static struct counts parse_linux(const struct reading *r)
{
    unsigned long long faults = (unsigned long long)(r->usage.ru_minflt + r->usage.ru_majflt);
    return (struct counts){
        .sums = { linux_count(r->text, "\nintr "), faults, linux_count(r->text, "\nctxt ") },
        .cpus = cpu_count,
    };
}
static struct counts parse(const struct reading *r)
{
    struct counts c = { 0 };
    if (is_linux()) return parse_linux(r);
    for (const char *line = r->text; line; line = (line = strchr(line, '\n')) ? line + 1 : NULL) {
        unsigned long long n[COUNTERS];
        if (sscanf(line, "cpu%*d %llu %llu %llu", &n[0], &n[1], &n[2]) != COUNTERS) continue;
        for (int i = 0; i < COUNTERS; i++) c.sums[i] += n[i];
        c.cpus++;
    }
    return c;
}

static __attribute__((noinline)) void compute(uint64_t count)
{
    __asm__ volatile(".balign 16; 1: subq $1, %0; jnz 1b" : "+r"(count) : : "cc");
}

/* Nobody sleeps: who waits here computes, too. */
static void wait_until(_Atomic int *word, int value)
{
    while (*word < value) __builtin_ia32_pause();
}
/* Only the `number`-th processor that is allowed, from now on. */
static void stay_on(const cpu_set_t *all, long number)
{
    cpu_set_t one;
    CPU_ZERO(&one);
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET(cpu, all) && number-- == 0) CPU_SET(cpu, &one);
    must(sched_setaffinity(0, sizeof one, &one) == 0, "sched_setaffinity");
}
static void *run(void *argument)
{
    stay_on(&all, (long)argument);
    arrived++;
    wait_until(&may_begin, 1);
    compute(turns);
    done++;
    wait_until(&may_end, 1);
    return argument;
}

int main(int argc, char **argv)
{
    static struct reading before, after;
    pthread_t threads[CPUS_MAX];
    if (argc < 2) {
        fprintf(stderr, "usage: quiet MILLIONS [COUNTERS]\n");
        return 2;
    }
    turns = strtoull(argv[1], NULL, 10) * 1000000 / PER_TURN;
    if (argc > 2) counters_path = argv[2];
    must(turns > 0 && sched_getaffinity(0, sizeof all, &all) == 0, "quiet");
    cpu_count = CPU_COUNT(&all) < CPUS_MAX ? CPU_COUNT(&all) : CPUS_MAX;

    /* We run on the first processor, one thread on each of the others. */
    for (long i = 1; i < cpu_count; i++)
        must((errno = pthread_create(&threads[i], NULL, run, (void *)i)) == 0, "pthread_create");
    stay_on(&all, 0);
    while (arrived < cpu_count - 1) sched_yield();
    for (int i = 0; i < 2; i++) { /* the first time touches what the second finds */
        read_counters(&before);
        read_counters(&after);
    }
    compute(1000000 / PER_TURN);

    read_counters(&before);
    may_begin = 1;
    compute(turns);
    wait_until(&done, cpu_count - 1);
    read_counters(&after);

    may_end = 1;
    for (int i = 1; i < cpu_count; i++) pthread_join(threads[i], NULL);
    struct counts from = parse(&before), to = parse(&after);
    if (from.cpus == 0 || from.cpus != to.cpus) {
        fprintf(stderr, "quiet: %s does not look as it should\n", counters_path);
        return 1;
    }
    for (int i = 0; i < COUNTERS; i++) printf("%s\t%llu\n", names[i], to.sums[i] - from.sums[i]);
    printf("instructions\t%llu\n", (unsigned long long)turns * PER_TURN * (unsigned)cpu_count);
    return 0;
}
