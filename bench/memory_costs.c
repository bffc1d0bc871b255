/* SPDX-License-Identifier: Apache-2.0 */
/* What memory costs, in counted instructions. Prints a line "name<TAB>count" for each operation.
 *
 * "From the pool" means that the program slept before, and so let an idle kernel clear memory ahead of time
 * if it does that. All other operations are measured where no time was idle since the pool was emptied: what
 * is cleared for them is cleared while they are counted. */
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "bench/measure.h"

enum {
    PAGE = 4096,
    HUGE = 2 << 20,
    SMALL = HUGE / 4 * 3, /* cannot hold a huge page */
    LARGE = 64 << 20,
    POOL_MAX = 128 << 20, /* more than any pool holds */
    MODEL = 256 << 20,    /* whose leaves are counted */
    HUGE_ROUNDS = 15,
    LARGE_ROUNDS = 9,
    READ_WRITE = PROT_READ | PROT_WRITE,
    ANONYMOUS = MAP_PRIVATE | MAP_ANONYMOUS,
};

/* ---- one area at a time is what the operations work on ---- */

static struct {
    char *start;
    size_t bytes; /* of it, at the start, that count */
    char *mapping;
    size_t mapping_bytes;
} area;
static char *untouched; /* what the next fault touches */

static char *map(size_t bytes, int protection)
{
    char *at = mmap(NULL, bytes, protection, ANONYMOUS, -1, 0);
    if (at != MAP_FAILED) return at;
    perror("memory_costs: mmap");
    exit(1);
}

static void drop_area(void)
{
    if (area.mapping_bytes) munmap(area.mapping, area.mapping_bytes);
    area.mapping_bytes = 0;
}

/* Without pages, and between some without access, so that it cannot become a part of a larger area. */
static void new_area(size_t bytes, size_t alignment)
{
    drop_area();
    area.mapping_bytes = bytes + 2 * alignment;
    area.mapping = map(area.mapping_bytes, PROT_NONE);
    area.start = (char *)(((uintptr_t)area.mapping + alignment) & ~(uintptr_t)(alignment - 1));
    area.bytes = bytes;
    mprotect(area.start, bytes, READ_WRITE);
    untouched = area.start;
}

/* ---- time without work, and its opposite ---- */

static void be_idle(void)
{
    struct timespec enough = { .tv_nsec = 50000000 };
    nanosleep(&enough, NULL);
}

static void empty_pool(void)
{
    char *all = mmap(NULL, POOL_MAX, READ_WRITE, ANONYMOUS | MAP_POPULATE, -1, 0);
    if (all == MAP_FAILED) {
        perror("memory_costs: mmap");
        exit(1);
    }
    munmap(all, POOL_MAX);
}

/* ---- calls ---- */

static uint64_t heap_end;

static long do_brk(void)
{
    long up = call3(SYS_brk, (long)heap_end + PAGE, 0, 0); /* a refusal is no error, but the old end */
    long down = call3(SYS_brk, (long)heap_end, 0, 0);
    return up == down ? -1 : down;
}

static long do_map_unmap(void)
{
    long at = call(SYS_mmap, 0, PAGE, READ_WRITE, ANONYMOUS, -1, 0);
    return call3(SYS_munmap, at, PAGE, 0);
}

/* The next page that is mapped lies below one that has this protection. */
static void new_neighbour(int protection)
{
    char *above = NULL, *below = NULL;
    for (int tries = 0; tries < 16; tries++) {
        above = map(PAGE, protection);
        below = map(PAGE, READ_WRITE);
        munmap(below, PAGE);
        if (below + PAGE == above) return;
    }
    fprintf(stderr, "memory_costs: no place below a neighbour: %p, %p\n", (void *)above, (void *)below);
    exit(1);
}

static long do_populate(void)
{
    long at = call(SYS_mmap, 0, LARGE, READ_WRITE, ANONYMOUS | MAP_POPULATE, -1, 0);
    area.mapping = (char *)at;
    area.mapping_bytes = at < 0 ? 0 : LARGE;
    return at;
}
static void drop_area_be_idle(void)
{
    drop_area();
    be_idle();
}
static void populate(void) { do_populate(); }
static void populate_once(void)
{
    if (!area.mapping_bytes) do_populate();
}
static long do_unmap(void)
{
    area.mapping_bytes = 0;
    return call3(SYS_munmap, (long)area.mapping, LARGE, 0);
}
static long do_lock(void) { return call3(SYS_mlock, (long)area.mapping, LARGE, 0); }

/* ---- faults ---- */

static long do_touch(void) { return *(volatile char *)untouched = 1; }
static void next_page(void) { untouched += PAGE; }
static void next_block(void) { untouched += HUGE; }

static long do_touch_all(void)
{
    for (char *at = area.start, *end = at + area.bytes; at < end; at += PAGE) *(volatile char *)at = 1;
    return 0;
}
static void new_small_area(void) { new_area(SMALL, PAGE); }
static void new_block(void) { new_area(HUGE, HUGE); }
static void new_large_area(void) { new_area(LARGE, HUGE); }
static void new_large_area_be_idle(void)
{
    new_large_area();
    be_idle();
}

/* What every kernel would have to do if there were no other instruction for it. Each 8 bytes count as one. */
static long do_clear(void)
{
    void *at = area.start;
    uint64_t words = area.bytes / 8;
    __asm__ volatile("rep stosq" : "+D"(at), "+c"(words) : "a"(0) : "memory");
    return 0;
}

/* ---- what is there ---- */

/* The number of page-table entries that map what counts of the area: huge pages and single ones. Negative
 * when /proc does not tell. */
static long count_leaves(void)
{
    char line[512];
    unsigned long start = 0, end = 0, kib, resident_kib = 0, huge_kib = 0;
    FILE *smaps = fopen("/proc/self/smaps", "r");
    if (!smaps) return -1;
    while (fgets(line, sizeof line, smaps)) {
        unsigned long first, last;
        if (sscanf(line, "%lx-%lx ", &first, &last) == 2) start = first, end = last;
        if (end <= (uintptr_t)area.start || start >= (uintptr_t)area.start + area.bytes) continue;
        if (sscanf(line, "Rss: %lu kB", &kib) == 1) resident_kib += kib;
        if (sscanf(line, "AnonHugePages: %lu kB", &kib) == 1) huge_kib += kib;
    }
    fclose(smaps);
    return (long)(huge_kib / (HUGE >> 10) + (resident_kib - huge_kib) / (PAGE >> 10));
}

/* ---- the list, in order: each group has what it needs prepared in main() ---- */

static const struct operation brk_up_down = { "brk up and down 4 KiB, untouched", do_brk, NULL, ROUNDS_MAX };
static const struct operation map_joining = { "mmap and munmap 4 KiB, untouched, beside its like",
                                              do_map_unmap, NULL, ROUNDS_MAX };
static const struct operation map_alone = { "mmap and munmap 4 KiB, untouched, alone", do_map_unmap, NULL,
                                            ROUNDS_MAX };
static const struct operation small_fault = { "page fault, 4 KiB", do_touch, next_page, ROUNDS_MAX };
static const struct operation huge_fault = { "page fault, 2 MiB", do_touch, next_block, HUGE_ROUNDS };
static const struct operation huge_fault_pool = { "page fault, 2 MiB, from the pool", do_touch, next_block,
                                                  HUGE_ROUNDS };

static const struct operation with_idle_time[] = {
    { "mmap 64 MiB, populated, from the pool", do_populate, drop_area_be_idle, LARGE_ROUNDS },
    { "touching every page of 64 MiB, from the pool", do_touch_all, new_large_area_be_idle, LARGE_ROUNDS },
};
static const struct operation without_idle_time[] = {
    { "mmap 64 MiB, populated", do_populate, drop_area, LARGE_ROUNDS },
    { "mlock 64 MiB that are there", do_lock, populate_once, LARGE_ROUNDS },
    { "munmap 64 MiB that are there", do_unmap, populate, LARGE_ROUNDS },
    { "touching every page of 1.5 MiB", do_touch_all, new_small_area, LARGE_ROUNDS },
    { "touching every page of 2 MiB", do_touch_all, new_block, LARGE_ROUNDS },
    { "touching every page of 64 MiB", do_touch_all, new_large_area, LARGE_ROUNDS },
    { "clearing 64 MiB, 8 bytes an instruction", do_clear, NULL, 3 }, /* the area just touched */
};

static void calls(void)
{
    heap_end = (uint64_t)call3(SYS_brk, 0, 0, 0);
    report(&brk_up_down);
    new_neighbour(READ_WRITE);
    report(&map_joining);
    new_neighbour(PROT_READ);
    report(&map_alone);
}

static void faults(void)
{
    new_area(SMALL, PAGE);
    report(&small_fault);
    new_area((HUGE_ROUNDS + 1) * (size_t)HUGE, HUGE);
    report(&huge_fault);
    new_area((HUGE_ROUNDS + 1) * (size_t)HUGE, HUGE);
    be_idle();
    report(&huge_fault_pool);
}

static void report_all(const struct operation *list, size_t count)
{
    for (size_t i = 0; i < count; i++) report(&list[i]);
}

int main(void)
{
    static char output[4096];
    setvbuf(stdout, output, _IOFBF, sizeof output); /* what is written in between could be idle time */
    empty_pool();
    calls();
    faults();
    report_all(with_idle_time, sizeof with_idle_time / sizeof with_idle_time[0]);
    empty_pool();
    report_all(without_idle_time, sizeof without_idle_time / sizeof without_idle_time[0]);

    new_area(MODEL, HUGE);
    do_touch_all();
    long leaves = count_leaves();
    if (leaves >= 0) printf("leaves of 256 MiB\t%ld\n", leaves);
    return 0;
}
