/* SPDX-License-Identifier: Apache-2.0 */
/* A window of fixed addresses that the mm_*.c programs map into, so that what they print does not
 * depend on where a kernel puts things, and ways to see the state of a page without dying of it: a
 * system call that may not read or write a page says EFAULT. */
#pragma once
#include "tests/conformance/conformance.h"

#include <fcntl.h>
#include <sys/mman.h>

enum { PAGE = 4096, RW = PROT_READ | PROT_WRITE, RWX = RW | PROT_EXEC, ANON = MAP_PRIVATE | MAP_ANONYMOUS };
#define MIB (1ul << 20)

/* Nothing else is ever mapped here: far above programs and their heaps, far below libraries. */
#define WINDOW       0x100000000000ul
#define WINDOW_BYTES (64 * MIB)

/* The calls themselves: C libraries round arguments and refuse some on their own. */
static inline void *sys_mmap(void *at, size_t bytes, int protection, int flags, int fd, off_t offset)
{
    return (void *)syscall(SYS_mmap, at, bytes, protection, flags, fd, offset);
}
static inline void *sys_mremap(void *at, size_t old_bytes, size_t new_bytes, int flags, void *to)
{
    return (void *)syscall(SYS_mremap, at, old_bytes, new_bytes, flags, to);
}
static inline long sys_munmap(void *at, size_t bytes) { return syscall(SYS_munmap, at, bytes); }
static inline long sys_mprotect(void *at, size_t bytes, int protection)
{
    return syscall(SYS_mprotect, at, bytes, protection);
}
static inline long sys_madvise(void *at, size_t bytes, int advice)
{
    return syscall(SYS_madvise, at, bytes, advice);
}
static inline long sys_msync(void *at, size_t bytes, int flags)
{
    return syscall(SYS_msync, at, bytes, flags);
}
static inline long sys_mincore(void *at, size_t bytes, void *out)
{
    return syscall(SYS_mincore, at, bytes, out);
}
static inline long sys_mlock(void *at, size_t bytes) { return syscall(SYS_mlock, at, bytes); }
static inline long sys_mlock2(void *at, size_t bytes, int flags)
{
    return syscall(SYS_mlock2, at, bytes, flags);
}
static inline long sys_munlock(void *at, size_t bytes) { return syscall(SYS_munlock, at, bytes); }

static inline unsigned char *page_at(size_t page) { return (unsigned char *)WINDOW + page * PAGE; }
static inline bool is_in_window(const void *p)
{
    return (uintptr_t)p >= WINDOW && (uintptr_t)p < WINDOW + WINDOW_BYTES;
}

/* Eight bytes that go from a page to this file and from it to a page. */
static int probe_fd = -1;

static inline void window_open(int argc, char **argv)
{
    work_in(argc, argv);
    probe_fd = open("probe", O_RDWR | O_CREAT | O_TRUNC, 0600);
    if (probe_fd < 0 || write(probe_fd, "12345678", 8) != 8) exit(99);
}

/* '.': no access, 'r': reads, 'w': reads and writes. Leaves what the page holds as it is; a private
 * page that may be written has been afterwards. */
static inline char page_access(void *p)
{
    if (pwrite(probe_fd, p, 8, 0) != 8) return errno == EFAULT ? '.' : '?';
    return pread(probe_fd, p, 8, 0) == 8 ? 'w' : 'r';
}
static inline bool page_is_readable(const void *p) { return pwrite(probe_fd, p, 8, 0) == 8; }

/* Writes a word as a system call does; false where that may not be. */
static inline bool page_mark(void *p, uint64_t word)
{
    return pwrite(probe_fd, &word, 8, 0) == 8 && pread(probe_fd, p, 8, 0) == 8;
}

static inline uint64_t hash_add(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * 0x9e3779b97f4a7c15ull;
    return hash ^ hash >> 29;
}

/* The access of each page, and a hash of their first words. */
static inline void show_pages(const char *text, void *start, size_t pages)
{
    uint64_t hash = 0;
    printf("%s: ", text);
    for (size_t i = 0; i < pages; i++) {
        unsigned char *p = (unsigned char *)start + i * PAGE;
        char access = page_access(p);
        putchar(access);
        if (access == '.') continue;
        uint64_t word;
        memcpy(&word, p, sizeof word);
        hash = hash_add(hash, word + i);
    }
    printf(" %016llx\n", (unsigned long long)hash);
}

/* Which pages are in memory, or the error. At most 64 pages. */
static inline void show_core(const char *text, void *start, size_t bytes)
{
    unsigned char core[64];
    if (sys_mincore(start, bytes, core) != 0) {
        printf("%s: %s\n", text, error_name(errno));
        return;
    }
    printf("%s: ", text);
    for (size_t i = 0; i < (bytes + PAGE - 1) / PAGE; i++) putchar(core[i] & 1 ? '1' : '0');
    putchar('\n');
}

/* Where a mapping went: its place in the window in bytes, elsewhere, or the error. */
static inline void *show_place(const char *text, void *p)
{
    if (p == MAP_FAILED)
        printf("%s: %s\n", text, error_name(errno));
    else if (is_in_window(p))
        printf("%s: +%#lx\n", text, (unsigned long)p - WINDOW);
    else
        printf("%s: elsewhere\n", text);
    return p;
}
#define PLACE(call) show_place(#call, call)

static inline void window_clear(void) { sys_munmap((void *)WINDOW, WINDOW_BYTES); }

/* Anonymous pages at this place of the window, each with a first word of its own. */
static inline void window_fill(size_t page, size_t pages)
{
    if (sys_mmap(page_at(page), pages * PAGE, RW, ANON | MAP_FIXED, -1, 0) == MAP_FAILED) exit(99);
    for (size_t i = page; i < page + pages; i++) page_mark(page_at(i), 0x1000 + i);
}

/* One directed case: a fresh window, a name for the diff. */
static int case_count;
static inline void begin_case(const char *name)
{
    case_count++;
    window_clear();
    printf("-- %s\n", name);
}
