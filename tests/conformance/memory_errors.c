/* SPDX-License-Identifier: Apache-2.0 */
/* What mmap and its relatives answer to odd arguments, alone and in combination: which error comes
 * first is part of the interface. Every call is made through syscall(), so that the C library does not
 * correct it. */
#include "tests/conformance/conformance.h"

#include <fcntl.h>
#include <sys/mman.h>

#define COUNT_OF(a) (sizeof(a) / sizeof *(a))

enum { PAGE = 4096 };
static const uint64_t base = 0x123000000000;
static int read_only, write_only;

/* Three pages, a hole of one, and two pages that may not be touched. */
static void lay_out(void)
{
    munmap((void *)(base - 64 * PAGE), 192 * PAGE);
    void *at =
        mmap((void *)base, 6 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    if (at != (void *)base) exit(98);
    munmap((void *)(base + 3 * PAGE), PAGE);
    mprotect((void *)(base + 4 * PAGE), 2 * PAGE, PROT_NONE);
}

static const char *answer(long result)
{
    static char text[32];
    if (result == -1) return error_name(errno);
    if ((uint64_t)result - (base - 64 * PAGE) < 192 * PAGE)
        snprintf(text, sizeof text, "base%+ld", (long)((uint64_t)result - base));
    else
        snprintf(text, sizeof text, "%s", result > 65536 ? "elsewhere" : "0");
    return text;
}

static const uint64_t addresses[] = {
    0,
    1,
    base,
    base + 1,
    base + PAGE,
    base + 3 * PAGE,
    base + 4 * PAGE,
    0x7fffffffe000,
    0x7ffffffff000,
    1ull << 47,
    0xffffffffff600000,
    -(uint64_t)PAGE,
    UINT64_MAX,
};
static const uint64_t lengths[] = {
    0,          1,          PAGE,       2 * PAGE,   3 * PAGE,        5 * PAGE,
    6 * PAGE,   1ull << 46, 1ull << 47, 1ull << 60, -(uint64_t)PAGE, -(uint64_t)PAGE + 1,
    UINT64_MAX,
};

/* One line for each address: the answers for all lengths. */
static void table(const char *name, long (*call)(uint64_t at, uint64_t bytes))
{
    for (size_t a = 0; a < COUNT_OF(addresses); a++) {
        printf("%s %llx:", name, (unsigned long long)addresses[a]);
        for (size_t l = 0; l < COUNT_OF(lengths); l++) {
            lay_out();
            printf(" %s", answer(call(addresses[a], lengths[l])));
        }
        printf("\n");
    }
}

static bool may_harm(uint64_t at, uint64_t bytes) /* takes in more than the six pages */
{
    return at + bytes > base + 6 * PAGE && at + bytes >= at && bytes < 1ull << 47 && at < 1ull << 47 &&
           at + bytes < 1ull << 47;
}
static long unmap(uint64_t at, uint64_t bytes)
{
    if (may_harm(at, bytes)) return 0;
    return syscall(SYS_munmap, at, bytes);
}
static long protect(uint64_t at, uint64_t bytes)
{
    if (may_harm(at, bytes)) return 0;
    return syscall(SYS_mprotect, at, bytes, PROT_READ);
}
static long protect_oddly(uint64_t at, uint64_t bytes)
{
    if (may_harm(at, bytes)) return 0;
    return syscall(SYS_mprotect, at, bytes, 0x40 | PROT_READ);
}
static long discard(uint64_t at, uint64_t bytes) /* goes on behind holes, up to the stack */
{
    if (at + bytes > base + 6 * PAGE && at + bytes > at) return 0;
    return syscall(SYS_madvise, at, bytes, MADV_DONTNEED);
}
static long advise_oddly(uint64_t at, uint64_t bytes) { return syscall(SYS_madvise, at, bytes, 77); }
static long synchronise(uint64_t at, uint64_t bytes) { return syscall(SYS_msync, at, bytes, MS_ASYNC); }
/* Linux takes a fixed address of -1 for an error number; that is not imitated. */
static long map_fixed(uint64_t at, uint64_t bytes)
{
    if (may_harm(at, bytes) || at < 65536 || at == UINT64_MAX) return 0;
    return syscall(SYS_mmap, at, bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}
static long map_no_replace(uint64_t at, uint64_t bytes)
{
    if (at < 65536 || at == UINT64_MAX) return 0;
    return syscall(SYS_mmap, at, bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
}
static long map_closed(uint64_t at, uint64_t bytes)
{
    return syscall(SYS_mmap, at, bytes, PROT_READ, MAP_PRIVATE, 999, 0);
}
static long shrink(uint64_t at, uint64_t bytes)
{
    if (may_harm(at, bytes)) return 0;
    return syscall(SYS_mremap, at, bytes, PAGE, 0, 0);
}
/* Growing to more than there are addresses is refused with one error before Linux 6.17, another since. */
static bool depends(uint64_t bytes) { return bytes >= 1ull << 46 && bytes <= -(uint64_t)PAGE; }
static long grow(uint64_t at, uint64_t bytes)
{
    if (depends(bytes)) return 0;
    return syscall(SYS_mremap, at, PAGE, bytes, 0, 0);
}
static long grow_and_move(uint64_t at, uint64_t bytes)
{
    if (depends(bytes)) return 0;
    return syscall(SYS_mremap, at, 2 * PAGE, bytes, MREMAP_MAYMOVE, 0);
}

/* Kinds of mapping against kinds of file, offsets and lengths. */
static void kinds(void)
{
    const int files[] = { -1, read_only, write_only };
    const int types[] = {
        0,
        MAP_SHARED,
        MAP_PRIVATE,
        3,
        4,
        15,
        MAP_ANONYMOUS,
        MAP_ANONYMOUS | MAP_SHARED,
        MAP_ANONYMOUS | MAP_PRIVATE,
        MAP_ANONYMOUS | 3,
        MAP_ANONYMOUS | 4,
        MAP_ANONYMOUS | MAP_SHARED | MAP_GROWSDOWN,
    };
    const uint64_t offsets[] = { 0, 1, 1ull << 62, INT64_MAX - 4095, -(uint64_t)PAGE };
    for (size_t t = 0; t < COUNT_OF(types); t++) {
        for (size_t f = 0; f < COUNT_OF(files); f++) {
            printf("mmap kind %#x file %zu:", (unsigned)types[t], f);
            for (size_t o = 0; o < COUNT_OF(offsets); o++)
                for (size_t l = 0; l < 3; l++) {
                    lay_out();
                    printf(" %s", answer(syscall(SYS_mmap, 0, lengths[l], PROT_READ, types[t], files[f],
                                                 offsets[o])));
                }
            printf("\n");
        }
    }
}

static void advices(void)
{
    for (int advice = -1; advice < 5; advice++) {
        lay_out();
        printf("advice %d: %s", advice, answer(syscall(SYS_madvise, base, 3 * PAGE, advice)));
        printf(" across the hole %s\n", answer(syscall(SYS_madvise, base, 6 * PAGE, advice)));
    }
}

int main(int argc, char **argv)
{
    work_in(argc, argv);
    int fd = open("file", O_RDWR | O_CREAT | O_TRUNC, 0600);
    if (fd < 0 || ftruncate(fd, 4 * PAGE) != 0) return 97;
    close(fd);
    read_only = open("file", O_RDONLY);
    write_only = open("file", O_WRONLY);
    table("munmap", unmap);
    table("mprotect", protect);
    table("mprotect oddly", protect_oddly);
    table("madvise", discard);
    table("madvise oddly", advise_oddly);
    table("msync", synchronise);
    table("mmap fixed", map_fixed);
    table("mmap no replace", map_no_replace);
    table("mmap closed", map_closed);
    table("mremap down", shrink);
    table("mremap up", grow);
    table("mremap and move", grow_and_move);
    kinds();
    advices();
    unlink("file");
    return 0;
}
