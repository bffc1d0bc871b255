/* SPDX-License-Identifier: Apache-2.0 */
/* Areas cut, replaced and joined: mmap, munmap and mprotect over parts of areas, brk. */
#include "tests/conformance/mm_window.h"

enum { SHOWN = 16 };

static void replacing(void)
{
    begin_case("replace the middle");
    window_fill(0, 8);
    PLACE(sys_mmap(page_at(3), 2 * PAGE, PROT_READ, ANON | MAP_FIXED, -1, 0));
    show_pages("pages", page_at(0), SHOWN);

    begin_case("replace across areas and holes");
    window_fill(0, 3);
    window_fill(5, 3);
    PLACE(sys_mmap(page_at(2), 4 * PAGE, RW, ANON | MAP_FIXED, -1, 0));
    show_pages("pages", page_at(0), SHOWN);

    begin_case("MAP_FIXED_NOREPLACE at the edges");
    window_fill(4, 2);
    PLACE(sys_mmap(page_at(2), 3 * PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0));
    PLACE(sys_mmap(page_at(5), 3 * PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0));
    PLACE(sys_mmap(page_at(2), 8 * PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0));
    PLACE(sys_mmap(page_at(4), 2 * PAGE, RW, ANON | MAP_FIXED_NOREPLACE | MAP_FIXED, -1, 0));
    PLACE(sys_mmap(page_at(2), 2 * PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0));
    PLACE(sys_mmap(page_at(6), 2 * PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0));
    show_pages("pages", page_at(0), SHOWN);

    begin_case("hints");
    window_fill(4, 2);
    void *p = PLACE(sys_mmap(page_at(3), PAGE, RW, ANON, -1, 0));
    p = PLACE(sys_mmap(page_at(3), 2 * PAGE, RW, ANON, -1, 0));
    sys_munmap(p, 2 * PAGE);
    p = PLACE(sys_mmap(page_at(5), 2 * PAGE, RW, ANON, -1, 0));
    sys_munmap(p, 2 * PAGE);
    p = PLACE(sys_mmap(page_at(6) + 100, 2 * PAGE, RW, ANON, -1, 0));
    show_pages("pages", page_at(0), SHOWN);
}

static void unmapping(void)
{
    begin_case("unmap the start, the middle and the end");
    window_fill(0, 12);
    SHOW(sys_munmap(page_at(0), PAGE));
    SHOW(sys_munmap(page_at(5), 2 * PAGE));
    SHOW(sys_munmap(page_at(11), 3 * PAGE));
    show_pages("pages", page_at(0), SHOWN);
    SHOW(sys_munmap(page_at(4), 4 * PAGE));
    SHOW(sys_munmap(page_at(0), SHOWN * PAGE));
    SHOW(sys_munmap(page_at(0), SHOWN * PAGE));
    show_pages("pages", page_at(0), SHOWN);

    begin_case("holes in a large area");
    sys_mmap(page_at(0), 16 * MIB, RW, ANON | MAP_FIXED | MAP_NORESERVE, -1, 0);
    for (size_t i = 0; i < 4096; i += 64) page_mark(page_at(i), i);
    SHOW(sys_munmap(page_at(700), 3 * PAGE));
    SHOW(sys_munmap(page_at(1000), 100 * PAGE));
    SHOW(sys_munmap(page_at(1536), 2 * MIB));
    show_pages("pages", page_at(698), 8);
    show_pages("pages", page_at(998), 4);
    show_pages("pages", page_at(1098), 4);
    show_pages("pages", page_at(1534), 4);
    show_pages("pages", page_at(2046), 4);
    for (size_t i = 0; i < 4096; i += 512) show_pages("marks", page_at(i), 2);
    window_fill(700, 3);
    show_pages("filled", page_at(698), 8);
}

static void protecting(void)
{
    begin_case("every protection keeps what is there");
    window_fill(0, 8);
    static const int all[] = {
        PROT_NONE, PROT_READ, PROT_WRITE, RW, RWX, PROT_WRITE | PROT_EXEC, PROT_READ | PROT_EXEC
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        SHOW(sys_mprotect(page_at(2), 4 * PAGE, all[i]));
        show_pages("pages", page_at(0), SHOWN);
    }

    begin_case("every protection from the start");
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        PLACE(sys_mmap(page_at(i), PAGE, all[i], ANON | MAP_FIXED, -1, 0));
    show_pages("pages", page_at(0), SHOWN);

    begin_case("across areas, up to a hole");
    window_fill(0, 3);
    sys_mmap(page_at(3), 3 * PAGE, PROT_NONE, ANON | MAP_FIXED, -1, 0);
    window_fill(8, 2);
    SHOW(sys_mprotect(page_at(1), 4 * PAGE, PROT_READ));
    show_pages("pages", page_at(0), SHOWN);
    SHOW(sys_mprotect(page_at(4), 6 * PAGE, RW));
    show_pages("pages", page_at(0), SHOWN);
    SHOW(sys_mprotect(page_at(7), 2 * PAGE, PROT_NONE));
    show_pages("pages", page_at(0), SHOWN);

    begin_case("pieces of 2 MiB, and back");
    sys_mmap(page_at(512), 4 * MIB, RW, ANON | MAP_FIXED, -1, 0);
    for (size_t i = 512; i < 1536; i += 31) page_mark(page_at(i), i);
    for (size_t i = 512; i < 1536; i += 128)
        sys_mprotect(page_at(i), 3 * PAGE, i & 128 ? PROT_READ : PROT_NONE);
    for (size_t i = 512; i < 1536; i += 128) show_pages("pages", page_at(i), 4);
    SHOW(sys_mprotect(page_at(512), 4 * MIB, PROT_READ));
    for (size_t i = 512; i < 1536; i += 128) show_pages("pages", page_at(i), 4);
    SHOW(sys_mprotect(page_at(512), 4 * MIB, RW));
    for (size_t i = 512; i < 1536; i += 128) show_pages("pages", page_at(i), 4);
}

/* An arena opens its reserve page by page: what becomes equal has to become one area, or a program
 * with much memory runs out of areas. */
static void many(void)
{
    begin_case("an arena that opens its reserve in 100,000 steps");
    sys_mmap(page_at(0), 16 * MIB, PROT_NONE, ANON | MAP_FIXED | MAP_NORESERVE, -1, 0);
    int good = 0;
    for (int round = 0; round < 25; round++) {
        for (size_t i = 0; i < 4000; i++) good += sys_mprotect(page_at(i), PAGE, RW) == 0;
        sys_mprotect(page_at(0), 4000 * PAGE, PROT_NONE);
    }
    printf("%d\n", good);

    begin_case("one byte at a time, downward");
    good = 0;
    for (size_t i = 4000; i-- > 0;)
        good += sys_mmap(page_at(i), 1, RW, ANON | MAP_FIXED, -1, 0) == page_at(i);
    printf("%d\n", good);
    PLACE(sys_mremap(page_at(0), 4000 * PAGE, 4001 * PAGE, 0, NULL));
}

static long move_brk(unsigned char *start, long offset)
{
    return (unsigned char *)syscall(SYS_brk, start + offset) - start;
}

static void breaking(void)
{
    begin_case("brk");
    unsigned char *start = (unsigned char *)syscall(SYS_brk, 0);
    SHOW(move_brk(start, 5 * PAGE + 1));
    SHOW(move_brk(start, 0) + move_brk(start, 6 * PAGE));
    for (int i = 0; i < 5; i++) page_mark(start + i * PAGE + 8, 7);
    SHOW(move_brk(start, 2 * PAGE));
    SHOW(move_brk(start, 6 * PAGE));
    CHECK(*(uint64_t *)(start + 8 + PAGE) == 7);
    CHECK(*(uint64_t *)(start + 2 * PAGE + 4096 + 8) == 0);
    SHOW(move_brk(start, -(long)MIB * 1024));
    SHOW(move_brk(start, 1l << 50));
    SHOW(sys_munmap(start + PAGE, PAGE));
    SHOW(move_brk(start, 8 * PAGE));
    SHOW(sys_mprotect(start + 2 * PAGE, PAGE, PROT_READ));
    SHOW(move_brk(start, 9 * PAGE));
    SHOW(move_brk(start, PAGE));
    SHOW(move_brk(start, 3 * PAGE));

    begin_case("brk runs into a mapping");
    unsigned char *wall = (unsigned char *)(((uintptr_t)start + 40 * PAGE) & -(uintptr_t)PAGE);
    CHECK(sys_mmap(wall, PAGE, PROT_READ, ANON | MAP_FIXED_NOREPLACE, -1, 0) == wall);
    SHOW(move_brk(start, 20 * PAGE));
    SHOW(move_brk(start, 60 * PAGE));
    CHECK(move_brk(wall, 0) != 0);
    CHECK(move_brk(wall, -PAGE + 1) != -PAGE + 1);
    CHECK(move_brk(wall, -PAGE) == -PAGE);
    SHOW(move_brk(start, 20 * PAGE));
    SHOW(sys_munmap(wall, PAGE));
    SHOW(move_brk(start, 60 * PAGE));
    SHOW(move_brk(start, 0));
}

int main(int argc, char **argv)
{
    window_open(argc, argv);
    replacing();
    unmapping();
    protecting();
    many();
    breaking();
    printf("# %d cases\n", case_count);
    return 0;
}
