/* SPDX-License-Identifier: Apache-2.0 */
/* pipe and pipe2: how bytes fill a pipe and leave it, its ends, its size, packets. */
#include "tests/conformance/event_files.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>

enum { PAGE = 4096, SLOTS = 16, CAPACITY = SLOTS * PAGE };

static char *bad; /* a page that nobody may touch */
static char bytes[CAPACITY + 3 * PAGE], got[CAPACITY + 3 * PAGE];
static int in, out;

static void make(int flags)
{
    int fds[2];
    if (syscall(SYS_pipe2, fds, flags) != 0) exit(99);
    in = fds[0];
    out = fds[1];
}
static void drop(void)
{
    close(in);
    close(out);
}
static void show_both(const char *what)
{
    int held = -1;
    SHOW(ioctl(in, FIONREAD, &held));
    printf("%s: %d bytes\n", what, held);
    show_poll("in", in);
    show_poll("out", out);
}
static unsigned sum(const char *at, long count)
{
    unsigned result = 1;
    for (long i = 0; i < count; i++) result = result * 31 + (unsigned char)at[i];
    return result;
}
static void take(size_t wanted)
{
    long count = read(in, got, wanted);
    printf("take %zu: %ld %s %u\n", wanted, count, count < 0 ? error_name(errno) : "", sum(got, count));
}
static void empty(void)
{
    long all = 0, count;
    while ((count = read(in, got, sizeof got)) > 0) all += count;
    printf("emptied: %ld, then %s\n", all, count < 0 ? error_name(errno) : "the end");
}

static void creation(void)
{
    static const int flags[] = { 0,         O_NONBLOCK,
                                 O_CLOEXEC, O_CLOEXEC | O_NONBLOCK,
                                 O_DIRECT,  O_DIRECT | O_CLOEXEC | O_NONBLOCK };
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        begin_case("made with known flags");
        make(flags[i]);
        printf("%d %d\n", in, out);
        show_kind(in);
        show_kind(out);
        show_name(in);
        show_name(out);
        show_both("new");
        struct stat a, b;
        fstat(in, &a);
        fstat(out, &b);
        CHECK(a.st_ino == b.st_ino && a.st_dev == b.st_dev);
        drop();
    }
    static const unsigned odd[] = { 1, 2, O_APPEND, O_CREAT, O_TRUNC, O_SYNC, 0x80000000 };
    int fds[2] = { -1, -1 };
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        begin_case("made with unknown flags");
        SHOW(syscall(SYS_pipe2, fds, odd[i]));
        SHOW(syscall(SYS_pipe2, bad, odd[i]));
    }
    begin_case("nowhere to put the numbers");
    SHOW(syscall(SYS_pipe2, bad, 0));
    SHOW(syscall(SYS_pipe2, bad - 4, 0));
    SHOW(syscall(SYS_pipe2, NULL, 0));
    SHOW(syscall(SYS_pipe, bad));
    begin_case("the older call");
    SHOW(syscall(SYS_pipe, fds));
    printf("%d %d\n", fds[0], fds[1]);
    close(fds[0]);
    close(fds[1]);
    begin_case("one descriptor is left, or none");
    setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 64, 64 });
    int last = 0, next;
    while ((next = dup(0)) >= 0) last = next;
    SHOW(syscall(SYS_pipe2, fds, 0));
    close(last);
    SHOW(syscall(SYS_pipe2, fds, 0));
    SHOW(dup(0));
    for (int i = 3; i <= last; i++) close(i);
}

static void passing(void)
{
    static const size_t sizes[] = { 1,        2,        100,          PAGE - 1,     PAGE,
                                    PAGE + 1, 2 * PAGE, 3 * PAGE + 5, CAPACITY - 1, CAPACITY };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        begin_case("one write, read in one piece and in two");
        make(O_NONBLOCK);
        SHOW(write(out, bytes, sizes[i]));
        show_both("filled");
        take(sizeof got);
        show_both("empty");
        take(1);
        SHOW(write(out, bytes, sizes[i]));
        take(sizes[i] / 2 + 1);
        take(sizeof got);
        drop();
    }
    begin_case("nothing at all");
    make(O_NONBLOCK);
    SHOW(write(out, bytes, 0));
    SHOW(write(out, bad, 0));
    show_both("nothing");
    begin_case("the wrong end");
    SHOW(write(in, bytes, 1));
    SHOW(read(out, got, 1));
    drop();
    begin_case("vectors");
    make(O_NONBLOCK);
    struct iovec three[3] = { { bytes, 5 }, { bytes + 100, 0 }, { bytes + 50, PAGE } };
    SHOW(writev(out, three, 3));
    SHOW(writev(out, three, 0));
    struct iovec into[2] = { { got, 3 }, { got + 3, 2 * PAGE } };
    SHOW(readv(in, into, 2));
    printf("%u\n", sum(got, PAGE + 5));
    SHOW(readv(in, into, 2));
    drop();
}

/* How much a pipe takes depends on the size of the pieces. */
static void filling(void)
{
    static const size_t sizes[] = {
        1,        7,    512,          1000,  2048,         2049,     3000,         PAGE - 1,       PAGE,
        PAGE + 1, 5000, 2 * PAGE - 1, 10000, CAPACITY - 1, CAPACITY, CAPACITY + 1, CAPACITY + PAGE
    };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        begin_case("filled with pieces of one size");
        make(O_NONBLOCK);
        long all = 0, count, last = 0, writes = 0;
        while ((count = write(out, bytes, sizes[i])) > 0) {
            all += count;
            last = count;
            writes++;
        }
        printf("%zu: %ld in %ld writes, the last %ld, then %s\n", sizes[i], all, writes, last,
               error_name(errno));
        show_both("full");
        show_select(in);
        show_select(out);
        take(1);
        show_poll("after one byte", out);
        SHOW(write(out, bytes, 1));
        SHOW(write(out, bytes, PAGE));
        take(PAGE - 1);
        show_poll("after a page", out);
        SHOW(write(out, bytes, 1));
        SHOW(write(out, bytes, PAGE));
        SHOW(write(out, bytes, 2 * PAGE + 3));
        empty();
        drop();
    }
    begin_case("what is left of a page after a read takes no more");
    make(O_NONBLOCK);
    SHOW(write(out, bytes, 4000));
    take(3990);
    SHOW(write(out, bytes, 96));
    SHOW(write(out, bytes, 97));
    show_both("mixed");
    take(sizeof got);
    begin_case("a write of pages and a rest begins with the rest");
    SHOW(write(out, bytes, 10));
    SHOW(write(out, bytes + 10, PAGE + 10));
    take(sizeof got);
    SHOW(write(out, bytes, 10));
    SHOW(write(out, bytes + 10, CAPACITY));
    SHOW(write(out, bytes, 20));
    SHOW(write(out, bytes, PAGE + 20));
    empty();
    drop();
}

static void faults(void)
{
    begin_case("memory that is not there");
    make(O_NONBLOCK);
    SHOW(write(out, bad, 1));
    SHOW(write(out, bad - 10, 20));
    show_both("nothing came");
    SHOW(write(out, bytes, 10));
    SHOW(write(out, bad - 10, 20));
    SHOW(syscall(SYS_write, out, 100, 1));
    SHOW(write(out, (void *)-10l, 100));
    show_both("ten bytes");
    SHOW(read(in, bad, 10));
    SHOW(read(in, bad - 5, 10));
    show_both("ten bytes");
    SHOW(read(in, bad - 5, 5));
    show_both("five bytes");
    take(100);
    begin_case("whole pages count");
    SHOW(write(out, bad - PAGE, PAGE + 1));
    empty();
    SHOW(write(out, bad - PAGE, 2 * PAGE));
    show_both("a page");
    SHOW(write(out, bytes, PAGE));
    SHOW(read(in, bad - PAGE - 100, 2 * PAGE));
    show_both("the other");
    SHOW(read(in, bad, 1));
    drop();
}

static void ends(void)
{
    begin_case("nobody writes any more");
    make(0);
    SHOW(write(out, bytes, 10));
    int copy = dup(out);
    close(out);
    show_poll("a copy is there", in);
    close(copy);
    show_poll("closed", in);
    show_select(in);
    take(4);
    take(100);
    take(100);
    show_poll("at the end", in);
    show_select(in);
    close(in);
    begin_case("nobody reads any more");
    make(0);
    SHOW(write(out, bytes, 10));
    copy = dup(in);
    close(in);
    show_poll("a copy is there", out);
    close(copy);
    show_poll("closed", out);
    show_select(out);
    signal(SIGPIPE, SIG_IGN);
    SHOW(write(out, bytes, 1));
    SHOW(write(out, bytes, 0));
    SHOW(write(out, bad, 1));
    struct iovec one = { bytes, 1 };
    SHOW(writev(out, &one, 1));
    close(out);
    begin_case("the signal, blocked");
    sigset_t pipe_only, pending;
    sigemptyset(&pipe_only);
    sigaddset(&pipe_only, SIGPIPE);
    signal(SIGPIPE, SIG_DFL);
    sigprocmask(SIG_BLOCK, &pipe_only, NULL);
    make(0);
    close(in);
    SHOW(write(out, bytes, 1));
    sigpending(&pending);
    SHOW(sigismember(&pending, SIGPIPE));
    signal(SIGPIPE, SIG_IGN);
    sigpending(&pending);
    SHOW(sigismember(&pending, SIGPIPE));
    sigprocmask(SIG_UNBLOCK, &pipe_only, NULL);
    close(out);
}

static void again(void)
{
    begin_case("opened again by its name");
    make(O_NONBLOCK);
    int second = reopen(out, O_WRONLY), reader = reopen(out, O_RDONLY | O_NONBLOCK);
    show_kind(second);
    show_kind(reader);
    show_name(reader);
    close(out);
    show_poll("a writer is left", in);
    SHOW(write(second, bytes, 10));
    SHOW(read(reader, got, 4));
    SHOW(write(reader, bytes, 1));
    close(second);
    close(in);
    SHOW(read(reader, got, 100));
    SHOW(read(reader, got, 100));
    show_poll("nobody is left", reader);
    begin_case("and a writer comes back");
    second = reopen(reader, O_WRONLY | O_NONBLOCK);
    show_poll("again", reader);
    SHOW(write(second, bytes, 3));
    SHOW(read(reader, got, 100));
    close(reader);
    close(second);
    begin_case("for both directions");
    make(O_NONBLOCK);
    int both = reopen(in, O_RDWR | O_NONBLOCK);
    close(in);
    close(out);
    show_poll("both", both);
    SHOW(write(both, bytes, 8));
    SHOW(read(both, got, 5));
    begin_case("a name outlives the bytes");
    int name = reopen(both, O_PATH);
    close(both);
    SHOW(read(name, got, 1));
    SHOW(fcntl(name, F_GETPIPE_SZ));
    both = reopen(name, O_RDWR | O_NONBLOCK);
    SHOW(read(both, got, 5));
    SHOW(write(both, bytes, 6));
    SHOW(read(both, got, 10));
    close(both);
    close(name);
    begin_case("odd ways to open it");
    make(O_NONBLOCK);
    SHOW(reopen(in, O_RDONLY | O_DIRECTORY));
    SHOW(reopen(in, O_WRONLY | O_CREAT | O_EXCL));
    int odd = reopen(in, O_WRONLY | O_TRUNC | O_APPEND);
    SHOW(write(odd, bytes, 2));
    close(odd);
    take(10);
    drop();
}

static void sizes(void)
{
    static const unsigned wanted[] = {
        0,       1,          PAGE - 1,  PAGE, PAGE + 1, 3 * PAGE, CAPACITY - 1, CAPACITY, CAPACITY + 1,
        1 << 20, 0x80000001, 0xffffffff
    };
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        begin_case("another size");
        make(O_NONBLOCK);
        SHOW(fcntl(in, F_GETPIPE_SZ));
        printf("%u: ", wanted[i]);
        SHOW(fcntl(out, F_SETPIPE_SZ, wanted[i]));
        SHOW(fcntl(in, F_GETPIPE_SZ));
        long all = 0, count;
        while ((count = write(out, bytes, 3000)) > 0) all += count;
        printf("takes %ld\n", all);
        empty();
        drop();
    }
    begin_case("smaller than what it holds");
    make(O_NONBLOCK);
    SHOW(write(out, bytes, 3 * PAGE + 1));
    take(100);
    SHOW(fcntl(in, F_SETPIPE_SZ, 2 * PAGE));
    SHOW(fcntl(in, F_SETPIPE_SZ, 4 * PAGE));
    show_both("four slots");
    take(PAGE);
    show_both("three slots or four");
    SHOW(fcntl(in, F_SETPIPE_SZ, 2 * PAGE));
    take(PAGE);
    SHOW(fcntl(in, F_SETPIPE_SZ, 2 * PAGE));
    SHOW(write(out, bytes, PAGE));
    SHOW(fcntl(in, F_SETPIPE_SZ, 8 * PAGE));
    show_both("room again");
    SHOW(write(out, bytes, sizeof bytes));
    empty();
    drop();
    begin_case("not a pipe");
    int file = open("file", O_RDWR | O_CREAT, 0600);
    SHOW(fcntl(file, F_GETPIPE_SZ));
    SHOW(fcntl(file, F_SETPIPE_SZ, PAGE));
    SHOW(fcntl(99, F_GETPIPE_SZ));
    close(file);
}

static void packets(void)
{
    begin_case("a packet for each write");
    make(O_NONBLOCK | O_DIRECT);
    SHOW(write(out, bytes, 10));
    SHOW(write(out, bytes, 20));
    SHOW(write(out, bytes, PAGE + 5));
    show_both("four packets");
    take(100);
    take(5);
    take(2 * PAGE);
    take(2 * PAGE);
    begin_case("sixteen at most");
    int count = 0;
    while (write(out, bytes, 1) == 1) count++;
    printf("%d\n", count);
    show_both("full");
    empty();
    begin_case("packets and bytes");
    SHOW(write(out, bytes, 5));
    SHOW(fcntl(out, F_SETFL, O_NONBLOCK));
    SHOW(write(out, bytes, 6));
    SHOW(write(out, bytes, 7));
    SHOW(fcntl(out, F_SETFL, O_NONBLOCK | O_DIRECT));
    SHOW(write(out, bytes, 8));
    printf("%o\n", fcntl(out, F_GETFL));
    take(100);
    take(100);
    take(100);
    SHOW(write(out, bytes, 0));
    take(100);
    drop();
}

static void other_calls(void)
{
    make(0);
    begin_case("no place in a file");
    SHOW(lseek(in, 0, SEEK_SET));
    SHOW(lseek(in, 0, 9));
    SHOW(pread(in, got, 1, 0));
    SHOW(pwrite(out, bytes, 1, 0));
    SHOW(ftruncate(out, 0));
    SHOW(fsync(out));
    SHOW(fallocate(out, 0, 0, 1));
    SHOW(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, in, 0) == MAP_FAILED ? -1 : 0);
    SHOW(ioctl(in, FIONREAD, bad));
    begin_case("waiting is a flag of each end");
    SHOW(fcntl(in, F_SETFL, O_NONBLOCK));
    SHOW(read(in, got, 1));
    printf("%o %o\n", fcntl(in, F_GETFL), fcntl(out, F_GETFL));
    begin_case("poll waits in vain");
    struct pollfd list = { in, POLLIN, 0 };
    SHOW(poll(&list, 1, 5));
    SHOW(write(out, bytes, 1));
    SHOW(poll(&list, 1, -1));
    take(2);
    begin_case("from a file");
    int file = open("data", O_RDWR | O_CREAT | O_TRUNC, 0600);
    SHOW(write(file, bytes, 3 * PAGE));
    SHOW(lseek(file, 0, SEEK_SET));
    SHOW(sendfile(out, file, NULL, 2 * PAGE));
    take(sizeof got);
    close(file);
    begin_case("permissions");
    SHOW(fchmod(in, 0444));
    show_kind(out);
    drop();
    SHOW(read(in, got, 1));
    SHOW(write(out, bytes, 1));
    SHOW(fcntl(in, F_GETPIPE_SZ));
}

/* Bytes arrive as they were written, whatever the pieces. */
static void mixture(uint32_t seed)
{
    begin_case("pieces of many sizes");
    make(O_NONBLOCK);
    uint32_t state = seed, written = 0, taken = 0;
    bool is_right = true;
    for (int i = 0; i < 400; i++) {
        state = state * 1664525 + 1013904223;
        size_t wanted = 1 + (state >> 8) % (i % 3 ? 3000 : 30000);
        if (state >> 31) {
            char piece[30000];
            for (size_t k = 0; k < wanted; k++) piece[k] = (char)((written + k) * 7 >> 3);
            long count = write(out, piece, wanted);
            printf("%ld ", count);
            if (count > 0) written += (uint32_t)count;
        } else {
            long count = read(in, got, wanted);
            printf("r%ld ", count);
            for (long k = 0; k < count; k++) is_right &= got[k] == (char)((taken + k) * 7 >> 3);
            if (count > 0) taken += (uint32_t)count;
        }
    }
    printf("\n");
    CHECK(is_right);
    empty();
    drop();
}

int main(int argc, char **argv)
{
    work_in(argc, argv);
    bad = (char *)mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) + 3 * PAGE;
    mprotect(bad, PAGE, PROT_NONE);
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (char)(i * 7 + i / 251);
    creation();
    passing();
    filling();
    faults();
    ends();
    again();
    sizes();
    packets();
    other_calls();
    for (uint32_t seed = 1; seed <= 8; seed++) mixture(seed);
    printf("# %d cases\n", case_count);
    fflush(stdout);
    signal(SIGPIPE, SIG_DFL);
    make(0);
    close(in);
    SHOW(write(out, bytes, 1)); /* ends the program */
    return 0;
}
