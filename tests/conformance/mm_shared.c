/* SPDX-License-Identifier: Apache-2.0 */
/* Shared mappings of a file that may be written, and private ones that follow it: either side sees the
 * other's writes, and truncation takes pages back. */
#include "tests/conformance/mm_window.h"

static int fd;

static void make_file(void)
{
    if (fd) close(fd);
    fd = open("file", O_RDWR | O_CREAT | O_TRUNC, 0600);
    for (int i = 0; i < 3 * PAGE / 4; i++) write(fd, &i, 4);
}

static uint64_t word_of_file(off_t at)
{
    uint64_t word = 0;
    pread(fd, &word, 8, at);
    return word;
}

static void writing(void)
{
    begin_case("a write reaches the file and the other mapping");
    make_file();
    PLACE(sys_mmap(page_at(0), 3 * PAGE, RW, MAP_SHARED | MAP_FIXED, fd, 0));
    PLACE(sys_mmap(page_at(3), 3 * PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0));
    show_pages("pages", page_at(0), 8);
    CHECK(page_mark(page_at(1), 77));
    SHOW(sys_msync(page_at(0), 3 * PAGE, MS_SYNC));
    CHECK(word_of_file(PAGE) == 77);
    show_pages("pages", page_at(0), 8);

    begin_case("what is written to the file is seen");
    make_file();
    sys_mmap(page_at(0), 3 * PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0);
    sys_mmap(page_at(3), 3 * PAGE, RW, MAP_PRIVATE | MAP_FIXED, fd, 0);
    show_pages("pages", page_at(0), 3);
    CHECK(page_mark(page_at(4), 5));
    uint64_t word = 99;
    SHOW(pwrite(fd, &word, 8, 0));
    SHOW(pwrite(fd, &word, 8, PAGE));
    CHECK(*(volatile uint64_t *)page_at(0) == 99 && *(volatile uint64_t *)page_at(1) == 99);
    CHECK(*(volatile uint64_t *)page_at(3) == 99 && *(volatile uint64_t *)page_at(4) == 5);

    begin_case("protections of a view");
    make_file();
    sys_mmap(page_at(0), 2 * PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0);
    SHOW(sys_mprotect(page_at(0), PAGE, RW));
    CHECK(page_mark(page_at(0), 3));
    CHECK(word_of_file(0) == 3);
    SHOW(sys_madvise(page_at(0), PAGE, MADV_DONTNEED));
    show_pages("pages", page_at(0), 2);
    SHOW(sys_madvise(page_at(0), PAGE, MADV_REMOVE));
    CHECK(word_of_file(0) == 0);
}

static void truncating(void)
{
    begin_case("pages go with the end of the file and come with it");
    make_file();
    sys_mmap(page_at(0), 4 * PAGE, RW, MAP_SHARED | MAP_FIXED, fd, 0);
    sys_mmap(page_at(4), 4 * PAGE, RW, MAP_PRIVATE | MAP_FIXED, fd, 0);
    show_pages("all", page_at(0), 8);
    SHOW(ftruncate(fd, PAGE + 10));
    show_pages("shorter", page_at(0), 8);
    SHOW(ftruncate(fd, 4 * PAGE));
    show_pages("longer", page_at(0), 8);
}

static void in_memory(void)
{
    begin_case("mincore of a file");
    make_file();
    ftruncate(fd, 8 * PAGE);
    fsync(fd);
    sys_mmap(page_at(0), 3 * PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 0);
    show_core("pages of the file, untouched", page_at(0), 3 * PAGE);
}

static void order(void)
{
    begin_case("of two mistakes, the place that is taken is told first");
    make_file();
    int write_only = open("file", O_WRONLY);
    window_fill(0, 1);
    PLACE(sys_mmap(page_at(0), PAGE, RW, MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0));
    PLACE(sys_mmap(page_at(0), PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED_NOREPLACE, write_only, 0));
    close(write_only);
    int only_a_path = open("file", O_PATH);
    PLACE(sys_mmap(page_at(1), PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, only_a_path, 0));
    close(only_a_path);
}

int main(int argc, char **argv)
{
    window_open(argc, argv);
    writing();
    truncating();
    in_memory();
    order();
    printf("# %d cases\n", case_count);
    return 0;
}
