/* SPDX-License-Identifier: Apache-2.0 */
/* The C library's memory: malloc in all sizes, large stacks, recursion, alloca, sorting. */
#include "tests/conformance/conformance.h"

#include <alloca.h>
#include <malloc.h>
#include <sys/resource.h>

static uint32_t next(uint32_t *seed) { return *seed = *seed * 1664525u + 1013904223u; }

/* Blocks of random sizes, each filled with its own number; any overlap shows. */
static void churn(void)
{
    enum { BLOCKS = 2000, ROUNDS = 40000 };
    static struct {
        unsigned char *at;
        size_t bytes;
        unsigned char fill;
    } blocks[BLOCKS];
    uint32_t seed = 7, broken = 0, made = 0;
    for (int round = 0; round < ROUNDS; round++) {
        uint32_t i = next(&seed) >> 8 & 0x7fffff;
        i %= BLOCKS;
        if (blocks[i].at) {
            for (size_t at = 0; at < blocks[i].bytes; at += blocks[i].bytes > 64 ? 61 : 1)
                broken += blocks[i].at[at] != blocks[i].fill;
            free(blocks[i].at);
            blocks[i].at = NULL;
            continue;
        }
        blocks[i].bytes = next(&seed) % 100 == 0 ? next(&seed) % 300000 : next(&seed) % 600;
        blocks[i].at = malloc(blocks[i].bytes);
        blocks[i].fill = (unsigned char)next(&seed);
        if (blocks[i].bytes) memset(blocks[i].at, blocks[i].fill, blocks[i].bytes);
        made++;
    }
    for (int i = 0; i < BLOCKS; i++) free(blocks[i].at);
    printf("%u blocks made, %u bytes broken\n", made, broken);
}

static void sizes(void)
{
    unsigned char *p = malloc(64 << 20);
    CHECK(p != NULL);
    for (size_t at = 0; at < 64 << 20; at += 4096) p[at] = (unsigned char)(at >> 12);
    bool good = true;
    for (size_t at = 0; at < 64 << 20; at += 4096) good = good && p[at] == (unsigned char)(at >> 12);
    CHECK(good);
    p = realloc(p, 96 << 20);
    for (size_t at = 0; at < 64 << 20; at += 4096) good = good && p[at] == (unsigned char)(at >> 12);
    CHECK(good);
    p = realloc(p, 10);
    CHECK(p[0] == 0);
    free(p);
    unsigned char *zeros = calloc(1000, 1000);
    for (size_t i = 0; i < 1000000; i++) good = good && zeros[i] == 0;
    CHECK(good);
    free(zeros);
    volatile size_t huge = SIZE_MAX / 2;
    CHECK(malloc(huge) == NULL && errno == ENOMEM);
    CHECK(calloc(huge, 3) == NULL && errno == ENOMEM);
    for (size_t align = 8; align <= 1 << 20; align *= 4) {
        void *at = NULL;
        int e = posix_memalign(&at, align, 100);
        good = good && e == 0 && (uintptr_t)at % align == 0;
        free(at);
    }
    CHECK(good);
    void *at = aligned_alloc(4096, 8192);
    CHECK((uintptr_t)at % 4096 == 0);
    CHECK(malloc_usable_size(at) >= 8192);
    free(at);
}

static __attribute__((noinline)) uint64_t descend(uint32_t depth)
{
    volatile unsigned char frame[512];
    frame[depth % 512] = (unsigned char)depth;
    if (depth == 0) return 0;
    return descend(depth - 1) + frame[depth % 512] + 1;
}

static __attribute__((noinline)) uint64_t large_frame(void)
{
    volatile unsigned char frame[6 << 20];
    uint64_t sum = 0;
    /* From the far end, as nothing before has touched the pages between. */
    frame[0] = 1;
    for (size_t i = 0; i < sizeof frame; i += 4096) frame[i] = 1;
    for (size_t i = 0; i < sizeof frame; i += 4096) sum += frame[i];
    return sum;
}

static __attribute__((noinline)) uint64_t sum_on_stack(size_t bytes)
{
    unsigned char *p = alloca(bytes);
    uint64_t sum = 0;
    for (size_t i = 0; i < bytes; i++) p[i] = (unsigned char)i;
    for (size_t i = 0; i < bytes; i++) sum += p[i];
    return sum;
}

static void stack(void)
{
    struct rlimit limit;
    SHOW(getrlimit(RLIMIT_STACK, &limit));
    CHECK(limit.rlim_cur >= 8 << 20);
    printf("13000 frames: %ju\n", (uintmax_t)descend(13000));
    printf("a frame of 6 MiB: %ju\n", (uintmax_t)large_frame());
    for (size_t bytes = 1; bytes <= 1 << 22; bytes *= 8)
        printf("alloca %zu: %ju\n", bytes, (uintmax_t)sum_on_stack(bytes));
}

static int by_value(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static void sorting(void)
{
    enum { COUNT = 100000 };
    uint32_t *numbers = malloc(COUNT * sizeof *numbers), seed = 3, key;
    for (int i = 0; i < COUNT; i++) numbers[i] = next(&seed);
    key = numbers[777];
    qsort(numbers, COUNT, sizeof *numbers, by_value);
    bool sorted = true;
    uint32_t hash = 0;
    for (int i = 0; i < COUNT; i++) {
        if (i) sorted = sorted && numbers[i - 1] <= numbers[i];
        hash = hash * 31 + numbers[i];
    }
    CHECK(sorted);
    printf("hash %08x\n", hash);
    uint32_t *found = bsearch(&key, numbers, COUNT, sizeof *numbers, by_value);
    CHECK(found && *found == key);
    free(numbers);
}

int main(int argc, char **argv)
{
    work_in(argc, argv);
    churn();
    sizes();
    stack();
    sorting();
    return 0;
}
