/* SPDX-License-Identifier: Apache-2.0 */
/* MAP_HUGETLB. A Linux answers so that has a few 2 MiB pages set aside (vm.nr_hugepages = 8); where it has
 * none, what one that had them said is in mm_huge.recorded. */
#include "tests/conformance/mm_window.h"

enum { HUGE_2M = 21 << 26, HUGE_1G = 30 << 26, HUGE = ANON | MAP_HUGETLB };

static void places(void)
{
    begin_case("sizes and places");
    PLACE(sys_mmap(page_at(0), 2 * MIB, RW, HUGE | MAP_FIXED, -1, 0));
    PLACE(sys_mmap(page_at(512), 2 * MIB, RW, HUGE | HUGE_2M | MAP_FIXED, -1, 0));
    PLACE(sys_mmap(page_at(1024), 1, RW, HUGE | HUGE_2M | MAP_FIXED, -1, 0));
    PLACE(sys_mmap(page_at(1), 2 * MIB, RW, HUGE | MAP_FIXED, -1, 0));
    PLACE(sys_mmap(page_at(0), 2 * MIB, RW, HUGE | 13 << 26 | MAP_FIXED, -1, 0));
    show_pages("pages", page_at(1534), 4);
}

static void parts(void)
{
    begin_case("parts are whole huge pages");
    PLACE(sys_mmap(page_at(0), 4 * MIB, RW, HUGE | HUGE_2M | MAP_FIXED, -1, 0));
    for (size_t i = 0; i < 1024; i += 128) page_mark(page_at(i), i);
    SHOW(sys_munmap(page_at(1), PAGE));
    SHOW(sys_munmap(page_at(0), PAGE));
    SHOW(sys_mprotect(page_at(1), PAGE, PROT_READ));
    SHOW(sys_madvise(page_at(1), PAGE, MADV_DONTNEED));
    show_pages("pages", page_at(510), 4);
    SHOW(sys_mprotect(page_at(512), 2 * MIB, PROT_READ));
    SHOW(sys_munmap(page_at(0), 2 * MIB));
    show_pages("pages", page_at(510), 4);
}

static void moves(void)
{
    begin_case("they move and shrink whole, and do not grow");
    sys_mmap(page_at(0), 4 * MIB, RW, HUGE | HUGE_2M | MAP_FIXED, -1, 0);
    for (size_t i = 0; i < 1024; i += 128) page_mark(page_at(i), i);
    PLACE(sys_mremap(page_at(0), 4 * MIB, 6 * MIB, MREMAP_MAYMOVE, NULL));
    PLACE(sys_mremap(page_at(1), 2 * MIB, 2 * MIB, MREMAP_MAYMOVE | MREMAP_FIXED, page_at(2048)));
    PLACE(sys_mremap(page_at(0), 2 * MIB, 2 * MIB, MREMAP_MAYMOVE | MREMAP_FIXED, page_at(2049)));
    PLACE(sys_mremap(page_at(0), 2 * MIB, 2 * MIB, MREMAP_MAYMOVE | MREMAP_FIXED, page_at(2048)));
    show_pages("old", page_at(510), 4);
    show_pages("new", page_at(2046), 4);
    PLACE(sys_mremap(page_at(512), 2 * MIB, PAGE, 0, NULL));
    show_pages("not shrunk", page_at(512), 4);
    SHOW(sys_madvise(page_at(512), 2 * MIB, MADV_DONTNEED));
    show_pages("discarded", page_at(512), 4);
    SHOW(sys_madvise(page_at(512), 2 * MIB, MADV_FREE));
    SHOW(sys_munmap(page_at(512), 2 * MIB));
    SHOW(sys_munmap(page_at(2048), 2 * MIB));
}

static void answers(void)
{
    begin_case("what else is said about them");
    PLACE(sys_mmap(page_at(0), 2 * MIB, PROT_NONE, HUGE | HUGE_2M | MAP_FIXED, -1, 0));
    SHOW(sys_mprotect(page_at(0), 2 * MIB, RW));
    CHECK(page_mark(page_at(3), 3));
    SHOW(sys_mlock(page_at(1), PAGE));
    SHOW(sys_munlock(page_at(1), PAGE));
    SHOW(sys_mlock(page_at(0), 2 * MIB));
    SHOW(sys_madvise(page_at(0), 2 * MIB, MADV_DONTNEED));
    SHOW(sys_madvise(page_at(0), 2 * MIB, MADV_DODUMP));
    SHOW(sys_madvise(page_at(0), 2 * MIB, MADV_WIPEONFORK));
    SHOW(sys_madvise(page_at(0), 2 * MIB, MADV_DONTFORK));
    PLACE(sys_mremap(page_at(0), 2 * MIB, 2 * MIB, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL));
    SHOW(sys_munmap(page_at(0), 2 * MIB));

    begin_case("shared ones keep what was written");
    PLACE(sys_mmap(page_at(0), 2 * MIB, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_HUGETLB | HUGE_2M | MAP_FIXED,
                   -1, 0));
    CHECK(page_mark(page_at(3), 3));
    SHOW(sys_madvise(page_at(0), 2 * MIB, MADV_DONTNEED));
    CHECK(*(volatile uint64_t *)page_at(3) == 3);
    SHOW(sys_munmap(page_at(0), 2 * MIB));
}

int main(int argc, char **argv)
{
    window_open(argc, argv);
    places();
    parts();
    moves();
    answers();
    printf("# %d cases\n", case_count);
    return 0;
}
