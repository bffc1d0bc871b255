/* SPDX-License-Identifier: Apache-2.0 */
/* The device files every program expects, and what reading and writing them means. */
#include "tests/conformance/conformance.h"

#include <fcntl.h>
#include <poll.h>

static void show_device(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0) {
        printf("%s: %s\n", path, error_name(errno));
        return;
    }
    unsigned char bytes[16];
    memset(bytes, 7, sizeof bytes);
    int fd = open(path, O_RDWR);
    printf("%s: mode %o, device %x, opens %d", path, st.st_mode, (unsigned)st.st_rdev, fd >= 0);
    ssize_t count = read(fd, bytes, sizeof bytes);
    printf(", reads %zd", count);
    if (count > 0 && strstr(path, "random") == NULL) printf(" of %d", bytes[15]);
    count = write(fd, bytes, sizeof bytes);
    printf(", writes %s", count < 0 ? error_name(errno) : "");
    if (count >= 0) printf("%zd", count);
    printf(", seeks %jd", (intmax_t)lseek(fd, 5, SEEK_SET));
    struct pollfd poll_fd = { .fd = fd, .events = POLLIN | POLLOUT };
    poll(&poll_fd, 1, 0);
    printf(", readable %d", poll_fd.revents & POLLIN);
    printf(", terminal %d", isatty(fd));
    printf(", truncates %s\n", ftruncate(fd, 0) == 0 ? "yes" : error_name(errno));
    close(fd);
}

/* Reads that cross pages, and large ones. */
static void zeros(void)
{
    enum { BYTES = 1 << 20 };
    unsigned char *bytes = malloc(BYTES);
    memset(bytes, 1, BYTES);
    int fd = open("/dev/zero", O_RDONLY);
    SHOW(read(fd, bytes + 1, BYTES - 2));
    bool clean = bytes[0] == 1 && bytes[BYTES - 1] == 1;
    for (int i = 1; i < BYTES - 1; i++) clean = clean && bytes[i] == 0;
    CHECK(clean);
    SHOW(write(fd, bytes, 1));
    close(fd);
    fd = open("/dev/null", O_WRONLY | O_CREAT | O_TRUNC, 0600);
    SHOW(write(fd, bytes, BYTES));
    SHOW(read(fd, bytes, 1));
    close(fd);
    free(bytes);
}

static void streams(void)
{
    FILE *full = fopen("/dev/full", "w");
    fputs("no room for this", full);
    SHOW(fflush(full));
    SHOW(fclose(full));
    FILE *null = fopen("/dev/null", "r");
    SHOW(fgetc(null));
    SHOW(feof(null) != 0);
    fclose(null);
    int fd = open("/dev/stdout", O_WRONLY);
    SHOW(write(fd, "through /dev/stdout\n", 20));
    close(fd);
    fd = open("/dev/fd/1", O_WRONLY | O_CREAT | O_TRUNC, 0600);
    SHOW(write(fd, "through /dev/fd/1\n", 18));
    close(fd);
    fd = open("/dev/stdin", O_RDONLY);
    SHOW(read(fd, (char[1]){ 0 }, 1));
    close(fd);
}

int main(int argc, char **argv)
{
    static const char *const names[] = { "/dev/null",   "/dev/zero",    "/dev/full",
                                         "/dev/random", "/dev/urandom", "/dev/none" };
    work_in(argc, argv);
    setvbuf(stdout, NULL, _IONBF, 0);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) show_device(names[i]);
    zeros();
    streams();
    struct stat st;
    SHOW(stat("/dev/shm", &st));
    printf("%o\n", st.st_mode);
    SHOW(stat("/proc/self/fd", &st));
    SHOW(access("/proc/self/exe", R_OK));
    char path[256] = "";
    SHOW(readlink("/proc/self/exe", path, sizeof path - 1) > 0);
    CHECK(strstr(path, "devices") != NULL);
    return 0;
}
