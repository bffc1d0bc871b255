/* SPDX-License-Identifier: Apache-2.0 */
/* mmap and its relatives: what they accept, and that memory holds what it should afterwards. */
#include "tests/conformance/conformance.h"

#include <fcntl.h>
#include <sys/mman.h>

enum { PAGE = 4096 };
static const int RW = PROT_READ | PROT_WRITE;

static unsigned char *anonymous(size_t bytes)
{
    unsigned char *p = mmap(NULL, bytes, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) printf("no memory: %s\n", error_name(errno));
    return p;
}

/* An address is not shown, only whether there is one. */
static bool is_mapped(void *p) { return p != MAP_FAILED; }

static bool is_filled(const unsigned char *p, size_t bytes, unsigned char with)
{
    for (size_t i = 0; i < bytes; i++)
        if (p[i] != with) return false;
    return true;
}

/* Whether the kernel may read there, without dying: write to a file tells. */
static int probe_fd;
static bool is_readable(const void *p)
{
    int fd = open("probe", O_WRONLY | O_CREAT | O_TRUNC, 0600);
    bool readable = write(fd, p, 1) == 1;
    close(fd);
    return readable;
}
static bool is_writable(void *p) { return pread(probe_fd, p, 1, 0) == 1; }

static void arguments(void)
{
    SHOW(is_mapped(mmap(NULL, 0, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)));
    SHOW(is_mapped(mmap(NULL, PAGE, RW, MAP_ANONYMOUS, -1, 0)));
    printf("%s\n", error_name(errno));
    SHOW(is_mapped(mmap(NULL, PAGE, RW, MAP_PRIVATE, -1, 0)));
    printf("%s\n", error_name(errno));
    SHOW(is_mapped(mmap(NULL, PAGE, RW, MAP_PRIVATE, probe_fd, 1)));
    printf("%s\n", error_name(errno));
    SHOW(is_mapped(mmap(NULL, 1ull << 60, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)));
    printf("%s\n", error_name(errno));
    SHOW(is_mapped(mmap((void *)1, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0)));
    printf("%s\n", error_name(errno));
    SHOW(is_mapped(mmap((void *)(1ull << 47), PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0)));
    printf("%s\n", error_name(errno));
    unsigned char *p = anonymous(3 * PAGE);
    SHOW(munmap(p + 1, PAGE));
    SHOW(munmap(p, 0));
    SHOW(munmap(p + PAGE, 1));
    CHECK(is_readable(p) && !is_readable(p + PAGE) && is_readable(p + 2 * PAGE));
    SHOW(munmap(p, 3 * PAGE));
    SHOW(munmap(p, 3 * PAGE));
    CHECK(!is_readable(p));
    CHECK(mmap(p, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == p);
    CHECK(mmap(p, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == MAP_FAILED);
    printf("%s\n", error_name(errno));
    CHECK(mmap(p, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != p);
    CHECK(mmap(p, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == p);
}

static void protection(void)
{
    unsigned char *p = anonymous(4 * PAGE);
    memset(p, 7, 4 * PAGE);
    SHOW(mprotect(p + PAGE, PAGE, PROT_READ));
    CHECK(is_readable(p + PAGE) && !is_writable(p + PAGE) && is_writable(p + 2 * PAGE));
    SHOW(mprotect(p + 2 * PAGE, PAGE, PROT_NONE));
    CHECK(!is_readable(p + 2 * PAGE));
    CHECK(pread(probe_fd, p + PAGE - 4, 8, 0) == 4);
    SHOW(mprotect(p, 4 * PAGE, RW));
    CHECK(is_filled(p + PAGE, 3 * PAGE, 7));
    SHOW(mprotect(p + 1, PAGE, RW));
    SHOW(mprotect(p, 0, RW));
    SHOW(mprotect(p, PAGE, 0x100));
    munmap(p + PAGE, PAGE);
    SHOW(mprotect(p, 4 * PAGE, PROT_READ));
    CHECK(!is_writable(p) && is_writable(p + 2 * PAGE));
    SHOW(mprotect(p + PAGE, PAGE, PROT_READ));
    unsigned char *code = mmap(NULL, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memcpy(code, "\xb8\x2a\x00\x00\x00\xc3", 6); /* mov $42, %eax; ret */
    SHOW(mprotect(code, PAGE, PROT_READ | PROT_EXEC));
    SHOW(((int (*)(void))code)());
}

static void growing(void)
{
    unsigned char *p = anonymous(2 * PAGE);
    memset(p, 1, PAGE);
    memset(p + PAGE, 2, PAGE);
    unsigned char *q = mremap(p, 2 * PAGE, 1024 * PAGE, MREMAP_MAYMOVE);
    CHECK(q != MAP_FAILED);
    CHECK(is_filled(q, PAGE, 1) && is_filled(q + PAGE, PAGE, 2) && is_filled(q + 2 * PAGE, 1022 * PAGE, 0));
    if (q != p)
        CHECK(!is_readable(p));
    else
        CHECK(is_readable(p) /* moved or not */ ? true : false);
    CHECK(mremap(q, 1024 * PAGE, PAGE, 0) == q);
    CHECK(is_readable(q) && !is_readable(q + PAGE));
    CHECK(mremap(q, PAGE, PAGE, 0) == q);
    CHECK(mremap(q, PAGE, 0, 0) == MAP_FAILED && errno == EINVAL);
    CHECK(mremap(q + 1, PAGE, PAGE, 0) == MAP_FAILED && errno == EINVAL);
    CHECK(mremap(q, PAGE, PAGE, 64) == MAP_FAILED && errno == EINVAL);
    munmap(q, PAGE);
    CHECK(mremap(q, PAGE, 2 * PAGE, MREMAP_MAYMOVE) == MAP_FAILED && errno == EFAULT);
    p = anonymous(2 * PAGE);
    CHECK(mremap(p, PAGE, 2 * PAGE, 0) == MAP_FAILED && errno == ENOMEM);
}

static void advising(void)
{
    unsigned char *p = anonymous(4 * PAGE);
    memset(p, 9, 4 * PAGE);
    SHOW(madvise(p + PAGE, PAGE, MADV_DONTNEED));
    CHECK(is_filled(p, PAGE, 9) && is_filled(p + PAGE, PAGE, 0) && is_filled(p + 2 * PAGE, 2 * PAGE, 9));
    SHOW(madvise(p, 4 * PAGE, MADV_WILLNEED));
    SHOW(madvise(p, 4 * PAGE, MADV_SEQUENTIAL));
    SHOW(madvise(p + 1, PAGE, MADV_DONTNEED));
    SHOW(madvise(p, PAGE, 12345));
    SHOW(madvise(p, 0, MADV_DONTNEED));
    SHOW(msync(p, PAGE, MS_SYNC));
    SHOW(msync(p, PAGE, MS_SYNC | MS_ASYNC));
    SHOW(mlock(p, 4 * PAGE));
    SHOW(munlock(p, 4 * PAGE));
    SHOW(syscall(SYS_mlock2, p, PAGE, 0));
    SHOW(syscall(SYS_mlock2, p, PAGE, 1)); /* MLOCK_ONFAULT */
    SHOW(syscall(SYS_mlock2, p, PAGE, 2));
    SHOW(mlockall(0));
    SHOW(mlockall(8));
    SHOW(munlockall());
    unsigned char present[4];
    SHOW(mincore(p, 4 * PAGE, present));
    printf("%d %d %d %d\n", present[0] & 1, present[1] & 1, present[2] & 1, present[3] & 1);
    munmap(p + PAGE, PAGE);
    SHOW(madvise(p, 4 * PAGE, MADV_DONTNEED));
    CHECK(is_filled(p + 2 * PAGE, PAGE, 0));
    SHOW(mincore(p, 4 * PAGE, present));
    SHOW(msync(p, 4 * PAGE, MS_ASYNC));
    SHOW(mlock(p, 4 * PAGE));
}

/* Much more than there is may be asked for, as long as it is not touched. */
static void large(void)
{
    size_t bytes = 256ull << 20;
    unsigned char *p = mmap(NULL, bytes, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    CHECK(p != MAP_FAILED);
    for (size_t at = 0; at < bytes; at += 16 << 20) p[at] = (unsigned char)(at >> 24);
    bool good = true;
    for (size_t at = 0; at < bytes; at += 16 << 20)
        good = good && p[at] == (unsigned char)(at >> 24) && p[at + PAGE] == 0;
    CHECK(good);
    for (size_t at = PAGE; at < bytes; at += 32 << 20) munmap(p + at, 8 << 20);
    CHECK(is_readable(p) && !is_readable(p + PAGE));
    SHOW(munmap(p, bytes));
}

static void of_files(void)
{
    int fd = open("mapped", O_RDWR | O_CREAT | O_TRUNC, 0600);
    for (int i = 0; i < 3; i++) {
        static unsigned char page[PAGE];
        memset(page, 'a' + i, PAGE);
        write(fd, page, i < 2 ? PAGE : 100);
    }
    unsigned char *p = mmap(NULL, 3 * PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
    CHECK(is_filled(p, PAGE, 'a') && is_filled(p + PAGE, PAGE, 'b') && is_filled(p + 2 * PAGE, 100, 'c'));
    CHECK(is_filled(p + 2 * PAGE + 100, PAGE - 100, 0));
    unsigned char *q = mmap(NULL, PAGE, RW, MAP_PRIVATE, fd, PAGE);
    q[0] = 'X';
    CHECK(p[PAGE] == 'b' && q[0] == 'X' && q[1] == 'b');
    char back;
    SHOW(pread(fd, &back, 1, PAGE));
    CHECK(back == 'b');
    unsigned char *shared = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
    CHECK(shared != MAP_FAILED && shared[5] == 'a');
    close(fd);
    CHECK(p[0] == 'a');
    fd = open("mapped", O_WRONLY);
    CHECK(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0) == MAP_FAILED && errno == EACCES);
    close(fd);
    fd = open("mapped", O_RDONLY);
    CHECK(mmap(NULL, PAGE, RW, MAP_SHARED, fd, 0) == MAP_FAILED && errno == EACCES);
    CHECK(mmap(NULL, PAGE, RW, MAP_PRIVATE, fd, 0) != MAP_FAILED);
    close(fd);
    fd = open(".", O_RDONLY);
    CHECK(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0) == MAP_FAILED && errno == ENODEV);
    close(fd);
    CHECK(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, 0, 0) == MAP_FAILED && errno == ENODEV);
}

static void breaking(void)
{
    unsigned char *start = (unsigned char *)syscall(SYS_brk, 0);
    CHECK((unsigned char *)syscall(SYS_brk, start + 100000) == start + 100000);
    CHECK(is_filled(start, 100000, 0));
    memset(start, 5, 100000);
    CHECK((unsigned char *)syscall(SYS_brk, start + 10000) == start + 10000);
    CHECK((unsigned char *)syscall(SYS_brk, start + 100000) == start + 100000);
    CHECK(is_filled(start, 10000, 5) && is_filled(start + 3 * PAGE, 100000 - 3 * PAGE, 0));
    CHECK((unsigned char *)syscall(SYS_brk, 1) == start + 100000);
    CHECK((unsigned char *)syscall(SYS_brk, -1ul) == start + 100000);
    CHECK((unsigned char *)syscall(SYS_brk, start) == start);
}

int main(int argc, char **argv)
{
    work_in(argc, argv);
    probe_fd = open("one-page", O_RDWR | O_CREAT | O_TRUNC, 0600);
    unsigned char sevens[PAGE]; /* what probing for writability leaves behind */
    memset(sevens, 7, PAGE);
    if (write(probe_fd, sevens, PAGE) != PAGE) return 1;
    arguments();
    protection();
    growing();
    advising();
    large();
    of_files();
    breaking();
    return 0;
}
