/* SPDX-License-Identifier: Apache-2.0 */
/* What operations cost, in counted instructions (docs/decisions/0006-counting-instructions.md): the
 * median of many rounds, each between two readings of the TSC, with the cost of measuring an empty
 * function taken off. Includes the loading of the arguments. Prints a line "name<TAB>count" for each.
 *
 * System calls are made directly: what the C library adds is not the kernel's. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum {
    PAGE = 4096,
    HUGE = 2 << 20,
    ROUNDS_MAX = 101,
    HUGE_ROUNDS = 15,
    POPULATED = 16 << 20,
};

struct operation {
    const char *name;
    long (*operation)(void); /* negative: it failed */
    void (*before)(void);    /* not counted; may be NULL */
    int rounds;
};

static const char path[] = "/bench.data";
static int null_fd, zero_fd, file_fd;
static char buffer[PAGE] __attribute__((aligned(PAGE)));
static char *untouched; /* what the next fault touches */
static char *block;     /* 2 MiB that are there */
static uint64_t heap_end;

static inline uint64_t tsc(void)
{
    uint64_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
    return high << 32 | low;
}

static inline long call(long number, long a, long b, long c, long d, long e, long f)
{
    long result;
    register long r10 __asm__("r10") = d, r8 __asm__("r8") = e, r9 __asm__("r9") = f;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}
static inline long call3(long number, long a, long b, long c)
{
    long result;
    __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
    return result;
}

/* ---- the operations ---- */

static long empty(void) { return 0; }
static long do_getpid(void) { return call3(SYS_getpid, 0, 0, 0); }
static long do_clock(void) { return call3(SYS_clock_gettime, CLOCK_MONOTONIC, (long)buffer, 0); }
static long do_clock_library(void) { return clock_gettime(CLOCK_MONOTONIC, (struct timespec *)buffer); }
static long do_yield(void) { return call3(SYS_sched_yield, 0, 0, 0); }
static long do_write_null_1(void) { return call3(SYS_write, null_fd, (long)buffer, 1); }
static long do_write_null_page(void) { return call3(SYS_write, null_fd, (long)buffer, PAGE); }
static long do_read_zero_1(void) { return call3(SYS_read, zero_fd, (long)buffer, 1); }
static long do_read_zero_page(void) { return call3(SYS_read, zero_fd, (long)buffer, PAGE); }
static long do_read_file_1(void) { return call3(SYS_read, file_fd, (long)buffer, 1); }
static long do_read_file_page(void) { return call3(SYS_read, file_fd, (long)buffer, PAGE); }
static long do_write_file_1(void) { return call3(SYS_write, file_fd, (long)buffer, 1); }
static long do_write_file_page(void) { return call3(SYS_write, file_fd, (long)buffer, PAGE); }
static long do_stat(void) { return call3(SYS_stat, (long)path, (long)buffer, 0); }
static long do_fstat(void) { return call3(SYS_fstat, file_fd, (long)buffer, 0); }

static long do_open_close(void)
{
    long fd = call3(SYS_open, (long)path, O_RDONLY, 0);
    return call3(SYS_close, fd, 0, 0);
}

static long do_map_unmap(void)
{
    long at = call(SYS_mmap, 0, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return call3(SYS_munmap, at, PAGE, 0);
}

static long do_map_populated(void)
{
    long at = call(SYS_mmap, 0, POPULATED, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE,
                   -1, 0);
    return call3(SYS_munmap, at, POPULATED, 0);
}

static long do_brk(void)
{
    long up = call3(SYS_brk, (long)heap_end + PAGE, 0, 0); /* a refusal is no error, but the old end */
    long down = call3(SYS_brk, (long)heap_end, 0, 0);
    return up == down ? -1 : down;
}

static long do_touch(void) { return *(volatile char *)untouched = 1; }

/* As the kernel clears memory; each 8 bytes count as one instruction. */
static inline long zero(void *at, uint64_t bytes)
{
    uint64_t words = bytes / 8;
    __asm__ volatile("rep stosq" : "+D"(at), "+c"(words) : "a"(0) : "memory");
    return 0;
}
static long do_zero_page(void) { return zero(buffer, PAGE); }
static long do_zero_block(void) { return zero(block, HUGE); }

static void rewind_file(void) { call3(SYS_lseek, file_fd, 0, SEEK_SET); }
static void next_page(void) { untouched += PAGE; }
static void next_block(void) { untouched += HUGE; }

/* ---- measuring ---- */

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Not inlined, so that every operation is called in the same way. */
static __attribute__((noinline)) uint64_t median_cost(const struct operation *o)
{
    uint64_t costs[ROUNDS_MAX];
    for (int i = 0; i < o->rounds; i++) {
        if (o->before) o->before();
        uint64_t start = tsc();
        long result = o->operation();
        costs[i] = tsc() - start;
        if (result < 0) {
            fprintf(stderr, "operations: %s: %ld\n", o->name, result);
            exit(1);
        }
    }
    qsort(costs, (size_t)o->rounds, sizeof costs[0], compare);
    return costs[o->rounds / 2];
}

static const struct operation nothing = { "", empty, NULL, ROUNDS_MAX };

static const struct operation calls[] = {
    { "getpid", do_getpid, NULL, ROUNDS_MAX },
    { "clock_gettime", do_clock, NULL, ROUNDS_MAX },
    { "clock_gettime, by the C library", do_clock_library, NULL, ROUNDS_MAX },
    { "sched_yield, alone", do_yield, NULL, ROUNDS_MAX },
    { "write 1 byte to /dev/null", do_write_null_1, NULL, ROUNDS_MAX },
    { "write 4 KiB to /dev/null", do_write_null_page, NULL, ROUNDS_MAX },
    { "read 1 byte of /dev/zero", do_read_zero_1, NULL, ROUNDS_MAX },
    { "read 4 KiB of /dev/zero", do_read_zero_page, NULL, ROUNDS_MAX },
    { "write 1 byte to a file", do_write_file_1, rewind_file, ROUNDS_MAX },
    { "write 4 KiB to a file", do_write_file_page, rewind_file, ROUNDS_MAX },
    { "read 1 byte of a file", do_read_file_1, rewind_file, ROUNDS_MAX },
    { "read 4 KiB of a file", do_read_file_page, rewind_file, ROUNDS_MAX },
    { "open and close", do_open_close, NULL, ROUNDS_MAX },
    { "stat", do_stat, NULL, ROUNDS_MAX },
    { "fstat", do_fstat, NULL, ROUNDS_MAX },
    { "mmap and munmap 4 KiB, untouched", do_map_unmap, NULL, ROUNDS_MAX },
    { "mmap and munmap 16 MiB, populated", do_map_populated, NULL, HUGE_ROUNDS },
    { "brk up and down 4 KiB, untouched", do_brk, NULL, ROUNDS_MAX },
};
static const struct operation small_fault = { "page fault, 4 KiB", do_touch, next_page, ROUNDS_MAX };
static const struct operation page_zeroing = { "zeroing 4 KiB", do_zero_page, NULL, ROUNDS_MAX };
static const struct operation huge_fault = { "page fault, 2 MiB", do_touch, next_block, HUGE_ROUNDS };
static const struct operation block_zeroing = { "zeroing 2 MiB", do_zero_block, NULL, HUGE_ROUNDS };

static void report(const struct operation *o)
{
    printf("%s\t%llu\n", o->name, (unsigned long long)(median_cost(o) - median_cost(&nothing)));
}

/* Anonymous memory, as yet without pages, at a multiple of 2 MiB. */
static char *reserve(size_t bytes)
{
    char *at = mmap(NULL, bytes + HUGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) {
        perror("operations: mmap");
        exit(1);
    }
    return (char *)(((uintptr_t)at + HUGE - 1) & ~(uintptr_t)(HUGE - 1));
}

int main(void)
{
    null_fd = open("/dev/null", O_RDWR);
    zero_fd = open("/dev/zero", O_RDONLY);
    file_fd = open(path, O_RDWR | O_CREAT, 0644);
    if (null_fd < 0 || zero_fd < 0 || file_fd < 0 || write(file_fd, buffer, PAGE) != PAGE) {
        perror("operations");
        return 1;
    }
    heap_end = (uint64_t)call3(SYS_brk, 0, 0, 0);
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) report(&calls[i]);

    /* An area below 2 MiB has 4 KiB pages only. */
    untouched = mmap(NULL, HUGE / 2, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    report(&small_fault);
    report(&page_zeroing);
    untouched = reserve((HUGE_ROUNDS + 1) * (size_t)HUGE);
    block = untouched;
    do_touch();
    report(&huge_fault);
    report(&block_zeroing);
    return 0;
}
