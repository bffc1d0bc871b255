/* SPDX-License-Identifier: Apache-2.0 */
/* Leaves of 1 GiB on request. Prints what failed; the exit status says how much. Needs 3 GiB of memory. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>

enum { GIANT_SHIFT = 30 };
#define GIANT (1ul << GIANT_SHIFT)
#define FLAGS (MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | GIANT_SHIFT << 26)

static int failures;

static void expect(int is_true, const char *what)
{
    if (is_true) return;
    failures++;
    printf("%s\n", what);
}

static uint64_t free_memory(void)
{
    struct sysinfo info;
    sysinfo(&info);
    return info.freeram;
}

int main(void)
{
    uint64_t before = free_memory();
    volatile uint64_t *at = mmap(NULL, 1, PROT_READ | PROT_WRITE, FLAGS, -1, 0);
    expect(at != MAP_FAILED, "a page of 1 GiB cannot be had");
    if (at == MAP_FAILED) return failures;
    expect((uintptr_t)at % GIANT == 0, "it is not aligned");
    uint64_t taken = before - free_memory();
    expect(taken >= GIANT && taken < GIANT + (1 << 20), "it is not taken when it is mapped");
    uint64_t sum = 0;
    for (uint64_t i = 0; i < GIANT / 8; i += 4096) sum |= at[i];
    expect(!sum, "it is not zeros");
    for (uint64_t i = 0; i < GIANT / 8; i += 65536) at[i] = i;
    for (uint64_t i = 0; i < GIANT / 8; i += 65536) sum += at[i] - i;
    expect(!sum, "it does not keep what is written");
    expect(munmap((char *)at + (2 << 20), 2 << 20) == -1 && errno == EINVAL, "a part of it can be unmapped");
    expect(mprotect((char *)at, 4096, PROT_READ) == -1 && errno == EINVAL, "a part of it can be protected");

    errno = 0;
    void *more = mmap(NULL, 64 * GIANT, PROT_READ | PROT_WRITE, FLAGS, -1, 0);
    expect(more == MAP_FAILED && errno == ENOMEM, "64 GiB are not refused");
    expect(munmap((void *)at, GIANT) == 0, "it cannot be unmapped");
    uint64_t after = free_memory();
    expect(after + (1 << 20) >= before, "memory is lost");
    if (!failures) printf("as it should be\n");
    return failures;
}
