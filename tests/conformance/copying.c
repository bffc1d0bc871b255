/* SPDX-License-Identifier: Apache-2.0 */
/* Several pieces at once, and data that moves from file to file inside the kernel. */
#include "tests/conformance/conformance.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/sendfile.h>
#include <sys/uio.h>

static void show_content(int fd)
{
    char bytes[128];
    ssize_t count = pread(fd, bytes, sizeof bytes, 0);
    printf("%zd bytes:", count);
    for (ssize_t i = 0; i < count; i++) putchar(bytes[i] ? bytes[i] : '.');
    putchar('\n');
}

static void pieces(void)
{
    int fd = open("v", O_RDWR | O_CREAT | O_TRUNC, 0600);
    char a[4] = "", b[4] = "", c[8] = "";
    struct iovec out[] = { { "one", 3 }, { NULL, 0 }, { "two", 3 }, { "three", 5 } };
    struct iovec in[] = { { a, 3 }, { b, 3 }, { NULL, 0 }, { c, 7 } };
    SHOW(writev(fd, out, 4));
    show_content(fd);
    SHOW(lseek(fd, 0, SEEK_SET));
    SHOW(readv(fd, in, 4));
    printf("%s %s %s\n", a, b, c);
    SHOW(readv(fd, in, 4));
    SHOW(preadv(fd, in, 2, 3));
    printf("%s %s\n", a, b);
    SHOW(pwritev(fd, out, 1, 20));
    show_content(fd);
    SHOW(preadv(fd, in, 1, -1));
    SHOW(writev(fd, out, 0));
    SHOW(syscall(SYS_writev, fd, out, -1));
    SHOW(syscall(SYS_writev, fd, out, IOV_MAX + 1));
    SHOW(readv(99, in, 1));
    struct iovec absurd[] = { { a, SSIZE_MAX }, { b, SSIZE_MAX } };
    SHOW(readv(fd, absurd, 2));
    absurd[0].iov_len = (size_t)-1;
    SHOW(writev(fd, absurd, 1));
    static struct iovec many[IOV_MAX];
    for (int i = 0; i < IOV_MAX; i++) many[i] = (struct iovec){ &"abcdefghijklmnopqrstuvwxyz"[i % 26], 1 };
    SHOW(pwritev(fd, many, IOV_MAX, 0));
    char last[5] = "";
    SHOW(pread(fd, last, 4, IOV_MAX - 4));
    printf("%s\n", last);
    SHOW(preadv(0, in, 1, 0));
    close(fd);
}

static void between_files(void)
{
    int from = open("from", O_RDWR | O_CREAT | O_TRUNC, 0600),
        to = open("to", O_RDWR | O_CREAT | O_TRUNC, 0600);
    SHOW(write(from, "0123456789", 10));
    SHOW(lseek(from, 2, SEEK_SET));
    SHOW(sendfile(to, from, NULL, 3));
    SHOW(lseek(from, 0, SEEK_CUR));
    off_t offset = 7;
    SHOW(sendfile(to, from, &offset, 100));
    SHOW(offset);
    SHOW(lseek(from, 0, SEEK_CUR));
    show_content(to);
    offset = -1;
    SHOW(sendfile(to, from, &offset, 1));
    SHOW(sendfile(99, from, NULL, 1));
    int read_only = open("to", O_RDONLY);
    SHOW(sendfile(read_only, from, NULL, 1));
    SHOW(sendfile(to, 0, NULL, 0));
    SHOW(sendfile(1, from, (off_t[]){ 0 }, 10));
    printf("\n");
    off_t in = 1, out = 12;
    SHOW(syscall(SYS_copy_file_range, from, &in, to, &out, 4, 0));
    printf("%jd %jd\n", (intmax_t)in, (intmax_t)out);
    show_content(to);
    SHOW(syscall(SYS_copy_file_range, from, NULL, to, NULL, 4, 1));
    SHOW(syscall(SYS_copy_file_range, from, NULL, read_only, NULL, 4, 0));
    in = 0, out = 2;
    SHOW(syscall(SYS_copy_file_range, to, &in, to, &out, 10, 0));
    in = 1000;
    SHOW(syscall(SYS_copy_file_range, from, &in, to, NULL, 10, 0));
    SHOW(syscall(SYS_copy_file_range, 0, NULL, to, NULL, 10, 0));
    close(read_only);
    close(from);
    close(to);
}

static void large(void)
{
    enum { BYTES = 300000 };
    char *bytes = malloc(BYTES), *copy = malloc(BYTES);
    for (int i = 0; i < BYTES; i++) bytes[i] = (char)(i * 31 + (i >> 10));
    int from = open("large", O_RDWR | O_CREAT, 0600), to = open("to", O_RDWR | O_TRUNC);
    SHOW(pwrite(from, bytes, BYTES, 0));
    off_t offset = 0;
    long done = 0, now;
    while ((now = sendfile(to, from, &offset, 100000)) > 0) done += now;
    SHOW(done);
    SHOW(pread(to, copy, BYTES, 0));
    CHECK(memcmp(bytes, copy, BYTES) == 0);
    close(from);
    close(to);
    free(bytes);
    free(copy);
}

static void space(void)
{
    int fd = open("space", O_RDWR | O_CREAT | O_TRUNC, 0600);
    struct stat st;
    SHOW(syscall(SYS_fallocate, fd, 0, 0, 10000));
    fstat(fd, &st);
    SHOW(st.st_size);
    SHOW(syscall(SYS_fallocate, fd, 1, 20000, 5000)); /* FALLOC_FL_KEEP_SIZE */
    fstat(fd, &st);
    SHOW(st.st_size);
    SHOW(pwrite(fd, "abcdefghij", 10, 4090));
    SHOW(syscall(SYS_fallocate, fd, 3, 4093, 2)); /* FALLOC_FL_PUNCH_HOLE */
    char bytes[11] = "";
    SHOW(pread(fd, bytes, 10, 4090));
    for (int i = 0; i < 10; i++) putchar(bytes[i] ? bytes[i] : '.');
    printf("\n");
    SHOW(syscall(SYS_fallocate, fd, 0, -1, 10));
    SHOW(syscall(SYS_fallocate, fd, 0, 0, 0));
    SHOW(syscall(SYS_fallocate, 99, 0, 0, 10));
    SHOW(syscall(SYS_fallocate, 0, 0, 0, 10));
    close(fd);
}

int main(int argc, char **argv)
{
    work_in(argc, argv);
    setvbuf(stdout, NULL, _IONBF, 0);
    pieces();
    between_files();
    large();
    space();
    return 0;
}
