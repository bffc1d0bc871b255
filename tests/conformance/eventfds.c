/* SPDX-License-Identifier: Apache-2.0 */
/* eventfd and eventfd2: what counts, what blocks, what is refused. */
#include "tests/conformance/event_files.h"

#include <sys/eventfd.h>
#include <sys/mman.h>

#define MOST (UINT64_MAX - 1)

static char *bad; /* a page that nobody may touch */

static int make(unsigned count, int flags)
{
    int fd = (int)syscall(SYS_eventfd2, count, flags);
    if (fd < 0) exit(99);
    return fd;
}
static long add(int fd, uint64_t value) { return write(fd, &value, 8); }
static void take(int fd)
{
    uint64_t value = 77;
    long got = read(fd, &value, 8);
    printf("take: %ld %s %llu\n", got, got < 0 ? error_name(errno) : "", (unsigned long long)value);
}

static void creation(void)
{
    static const unsigned flags[] = { 0,
                                      EFD_SEMAPHORE,
                                      EFD_NONBLOCK,
                                      EFD_CLOEXEC,
                                      EFD_CLOEXEC | EFD_NONBLOCK,
                                      EFD_SEMAPHORE | EFD_NONBLOCK | EFD_CLOEXEC };
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        begin_case("made with known flags");
        int fd = make(3, (int)flags[i]);
        show_kind(fd);
        show_name(fd);
        close(fd);
    }
    static const unsigned odd[] = { 2, 4, 8, O_APPEND, O_DIRECT, O_RDWR, 0x80000000, O_NONBLOCK | 2 };
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        begin_case("made with unknown flags");
        SHOW(syscall(SYS_eventfd2, 0, odd[i]));
    }
    begin_case("the older call takes no flags");
    int fd = (int)SHOW(syscall(SYS_eventfd, 5, 0xffff));
    show_kind(fd);
    take(fd);
    close(fd);
    begin_case("the first count has 32 bits");
    fd = (int)SHOW(syscall(SYS_eventfd2, 0xfffffffffull, 0));
    take(fd);
    close(fd);
    begin_case("no descriptor is left");
    int last;
    while ((last = dup(0)) >= 0) fd = last;
    SHOW(syscall(SYS_eventfd2, 0, 0));
    SHOW(syscall(SYS_eventfd2, 0, 2));
    for (int i = 3; i <= fd; i++) close(i);
}

static void counting(void)
{
    static const uint64_t values[] = { 0, 1, 2, 255, 1ull << 32, MOST - 1, MOST, UINT64_MAX };
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        begin_case("one value into an empty count");
        int fd = make(0, EFD_NONBLOCK);
        SHOW(add(fd, values[i]));
        show_poll("after", fd);
        show_select(fd);
        take(fd);
        show_poll("empty", fd);
        take(fd);
        close(fd);
    }
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        begin_case("the same into a count of 2");
        int fd = make(2, EFD_NONBLOCK);
        SHOW(add(fd, values[i]));
        show_poll("after", fd);
        take(fd);
        close(fd);
    }
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        begin_case("the same into a semaphore of 1");
        int fd = make(1, EFD_NONBLOCK | EFD_SEMAPHORE);
        SHOW(add(fd, values[i]));
        for (int k = 0; k < 4; k++) take(fd);
        show_poll("after", fd);
        close(fd);
    }
    begin_case("full");
    int fd = make(0, EFD_NONBLOCK);
    SHOW(add(fd, MOST));
    show_poll("full", fd);
    show_select(fd);
    SHOW(add(fd, 0));
    SHOW(add(fd, 1));
    SHOW(add(fd, UINT64_MAX));
    take(fd);
    SHOW(add(fd, 1));
    take(fd);
    close(fd);
    begin_case("a semaphore makes room one by one");
    fd = make(0, EFD_NONBLOCK | EFD_SEMAPHORE);
    SHOW(add(fd, MOST));
    SHOW(add(fd, 1));
    take(fd);
    SHOW(add(fd, 2));
    SHOW(add(fd, 1));
    show_poll("full again", fd);
    close(fd);
}

static void sizes_and_addresses(void)
{
    uint64_t words[4] = { 1, 2, 3, 4 };
    int fd = make(9, EFD_NONBLOCK);
    for (size_t bytes = 0; bytes < 8; bytes++) {
        begin_case("too few bytes");
        SHOW(read(fd, words, bytes));
        SHOW(write(fd, words, bytes));
    }
    begin_case("a read of more bytes takes eight");
    SHOW(read(fd, words, sizeof words));
    printf("%llu %llu\n", (unsigned long long)words[0], (unsigned long long)words[1]);
    begin_case("memory that is not there");
    SHOW(write(fd, bad, 8));
    SHOW(write(fd, bad - 4, 8));
    SHOW(read(fd, bad, 8));
    SHOW(add(fd, 6));
    SHOW(read(fd, bad, 8));
    take(fd);
    SHOW(add(fd, 6));
    SHOW(read(fd, bad, 7));
    take(fd);
    SHOW(write(fd, NULL, 0));
    SHOW(write(fd, (void *)-8l, 8));
    begin_case("a vector to write is as many writes");
    struct iovec two[2] = { { &words[2], 8 }, { &words[3], 8 } };
    SHOW(writev(fd, two, 2));
    take(fd);
    struct iovec half[2] = { { &words[2], 4 }, { &words[3], 4 } };
    SHOW(writev(fd, half, 2));
    take(fd);
    struct iovec mixed[2] = { { &words[2], 8 }, { &words[3], 4 } };
    SHOW(writev(fd, mixed, 2));
    take(fd);
    SHOW(writev(fd, two, 0));
    begin_case("a vector to read is one read");
    SHOW(add(fd, 0x500000004));
    SHOW(readv(fd, half, 2));
    printf("%u %u\n", (unsigned)words[2], (unsigned)words[3]);
    SHOW(add(fd, 0x500000004));
    SHOW(readv(fd, two, 2));
    SHOW(readv(fd, half, 1));
    close(fd);
}

static void other_calls(void)
{
    uint64_t value = 1;
    int fd = make(1, EFD_NONBLOCK);
    begin_case("no place in a file");
    SHOW(pread(fd, &value, 8, 0));
    SHOW(pwrite(fd, &value, 8, 0));
    SHOW(lseek(fd, 0, SEEK_SET));
    SHOW(lseek(fd, 100, SEEK_CUR));
    SHOW(lseek(fd, 0, 9));
    SHOW(ftruncate(fd, 0));
    SHOW(fcntl(fd, F_GETPIPE_SZ));
    SHOW(fcntl(fd, F_SETPIPE_SZ, 4096));
    begin_case("not a terminal, a directory or memory");
    int number;
    SHOW(ioctl(fd, FIONREAD, &number));
    SHOW(ioctl(fd, 0x5401, bad));
    SHOW(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED ? -1 : 0);
    SHOW(fchdir(fd));
    begin_case("not opened again by its name");
    reopen(fd, O_RDWR);
    reopen(fd, O_RDONLY);
    begin_case("a copy is the same count");
    int copy = dup(fd);
    SHOW(add(copy, 4));
    take(fd);
    take(copy);
    close(copy);
    begin_case("waiting is a flag of the file");
    SHOW(fcntl(fd, F_SETFL, 0));
    printf("%o\n", fcntl(fd, F_GETFL) & ~0100000);
    SHOW(add(fd, 8));
    take(fd);
    number = 1;
    SHOW(ioctl(fd, FIONBIO, &number));
    printf("%o\n", fcntl(fd, F_GETFL) & ~0100000);
    take(fd);
    begin_case("poll waits in vain");
    struct pollfd list = { fd, POLLIN, 0 };
    SHOW(poll(&list, 1, 5));
    SHOW(add(fd, 1));
    SHOW(poll(&list, 1, -1));
    printf("%d\n", list.revents);
    close(fd);
    begin_case("closed");
    SHOW(read(fd, &value, 8));
    SHOW(write(fd, &value, 8));
}

int main(int argc, char **argv)
{
    work_in(argc, argv);
    bad = (char *)mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) + 4096;
    mprotect(bad, 4096, PROT_NONE);
    creation();
    counting();
    sizes_and_addresses();
    other_calls();
    printf("# %d cases\n", case_count);
    return 0;
}
