/* SPDX-License-Identifier: Apache-2.0 */
/* mremap in all its modes. */
#include "tests/conformance/mm_window.h"

#define TOP 0x7ffffffff000ul
enum { MAY = MREMAP_MAYMOVE, TO = MREMAP_MAYMOVE | MREMAP_FIXED, KEEP = MREMAP_MAYMOVE | MREMAP_DONTUNMAP };
enum { SHOWN = 24 };

static void refusals(void)
{
    begin_case("refused");
    window_fill(0, 4);
    PLACE(sys_mremap(page_at(0) + 1, PAGE, PAGE, 0, NULL));
    PLACE(sys_mremap(page_at(0), PAGE, 0, 0, NULL));
    PLACE(sys_mremap(page_at(0), 0, 0, 0, NULL));
    PLACE(sys_mremap(page_at(0), PAGE, PAGE, 8, NULL));
    PLACE(sys_mremap(page_at(0), PAGE, PAGE, MREMAP_FIXED, page_at(9)));
    PLACE(sys_mremap(page_at(0), PAGE, PAGE, MREMAP_DONTUNMAP, page_at(9)));
    PLACE(sys_mremap(page_at(0), PAGE, 2 * PAGE, KEEP, page_at(9)));
    PLACE(sys_mremap(page_at(0), 2 * PAGE, PAGE, KEEP, page_at(9)));
    PLACE(sys_mremap(page_at(9), PAGE, PAGE, 0, NULL));
    PLACE(sys_mremap(page_at(9), PAGE, 2 * PAGE, MAY, NULL));
    PLACE(sys_mremap(page_at(9), 2 * PAGE, PAGE, 0, NULL));
    PLACE(sys_mremap(page_at(9), PAGE, 0, MAY, NULL));
    PLACE(sys_mremap(page_at(0), 0, PAGE, MAY, NULL));
    PLACE(sys_mremap(page_at(2), 3 * PAGE, 4 * PAGE, MAY, NULL));
    PLACE(sys_mremap(page_at(0), -(size_t)PAGE, PAGE, MAY, NULL));
    PLACE(sys_mremap((void *)TOP, PAGE, PAGE, 0, NULL));
    PLACE(sys_mremap((void *)-4096ul, PAGE, PAGE, 0, NULL));
    show_pages("pages", page_at(0), SHOWN);

    begin_case("refused places");
    window_fill(0, 4);
    PLACE(sys_mremap(page_at(0), PAGE, PAGE, TO, page_at(9) + 1));
    PLACE(sys_mremap(page_at(0), PAGE, PAGE, TO, (void *)TOP));
    PLACE(sys_mremap(page_at(0), PAGE, PAGE, TO, (void *)-4096ul));
    PLACE(sys_mremap(page_at(0), 2 * PAGE, 2 * PAGE, TO, page_at(1)));
    PLACE(sys_mremap(page_at(1), 2 * PAGE, 2 * PAGE, TO, page_at(0)));
    PLACE(sys_mremap(page_at(1), 2 * PAGE, PAGE, TO, page_at(2)));
    PLACE(sys_mremap(page_at(1), PAGE, PAGE, TO, page_at(1)));
    PLACE(sys_mremap(page_at(9), PAGE, PAGE, TO, page_at(12)));
    PLACE(sys_mremap(page_at(0), 2 * PAGE, 2 * PAGE, KEEP | MREMAP_FIXED, page_at(1)));
    show_pages("pages", page_at(0), SHOWN);
}

static void shrinking(void)
{
    begin_case("shrink");
    window_fill(0, 8);
    PLACE(sys_mremap(page_at(0), 8 * PAGE, 7 * PAGE + 1, 0, NULL));
    PLACE(sys_mremap(page_at(0), 8 * PAGE, 7 * PAGE, 0, NULL));
    PLACE(sys_mremap(page_at(2), 3 * PAGE, PAGE, 0, NULL));
    PLACE(sys_mremap(page_at(5), 2 * PAGE, 2 * PAGE, 0, NULL));
    show_pages("pages", page_at(0), SHOWN);

    begin_case("shrink over areas and holes");
    window_fill(0, 4);
    sys_mprotect(page_at(1), PAGE, PROT_READ);
    window_fill(6, 2);
    PLACE(sys_mremap(page_at(0), 7 * PAGE, PAGE, 0, NULL));
    show_pages("pages", page_at(0), SHOWN);

    begin_case("the same size over areas and holes");
    window_fill(0, 2);
    sys_mprotect(page_at(1), PAGE, PROT_READ);
    PLACE(sys_mremap(page_at(0), 5 * PAGE, 5 * PAGE, 0, NULL));
    show_pages("pages", page_at(0), SHOWN);
}

static void growing(void)
{
    begin_case("grow in place");
    window_fill(0, 2);
    PLACE(sys_mremap(page_at(0), 2 * PAGE, 4 * PAGE, 0, NULL));
    PLACE(sys_mremap(page_at(3), PAGE, 2 * PAGE + 5, 0, NULL));
    show_pages("pages", page_at(0), SHOWN);

    begin_case("grow up to a neighbour, then into it");
    window_fill(0, 2);
    sys_mmap(page_at(5), PAGE, PROT_READ, ANON | MAP_FIXED, -1, 0);
    PLACE(sys_mremap(page_at(0), 2 * PAGE, 5 * PAGE, 0, NULL));
    PLACE(sys_mremap(page_at(0), 5 * PAGE, 6 * PAGE, 0, NULL));
    show_pages("pages", page_at(0), SHOWN);

    begin_case("the middle of an area cannot grow in place");
    window_fill(0, 8);
    PLACE(sys_mremap(page_at(2), 2 * PAGE, 3 * PAGE, 0, NULL));
    unsigned char *p = PLACE(sys_mremap(page_at(2), 2 * PAGE, 3 * PAGE, MAY, NULL));
    show_pages("left", page_at(0), SHOWN);
    show_pages("moved", p, 3);
    sys_munmap(p, 3 * PAGE);

    begin_case("after a change of protection and back it is one area");
    window_fill(0, 8);
    SHOW(sys_mprotect(page_at(3), 2 * PAGE, PROT_READ));
    PLACE(sys_mremap(page_at(0), 8 * PAGE, 9 * PAGE, 0, NULL));
    SHOW(sys_mprotect(page_at(3), 2 * PAGE, RW));
    PLACE(sys_mremap(page_at(0), 8 * PAGE, 9 * PAGE, 0, NULL));
    show_pages("pages", page_at(0), SHOWN);

    begin_case("no access grows too");
    sys_mmap(page_at(0), 2 * PAGE, PROT_NONE, ANON | MAP_FIXED, -1, 0);
    PLACE(sys_mremap(page_at(0), 2 * PAGE, 4 * PAGE, 0, NULL));
    SHOW(sys_mprotect(page_at(0), 4 * PAGE, RW));
    show_pages("pages", page_at(0), SHOWN);

    begin_case("2 MiB and more");
    sys_mmap(page_at(512), 4 * MIB, RW, ANON | MAP_FIXED, -1, 0);
    for (size_t i = 0; i < 1024; i += 100) page_mark(page_at(512 + i), i);
    PLACE(sys_mremap(page_at(512), 4 * MIB, 6 * MIB, 0, NULL));
    PLACE(sys_mremap(page_at(512 + 800), PAGE, PAGE, TO, page_at(0)));
    PLACE(sys_mremap(page_at(512), 2 * MIB, 2 * MIB, TO, page_at(4096)));
    PLACE(sys_mremap(page_at(512 + 512), MIB, MIB, TO, page_at(1)));
    for (size_t at = 0; at < 16 * MIB / PAGE; at += 4096 / 8) show_pages("part", page_at(at), 4);
    show_pages("moved", page_at(4096 + 398), 4);
    show_pages("moved", page_at(0), 4);
    show_pages("around", page_at(512 + 798), 4);
}

static void moving(void)
{
    begin_case("move to a place");
    window_fill(0, 4);
    PLACE(sys_mremap(page_at(0), 4 * PAGE, 4 * PAGE, TO, page_at(10)));
    show_pages("pages", page_at(0), SHOWN);
    PLACE(sys_mremap(page_at(11), 2 * PAGE, 2 * PAGE, TO, page_at(2)));
    show_pages("pages", page_at(0), SHOWN);
    PLACE(sys_mremap(page_at(2), 2 * PAGE, PAGE, TO, page_at(6)));
    show_pages("pages", page_at(0), SHOWN);
    PLACE(sys_mremap(page_at(6), PAGE, 3 * PAGE, TO, page_at(16)));
    show_pages("pages", page_at(0), SHOWN);

    begin_case("move over others");
    window_fill(0, 4);
    window_fill(8, 12);
    sys_mprotect(page_at(10), PAGE, PROT_READ);
    PLACE(sys_mremap(page_at(0), 4 * PAGE, 4 * PAGE, TO, page_at(9)));
    show_pages("pages", page_at(0), SHOWN);

    begin_case("move into the area itself");
    window_fill(0, 12);
    PLACE(sys_mremap(page_at(2), 3 * PAGE, 3 * PAGE, TO, page_at(6)));
    show_pages("pages", page_at(0), SHOWN);
    PLACE(sys_mremap(page_at(6), 3 * PAGE, 3 * PAGE, TO, page_at(9)));
    show_pages("pages", page_at(0), SHOWN);

    begin_case("untouched and protected pages move");
    sys_mmap(page_at(0), 6 * PAGE, RW, ANON | MAP_FIXED, -1, 0);
    page_mark(page_at(1), 77);
    sys_mprotect(page_at(0), 6 * PAGE, PROT_NONE);
    PLACE(sys_mremap(page_at(0), 6 * PAGE, 6 * PAGE, TO, page_at(10)));
    show_pages("pages", page_at(0), SHOWN);
    SHOW(sys_mprotect(page_at(10), 6 * PAGE, PROT_READ));
    show_pages("pages", page_at(0), SHOWN);
}

static void keeping(void)
{
    begin_case("keep the old range");
    window_fill(0, 4);
    PLACE(sys_mremap(page_at(0), 4 * PAGE, 4 * PAGE, KEEP | MREMAP_FIXED, page_at(10)));
    show_pages("pages", page_at(0), SHOWN);

    begin_case("keep the old range, the middle of an area");
    window_fill(0, 6);
    PLACE(sys_mremap(page_at(2), 2 * PAGE, 2 * PAGE, KEEP | MREMAP_FIXED, page_at(10)));
    show_core("core", page_at(0), 6 * PAGE);
    show_core("core", page_at(10), 2 * PAGE);
    show_pages("pages", page_at(0), SHOWN);

    begin_case("keep the old range, a place the kernel chooses");
    window_fill(0, 4);
    unsigned char *p = PLACE(sys_mremap(page_at(0), 4 * PAGE, 4 * PAGE, KEEP, NULL));
    CHECK(p != MAP_FAILED && p != page_at(0));
    show_pages("old", page_at(0), 4);
    if (p != MAP_FAILED) show_pages("new", p, 4);
    sys_munmap(p, 4 * PAGE);

    begin_case("keep the old range, read-only");
    window_fill(0, 2);
    sys_mprotect(page_at(0), 2 * PAGE, PROT_READ);
    PLACE(sys_mremap(page_at(0), 2 * PAGE, 2 * PAGE, KEEP | MREMAP_FIXED, page_at(10)));
    show_pages("pages", page_at(0), SHOWN);
}

static void locked(void)
{
    begin_case("a locked area stays locked");
    window_fill(0, 2);
    SHOW(sys_mlock(page_at(0), 2 * PAGE));
    PLACE(sys_mremap(page_at(0), 2 * PAGE, 4 * PAGE, 0, NULL));
    show_core("grown", page_at(0), 4 * PAGE);
    PLACE(sys_mremap(page_at(0), 4 * PAGE, 5 * PAGE, TO, page_at(8)));
    show_core("moved", page_at(8), 5 * PAGE);
    SHOW(sys_madvise(page_at(8), 5 * PAGE, MADV_DONTNEED));
    SHOW(sys_madvise(page_at(12), PAGE, MADV_DONTNEED));
    show_pages("pages", page_at(0), SHOWN);
}

int main(int argc, char **argv)
{
    window_open(argc, argv);
    refusals();
    shrinking();
    growing();
    moving();
    keeping();
    locked();
    printf("# %d cases\n", case_count);
    return 0;
}
