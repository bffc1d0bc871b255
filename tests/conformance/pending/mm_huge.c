/* SPDX-License-Identifier: Apache-2.0 */
/* Pending: MAP_HUGETLB. Missing: 2 MiB and 1 GiB pages on request. To be compared with a Linux that has
 * a few 2 MiB pages set aside (vm.nr_hugepages = 8); without them every call there says ENOMEM. */
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

int main(int argc, char **argv)
{
    window_open(argc, argv);
    places();
    parts();
    printf("# %d cases\n", case_count);
    return 0;
}
