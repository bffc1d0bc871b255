/* SPDX-License-Identifier: Apache-2.0 */
/* splice, tee, vmsplice, and sendfile into pipes and sockets: how much one call moves, and what it does not. */
#include "tests/conformance/conformance.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>

enum { MOVE = 1, NONBLOCK = 2, MORE = 4, GIFT = 8 };

static long move(int in, loff_t *in_at, int out, loff_t *out_at, size_t bytes, unsigned flags)
{
    return syscall(SYS_splice, in, in_at, out, out_at, bytes, flags);
}
static long copy(int in, int out, size_t bytes, unsigned flags)
{
    return syscall(SYS_tee, in, out, bytes, flags);
}
static long lend(int fd, const struct iovec *pieces, size_t count, unsigned flags)
{
    return syscall(SYS_vmsplice, fd, pieces, count, flags);
}

static int numbers(const char *path, size_t bytes)
{
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    char *text = malloc(bytes + 16);
    for (size_t at = 0; at < bytes; at += 8) snprintf(text + at, 9, "%07zu,", at);
    if (pwrite(fd, text, bytes, 0) != (ssize_t)bytes) printf("cannot fill %s\n", path);
    free(text);
    return fd;
}

/* What the pipe has, told by its length and a sum. */
static void show_pipe(int fd)
{
    unsigned char bytes[4096];
    size_t count = 0;
    unsigned sum = 0;
    fcntl(fd, F_SETFL, O_NONBLOCK);
    for (ssize_t got; (got = read(fd, bytes, sizeof bytes)) > 0; count += (size_t)got)
        for (ssize_t i = 0; i < got; i++) sum = sum * 31 + bytes[i];
    printf("in the pipe: %zu bytes, sum %08x\n", count, sum);
    fcntl(fd, F_SETFL, 0);
}

static void show_file(int fd)
{
    char text[64] = "";
    ssize_t got = pread(fd, text, sizeof text - 1, 0);
    printf("in the file: %zd bytes: %s\n", got, text);
}

static void file_to_pipe(void)
{
    printf("-- file to pipe\n");
    int fd = numbers("n", 200000), ends[2];
    SHOW(pipe(ends));
    SHOW(move(fd, NULL, ends[1], NULL, 10, 0));
    SHOW(lseek(fd, 0, SEEK_CUR));
    show_pipe(ends[0]);
    loff_t at = 5;
    SHOW(move(fd, &at, ends[1], NULL, 5000, MOVE | MORE));
    SHOW(at);
    SHOW(lseek(fd, 0, SEEK_CUR));
    SHOW(write(ends[1], "behind", 6));
    show_pipe(ends[0]);
    at = 0;
    SHOW(move(fd, &at, ends[1], NULL, 200000, 0));
    SHOW(at);
    SHOW(move(fd, &at, ends[1], NULL, 1, NONBLOCK));
    show_pipe(ends[0]);
    at = 100;
    SHOW(move(fd, &at, ends[1], NULL, 200000, NONBLOCK));
    show_pipe(ends[0]);
    at = 199999;
    SHOW(move(fd, &at, ends[1], NULL, 10, 0));
    SHOW(move(fd, &at, ends[1], NULL, 10, 0));
    at = -1;
    SHOW(move(fd, &at, ends[1], NULL, 10, 0));
    show_pipe(ends[0]);
    SHOW(move(fd, NULL, ends[1], &at, 10, 0));
    SHOW(move(fd, (loff_t *)8, ends[1], NULL, 10, 0));
    SHOW(move(fd, NULL, ends[0], NULL, 10, 0));
    SHOW(move(fd, NULL, ends[1], NULL, 10, 16));
    SHOW(move(fd, NULL, ends[1], NULL, 0, 16));
    SHOW(move(99, NULL, ends[1], NULL, 10, 0));
    SHOW(move(fd, NULL, 99, NULL, 10, 0));
    SHOW(move(fd, NULL, fd, NULL, 10, 0));
    int directory = open(".", O_RDONLY), path = open("n", O_PATH);
    SHOW(move(directory, NULL, ends[1], NULL, 10, 0));
    SHOW(move(path, NULL, ends[1], NULL, 10, 0));
    close(ends[0]);
    SHOW(move(fd, NULL, ends[1], NULL, 10, 0));
    close(directory);
    close(path);
    close(ends[1]);
    close(fd);
}

static void pipe_to_file(void)
{
    printf("-- pipe to file\n");
    int fd = open("o", O_RDWR | O_CREAT | O_TRUNC, 0600), ends[2];
    SHOW(pipe(ends));
    SHOW(move(ends[0], NULL, fd, NULL, 10, NONBLOCK));
    SHOW(write(ends[1], "0123456789", 10));
    SHOW(move(ends[0], NULL, fd, NULL, 4, 0));
    SHOW(lseek(fd, 0, SEEK_CUR));
    loff_t at = 2;
    SHOW(move(ends[0], NULL, fd, &at, 3, 0));
    SHOW(at);
    SHOW(move(ends[0], NULL, fd, NULL, 1000, 0));
    show_file(fd);
    SHOW(move(ends[0], &at, fd, NULL, 3, 0));
    at = -1;
    SHOW(move(ends[0], NULL, fd, &at, 3, 0));
    SHOW(write(ends[1], "abc", 3));
    int appending = open("o", O_WRONLY | O_APPEND), reading = open("o", O_RDONLY);
    SHOW(move(ends[0], NULL, appending, NULL, 3, 0));
    SHOW(move(ends[0], NULL, reading, NULL, 3, 0));
    SHOW(move(ends[1], NULL, fd, NULL, 3, 0));
    int null = open("/dev/null", O_WRONLY);
    SHOW(move(ends[0], NULL, null, NULL, 2, 0));
    SHOW(fcntl(ends[0], F_SETFL, O_NONBLOCK));
    SHOW(move(ends[0], NULL, null, NULL, 20, 0));
    SHOW(move(ends[0], NULL, null, NULL, 20, 0));
    close(ends[1]);
    SHOW(move(ends[0], NULL, fd, NULL, 3, 0));
    close(null);
    close(appending);
    close(reading);
    close(ends[0]);
    close(fd);
}

static void pipe_to_pipe(void)
{
    printf("-- pipe to pipe\n");
    int a[2], b[2], fd = numbers("n", 100000);
    SHOW(pipe(a));
    SHOW(pipe(b));
    SHOW(move(a[0], NULL, b[1], NULL, 10, NONBLOCK));
    SHOW(write(a[1], "0123456789", 10));
    SHOW(copy(a[0], b[1], 4, 0));
    SHOW(copy(a[0], b[1], 100, 0));
    SHOW(move(a[0], NULL, b[1], NULL, 3, 0));
    show_pipe(b[0]);
    SHOW(move(a[0], NULL, b[1], NULL, 100, 0));
    show_pipe(a[0]);
    show_pipe(b[0]);
    SHOW(copy(a[0], b[1], 4, NONBLOCK));
    SHOW(copy(a[0], a[1], 4, 0));
    SHOW(copy(a[0], fd, 4, 0));
    SHOW(copy(fd, a[1], 4, 0));
    SHOW(copy(a[0], b[0], 4, 0));
    SHOW(copy(a[0], b[1], 4, 16));
    SHOW(copy(99, b[1], 0, 0));
    SHOW(copy(99, b[1], 1, 0));
    SHOW(move(a[0], NULL, a[1], NULL, 4, 0));
    loff_t at = 0;
    SHOW(move(a[0], &at, b[1], NULL, 4, 0));
    SHOW(move(a[0], NULL, b[1], &at, 4, 0));
    SHOW(move(fd, NULL, a[1], NULL, 100000, 0));
    SHOW(copy(a[0], b[1], 100000, 0));
    SHOW(copy(a[0], b[1], 100000, NONBLOCK));
    show_pipe(b[0]);
    SHOW(move(a[0], NULL, b[1], NULL, 30000, 0));
    SHOW(move(a[0], NULL, b[1], NULL, 100000, 0));
    show_pipe(a[0]);
    show_pipe(b[0]);
    close(a[1]);
    SHOW(move(a[0], NULL, b[1], NULL, 4, 0));
    SHOW(copy(a[0], b[1], 4, 0));
    close(a[0]);
    close(b[0]);
    close(b[1]);
    close(fd);
}

static void sockets(void)
{
    printf("-- sockets\n");
    int pair[2], ends[2], fd = numbers("n", 30000);
    char text[64] = "";
    SHOW(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    SHOW(pipe(ends));
    SHOW(write(ends[1], "through a pipe", 14));
    SHOW(move(ends[0], NULL, pair[0], NULL, 100, 0));
    SHOW(read(pair[1], text, sizeof text));
    printf("%s\n", text);
    SHOW(write(pair[1], "back", 4));
    SHOW(move(pair[0], NULL, ends[1], NULL, 100, 0));
    show_pipe(ends[0]);
    SHOW(move(pair[0], NULL, ends[1], NULL, 100, NONBLOCK));
    loff_t at = 0;
    SHOW(move(pair[0], &at, ends[1], NULL, 100, 0));
    SHOW(sendfile(pair[0], fd, NULL, 20));
    SHOW(read(pair[1], text, sizeof text));
    printf("%s\n", text);
    close(pair[1]);
    SHOW(move(pair[0], NULL, ends[1], NULL, 100, 0));
    SHOW(write(ends[1], "lost", 4));
    SHOW(move(ends[0], NULL, pair[0], NULL, 100, 0));
    close(pair[0]);
    at = 8;
    SHOW(sendfile(ends[1], fd, &at, 16));
    SHOW(at);
    SHOW(lseek(fd, 0, SEEK_CUR));
    SHOW(sendfile(ends[1], fd, NULL, 100));
    SHOW(lseek(fd, 0, SEEK_CUR));
    show_pipe(ends[0]);
    SHOW(fcntl(ends[1], F_SETFL, O_NONBLOCK));
    at = 0;
    SHOW(sendfile(ends[1], fd, &at, 30000));
    SHOW(sendfile(ends[1], fd, (off_t[]){ 0 }, 30000));
    SHOW(sendfile(ends[1], fd, (off_t[]){ 0 }, 30000));
    SHOW(sendfile(ends[1], fd, (off_t[]){ 0 }, 30000));
    show_pipe(ends[0]);
    close(ends[0]);
    SHOW(sendfile(ends[1], fd, NULL, 100));
    close(ends[1]);
    close(fd);
}

static void memory(void)
{
    printf("-- memory\n");
    static char page[8192] __attribute__((aligned(4096)));
    char text[64] = "", *fault = (char *)8;
    struct iovec out[] = { { "one", 3 }, { NULL, 0 }, { "three", 5 } }, in = { text, 63 };
    int ends[2], fd = numbers("n", 10);
    SHOW(pipe(ends));
    SHOW(lend(ends[1], out, 3, 0));
    SHOW(lend(ends[0], &in, 1, 0));
    printf("%s\n", text);
    SHOW(lend(ends[0], &in, 1, NONBLOCK));
    SHOW(lend(fd, out, 3, 0));
    SHOW(lend(fd, out, 0, 0));
    SHOW(lend(99, out, 3, 0));
    SHOW(lend(ends[1], out, 3, 16));
    SHOW(lend(ends[1], out, 2000, 0));
    SHOW(lend(ends[1], (struct iovec[]){ { fault, 4 } }, 1, 0));
    SHOW(lend(ends[1], (struct iovec[]){ { page + 4000, 200 } }, 1, GIFT));
    struct iovec many[20];
    for (int i = 0; i < 20; i++) many[i] = (struct iovec){ page, 10 };
    SHOW(lend(ends[1], many, 20, 0));
    SHOW(lend(ends[1], many, 20, NONBLOCK));
    show_pipe(ends[0]);
    close(ends[0]);
    SHOW(lend(ends[1], out, 3, 0));
    close(ends[1]);
    close(fd);
}

int main(int argc, char **argv)
{
    work_in(argc, argv);
    signal(SIGPIPE, SIG_IGN);
    file_to_pipe();
    pipe_to_file();
    pipe_to_pipe();
    sockets();
    memory();
    return 0;
}
