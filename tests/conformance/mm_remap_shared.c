/* SPDX-License-Identifier: Apache-2.0 */
/* Pending: mremap of no bytes, which maps shared memory a second time. */
#include "tests/conformance/mm_window.h"

static void make(size_t page, size_t pages, int flags, int fd)
{
    sys_mmap(page_at(page), pages * PAGE, RW, flags | MAP_FIXED, fd, 0);
    for (size_t i = page; i < page + pages; i++) page_mark(page_at(i), 0x100 + i);
}

int main(int argc, char **argv)
{
    window_open(argc, argv);
    int fd = open("file", O_RDWR | O_CREAT | O_TRUNC, 0600);
    ftruncate(fd, 4 * PAGE);

    begin_case("shared memory is there twice");
    make(0, 4, MAP_SHARED | MAP_ANONYMOUS, -1);
    PLACE(sys_mremap(page_at(1), 0, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, page_at(8)));
    show_pages("pages", page_at(0), 12);
    CHECK(page_mark(page_at(8), 99) && *(volatile uint64_t *)page_at(1) == 99);
    CHECK(page_mark(page_at(2), 98) && *(volatile uint64_t *)page_at(9) == 98);
    SHOW(sys_munmap(page_at(0), 4 * PAGE));
    show_pages("pages", page_at(0), 12);

    begin_case("so is a file");
    make(0, 4, MAP_SHARED, fd);
    SHOW(sys_mprotect(page_at(1), PAGE, PROT_READ));
    PLACE(sys_mremap(page_at(1), 0, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, page_at(8)));
    PLACE(sys_mremap(page_at(2), 0, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, page_at(10)));
    show_pages("beyond its end", page_at(0), 15);

    begin_case("anywhere");
    make(0, 1, MAP_SHARED, fd);
    unsigned char *place = sys_mremap(page_at(0), 0, PAGE, MREMAP_MAYMOVE, NULL);
    CHECK(place != MAP_FAILED && place != page_at(0));
    if (place != MAP_FAILED) {
        CHECK(page_mark(place, 55) && *(volatile uint64_t *)page_at(0) == 55);
        SHOW(sys_munmap(place, PAGE));
    }

    begin_case("what it cannot be");
    make(0, 2, MAP_SHARED, fd);
    PLACE(sys_mremap(page_at(0), 0, PAGE, 0, NULL));
    PLACE(sys_mremap(page_at(0), 0, 0, MREMAP_MAYMOVE, NULL));
    PLACE(sys_mremap(page_at(4), 0, PAGE, MREMAP_MAYMOVE, NULL));
    make(0, 2, MAP_PRIVATE, fd);
    PLACE(sys_mremap(page_at(0), 0, PAGE, MREMAP_MAYMOVE, NULL));
    PLACE(sys_mremap(page_at(0), 0, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, page_at(8)));
    make(0, 2, ANON, -1);
    PLACE(sys_mremap(page_at(0), 0, PAGE, MREMAP_MAYMOVE, NULL));
    show_pages("pages", page_at(0), 10);
    close(fd);
    printf("# %d cases\n", case_count);
    return 0;
}
