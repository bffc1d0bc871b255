/* SPDX-License-Identifier: Apache-2.0 */
/* What the memory calls refuse, and which error wins when several things are wrong. */
#include "tests/conformance/mm_window.h"

#define TOP 0x7ffffffff000ul /* the end of user space */
enum { NO_REPLACE = MAP_FIXED_NOREPLACE };

static int file, write_only;

static void of_mmap_ranges(void)
{
    begin_case("mmap: lengths");
    PLACE(sys_mmap(page_at(0), 0, RW, ANON | MAP_FIXED, -1, 0));
    PLACE(sys_mmap(page_at(0), 1, RW, ANON | MAP_FIXED, -1, 0));
    PLACE(sys_mmap(page_at(2), PAGE + 1, RW, ANON | MAP_FIXED, -1, 0));
    show_pages("pages", page_at(0), 5);
    PLACE(sys_mmap(page_at(0), -1ul, RW, ANON | MAP_FIXED, -1, 0));
    PLACE(sys_mmap(page_at(0), -(size_t)PAGE, RW, ANON | MAP_FIXED, -1, 0));
    PLACE(sys_mmap(page_at(0), TOP, RW, ANON | MAP_FIXED, -1, 0));
    PLACE(sys_mmap(NULL, TOP, RW, ANON | MAP_NORESERVE, -1, 0));
    PLACE(sys_mmap(NULL, TOP + PAGE, RW, ANON | MAP_NORESERVE, -1, 0));
    PLACE(sys_mmap(NULL, 1ul << 63, RW, ANON | MAP_NORESERVE, -1, 0));
    show_pages("pages", page_at(0), 5);

    begin_case("mmap: places");
    PLACE(sys_mmap(page_at(0) + 1, PAGE, RW, ANON | MAP_FIXED, -1, 0));
    PLACE(sys_mmap(page_at(0) + 1, PAGE, RW, ANON | NO_REPLACE, -1, 0));
    PLACE(sys_mmap(page_at(0) + 1, PAGE, RW, ANON, -1, 0));
    PLACE(sys_mmap((void *)TOP, PAGE, RW, ANON | MAP_FIXED, -1, 0));
    PLACE(sys_mmap((void *)(TOP - PAGE), 2 * PAGE, RW, ANON | MAP_FIXED, -1, 0));
    PLACE(sys_mmap((void *)(TOP + 1), PAGE, RW, ANON | MAP_FIXED, -1, 0));
    PLACE(sys_mmap((void *)-4096ul, PAGE, RW, ANON | MAP_FIXED, -1, 0));
    PLACE(sys_mmap((void *)(1ul << 63), PAGE, RW, ANON | NO_REPLACE, -1, 0));
    void *p = PLACE(sys_mmap((void *)TOP, PAGE, RW, ANON, -1, 0));
    SHOW(sys_munmap(p, PAGE));
    p = PLACE(sys_mmap((void *)-4096ul, PAGE, RW, ANON, -1, 0));
    SHOW(sys_munmap(p, PAGE));
    p = PLACE(sys_mmap((void *)1, PAGE, RW, ANON, -1, 0));
    SHOW(sys_munmap(p, PAGE));
}

static void of_mmap_kinds(void)
{
    begin_case("mmap: kinds");
    PLACE(sys_mmap(page_at(0), PAGE, RW, MAP_ANONYMOUS | MAP_FIXED, -1, 0));
    PLACE(sys_mmap(page_at(0), PAGE, RW, MAP_SHARED_VALIDATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
    PLACE(sys_mmap(page_at(0), PAGE, RW, 0xf | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
    PLACE(sys_mmap(page_at(0), PAGE, PROT_READ, MAP_FIXED, file, 0));
    PLACE(sys_mmap(page_at(0), PAGE, PROT_READ, 0xf | MAP_FIXED, file, 0));
    PLACE(sys_mmap(page_at(0), PAGE, PROT_READ, MAP_SHARED_VALIDATE | MAP_FIXED, file, 0));
    PLACE(sys_mmap(page_at(0), PAGE, PROT_READ, MAP_SHARED_VALIDATE | MAP_FIXED | 0x8000000, file, 0));
    PLACE(sys_mmap(page_at(1), PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED | 0x8000000, file, 0));
    PLACE(sys_mmap(page_at(2), PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED | MAP_DENYWRITE | MAP_EXECUTABLE,
                   file, 0));
    PLACE(sys_mmap(page_at(3), PAGE, RW, ANON | MAP_FIXED, 1234, 0));
    PLACE(sys_mmap(page_at(4), PAGE, RW, ANON | MAP_FIXED, -1, 5 * PAGE));
    PLACE(sys_mmap(page_at(5), PAGE, 0x7f0, ANON | MAP_FIXED, -1, 0));
    show_pages("pages", page_at(1), 5);

    begin_case("mmap: files");
    PLACE(sys_mmap(page_at(0), PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, file, 1));
    PLACE(sys_mmap(page_at(0), PAGE, PROT_READ, ANON | MAP_FIXED, -1, 1));
    PLACE(sys_mmap(page_at(0), PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, file, -PAGE));
    PLACE(sys_mmap(page_at(0), 2 * PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, file, -PAGE));
    PLACE(sys_mmap(page_at(0), PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, -1, 0));
    PLACE(sys_mmap(page_at(0), PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, 1234, 0));
    PLACE(sys_mmap(page_at(0), PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, write_only, 0));
    PLACE(sys_mmap(page_at(0), PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, write_only, 0));
    PLACE(sys_mmap(page_at(0), PAGE, PROT_NONE, MAP_PRIVATE | MAP_FIXED, write_only, 0));
    PLACE(sys_mmap(page_at(0), PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED | MAP_GROWSDOWN, file, 0));
    PLACE(sys_mmap(page_at(0), PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, 0, 0));
    PLACE(sys_mmap(page_at(0), PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, 1, 0));
}

static void of_mmap_order(void)
{
    begin_case("mmap: the first mistake");
    PLACE(sys_mmap(page_at(0), 0, RW, MAP_PRIVATE, -1, 0));
    PLACE(sys_mmap(page_at(0), 0, RW, MAP_PRIVATE, 1234, 1));
    PLACE(sys_mmap(page_at(0), 0, RW, ANON, -1, 1));
    PLACE(sys_mmap(page_at(0), -1ul, RW, MAP_PRIVATE, 1234, 0));
    PLACE(sys_mmap(page_at(0), -1ul, RW, MAP_ANONYMOUS, -1, 0));
    PLACE(sys_mmap(page_at(0) + 1, PAGE, RW, MAP_ANONYMOUS | MAP_FIXED, -1, 0));
    PLACE(sys_mmap((void *)TOP, PAGE, RW, MAP_ANONYMOUS | MAP_FIXED, -1, 0));
    PLACE(sys_mmap((void *)(TOP + 1), 0, RW, ANON | MAP_FIXED, -1, 0));
    window_fill(0, 1);
    PLACE(sys_mmap(page_at(0), PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, 1234, 0));
    PLACE(sys_mmap(page_at(0), PAGE, RW, MAP_ANONYMOUS | MAP_FIXED, -1, 0));
    show_pages("nothing was replaced", page_at(0), 1);
}

static void of_munmap(void)
{
    begin_case("munmap");
    window_fill(0, 4);
    SHOW(sys_munmap(page_at(0), 0));
    SHOW(sys_munmap(page_at(0) + 1, PAGE));
    SHOW(sys_munmap(page_at(0) + 1, 0));
    SHOW(sys_munmap(page_at(0), -1ul));
    SHOW(sys_munmap(page_at(0), -(size_t)PAGE));
    SHOW(sys_munmap(page_at(0), TOP - WINDOW + PAGE));
    SHOW(sys_munmap((void *)TOP, PAGE));
    SHOW(sys_munmap((void *)TOP, 0));
    SHOW(sys_munmap((void *)(TOP + PAGE), PAGE));
    SHOW(sys_munmap((void *)-4096ul, PAGE));
    SHOW(sys_munmap((void *)-4096ul, 2 * PAGE));
    show_pages("pages", page_at(0), 4);
    SHOW(sys_munmap(page_at(1), 1));
    SHOW(sys_munmap(page_at(1), PAGE));
    SHOW(sys_munmap(page_at(2), PAGE + 1));
    show_pages("pages", page_at(0), 4);
}

static void of_mprotect(void)
{
    begin_case("mprotect");
    window_fill(0, 4);
    SHOW(sys_mprotect(page_at(0), 0, PROT_READ));
    SHOW(sys_mprotect(page_at(9), 0, PROT_READ));
    SHOW(sys_mprotect(page_at(0), 0, 0x100));
    SHOW(sys_mprotect(page_at(0) + 1, 0, PROT_READ));
    SHOW(sys_mprotect(page_at(0) + 1, PAGE, PROT_READ));
    SHOW(sys_mprotect(page_at(0), PAGE, 0x100));
    SHOW(sys_mprotect(page_at(9), PAGE, 0x100));
    SHOW(sys_mprotect(page_at(0), -1ul, PROT_READ));
    SHOW(sys_mprotect(page_at(0), -(size_t)PAGE, PROT_READ));
    SHOW(sys_mprotect(page_at(0), -(size_t)PAGE, 0x100));
    SHOW(sys_mprotect((void *)TOP, PAGE, PROT_READ));
    SHOW(sys_mprotect((void *)-4096ul, PAGE, PROT_READ));
    SHOW(sys_mprotect((void *)-4096ul, 2 * PAGE, PROT_READ));
    SHOW(sys_mprotect((void *)-4096ul, 0, PROT_READ));
    show_pages("pages", page_at(0), 4);
    SHOW(sys_mprotect(page_at(0), PAGE, PROT_READ | 0x8 /* PROT_SEM */));
    SHOW(sys_mprotect(page_at(1), PAGE, 0x01000000 /* PROT_GROWSDOWN */));
    SHOW(sys_mprotect(page_at(1), PAGE, 0x02000000 /* PROT_GROWSUP */));
    SHOW(sys_mprotect(page_at(1), PAGE, 0x03000000));
    SHOW(sys_mprotect(page_at(2), PAGE + 1, PROT_READ));
    show_pages("pages", page_at(0), 4);
    SHOW(sys_mprotect(page_at(0), 1024 * MIB, PROT_NONE));
    show_pages("up to the hole", page_at(0), 4);
}

static void of_madvise(void)
{
    begin_case("madvise");
    window_fill(0, 4);
    SHOW(sys_madvise(page_at(0), 0, MADV_DONTNEED));
    SHOW(sys_madvise(page_at(9), 0, MADV_DONTNEED));
    SHOW(sys_madvise(page_at(0) + 1, 0, MADV_DONTNEED));
    SHOW(sys_madvise(page_at(0) + 1, PAGE, MADV_DONTNEED));
    SHOW(sys_madvise(page_at(0), 0, 7));
    SHOW(sys_madvise(page_at(0), PAGE, 7));
    SHOW(sys_madvise(page_at(0), PAGE, -1));
    SHOW(sys_madvise(page_at(0), PAGE, 99));
    SHOW(sys_madvise(page_at(9), PAGE, 99));
    SHOW(sys_madvise(page_at(0), -1ul, MADV_NORMAL));
    SHOW(sys_madvise(page_at(0), -(size_t)PAGE, MADV_NORMAL));
    SHOW(sys_madvise(page_at(0), 1ul << 62, MADV_NORMAL));
    SHOW(sys_madvise(page_at(9), PAGE, MADV_NORMAL));
    SHOW(sys_madvise((void *)TOP, PAGE, MADV_NORMAL));
    SHOW(sys_madvise((void *)-4096ul, PAGE, MADV_NORMAL));
    SHOW(sys_madvise((void *)-4096ul, 2 * PAGE, MADV_NORMAL));
    show_pages("pages", page_at(0), 4);
    SHOW(sys_madvise(page_at(1), 1, MADV_DONTNEED));
    show_pages("a whole page", page_at(0), 4);
    SHOW(sys_madvise(page_at(2), 1ul << 40, MADV_DONTNEED));
    show_pages("up to the hole", page_at(0), 4);
}

static void of_msync(void)
{
    begin_case("msync");
    window_fill(0, 2);
    SHOW(sys_msync(page_at(0), 0, MS_SYNC));
    SHOW(sys_msync(page_at(9), 0, MS_SYNC));
    SHOW(sys_msync(page_at(0), 0, 8));
    SHOW(sys_msync(page_at(0) + 1, 0, MS_SYNC));
    SHOW(sys_msync(page_at(0), PAGE, 0));
    SHOW(sys_msync(page_at(0), PAGE, MS_SYNC | MS_ASYNC));
    SHOW(sys_msync(page_at(9), PAGE, MS_SYNC | MS_ASYNC));
    SHOW(sys_msync(page_at(0), PAGE, MS_SYNC | MS_INVALIDATE));
    SHOW(sys_msync(page_at(0), 2 * PAGE + 1, MS_SYNC));
    SHOW(sys_msync(page_at(9), PAGE, MS_ASYNC));
    SHOW(sys_msync(page_at(0), -1ul, MS_SYNC));
    SHOW(sys_msync(page_at(0), -(size_t)PAGE, MS_SYNC));
    SHOW(sys_msync((void *)-4096ul, PAGE, MS_SYNC));
}

static void of_mincore(void)
{
    static unsigned char out[16];
    begin_case("mincore");
    window_fill(0, 4);
    SHOW(sys_mincore(page_at(0), 0, out));
    SHOW(sys_mincore(page_at(9), 0, out));
    SHOW(sys_mincore(page_at(0), 0, NULL));
    SHOW(sys_mincore(page_at(0) + 1, 0, out));
    SHOW(sys_mincore(page_at(0) + 1, PAGE, out));
    SHOW(sys_mincore(page_at(0), PAGE, NULL));
    SHOW(sys_mincore(page_at(0), PAGE, page_at(20)));
    SHOW(sys_mincore(page_at(0), PAGE, (void *)-4096ul));
    SHOW(sys_mincore(page_at(9), PAGE, NULL));
    SHOW(sys_mincore(page_at(9), PAGE, (void *)-4096ul));
    SHOW(sys_mincore(page_at(0), 5 * PAGE, out));
    SHOW(sys_mincore(page_at(0), -1ul, out));
    SHOW(sys_mincore((void *)TOP, PAGE, out));
    SHOW(sys_mincore((void *)-4096ul, PAGE, out));
    memset(out, 9, sizeof out);
    SHOW(sys_mincore(page_at(0), PAGE + 1, out));
    CHECK(out[0] == 1 && out[1] == 1 && out[2] == 9);
}

static void of_mlock(void)
{
    begin_case("mlock");
    window_fill(0, 4);
    SHOW(sys_mlock(page_at(0), 0));
    SHOW(sys_mlock(page_at(9), 0));
    SHOW(sys_mlock(page_at(0) + 100, 5));
    SHOW(sys_mlock(page_at(3) + 100, PAGE));
    SHOW(sys_mlock(page_at(9), 1));
    SHOW(sys_mlock(page_at(0), -1ul));
    SHOW(sys_mlock(page_at(0) + 1, -1ul));
    SHOW(sys_mlock(page_at(0), -(size_t)PAGE));
    SHOW(sys_mlock2(page_at(0), PAGE, 0));
    SHOW(sys_mlock2(page_at(0), PAGE, 1));
    SHOW(sys_mlock2(page_at(0), PAGE, 2));
    SHOW(sys_mlock2(page_at(9), 0, 2));
    SHOW(sys_munlock(page_at(0), 0));
    SHOW(sys_munlock(page_at(9), 0));
    SHOW(sys_munlock(page_at(0) + 3, 4 * PAGE - 3));
    SHOW(sys_munlock(page_at(0), 5 * PAGE));
    SHOW(sys_munlock(page_at(0), -1ul));
    SHOW(sys_munlock(page_at(0), -(size_t)PAGE));
    SHOW(syscall(SYS_mlockall, 0));
    SHOW(syscall(SYS_mlockall, 4));
    SHOW(syscall(SYS_mlockall, 8));
    SHOW(syscall(SYS_mlockall, MCL_CURRENT | 8));
    SHOW(syscall(SYS_munlockall));
}

int main(int argc, char **argv)
{
    window_open(argc, argv);
    file = open("file", O_RDWR | O_CREAT | O_TRUNC, 0600);
    ftruncate(file, 3 * PAGE);
    close(file);
    file = open("file", O_RDONLY);
    write_only = open("file", O_WRONLY);
    of_mmap_ranges();
    of_mmap_kinds();
    of_mmap_order();
    of_munmap();
    of_mprotect();
    of_madvise();
    of_msync();
    of_mincore();
    of_mlock();
    printf("# %d cases\n", case_count);
    return 0;
}
