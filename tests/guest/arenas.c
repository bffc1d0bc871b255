/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that grows in small steps, as heaps do, ends up in huge pages. Prints what holds and what does not; ends with
 * 77 where /proc does not say how much memory is in huge pages. */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define MIB (1ul << 20)
enum { PAGE = 4096, HUGE_KIB = 2048 };

static unsigned long rollup_kib(const char *name)
{
    char line[256];
    unsigned long value = 0;
    FILE *file = fopen("/proc/self/smaps_rollup", "r");
    if (!file) exit(77);
    while (fgets(line, sizeof line, file))
        if (!strncmp(line, name, strlen(name))) value = strtoul(line + strlen(name), NULL, 10);
    fclose(file);
    return value;
}
static unsigned long huge_kib(void) { return rollup_kib("AnonHugePages:"); }

#define CHECK(what) printf("%s: %s\n", #what, (what) ? "yes" : "NO")

/* Every block holds where it is and which came before. */
static void check_malloc(void)
{
    unsigned long huge = huge_kib(), broken = 0, blocks = 0;
    char **last = NULL;
    for (unsigned long bytes = 0; bytes < 32 * MIB; bytes += 2000, blocks++) {
        char **block = malloc(2000);
        memset(block, (int)blocks, 2000);
        block[0] = (char *)last;
        block[1] = (char *)block;
        last = block;
    }
    /* All but the ends. */
    CHECK(huge_kib() - huge >= 14 * HUGE_KIB);
    for (; last; last = (char **)last[0]) {
        blocks--;
        broken += last[1] != (char *)last || ((unsigned char *)last)[1999] != (unsigned char)blocks;
    }
    CHECK(broken == 0 && blocks == 0);
}

/* As arenas of threads are: room without access, which becomes writable from its start on. */
static void check_arena(void)
{
    unsigned long huge = huge_kib(), rss = rollup_kib("Rss:"), broken = 0;
    char *room = mmap(NULL, 16 * MIB, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    char *arena = (char *)(((uintptr_t)room + 8 * MIB - 1) & ~(8 * MIB - 1));
    for (unsigned long at = 0, step = 33 * PAGE; at < 8 * MIB; at += PAGE) {
        if (at % step == 0 &&
            mprotect(arena + at, at + step < 8 * MIB ? step : 8 * MIB - at, PROT_READ | PROT_WRITE))
            exit(1);
        *(unsigned long *)(arena + at) = at;
    }
    CHECK(huge_kib() - huge == 4 * HUGE_KIB);
    /* A part goes, as free() has it, and is used again. */
    madvise(arena + 3 * MIB + 5 * PAGE, 300 * PAGE, MADV_DONTNEED);
    CHECK(huge_kib() - huge == 2 * HUGE_KIB);
    CHECK(rollup_kib("Rss:") - rss < 8 * 1024ul - 1000);
    for (unsigned long at = 0; at < 8 * MIB; at += PAGE) {
        unsigned long *word = (unsigned long *)(arena + at);
        int is_gone = at >= 3 * MIB + 5 * PAGE && at < 3 * MIB + 305 * PAGE;
        broken += *word != (is_gone ? 0 : at);
        *word = at;
    }
    CHECK(broken == 0);
    CHECK(huge_kib() - huge == 4 * HUGE_KIB);
    mprotect(arena + MIB, PAGE, PROT_READ);
    CHECK(huge_kib() - huge == 3 * HUGE_KIB);
    mprotect(arena + MIB, PAGE, PROT_READ | PROT_WRITE);
    CHECK(huge_kib() - huge == 4 * HUGE_KIB);
    munmap(room, 16 * MIB);
    CHECK(huge_kib() == huge);
}

/* Too small for a huge page: what is touched is there, and nothing else. */
static void check_buffer(void)
{
    unsigned long huge = huge_kib(), rss = rollup_kib("Rss:");
    /* With a guard on either side, or it could be one area with a neighbour. */
    char *room = mmap(NULL, 2 * MIB, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
         *buffer = room + 64 * PAGE;
    if (mprotect(buffer, 3 * MIB / 2, PROT_READ | PROT_WRITE)) exit(1);
    for (unsigned long at = 0; at < MIB; at += PAGE) buffer[at] = 1;
    CHECK(huge_kib() == huge);
    CHECK(rollup_kib("Rss:") - rss <= 1024 + 16);
    munmap(room, 2 * MIB);
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 512);
    check_malloc();
    check_arena();
    check_buffer();
    return 0;
}
