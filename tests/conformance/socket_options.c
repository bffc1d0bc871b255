/* SPDX-License-Identifier: Apache-2.0 */
/* Options of SOL_SOCKET, on sockets of AF_UNIX: values, sizes, what is refused. */
#include "tests/conformance/sockets.h"

#include <sys/time.h>

static int fd;

static void open_one(int type)
{
    fd = socket(AF_UNIX, type, 0);
    if (fd < 0) exit(99);
}

static const struct {
    int number;
    const char *name;
} simple[] = {
#define NAME(x) { x, #x }
    NAME(SO_REUSEADDR), NAME(SO_DONTROUTE),   NAME(SO_BROADCAST), NAME(SO_KEEPALIVE),  NAME(SO_OOBINLINE),
    NAME(SO_NO_CHECK),  NAME(SO_PRIORITY),    NAME(SO_SNDLOWAT),  NAME(SO_RCVLOWAT),   NAME(SO_PASSCRED),
    NAME(SO_TIMESTAMP), NAME(SO_TIMESTAMPNS), NAME(SO_DEBUG),     NAME(SO_MARK),       NAME(SO_TYPE),
    NAME(SO_PROTOCOL),  NAME(SO_DOMAIN),      NAME(SO_ERROR),     NAME(SO_ACCEPTCONN), NAME(SO_BSDCOMPAT),
#undef NAME
};

static void numbers(void)
{
    static const int values[] = { 1, 0, 5, -1 };
    for (size_t i = 0; i < sizeof simple / sizeof *simple; i++) {
        begin_case(simple[i].name);
        open_one(SOCK_STREAM);
        printf("at first %d\n", option(fd, simple[i].number));
        for (size_t k = 0; k < sizeof values / sizeof *values; k++) {
            int result = set_option(fd, simple[i].number, values[k]);
            printf("set to %d: %s, now %d\n", values[k], result ? error_name(errno) : "done",
                   option(fd, simple[i].number));
        }
        close(fd);
    }
}

static void buffers(void)
{
    static const int names[] = { SO_SNDBUF, SO_RCVBUF, SO_SNDBUFFORCE, SO_RCVBUFFORCE };
    static const int values[] = { 0, 1, 1000, 2303, 2304, 2305, 4608, 4609, 65536, 100000, 212992 };
    for (int i = 0; i < 4; i++) {
        begin_case("sizes of buffers");
        open_one(SOCK_DGRAM);
        printf("at first %d\n", option(fd, names[i & 1]));
        for (size_t k = 0; k < sizeof values / sizeof *values; k++) {
            int result = set_option(fd, names[i], values[k]);
            printf("%d: %d, now %d\n", values[k], result, option(fd, names[i & 1]));
        }
        printf("asked by the other name: %d\n", option(fd, names[i]));
        close(fd);
    }
}

static void lengths(void)
{
    begin_case("lengths of what is set");
    open_one(SOCK_STREAM);
    long value = 1;
    for (int bytes = -1; bytes < 9; bytes++) {
        printf("%d: ", bytes);
        SHOW(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &value, (socklen_t)bytes));
    }
    SHOW(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, NULL, 4));
    SHOW(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, (void *)8, 4));
    SHOW(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, NULL, 3));
    begin_case("lengths of what is asked");
    for (int bytes = 0; bytes < 9; bytes++) {
        unsigned char out[8] = { 9, 9, 9, 9, 9, 9, 9, 9 };
        socklen_t length = (socklen_t)bytes;
        printf("%d: ", bytes);
        SHOW(getsockopt(fd, SOL_SOCKET, SO_REUSEADDR, out, &length));
        printf("%d bytes: %d %d %d %d %d\n", (int)length, out[0], out[1], out[2], out[3], out[4]);
    }
    socklen_t length = (socklen_t)-1;
    SHOW(getsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &value, &length));
    length = 4;
    SHOW(getsockopt(fd, SOL_SOCKET, SO_REUSEADDR, NULL, &length));
    SHOW(getsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &value, NULL));
    length = 0;
    SHOW(getsockopt(fd, SOL_SOCKET, SO_REUSEADDR, NULL, &length));
    begin_case("other levels and options");
    static const int levels[] = { -1, 2, 3, 7, 100 };
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
        length = 4;
        SHOW(setsockopt(fd, levels[i], 1, &value, 4));
        SHOW(getsockopt(fd, levels[i], 1, &value, &length));
    }
    static const int names[] = { -1, 0, 99, 1000, 31 };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        length = 8;
        SHOW(setsockopt(fd, SOL_SOCKET, names[i], &value, 4));
        if (names[i] != 31) SHOW(getsockopt(fd, SOL_SOCKET, names[i], &value, &length));
    }
    close(fd);
}

static void show_timeout(int name)
{
    struct timeval t = { -5, -5 };
    socklen_t bytes = sizeof t;
    SHOW(getsockopt(fd, SOL_SOCKET, name, &t, &bytes));
    printf("%ld.%06ld, %d bytes\n", (long)t.tv_sec, (long)t.tv_usec, (int)bytes);
}

static void timeouts(void)
{
    static const struct timeval values[] = { { 1, 500000 },  { 0, 0 },      { 0, 4000 },
                                             { 3, 1000000 }, { 3, -1 },     { -1, 0 },
                                             { 100000, 0 },  { 0, 999999 }, { 0, 1000000 } };
    static const int names[] = { SO_RCVTIMEO, SO_SNDTIMEO };
    for (int i = 0; i < 2; i++) {
        begin_case("time limits");
        open_one(SOCK_STREAM);
        show_timeout(names[i]);
        for (size_t k = 0; k < sizeof values / sizeof *values; k++) {
            /* Linux counts in ticks of 4 or of 1 ms: what is not a number of those is not compared. */
            SHOW(setsockopt(fd, SOL_SOCKET, names[i], &values[k], sizeof *values));
            if (values[k].tv_usec != 999999) show_timeout(names[i]);
        }
        SHOW(setsockopt(fd, SOL_SOCKET, names[i], &values[0], 15));
        SHOW(setsockopt(fd, SOL_SOCKET, names[i], &values[0], 4));
        SHOW(setsockopt(fd, SOL_SOCKET, names[i], NULL, 16));
        struct timeval t;
        socklen_t bytes = 7;
        SHOW(getsockopt(fd, SOL_SOCKET, names[i], &t, &bytes));
        printf("%d bytes\n", (int)bytes);
        close(fd);
    }
}

static void structures(void)
{
    begin_case("SO_LINGER");
    open_one(SOCK_STREAM);
    struct linger l = { 9, 9 };
    socklen_t bytes = sizeof l;
    SHOW(getsockopt(fd, SOL_SOCKET, SO_LINGER, &l, &bytes));
    printf("%d %d\n", l.l_onoff, l.l_linger);
    static const struct linger values[] = { { 1, 5 }, { 0, 7 }, { 2, 0 }, { 1, 100 } };
    for (int i = 0; i < 4; i++) {
        SHOW(setsockopt(fd, SOL_SOCKET, SO_LINGER, &values[i], sizeof *values));
        bytes = sizeof l;
        getsockopt(fd, SOL_SOCKET, SO_LINGER, &l, &bytes);
        printf("%d %d\n", l.l_onoff, l.l_linger);
    }
    SHOW(setsockopt(fd, SOL_SOCKET, SO_LINGER, &values[0], 4));
    SHOW(setsockopt(fd, SOL_SOCKET, SO_LINGER, NULL, 8));
    begin_case("SO_PEERCRED");
    struct ucred who = { 9, 9, 9 };
    bytes = sizeof who;
    SHOW(getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &bytes));
    printf("%d %d %d, %d bytes\n", who.pid, (int)who.uid, (int)who.gid, (int)bytes);
    SHOW(setsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, sizeof who));
    bytes = 5;
    SHOW(getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &bytes));
    printf("%d bytes\n", (int)bytes);
    begin_case("SO_PEERNAME");
    char name[128];
    bytes = sizeof name;
    SHOW(getsockopt(fd, SOL_SOCKET, SO_PEERNAME, name, &bytes));
    close(fd);
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0) exit(99);
    bytes = 2;
    SHOW(getsockopt(pair[0], SOL_SOCKET, SO_PEERNAME, name, &bytes));
    printf("%d bytes, family %d\n", (int)bytes, name[0]);
    bytes = sizeof name;
    SHOW(getsockopt(pair[0], SOL_SOCKET, SO_PEERNAME, name, &bytes));
    bytes = sizeof who;
    SHOW(getsockopt(pair[0], SOL_SOCKET, SO_PEERCRED, &who, &bytes));
    CHECK(who.pid == getpid());
    begin_case("SO_COOKIE");
    uint64_t one = 0, two = 0;
    bytes = 8;
    SHOW(getsockopt(pair[0], SOL_SOCKET, SO_COOKIE, &one, &bytes));
    SHOW(getsockopt(pair[1], SOL_SOCKET, SO_COOKIE, &two, &bytes));
    CHECK(one && two && one != two);
    bytes = 7;
    SHOW(getsockopt(pair[0], SOL_SOCKET, SO_COOKIE, &one, &bytes));
    close(pair[0]);
    close(pair[1]);
}

/* As somebody who is not root. */
static void not_allowed(void)
{
    begin_case("what needs a capability");
    if (fork() == 0) {
        if (setgid(77) || setuid(77)) _exit(1);
        open_one(SOCK_STREAM);
        SHOW(set_option(fd, SO_DEBUG, 1));
        SHOW(set_option(fd, SO_DEBUG, 0));
        SHOW(set_option(fd, SO_PRIORITY, 6));
        SHOW(set_option(fd, SO_PRIORITY, 7));
        SHOW(set_option(fd, SO_PRIORITY, -1));
        SHOW(set_option(fd, SO_MARK, 1));
        SHOW(set_option(fd, SO_SNDBUFFORCE, 100000));
        SHOW(set_option(fd, SO_RCVBUFFORCE, 100000));
        fflush(stdout);
        _exit(0);
    }
    int status;
    wait(&status);
    printf("%d\n", status);
    begin_case("a node that others may not write");
    open_one(SOCK_STREAM);
    umask(077);
    bind_to(fd, path_name("mine"));
    listen(fd, 3);
    if (fork() == 0) {
        if (setgid(77) || setuid(77)) _exit(1);
        int other = socket(AF_UNIX, SOCK_STREAM, 0);
        SHOW(connect_to(other, path_name("mine")));
        SHOW(bind_to(other, path_name("theirs")));
        fflush(stdout);
        _exit(0);
    }
    wait(&status);
    printf("%d\n", status);
    chmod("mine", 0722);
    if (fork() == 0) {
        if (setgid(77) || setuid(77)) _exit(1);
        int other = socket(AF_UNIX, SOCK_STREAM, 0);
        SHOW(connect_to(other, path_name("mine")));
        struct ucred who;
        socklen_t bytes = sizeof who;
        getsockopt(other, SOL_SOCKET, SO_PEERCRED, &who, &bytes);
        printf("%d %d\n", (int)who.uid, (int)who.gid);
        fflush(stdout);
        _exit(0);
    }
    int server = accept(fd, NULL, NULL);
    struct ucred who;
    socklen_t bytes = sizeof who;
    getsockopt(server, SOL_SOCKET, SO_PEERCRED, &who, &bytes);
    wait(&status);
    printf("%d %d %d\n", status, (int)who.uid, (int)who.gid);
    close(server);
    close(fd);
    unlink("mine");
}

static void controls(void)
{
    begin_case("ioctl and fcntl");
    int pair[2], on = 1, value = 7;
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0) exit(99);
    SHOW(ioctl(pair[0], FIONBIO, &on));
    printf("%o\n", fcntl(pair[0], F_GETFL));
    char c;
    SHOW(read(pair[0], &c, 1));
    SHOW(fcntl(pair[0], F_SETFL, 0));
    printf("%o\n", fcntl(pair[0], F_GETFL));
    SHOW(ioctl(pair[0], FIONREAD, &value));
    SHOW(ioctl(pair[0], TIOCOUTQ, &value));
    SHOW(ioctl(pair[0], FIONREAD, NULL));
    SHOW(ioctl(pair[0], TCGETS, &value));
    SHOW(ioctl(pair[0], 0x1234, &value));
    SHOW(fcntl(pair[0], F_GETPIPE_SZ));
    SHOW(isatty(pair[0]));
    SHOW(open("/proc/self/fd/3", O_RDWR));
    struct iovec part = { &c, 1 };
    SHOW(preadv(pair[0], &part, 1, 0));
    SHOW(fchmod(pair[0], 0600));
    SHOW(mmap(NULL, 4096, PROT_READ, MAP_SHARED, pair[0], 0) == MAP_FAILED);
    printf("%s\n", error_name(errno));
    char path[64], text[100], wanted[64];
    struct stat s;
    fstat(pair[0], &s);
    sprintf(path, "/proc/self/fd/%d", pair[0]);
    sprintf(wanted, "socket:[%lu]", (unsigned long)s.st_ino);
    long bytes = readlink(path, text, sizeof text - 1);
    text[bytes < 0 ? 0 : bytes] = 0;
    CHECK(strcmp(text, wanted) == 0);
    close(pair[0]);
    close(pair[1]);
}

int main(int argc, char **argv)
{
    work_in(argc, argv);
    signal(SIGPIPE, SIG_IGN);
    numbers();
    buffers();
    lengths();
    timeouts();
    structures();
    not_allowed();
    controls();
    finish();
    return 0;
}
