/* SPDX-License-Identifier: Apache-2.0 */
/* Streams of AF_UNIX: kinds of sockets, bytes that pass, full queues, ends, time limits. */
#include "tests/conformance/sockets.h"

static int a, b;

static void make(int type)
{
    int pair[2];
    if (socketpair(AF_UNIX, type, 0, pair) != 0) {
        printf("no pair: %s\n", error_name(errno));
        exit(99);
    }
    a = pair[0];
    b = pair[1];
}
static void drop(void)
{
    close(a);
    close(b);
}

static void creation(void)
{
    static const int types[] = { SOCK_STREAM,
                                 SOCK_DGRAM,
                                 SOCK_SEQPACKET,
                                 SOCK_RAW,
                                 SOCK_RDM,
                                 SOCK_STREAM | SOCK_NONBLOCK,
                                 SOCK_STREAM | SOCK_CLOEXEC,
                                 0,
                                 6,
                                 10,
                                 11,
                                 15,
                                 16,
                                 SOCK_STREAM | 0x100,
                                 SOCK_STREAM | O_APPEND,
                                 -1 };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        begin_case("socket of each type");
        int fd = socket(AF_UNIX, types[i], 0);
        printf("%x: %s\n", types[i], fd < 0 ? error_name(errno) : "made");
        if (fd < 0) continue;
        struct stat s;
        fstat(fd, &s);
        printf("mode %o size %ld nlink %ld flags %o fd %d\n", s.st_mode, (long)s.st_size, (long)s.st_nlink,
               fcntl(fd, F_GETFL), fcntl(fd, F_GETFD));
        printf("type %d domain %d protocol %d\n", option(fd, SO_TYPE), option(fd, SO_DOMAIN),
               option(fd, SO_PROTOCOL));
        show_poll("new", fd);
        show_name(fd);
        show_peer(fd);
        close(fd);
    }
    begin_case("protocols");
    for (int protocol = -1; protocol < 4; protocol++) {
        int fd = socket(AF_UNIX, SOCK_STREAM, protocol);
        printf("%d: %s\n", protocol, fd < 0 ? error_name(errno) : "made");
        if (fd >= 0) printf("protocol %d\n", option(fd, SO_PROTOCOL));
        close(fd);
    }
    begin_case("families that nobody has");
    static const int families[] = { 0, -1, 45, 46, 47, 1000 };
    for (size_t i = 0; i < sizeof families / sizeof *families; i++) SHOW(socket(families[i], SOCK_STREAM, 0));
    begin_case("pairs");
    int pair[2];
    SHOW(syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, NULL));
    SHOW(socketpair(AF_UNIX, SOCK_STREAM, 7, pair));
    SHOW(socketpair(AF_UNIX, 99, 0, pair));
    SHOW(socketpair(46, SOCK_STREAM, 0, pair));
    SHOW(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair));
    printf("%d %d flags %o %d\n", pair[0], pair[1], fcntl(pair[1], F_GETFL), fcntl(pair[1], F_GETFD));
    close(pair[0]);
    close(pair[1]);
    begin_case("no socket at all");
    SHOW(bind_to(99, path_name("x")));
    SHOW(bind_to(0, path_name("x")));
    SHOW(connect_to(0, path_name("x")));
    SHOW(listen(0, 1));
    SHOW(accept(0, NULL, NULL));
    SHOW(accept4(0, NULL, NULL, 77));
    SHOW(shutdown(0, 0));
    SHOW(send_text(0, "x", 0));
    SHOW(recv(0, pair, 1, 0));
    SHOW(getsockname(0, NULL, NULL));
    SHOW(getpeername(99, NULL, NULL));
    SHOW(setsockopt(0, SOL_SOCKET, SO_REUSEADDR, pair, 4));
    SHOW(getsockopt(0, SOL_SOCKET, SO_REUSEADDR, pair, NULL));
}

static void passing(void)
{
    begin_case("bytes keep their order and lose their borders");
    make(SOCK_STREAM | SOCK_NONBLOCK);
    SHOW(send_text(a, "one", 0));
    SHOW(send_text(a, "two", 0));
    SHOW(write(a, "three", 5));
    show_poll("filled", b);
    take(b, 100, 0);
    take(b, 100, 0);
    show_poll("empty", b);
    SHOW(send_text(b, "back", 0));
    take(a, 2, 0);
    take(a, 2, 0);
    begin_case("nothing at all");
    SHOW(send(a, "", 0, 0));
    SHOW(write(a, "", 0));
    SHOW(recv(b, NULL, 0, 0));
    SHOW(read(b, NULL, 0));
    SHOW(send_text(a, "x", 0));
    SHOW(recv(b, NULL, 0, 0));
    take(b, 9, 0);
    begin_case("looking without taking");
    send_text(a, "abc", 0);
    send_text(a, "def", 0);
    take(b, 2, MSG_PEEK);
    take(b, 5, MSG_PEEK);
    take(b, 50, MSG_PEEK);
    take(b, 4, 0);
    take(b, 50, MSG_PEEK | MSG_DONTWAIT);
    take(b, 50, 0);
    take(b, 50, MSG_PEEK);
    begin_case("flags that are for others");
    SHOW(send_text(a, "x", MSG_MORE | MSG_EOR | MSG_DONTROUTE | MSG_CONFIRM));
    take(b, 9, MSG_TRUNC);
    SHOW(send_text(a, "y", MSG_NOSIGNAL));
    take(b, 9, MSG_ERRQUEUE | MSG_DONTWAIT);
    begin_case("vectors");
    struct iovec parts[3] = { { "ab", 2 }, { "", 0 }, { "cde", 3 } };
    SHOW(writev(a, parts, 3));
    char left[3] = { 0 }, right[9] = { 0 };
    struct iovec into[2] = { { left, 2 }, { right, 8 } };
    SHOW(readv(b, into, 2));
    printf("%s|%s\n", left, right);
    begin_case("where there is no memory");
    char *bad = mmap(NULL, 8192, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    SHOW(send(a, bad, 5, 0));
    SHOW(send(a, (void *)-4096l, 5, 0));
    SHOW(write(a, bad, 5));
    send_text(a, "stays", 0);
    SHOW(recv(b, bad, 5, 0));
    SHOW(recv(b, (void *)-4096l, 5, 0));
    SHOW(read(b, bad, 5));
    take(b, 9, 0);
    begin_case("no position");
    SHOW(lseek(a, 0, SEEK_SET));
    SHOW(pread(a, left, 1, 0));
    SHOW(ftruncate(a, 0));
    SHOW(fsync(a));
    drop();
}

static void filling(void)
{
    static const size_t sizes[] = { 5000, 20000, 65536, 250000 };
    static char block[250000], got[250000];
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        begin_case("full, and half taken");
        make(SOCK_STREAM | SOCK_NONBLOCK);
        long all = 0, count;
        memset(block, 'a' + (int)i, sizeof block);
        while ((count = send(a, block, sizes[i], 0)) > 0) all += count;
        printf("then %s\n", error_name(errno));
        CHECK(all > 100000 && all < 300000);
        show_poll("full", a);
        int in = 0, out = 0;
        SHOW(ioctl(b, FIONREAD, &in));
        SHOW(ioctl(a, TIOCOUTQ, &out));
        CHECK(in == all && out >= all);
        long taken = 0;
        while ((count = recv(b, got, sizeof got, 0)) > 0) taken += count;
        CHECK(taken == all);
        show_poll("empty", a);
        SHOW(ioctl(a, TIOCOUTQ, &out));
        printf("%d\n", out);
        drop();
    }
    begin_case("a writer that waits for a reader");
    make(SOCK_STREAM);
    if (fork() == 0) {
        close(a);
        long taken = 0, count;
        while ((count = recv(b, got, 7000, MSG_WAITALL)) > 0) taken += count;
        _exit(taken == 1000000 ? 7 : 8);
    }
    close(b);
    long sent = 0;
    for (int i = 0; i < 4; i++) sent += send(a, block, 250000, 0);
    printf("%ld\n", sent);
    close(a);
    int status;
    wait(&status);
    printf("%d\n", WEXITSTATUS(status));
}

static void ends(void)
{
    begin_case("the other end closes");
    make(SOCK_STREAM);
    send_text(a, "last", 0);
    close(a);
    show_poll("closed", b);
    take(b, 2, 0);
    take(b, 20, 0);
    take(b, 20, 0);
    SHOW(send_text(b, "x", MSG_NOSIGNAL));
    show_peer(b);
    SHOW(option(b, SO_ERROR));
    close(b);
    begin_case("it closes with bytes that nobody took");
    make(SOCK_STREAM | SOCK_NONBLOCK);
    send_text(a, "last", 0);
    send_text(b, "back", 0);
    close(a);
    show_poll("closed", b);
    take(b, 20, 0);
    show_poll("taken", b);
    take(b, 20, 0);
    show_poll("told", b);
    take(b, 20, 0);
    close(b);
    begin_case("the error is told by SO_ERROR");
    make(SOCK_STREAM | SOCK_NONBLOCK);
    send_text(b, "back", 0);
    close(a);
    SHOW(option(b, SO_ERROR));
    SHOW(option(b, SO_ERROR));
    take(b, 20, 0);
    close(b);
    begin_case("SIGPIPE");
    make(SOCK_STREAM);
    close(a);
    sigset_t pipe_only, pending;
    sigemptyset(&pipe_only);
    sigaddset(&pipe_only, SIGPIPE);
    sigprocmask(SIG_BLOCK, &pipe_only, NULL);
    SHOW(send_text(b, "x", MSG_NOSIGNAL));
    sigpending(&pending);
    SHOW(sigismember(&pending, SIGPIPE));
    SHOW(write(b, "x", 1));
    sigpending(&pending);
    SHOW(sigismember(&pending, SIGPIPE));
    signal(SIGPIPE, SIG_IGN);
    sigprocmask(SIG_UNBLOCK, &pipe_only, NULL);
    SHOW(send(b, NULL, 0, 0));
    close(b);
}

static void halves(void)
{
    for (int how = -1; how < 4; how++) {
        begin_case("half of it is shut");
        make(SOCK_STREAM | SOCK_NONBLOCK);
        send_text(a, "there", 0);
        send_text(b, "back", 0);
        SHOW(shutdown(a, how));
        show_poll("this end", a);
        show_poll("that end", b);
        SHOW(send_text(a, "x", 0));
        SHOW(send_text(b, "y", 0));
        take(a, 20, 0);
        take(b, 20, 0);
        take(a, 20, 0);
        take(b, 20, 0);
        SHOW(shutdown(b, SHUT_WR));
        show_poll("this end", a);
        show_poll("that end", b);
        take(a, 20, 0);
        SHOW(shutdown(b, SHUT_RDWR));
        show_poll("this end", a);
        SHOW(shutdown(a, SHUT_RD));
        drop();
    }
    begin_case("shut before it is connected");
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    SHOW(shutdown(fd, SHUT_WR));
    show_poll("shut", fd);
    SHOW(send_text(fd, "x", MSG_NOSIGNAL));
    take(fd, 1, 0);
    close(fd);
}

static void limits(void)
{
    int status;
    begin_case("time limits");
    make(SOCK_STREAM);
    struct timeval limit = { 0, 20000 };
    setsockopt(b, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(a, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    take(b, 10, 0);
    SHOW(read(b, &status, 4));
    send_text(a, "ab", 0);
    take(b, 10, MSG_WAITALL);
    static char block[100000];
    long count;
    while ((count = send(a, block, sizeof block, 0)) > 0);
    printf("%s\n", error_name(errno));
    drop();
    begin_case("as much as is wanted");
    make(SOCK_STREAM);
    if (fork() == 0) {
        for (int i = 0; i < 5; i++) {
            poll(NULL, 0, 2);
            send_text(a, "piece", 0);
        }
        _exit(0);
    }
    bound(b);
    take(b, 15, MSG_WAITALL);
    set_option(b, SO_RCVLOWAT, 7);
    take(b, 100, 0);
    wait(&status);
    drop();
}

int main(int argc, char **argv)
{
    work_in(argc, argv);
    signal(SIGPIPE, SIG_IGN);
    creation();
    passing();
    filling();
    signal(SIGPIPE, SIG_DFL);
    ends();
    signal(SIGPIPE, SIG_IGN);
    halves();
    limits();
    finish();
    return 0;
}
