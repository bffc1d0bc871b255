/* SPDX-License-Identifier: Apache-2.0 */
/* Private file mappings and read-only views: what they hold, where the file ends, what they keep. */
#include "tests/conformance/mm_window.h"

enum { SHOWN = 8, FILE_BYTES = 3 * PAGE + 100 };

static int fd;

static void make_file(void)
{
    if (fd) close(fd);
    fd = open("file", O_RDWR | O_CREAT | O_TRUNC, 0600);
    for (int i = 0; i < FILE_BYTES / 4; i++) write(fd, &i, 4);
}

static void ends(void)
{
    begin_case("beyond the end of the file");
    make_file();
    PLACE(sys_mmap(page_at(0), 6 * PAGE, RW, MAP_PRIVATE | MAP_FIXED, fd, 0));
    show_pages("private", page_at(0), SHOWN);
    CHECK(page_at(3)[97] != 0 && page_at(3)[100] == 0 && page_at(3)[PAGE - 1] == 0);
    PLACE(sys_mmap(page_at(0), 6 * PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0));
    show_pages("shared", page_at(0), SHOWN);
    PLACE(sys_mmap(page_at(0), 4 * PAGE, RW, MAP_PRIVATE | MAP_FIXED, fd, 2 * PAGE));
    show_pages("from page 2", page_at(0), SHOWN);
    PLACE(sys_mmap(page_at(0), 4 * PAGE, RW, MAP_PRIVATE | MAP_FIXED | MAP_POPULATE, fd, 100 * PAGE));
    show_pages("from page 100", page_at(0), SHOWN);
    SHOW(sys_mlock(page_at(0), PAGE));
    SHOW(sys_madvise(page_at(0), PAGE, MADV_WILLNEED));
    SHOW(sys_madvise(page_at(0), PAGE, 22 /* MADV_POPULATE_READ */));

    begin_case("a transfer stops where the file ends");
    make_file();
    sys_mmap(page_at(0), 6 * PAGE, RW, MAP_PRIVATE | MAP_FIXED, fd, 0);
    int out = open("out", O_RDWR | O_CREAT | O_TRUNC, 0600);
    SHOW(pwrite(out, page_at(3), PAGE, 0));
    SHOW(pwrite(out, page_at(4), PAGE, 0));
    SHOW(pread(out, page_at(4), 8, 0));
    close(out);

    begin_case("an empty file");
    int empty = open("empty", O_RDWR | O_CREAT | O_TRUNC, 0600);
    PLACE(sys_mmap(page_at(0), 2 * PAGE, RW, MAP_PRIVATE | MAP_FIXED, empty, 0));
    show_pages("pages", page_at(0), 2);
    ftruncate(empty, 1);
    show_pages("one byte later", page_at(0), 2);
    close(empty);
}

static void writing(void)
{
    begin_case("what is written stays private");
    make_file();
    sys_mmap(page_at(0), 4 * PAGE, RW, MAP_PRIVATE | MAP_FIXED, fd, 0);
    sys_mmap(page_at(4), 4 * PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 0);
    page_mark(page_at(1), 99);
    show_pages("written and not", page_at(0), SHOWN);
    uint64_t word;
    SHOW(pread(fd, &word, 8, PAGE));
    CHECK(word != 99);
    SHOW(sys_madvise(page_at(0), 4 * PAGE, MADV_DONTNEED));
    show_pages("as in the file again", page_at(0), SHOWN);
    page_mark(page_at(1), 98);
    SHOW(ftruncate(fd, FILE_BYTES - 5));
    show_pages("after the file got shorter by bytes", page_at(0), SHOWN);

    begin_case("protections");
    make_file();
    sys_mmap(page_at(0), 4 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_FIXED, fd, 0);
    show_pages("none", page_at(0), 4);
    SHOW(sys_mprotect(page_at(0), 2 * PAGE, PROT_READ));
    show_pages("read", page_at(0), 4);
    SHOW(sys_mprotect(page_at(1), 2 * PAGE, RW));
    show_pages("write", page_at(0), 4);
    SHOW(sys_mprotect(page_at(0), 4 * PAGE, PROT_READ));
    show_pages("read", page_at(0), 4);
    SHOW(sys_mprotect(page_at(0), 4 * PAGE, RWX));
    show_pages("all", page_at(0), 4);

    begin_case("a read-only view of a read-only descriptor");
    make_file();
    int only = open("file", O_RDONLY);
    PLACE(sys_mmap(page_at(0), PAGE, RW, MAP_SHARED | MAP_FIXED, only, 0));
    PLACE(sys_mmap(page_at(0), 2 * PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, only, 0));
    PLACE(sys_mmap(page_at(2), 2 * PAGE, RW, MAP_PRIVATE | MAP_FIXED, only, 0));
    SHOW(sys_mprotect(page_at(0), PAGE, RW));
    SHOW(sys_mprotect(page_at(0), PAGE, PROT_NONE));
    SHOW(sys_mprotect(page_at(1), 2 * PAGE, PROT_WRITE));
    SHOW(sys_mprotect(page_at(0), 2 * PAGE, PROT_READ | PROT_EXEC));
    show_pages("pages", page_at(0), 4);
    SHOW(sys_madvise(page_at(0), PAGE, MADV_REMOVE));
    SHOW(sys_madvise(page_at(2), PAGE, MADV_REMOVE));
    SHOW(sys_madvise(page_at(0), PAGE, MADV_FREE));
    close(only);
}

static void keeping(void)
{
    begin_case("a mapping outlives its descriptor and its name");
    make_file();
    sys_mmap(page_at(0), 4 * PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 0);
    close(fd);
    fd = 0;
    SHOW(unlink("file"));
    show_pages("pages", page_at(0), 4);
    SHOW(sys_munmap(page_at(1), PAGE));
    show_pages("pages", page_at(0), 4);

    begin_case("cut and moved, each page keeps its place in the file");
    make_file();
    sys_mmap(page_at(0), 4 * PAGE, RW, MAP_PRIVATE | MAP_FIXED, fd, 0);
    SHOW(sys_munmap(page_at(0), PAGE));
    PLACE(sys_mremap(page_at(2), PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, page_at(6)));
    show_pages("pages", page_at(0), SHOWN);
    PLACE(sys_mremap(page_at(6), PAGE, 2 * PAGE, 0, NULL));
    show_pages("grown", page_at(0), SHOWN);
    SHOW(sys_mprotect(page_at(7), PAGE, PROT_READ));
    SHOW(sys_madvise(page_at(6), 2 * PAGE, MADV_DONTNEED));
    show_pages("read again", page_at(0), SHOWN);
    PLACE(sys_mmap(page_at(3), PAGE, PROT_READ, ANON | MAP_FIXED, -1, 0));
    show_pages("pages", page_at(0), SHOWN);

    begin_case("one frame in two places");
    make_file();
    sys_mmap(page_at(0), PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, fd, PAGE);
    sys_mmap(page_at(1), PAGE, RW, MAP_PRIVATE | MAP_FIXED, fd, PAGE);
    show_pages("pages", page_at(0), 2);
    page_mark(page_at(1), 5);
    show_pages("pages", page_at(0), 2);
}

int main(int argc, char **argv)
{
    window_open(argc, argv);
    ends();
    writing();
    keeping();
    printf("# %d cases\n", case_count);
    return 0;
}
