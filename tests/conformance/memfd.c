/* SPDX-License-Identifier: Apache-2.0 */
/* memfd_create, its seals and what each of them refuses; shared anonymous memory. */
#include "tests/conformance/mm_window.h"

enum { SEAL = 1, SHRINK = 2, GROW = 4, WRITE = 8, FUTURE = 16, EVERY_SEAL = 31, SEALABLE = 2 };

static long sys_memfd(const char *name, unsigned flags) { return syscall(SYS_memfd_create, name, flags); }
static long get_seals(int fd) { return syscall(SYS_fcntl, fd, F_GET_SEALS, 0); }
static long add_seals(int fd, unsigned long seals) { return syscall(SYS_fcntl, fd, F_ADD_SEALS, seals); }

static void show_link(int fd)
{
    char path[64], text[400];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    long bytes = readlink(path, text, sizeof text - 1);
    if (bytes < 0) bytes = snprintf(text, sizeof text, "%s", error_name(errno));
    text[bytes] = 0;
    printf("link: %s\n", text);
}

static int make(const char *name, unsigned flags)
{
    int fd = (int)sys_memfd(name, flags);
    if (fd < 0) exit(99);
    return fd;
}

/* Two pages and ten bytes with a word at the start of each page. */
static int make_filled(void)
{
    int fd = make("filled", SEALABLE);
    ftruncate(fd, 2 * PAGE + 10);
    for (uint64_t i = 0, word; i < 2; i++) {
        word = 100 + i;
        pwrite(fd, &word, 8, (off_t)i * PAGE);
    }
    return fd;
}

static void names(void)
{
    static char name[300];
    begin_case("names and flags");
    for (int bytes = 247; bytes < 252; bytes++) {
        memset(name, 'n', sizeof name);
        name[bytes] = 0;
        long fd = sys_memfd(name, 0);
        printf("%d bytes: %s\n", bytes, fd < 0 ? error_name(errno) : "made");
        if (fd < 0) continue;
        show_link((int)fd);
        close((int)fd);
    }
    const char *odd[] = { "", "plain", "a/b", "..", "with blank (deleted)", "\xff\xfe", "%s%d" };
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        int fd = make(odd[i], 0);
        show_link(fd);
        close(fd);
    }
    SHOW(sys_memfd(NULL, 0));
    SHOW(sys_memfd((char *)-4096l, 0));
    SHOW(sys_memfd(NULL, 0x40));
    SHOW(sys_memfd("x", 0x20));
    SHOW(sys_memfd("x", 0x80000000));
    SHOW(sys_memfd("x", 1u << 26));
    window_fill(0, 1);
    memset(page_at(0), 'n', PAGE);
    SHOW(sys_memfd((char *)page_at(0), 0));
    SHOW(sys_memfd((char *)page_at(1) - 100, 0));
    page_at(0)[PAGE - 1] = 0;
    long fd = SHOW(sys_memfd((char *)page_at(1) - 100, 0));
    close((int)fd);

    begin_case("what it is");
    int file = make("first", MFD_CLOEXEC);
    struct stat s;
    SHOW(fstat(file, &s));
    printf("mode %o, %ld links, %ld bytes, %ld blocks\n", s.st_mode, (long)s.st_nlink, (long)s.st_size,
           (long)s.st_blocks);
    SHOW(fcntl(file, F_GETFD));
    SHOW(fcntl(file, F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK | O_TRUNC));
    SHOW(write(file, "hello", 5));
    SHOW(lseek(file, 0, SEEK_CUR));
    int copy = make("first", 0);
    SHOW(fcntl(copy, F_GETFD));
    fstat(copy, &s);
    CHECK(s.st_size == 0);
    char path[64], text[8] = { 0 };
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    int again = open(path, O_RDONLY);
    SHOW(read(again, text, 8));
    printf("%s\n", text);
    show_link(again);
    SHOW(write(again, "x", 1));
    close(again);
    close(copy);
    close(file);
}

static void sealing(void)
{
    begin_case("who may seal");
    int plain = make("plain", 0), fd = make("sealable", SEALABLE);
    SHOW(get_seals(plain));
    SHOW(add_seals(plain, WRITE));
    SHOW(add_seals(plain, 0));
    SHOW(add_seals(plain, 0x1000));
    SHOW(get_seals(fd));
    SHOW(add_seals(fd, 0));
    SHOW(add_seals(fd, 0x1000));
    SHOW(add_seals(fd, SHRINK));
    SHOW(add_seals(fd, GROW));
    SHOW(add_seals(fd, SHRINK));
    SHOW(get_seals(fd));
    SHOW(add_seals(fd, WRITE | SEAL));
    SHOW(get_seals(fd));
    SHOW(add_seals(fd, FUTURE));
    SHOW(add_seals(fd, 0));
    close(plain);
    close(fd);
    SHOW(get_seals(probe_fd));
    SHOW(add_seals(probe_fd, WRITE));
    SHOW(add_seals(probe_fd, 0x1000));
    SHOW(get_seals(STDIN_FILENO));
    SHOW(add_seals(STDIN_FILENO, WRITE));
    SHOW(get_seals(99));
    SHOW(add_seals(99, WRITE));

    fd = make("sealable", SEALABLE);
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    int only = open(path, O_RDONLY);
    SHOW(add_seals(only, SHRINK));
    SHOW(add_seals(only, 0x1000));
    SHOW(get_seals(only));
    close(only);
    only = open(path, O_PATH);
    SHOW(get_seals(only));
    close(only);
    close(fd);
}

/* What a file under these seals refuses. */
static void try_all(unsigned seals)
{
    printf("seals %u\n", seals);
    int fd = make_filled();
    SHOW(add_seals(fd, seals));
    char text[3 * PAGE] = "text";
    SHOW(pwrite(fd, text, 4, 20));
    SHOW(pwrite(fd, text, 0, 20));
    SHOW(pwrite(fd, text, 4, 2 * PAGE + 8));
    SHOW(pwrite(fd, text, 2 * PAGE, PAGE - 100));
    SHOW(pwrite(fd, text, 4, 5 * PAGE));
    SHOW(ftruncate(fd, 2 * PAGE + 10));
    SHOW(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, PAGE));
    SHOW(fallocate(fd, 0, 0, PAGE));
    SHOW(fallocate(fd, 0, 0, 4 * PAGE));
    SHOW(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 8 * PAGE));
    SHOW(lseek(fd, 0, SEEK_END));
    SHOW(ftruncate(fd, 9 * PAGE));
    SHOW(ftruncate(fd, PAGE));
    SHOW(lseek(fd, 0, SEEK_END));
    PLACE(sys_mmap(page_at(0), PAGE, RW, MAP_SHARED | MAP_FIXED, fd, 0));
    PLACE(sys_mmap(page_at(1), PAGE, RW, MAP_PRIVATE | MAP_FIXED, fd, 0));
    CHECK(page_mark(page_at(1), 7));
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    int only = open(path, O_RDONLY);
    PLACE(sys_mmap(page_at(2), PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, only, 0));
    SHOW(sys_mprotect(page_at(2), PAGE, RW));
    close(only);
    only = open(path, O_RDWR | O_TRUNC);
    printf("open to truncate: %s\n", only < 0 ? error_name(errno) : "done");
    if (only >= 0) close(only);
    SHOW(lseek(fd, 0, SEEK_END));
    close(fd);
    window_clear();
}

static void enforcing(void)
{
    begin_case("what seals refuse");
    for (unsigned seals = 0; seals <= EVERY_SEAL; seals++) try_all(seals);
}

static void mapping(void)
{
    begin_case("a mapping that may write stands in the way of the seal");
    int fd = make_filled();
    PLACE(sys_mmap(page_at(0), 2 * PAGE, RW, MAP_SHARED | MAP_FIXED, fd, 0));
    SHOW(add_seals(fd, WRITE));
    SHOW(get_seals(fd));
    SHOW(sys_mprotect(page_at(0), 2 * PAGE, PROT_READ));
    SHOW(add_seals(fd, WRITE | SHRINK));
    SHOW(get_seals(fd));
    SHOW(sys_munmap(page_at(0), PAGE));
    SHOW(add_seals(fd, WRITE));
    SHOW(sys_munmap(page_at(1), PAGE));
    SHOW(add_seals(fd, WRITE));
    SHOW(get_seals(fd));
    close(fd);

    begin_case("one that was there when future writes were sealed goes on");
    fd = make_filled();
    sys_mmap(page_at(0), 2 * PAGE, RW, MAP_SHARED | MAP_FIXED, fd, 0);
    SHOW(add_seals(fd, FUTURE));
    CHECK(page_mark(page_at(0), 55));
    uint64_t word = 0;
    SHOW(pread(fd, &word, 8, 0));
    CHECK(word == 55);
    SHOW(pwrite(fd, &word, 8, 0));
    PLACE(sys_mmap(page_at(4), PAGE, RW, MAP_SHARED | MAP_FIXED, fd, 0));
    PLACE(sys_mmap(page_at(4), PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0));
    SHOW(sys_mprotect(page_at(4), PAGE, RW));
    show_pages("pages", page_at(0), 6);
    SHOW(sys_madvise(page_at(0), PAGE, MADV_REMOVE));
    SHOW(add_seals(fd, WRITE));
    close(fd);

    begin_case("private and read-only mappings are in nobody's way");
    fd = make_filled();
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    int only = open(path, O_RDONLY);
    sys_mmap(page_at(0), PAGE, RW, MAP_PRIVATE | MAP_FIXED, fd, 0);
    sys_mmap(page_at(1), PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, only, 0);
    SHOW(add_seals(fd, WRITE));
    show_pages("pages", page_at(0), 2);
    close(only);
    close(fd);
}

static void anonymous(void)
{
    begin_case("shared anonymous memory");
    PLACE(sys_mmap(page_at(0), 4 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 12 * PAGE));
    show_core("untouched", page_at(0), 4 * PAGE);
    CHECK(page_mark(page_at(2), 9));
    show_core("touched", page_at(0), 4 * PAGE);
    show_pages("pages", page_at(0), 5);
    SHOW(sys_madvise(page_at(0), 4 * PAGE, MADV_DONTNEED));
    show_pages("still there", page_at(0), 5);
    SHOW(sys_mprotect(page_at(2), PAGE, PROT_READ));
    show_pages("pages", page_at(0), 5);
    SHOW(sys_mprotect(page_at(2), PAGE, RW));
    SHOW(sys_madvise(page_at(0), 4 * PAGE, MADV_FREE));
    SHOW(sys_msync(page_at(0), 4 * PAGE, MS_SYNC));
    PLACE(sys_mremap(page_at(0), 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, page_at(8)));
    show_pages("moved", page_at(0), 13);
    PLACE(sys_mremap(page_at(8), 4 * PAGE, 6 * PAGE, MREMAP_MAYMOVE, NULL));
    show_pages("beyond its size", page_at(8), 6);
    SHOW(sys_munmap(page_at(8), PAGE));
    SHOW(sys_madvise(page_at(9), 3 * PAGE, MADV_REMOVE));
    show_pages("empty again", page_at(8), 4);
    SHOW(sys_madvise(page_at(8), 4 * PAGE, MADV_REMOVE));
    SHOW(sys_mlock(page_at(9), PAGE));
    SHOW(sys_madvise(page_at(9), PAGE, MADV_REMOVE));
    PLACE(sys_mmap(page_at(0), PAGE, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED | MAP_POPULATE, -1, 0));
    show_core("populated", page_at(0), PAGE);
}

static void kinds(void)
{
    const int odd[] = { 0x100000 /* MAP_FIXED_NOREPLACE */, 0x80000 /* MAP_SYNC */, 0x200000, 0x800000 };
    begin_case("flags that MAP_SHARED_VALIDATE does not know");
    int fd = make_filled();
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        PLACE(sys_mmap(page_at(2 * i), PAGE, RW, MAP_SHARED_VALIDATE | MAP_FIXED | odd[i], fd, 0));
        PLACE(sys_mmap(page_at(2 * i), PAGE, RW, MAP_SHARED | MAP_FIXED | odd[i], fd, 0));
    }
    PLACE(sys_mmap(page_at(20), PAGE, RW, MAP_SHARED_VALIDATE | MAP_FIXED | MAP_NORESERVE, fd, 0));
    close(fd);
}

int main(int argc, char **argv)
{
    window_open(argc, argv);
    names();
    sealing();
    enforcing();
    mapping();
    anonymous();
    kinds();
    printf("# %d cases\n", case_count);
    return 0;
}
