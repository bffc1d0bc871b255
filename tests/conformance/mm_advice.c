/* SPDX-License-Identifier: Apache-2.0 */
/* madvise, mlock, msync and mincore on ranges that are there, partly there, locked or without access. */
#include "tests/conformance/mm_window.h"

enum { SHOWN = 16 };

/* Names that one of the C libraries does not have yet. */
enum { POPULATE_READ = 22, POPULATE_WRITE = 23, DONTNEED_LOCKED = 24 };

static const struct {
    int advice;
    const char *name;
} advices[] = {
#define ADVICE(x) { MADV_##x, #x }
    ADVICE(NORMAL),
    ADVICE(RANDOM),
    ADVICE(SEQUENTIAL),
    ADVICE(DONTNEED),
    ADVICE(FREE),
    ADVICE(REMOVE),
    ADVICE(DONTFORK),
    ADVICE(DOFORK),
    ADVICE(HUGEPAGE),
    ADVICE(NOHUGEPAGE),
    ADVICE(DONTDUMP),
    ADVICE(DODUMP),
    ADVICE(WIPEONFORK),
    ADVICE(KEEPONFORK),
    ADVICE(COLD),
    { POPULATE_READ, "POPULATE_READ" },
    ADVICE(PAGEOUT),
    ADVICE(WILLNEED),
    { POPULATE_WRITE, "POPULATE_WRITE" },
    { DONTNEED_LOCKED, "DONTNEED_LOCKED" },
#undef ADVICE
};

/* Anonymous; anonymous and read-only; no access; a private file; a view of a file; locked; a hole. */
static void make_kinds(void)
{
    int fd = open("kinds", O_RDWR | O_CREAT | O_TRUNC, 0600);
    ftruncate(fd, PAGE);
    window_fill(0, 1);
    sys_mmap(page_at(1), PAGE, PROT_READ, ANON | MAP_FIXED, -1, 0);
    sys_mmap(page_at(2), PAGE, PROT_NONE, ANON | MAP_FIXED, -1, 0);
    sys_mmap(page_at(3), PAGE, RW, MAP_PRIVATE | MAP_FIXED, fd, 0);
    close(fd);
    fd = open("kinds", O_RDONLY);
    sys_mmap(page_at(4), PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0);
    close(fd);
    window_fill(5, 1);
    sys_mlock(page_at(5), PAGE);
}

static void kinds(void)
{
    for (size_t i = 0; i < sizeof advices / sizeof *advices; i++) {
        begin_case(advices[i].name);
        make_kinds();
        for (int page = 0; page < 7; page++) {
            printf("%d ", page);
            SHOW(sys_madvise(page_at((size_t)page), PAGE, advices[i].advice));
        }
        if (advices[i].advice != MADV_FREE) show_pages("pages", page_at(0), 7);
    }
}

static void discarding(void)
{
    begin_case("discard the middle");
    window_fill(0, 8);
    SHOW(sys_madvise(page_at(2), 3 * PAGE, MADV_DONTNEED));
    show_core("core", page_at(0), 8 * PAGE);
    show_pages("pages", page_at(0), SHOWN);

    begin_case("discard over a hole");
    window_fill(0, 8);
    sys_munmap(page_at(3), PAGE);
    SHOW(sys_madvise(page_at(1), 5 * PAGE, MADV_DONTNEED));
    show_pages("pages", page_at(0), SHOWN);

    begin_case("discard up to a locked page");
    window_fill(0, 8);
    SHOW(sys_mlock(page_at(4), 1));
    SHOW(sys_madvise(page_at(2), 4 * PAGE, MADV_DONTNEED));
    show_pages("pages", page_at(0), SHOWN);
    SHOW(sys_madvise(page_at(2), 4 * PAGE, DONTNEED_LOCKED));
    show_pages("pages", page_at(0), SHOWN);
    SHOW(sys_munlock(page_at(4), PAGE));
    window_fill(0, 1);
    SHOW(sys_madvise(page_at(0), 8 * PAGE, MADV_DONTNEED));
    show_pages("pages", page_at(0), SHOWN);

    begin_case("discard without access");
    window_fill(0, 4);
    sys_mprotect(page_at(0), 4 * PAGE, PROT_NONE);
    SHOW(sys_madvise(page_at(1), 2 * PAGE, MADV_DONTNEED));
    sys_mprotect(page_at(0), 4 * PAGE, PROT_READ);
    show_pages("pages", page_at(0), SHOWN);

    begin_case("discard parts of 2 MiB");
    sys_mmap(page_at(512), 4 * MIB, RW, ANON | MAP_FIXED, -1, 0);
    for (size_t i = 512; i < 1536; i += 16) page_mark(page_at(i), i);
    SHOW(sys_madvise(page_at(600), 100 * PAGE, MADV_DONTNEED));
    SHOW(sys_madvise(page_at(1024), 2 * MIB, MADV_DONTNEED));
    for (size_t i = 512; i < 1536; i += 64) show_pages("pages", page_at(i), 2);
}

static void populating(void)
{
    begin_case("populate");
    sys_mmap(page_at(0), 8 * PAGE, RW, ANON | MAP_FIXED, -1, 0);
    show_core("untouched", page_at(0), 8 * PAGE);
    SHOW(sys_madvise(page_at(1), 2 * PAGE, POPULATE_READ));
    SHOW(sys_madvise(page_at(5), 2 * PAGE, POPULATE_WRITE));
    show_core("populated", page_at(0), 8 * PAGE);
    SHOW(sys_madvise(page_at(7), 2 * PAGE, POPULATE_READ));
    show_core("up to the hole", page_at(0), 8 * PAGE);
    show_pages("pages", page_at(0), SHOWN);

    begin_case("populate without access");
    sys_mmap(page_at(0), 8 * PAGE, RW, ANON | MAP_FIXED, -1, 0);
    sys_mprotect(page_at(2), PAGE, PROT_READ);
    sys_mprotect(page_at(5), PAGE, PROT_NONE);
    SHOW(sys_madvise(page_at(0), 8 * PAGE, POPULATE_WRITE));
    show_core("core", page_at(0), 8 * PAGE);
    SHOW(sys_madvise(page_at(0), 8 * PAGE, POPULATE_READ));
    show_core("core", page_at(0), 8 * PAGE);

    begin_case("MAP_POPULATE and MAP_LOCKED");
    PLACE(sys_mmap(page_at(0), 2 * PAGE, RW, ANON | MAP_FIXED | MAP_POPULATE, -1, 0));
    PLACE(sys_mmap(page_at(2), 2 * PAGE, PROT_READ, ANON | MAP_FIXED | MAP_POPULATE, -1, 0));
    PLACE(sys_mmap(page_at(4), 2 * PAGE, PROT_NONE, ANON | MAP_FIXED | MAP_POPULATE, -1, 0));
    PLACE(sys_mmap(page_at(6), 2 * PAGE, RW, ANON | MAP_FIXED | MAP_LOCKED, -1, 0));
    show_core("core", page_at(0), 8 * PAGE);
    SHOW(sys_madvise(page_at(6), PAGE, MADV_DONTNEED));
}

static void locking(void)
{
    begin_case("lock brings pages in");
    sys_mmap(page_at(0), 8 * PAGE, RW, ANON | MAP_FIXED, -1, 0);
    SHOW(sys_mlock(page_at(1) + 5, PAGE));
    show_core("core", page_at(0), 8 * PAGE);
    SHOW(sys_mlock2(page_at(5), PAGE, 1));
    show_core("core", page_at(0), 8 * PAGE);
    SHOW(sys_madvise(page_at(5), PAGE, MADV_DONTNEED));

    begin_case("lock up to a hole and over no access");
    sys_mmap(page_at(0), 4 * PAGE, RW, ANON | MAP_FIXED, -1, 0);
    sys_mmap(page_at(5), 4 * PAGE, RW, ANON | MAP_FIXED, -1, 0);
    SHOW(sys_mlock(page_at(2), 5 * PAGE));
    SHOW(sys_madvise(page_at(3), PAGE, MADV_DONTNEED));
    SHOW(sys_madvise(page_at(5), PAGE, MADV_DONTNEED));
    sys_mprotect(page_at(6), PAGE, PROT_NONE);
    SHOW(sys_mlock(page_at(5), 3 * PAGE));
    SHOW(sys_madvise(page_at(7), PAGE, MADV_DONTNEED));
    SHOW(sys_munlock(page_at(6), 9 * PAGE));
    SHOW(sys_madvise(page_at(7), PAGE, MADV_DONTNEED));

    begin_case("invalidating what is locked");
    window_fill(0, 4);
    SHOW(sys_msync(page_at(0), 4 * PAGE, MS_INVALIDATE));
    SHOW(sys_mlock(page_at(2), PAGE));
    SHOW(sys_msync(page_at(0), 4 * PAGE, MS_INVALIDATE));
    SHOW(sys_msync(page_at(0), 2 * PAGE, MS_INVALIDATE));
    SHOW(sys_msync(page_at(0), 9 * PAGE, MS_SYNC));

    begin_case("locks of all there is and of all to come");
    window_fill(0, 1);
    SHOW(syscall(SYS_mlockall, MCL_CURRENT));
    SHOW(sys_madvise(page_at(0), PAGE, MADV_DONTNEED));
    sys_mmap(page_at(1), PAGE, RW, ANON | MAP_FIXED, -1, 0);
    SHOW(sys_madvise(page_at(1), PAGE, MADV_DONTNEED));
    SHOW(syscall(SYS_mlockall, MCL_FUTURE));
    sys_mmap(page_at(2), PAGE, RW, ANON | MAP_FIXED, -1, 0);
    show_core("core", page_at(0), 3 * PAGE);
    SHOW(sys_madvise(page_at(2), PAGE, MADV_DONTNEED));
    SHOW(syscall(SYS_mlockall, MCL_FUTURE | MCL_ONFAULT));
    sys_mmap(page_at(3), PAGE, RW, ANON | MAP_FIXED, -1, 0);
    show_core("core", page_at(0), 4 * PAGE);
    SHOW(sys_madvise(page_at(3), PAGE, MADV_DONTNEED));
    SHOW(syscall(SYS_munlockall));
    SHOW(sys_madvise(page_at(0), 4 * PAGE, MADV_DONTNEED));
    sys_mmap(page_at(4), PAGE, RW, ANON | MAP_FIXED, -1, 0);
    show_core("core", page_at(0), 5 * PAGE);
}

int main(int argc, char **argv)
{
    window_open(argc, argv);
    kinds();
    discarding();
    populating();
    locking();
    printf("# %d cases\n", case_count);
    return 0;
}
