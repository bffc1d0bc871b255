/* SPDX-License-Identifier: Apache-2.0 */
/* Open flags, positions, holes, and the edges of reading and writing. */
#include "tests/conformance/conformance.h"

#include <fcntl.h>

static void show_content(const char *path)
{
    char bytes[128];
    int fd = open(path, O_RDONLY);
    ssize_t count = read(fd, bytes, sizeof bytes);
    printf("%s holds %zd bytes:", path, count);
    for (ssize_t i = 0; i < count; i++) {
        if (bytes[i] >= 32 && bytes[i] < 127)
            putchar(bytes[i]);
        else
            printf("\\%02x", (unsigned char)bytes[i]);
    }
    putchar('\n');
    close(fd);
}

static long size_of(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? (long)st.st_size : -1;
}

static void opening(void)
{
    SHOW(open("none", O_RDONLY));
    SHOW(open("none/deeper", O_RDWR | O_CREAT, 0644));
    SHOW(open("", O_RDONLY));
    int fd = (int)SHOW(open("a", O_RDWR | O_CREAT | O_EXCL, 0644));
    SHOW(open("a", O_RDWR | O_CREAT | O_EXCL, 0644));
    SHOW(open("a/b", O_RDONLY));
    SHOW(open("a/", O_RDONLY));
    SHOW(open("new/", O_RDWR | O_CREAT, 0644));
    SHOW(open("a", O_RDONLY | O_DIRECTORY));
    SHOW(open(".", O_RDWR));
    SHOW(open(".", O_WRONLY | O_CREAT, 0644));
    SHOW(write(fd, "abc", 3));
    SHOW(close(fd));
    SHOW(close(fd));
    SHOW(close(-1));
    SHOW(creat("b", 0600));
    SHOW(write(3, "created", 7));
    SHOW(read(3, (char[8]){ 0 }, 8));
    SHOW(close(3));
    fd = open("a", O_RDONLY);
    SHOW(write(fd, "x", 1));
    SHOW(ftruncate(fd, 1));
    close(fd);
    fd = open("a", O_WRONLY | O_TRUNC);
    SHOW(size_of("a"));
    SHOW(read(fd, (char[1]){ 0 }, 1));
    close(fd);
    char name[300];
    memset(name, 'n', sizeof name - 1);
    name[256] = 0;
    show_result("a name of 256 bytes", open(name, O_CREAT | O_RDWR, 0644));
    name[255] = 0;
    fd = (int)show_result("a name of 255 bytes", open(name, O_CREAT | O_RDWR, 0644));
    close(fd);
    SHOW(unlink(name) == 0);
    static char path[5000];
    for (size_t i = 0; i < sizeof path - 1; i++) path[i] = i % 2 ? '/' : '.';
    path[4096] = 0;
    show_result("a path of 4096 bytes", open(path, O_RDONLY));
    path[4095] = 0;
    show_result("a path of 4095 bytes", open(path, O_RDONLY) >= 0);
    close(3);
}

static void positions(void)
{
    char bytes[16] = { 0 };
    int fd = open("p", O_RDWR | O_CREAT | O_TRUNC, 0644);
    SHOW(write(fd, "0123456789", 10));
    SHOW(lseek(fd, 0, SEEK_CUR));
    SHOW(lseek(fd, -3, SEEK_END));
    SHOW(read(fd, bytes, 2));
    printf("%.2s\n", bytes);
    SHOW(lseek(fd, -100, SEEK_CUR));
    SHOW(lseek(fd, 0, 77));
    SHOW(lseek(fd, 100, SEEK_SET));
    SHOW(read(fd, bytes, 4));
    SHOW(pread(fd, bytes, 4, 2));
    printf("%.4s\n", bytes);
    SHOW(lseek(fd, 0, SEEK_CUR));
    SHOW(pread(fd, bytes, 4, -1));
    SHOW(pread(fd, bytes, 4, 8));
    SHOW(pread(fd, bytes, 4, 10));
    SHOW(pwrite(fd, "xy", 2, 4));
    SHOW(pwrite(fd, "xy", 2, -1));
    SHOW(lseek(fd, 0, SEEK_CUR));
    SHOW(write(fd, NULL, 0));
    SHOW(read(fd, NULL, 0));
    show_content("p");
    SHOW(lseek(0, 0, SEEK_SET));
    SHOW(pread(0, bytes, 1, 0));
    SHOW(lseek(99, 0, SEEK_SET));
    close(fd);
}

static void appending(void)
{
    int fd = open("p", O_WRONLY | O_APPEND);
    SHOW(lseek(fd, 0, SEEK_SET));
    SHOW(write(fd, "end", 3));
    SHOW(lseek(fd, 0, SEEK_CUR));
    show_content("p");
    SHOW(fcntl(fd, F_SETFL, 0));
    SHOW(lseek(fd, 0, SEEK_SET));
    SHOW(write(fd, "START", 5));
    show_content("p");
    close(fd);
}

static void sizes(void)
{
    int fd = open("t", O_RDWR | O_CREAT, 0644);
    write(fd, "abcdefgh", 8);
    SHOW(ftruncate(fd, 4));
    SHOW(ftruncate(fd, 6));
    show_content("t");
    SHOW(truncate("t", 2));
    show_content("t");
    SHOW(truncate("none", 2));
    SHOW(truncate(".", 2));
    SHOW(truncate("t", -1));
    SHOW(ftruncate(fd, -1));
    SHOW(ftruncate(0, 1));
    SHOW(lseek(fd, 100000, SEEK_SET));
    SHOW(write(fd, "far", 3));
    SHOW(size_of("t"));
    static char zeros[70000];
    SHOW(pread(fd, zeros, sizeof zeros, 30000));
    bool clean = true;
    for (size_t i = 0; i < sizeof zeros; i++) clean = clean && zeros[i] == 0;
    CHECK(clean);
    SHOW(ftruncate(fd, 5ll << 30));
    SHOW(size_of("t"));
    SHOW(pwrite(fd, "end", 3, (5ll << 30) - 3));
    SHOW(pread(fd, zeros, 10, (5ll << 30) - 5));
    printf("%d %d %c%c%c\n", zeros[0], zeros[1], zeros[2], zeros[3], zeros[4]);
    SHOW(fsync(fd));
    SHOW(fdatasync(fd));
    SHOW(fsync(99));
    SHOW(posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL));
    SHOW(posix_fadvise(fd, 0, 0, 77) == EINVAL);
    SHOW(ftruncate(fd, 0));
    SHOW(syscall(SYS_readahead, fd, 0, 4096));
    sync();
    close(fd);
}

/* A file that is written through, piece by piece, in sizes that cross every page boundary. */
static void bulk(void)
{
    enum { BYTES = 1 << 20 };
    unsigned char *out = malloc(BYTES), *in = malloc(BYTES);
    uint32_t seed = 1;
    for (int i = 0; i < BYTES; i++) out[i] = (unsigned char)((seed = seed * 1664525u + 1013904223u) >> 24);
    int fd = open("bulk", O_RDWR | O_CREAT | O_TRUNC, 0644);
    int at = 0;
    for (int piece = 1; at < BYTES; piece = piece * 3 % 9973 + 1) {
        int count = piece < BYTES - at ? piece : BYTES - at;
        if (write(fd, out + at, (size_t)count) != count) printf("short write at %d\n", at);
        at += count;
    }
    SHOW(size_of("bulk"));
    for (at = BYTES; at > 0;) {
        int count = at < 7777 ? at : 7777;
        at -= count;
        if (pread(fd, in + at, (size_t)count, at) != count) printf("short read at %d\n", at);
    }
    CHECK(memcmp(in, out, BYTES) == 0);
    SHOW(unlink("bulk"));
    memset(in, 0, BYTES);
    SHOW(pread(fd, in, BYTES, 0));
    CHECK(memcmp(in, out, BYTES) == 0);
    close(fd);
    SHOW(open("bulk", O_RDONLY));
    free(in);
    free(out);
}

int main(int argc, char **argv)
{
    work_in(argc, argv);
    opening();
    positions();
    appending();
    sizes();
    bulk();
    return 0;
}
