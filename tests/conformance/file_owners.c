/* SPDX-License-Identifier: Apache-2.0 */
/* What fcntl says of leases and of signals where nobody asked for any; ustat. */
#include "tests/conformance/conformance.h"

#include <fcntl.h>

static void ask(const char *what, int fd)
{
    printf("-- %s\n", what);
    SHOW(fcntl(fd, F_GETLEASE));
    SHOW(fcntl(fd, F_SETLEASE, F_UNLCK));
    SHOW(fcntl(fd, F_SETLEASE, 77));
    SHOW(fcntl(fd, F_GETOWN));
    SHOW(fcntl(fd, F_GETSIG));
    int owner[2] = { 7, 7 };
    SHOW(fcntl(fd, F_GETOWN_EX, owner));
    printf("%d %d\n", owner[0], owner[1]);
    SHOW(fcntl(fd, F_SETSIG, 0));
    SHOW(fcntl(fd, F_SETSIG, 65));
    SHOW(fcntl(fd, F_SETOWN, 0));
    SHOW(fcntl(fd, F_GETOWN));
}

static void sizes(void)
{
    struct {
        int free_blocks;
        unsigned long free_files;
        char names[12];
    } out;
    struct stat s;
    SHOW(stat("/proc", &s));
    SHOW(syscall(SYS_ustat, (unsigned)s.st_dev, &out));
    printf("%d %lu\n", out.free_blocks, out.free_files);
    SHOW(syscall(SYS_ustat, (unsigned)s.st_dev, (void *)8));
    SHOW(syscall(SYS_ustat, 0x1234567, &out));
}

int main(int argc, char **argv)
{
    work_in(argc, argv);
    int ends[2], fd = open("f", O_CREAT | O_RDWR, 0600);
    SHOW(pipe(ends));
    ask("a file", fd);
    ask("a pipe", ends[0]);
    ask("a directory", open(".", O_RDONLY));
    ask("a path", open(".", O_PATH));
    ask("nothing", 99);
    sizes();
    return 0;
}
