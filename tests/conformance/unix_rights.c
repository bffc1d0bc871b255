/* SPDX-License-Identifier: Apache-2.0 */
/* What messages of AF_UNIX carry besides bytes: open files, identities, times; and messages that are wrong. */
#include "tests/conformance/sockets.h"

#include <sys/resource.h>
#include <sys/time.h>
#include <time.h>

static int a, b;

static void make(int type)
{
    int pair[2];
    if (socketpair(AF_UNIX, type, 0, pair) != 0) exit(99);
    a = pair[0];
    b = pair[1];
}
static void drop(void)
{
    close(a);
    close(b);
}
static void close_files(const int *files, int count)
{
    for (int i = 0; i < count; i++) close(files[i]);
}

static void files_arrive(int type)
{
    int got[256];
    begin_case("a file arrives");
    make(type | SOCK_NONBLOCK);
    int ends[2];
    if (pipe(ends) != 0) exit(99);
    SHOW(send_files(a, "take it", &ends[1], 1, 0));
    close(ends[1]);
    show_poll("in flight", ends[0]);
    int count = take_message(b, 20, 64, 0, got);
    printf("%d files, first %d, flags %d\n", count, got[0], fcntl(got[0], F_GETFD));
    SHOW(write(got[0], "through", 7));
    close(got[0]);
    take(b, 1, 0);
    char text[20] = { 0 };
    SHOW(read(ends[0], text, 20));
    SHOW(read(ends[0], text, 20));
    begin_case("with close-on-exec");
    send_files(a, "x", ends, 1, 0);
    count = take_message(b, 20, 64, MSG_CMSG_CLOEXEC, got);
    printf("%d files, flags %d\n", count, fcntl(got[0], F_GETFD));
    close_files(got, count);
    begin_case("less room than files");
    int three[3] = { ends[0], 0, 1 };
    static const size_t rooms[] = { 0, 8, 16, 19, 20, 23, 24, 28, 32, 40 };
    for (size_t i = 0; i < sizeof rooms / sizeof *rooms; i++) {
        send_files(a, "three", three, 3, 0);
        count = take_message(b, 20, rooms[i], 0, got);
        printf("room %zu: %d files\n", rooms[i], count);
        close_files(got, count);
    }
    begin_case("received without asking");
    send_files(a, "one", three, 3, 0);
    take(b, 20, 0);
    SHOW(dup(0));
    close(6);
    begin_case("looked at, then taken");
    send_files(a, "one", three, 1, 0);
    count = take_message(b, 20, 64, MSG_PEEK, got);
    close_files(got, count);
    count = take_message(b, 20, 64, 0, got);
    close_files(got, count);
    begin_case("nobody takes them");
    if (pipe(three) != 0) exit(99);
    send_files(a, "lost", &three[1], 1, 0);
    close(three[1]);
    show_poll("in flight", three[0]);
    drop();
    show_poll("gone", three[0]);
    close(three[0]);
    close(ends[0]);
}

static void wrong_files(void)
{
    int many[256], got[256];
    for (int i = 0; i < 256; i++) many[i] = 0;
    begin_case("numbers of files");
    make(SOCK_STREAM | SOCK_NONBLOCK);
    SHOW(send_files(a, "x", many, 253, 0));
    SHOW(send_files(a, "x", many, 254, 0));
    int count = take_message(b, 5, CMSG_SPACE(253 * sizeof(int)), 0, got);
    printf("%d files\n", count);
    close_files(got, count);
    many[1] = 99;
    SHOW(send_files(a, "x", many, 2, 0));
    many[1] = -1;
    SHOW(send_files(a, "x", many, 2, 0));
    take(b, 5, 0);
    begin_case("what has no data carries no files");
    SHOW(send_files(a, "", many, 1, 0));
    take_message(b, 5, 64, 0, got);
    begin_case("a descriptor that is only a path");
    int path = open("/", O_PATH);
    SHOW(send_files(a, "p", &path, 1, 0));
    count = take_message(b, 5, 64, 0, got);
    SHOW(fcntl(got[0], F_GETFL) & ~0100000);
    close_files(got, count);
    close(path);
    begin_case("no descriptors are left");
    send_files(a, "x", many, 1, 0);
    struct rlimit before, none;
    getrlimit(RLIMIT_NOFILE, &before);
    none = (struct rlimit){ 5, before.rlim_max };
    setrlimit(RLIMIT_NOFILE, &none);
    count = take_message(b, 5, 64, 0, got);
    printf("%d files\n", count);
    setrlimit(RLIMIT_NOFILE, &before);
    drop();
}

/* Bytes of several messages, with files in between. */
static void streams(void)
{
    int got[256], file = 0;
    begin_case("a receive stops behind files");
    make(SOCK_STREAM | SOCK_NONBLOCK);
    send_text(a, "one", 0);
    send_files(a, "two", &file, 1, 0);
    send_text(a, "three", 0);
    send_files(a, "four", &file, 1, 0);
    for (int i = 0; i < 4; i++) close_files(got, take_message(b, 50, 64, 0, got));
    begin_case("files come with the first byte");
    send_files(a, "abcdef", &file, 1, 0);
    close_files(got, take_message(b, 2, 64, 0, got));
    close_files(got, take_message(b, 2, 64, 0, got));
    take(b, 9, 0);
    begin_case("looking at files");
    send_text(a, "one", 0);
    send_files(a, "two", &file, 1, 0);
    send_text(a, "three", 0);
    close_files(got, take_message(b, 50, 64, MSG_PEEK, got));
    close_files(got, take_message(b, 4, 64, 0, got));
    take(b, 50, 0);
    drop();
}

static long send_control(int fd, int level, int type, const void *data, size_t bytes, size_t claimed,
                         size_t all)
{
    char control[200] __attribute__((aligned(8))) = { 0 };
    struct iovec part = { "x", 1 };
    struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = all };
    struct cmsghdr *c = (struct cmsghdr *)control;
    c->cmsg_level = level;
    c->cmsg_type = type;
    c->cmsg_len = claimed;
    memcpy(CMSG_DATA(c), data, bytes);
    /* Not by the C library: musl walks through control data itself. */
    return syscall(SYS_sendmsg, fd, &m, 0);
}

static void identities(int type)
{
    int none[256], on = 1;
    begin_case("who sends");
    make(type | SOCK_NONBLOCK);
    SHOW(send_text(a, "before", 0));
    SHOW(setsockopt(b, SOL_SOCKET, SO_PASSCRED, &on, sizeof on));
    SHOW(send_text(a, "after", 0));
    take_message(b, 50, 100, 0, none);
    take_message(b, 50, 100, 0, none);
    send_text(a, "no room", 0);
    take_message(b, 50, 0, 0, none);
    send_text(a, "little room", 0);
    take_message(b, 50, 20, 0, none);
    send_text(a, "plain", 0);
    take(b, 50, 0);
    begin_case("with a file");
    int file = 0;
    send_files(a, "both", &file, 1, 0);
    int count = take_message(b, 50, 100, 0, none);
    close_files(none, count);
    begin_case("from a child");
    if (fork() == 0) _exit(send_text(a, "child", 0) != 5);
    int status;
    wait(&status);
    take_message(b, 50, 100, 0, none);
    begin_case("claims");
    struct ucred claim = { getpid(), 0, 0 };
    SHOW(send_control(a, SOL_SOCKET, SCM_CREDENTIALS, &claim, sizeof claim, CMSG_LEN(sizeof claim), 32));
    take_message(b, 50, 100, 0, none);
    claim = (struct ucred){ getpid(), 1234, 56 };
    SHOW(send_control(a, SOL_SOCKET, SCM_CREDENTIALS, &claim, sizeof claim, CMSG_LEN(sizeof claim), 32));
    take_message(b, 50, 100, 0, none);
    claim.pid = 0x3fffffff;
    SHOW(send_control(a, SOL_SOCKET, SCM_CREDENTIALS, &claim, sizeof claim, CMSG_LEN(sizeof claim), 32));
    claim = (struct ucred){ getpid(), (uid_t)-1, 0 };
    SHOW(send_control(a, SOL_SOCKET, SCM_CREDENTIALS, &claim, sizeof claim, CMSG_LEN(sizeof claim), 32));
    SHOW(send_control(a, SOL_SOCKET, SCM_CREDENTIALS, &claim, 8, CMSG_LEN(8), 24));
    if (fork() == 0) {
        if (setgid(77) || setuid(77)) _exit(1);
        claim = (struct ucred){ getpid(), 0, 77 };
        SHOW(send_control(a, SOL_SOCKET, SCM_CREDENTIALS, &claim, sizeof claim, CMSG_LEN(sizeof claim), 32));
        claim = (struct ucred){ getppid(), 77, 77 };
        SHOW(send_control(a, SOL_SOCKET, SCM_CREDENTIALS, &claim, sizeof claim, CMSG_LEN(sizeof claim), 32));
        claim = (struct ucred){ getpid(), 77, 77 };
        SHOW(send_control(a, SOL_SOCKET, SCM_CREDENTIALS, &claim, sizeof claim, CMSG_LEN(sizeof claim), 32));
        fflush(stdout);
        _exit(0);
    }
    wait(&status);
    take_message(b, 50, 100, 0, none);
    begin_case("senders are not mixed");
    send_text(a, "own", 0);
    send_text(a, "own", 0);
    if (fork() == 0) _exit(send_text(a, "other", 0) != 5);
    wait(&status);
    take_message(b, 50, 100, 0, none);
    take_message(b, 50, 100, 0, none);
    take_message(b, 50, 100, 0, none);
    drop();
}

static void wrong_control(void)
{
    int file = 0;
    begin_case("control data that is none");
    make(SOCK_STREAM | SOCK_NONBLOCK);
    static const size_t lengths[] = { 0, 8, 15, 16, 17, 19, 20, 21, 23, 24, 25, 1000, (size_t)-1 };
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        printf("%zu: ", lengths[i]);
        SHOW(send_control(a, SOL_SOCKET, SCM_RIGHTS, &file, 4, lengths[i], 24));
    }
    for (size_t all = 0; all < 26; all += 5) {
        printf("%zu: ", all);
        SHOW(send_control(a, SOL_SOCKET, SCM_RIGHTS, &file, 4, 20, all));
    }
    SHOW(send_control(a, SOL_SOCKET, 77, &file, 4, 20, 24));
    SHOW(send_control(a, 77, SCM_RIGHTS, &file, 4, 20, 24));
    SHOW(send_control(a, 0, 0, &file, 4, 20, 24));
    char buffer[100];
    long taken = 0, count;
    while ((count = recv(b, buffer, 100, 0)) > 0) taken += count;
    printf("%ld bytes came\n", taken);

    begin_case("headers that are wrong");
    struct iovec part = { "x", 1 };
    struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1 };
    SHOW(syscall(SYS_sendmsg, a, NULL, 0));
    SHOW(syscall(SYS_recvmsg, b, NULL, 0));
    m.msg_iovlen = 1025;
    SHOW(syscall(SYS_sendmsg, a, &m, 0));
    SHOW(syscall(SYS_recvmsg, b, &m, 0));
    m.msg_iovlen = 1;
    m.msg_iov = (void *)8;
    SHOW(syscall(SYS_sendmsg, a, &m, 0));
    m.msg_iov = &part;
    m.msg_control = (void *)8;
    m.msg_controllen = 24;
    SHOW(syscall(SYS_sendmsg, a, &m, 0));
    m.msg_controllen = 0x80000000ul;
    SHOW(syscall(SYS_sendmsg, a, &m, 0));
    m.msg_controllen = 0;
    m.msg_control = NULL;
    m.msg_name = (void *)8;
    m.msg_namelen = 4;
    SHOW(syscall(SYS_sendmsg, a, &m, 0));
    m.msg_namelen = (socklen_t)-1;
    SHOW(syscall(SYS_sendmsg, a, &m, 0));
    m.msg_name = NULL;
    SHOW(syscall(SYS_sendmsg, a, &m, 0));
    m.msg_name = buffer;
    m.msg_namelen = 0;
    SHOW(syscall(SYS_sendmsg, a, &m, 0));
    m.msg_namelen = 5;
    SHOW(syscall(SYS_sendmsg, a, &m, 0));
    SHOW(syscall(SYS_sendmsg, a, &m, (int)0x80000000));
    m.msg_name = NULL;
    m.msg_namelen = 0;
    m.msg_iovlen = 0;
    SHOW(syscall(SYS_sendmsg, a, &m, 0));
    part.iov_len = (size_t)-1;
    m.msg_iovlen = 1;
    SHOW(syscall(SYS_sendmsg, a, &m, 0));
    drop();
}

static void times(void)
{
    static const int names[] = { SO_TIMESTAMP, SO_TIMESTAMPNS };
    for (int i = 0; i < 2; i++) {
        begin_case("when it came");
        make(SOCK_DGRAM | SOCK_NONBLOCK);
        int on = 1;
        SHOW(setsockopt(b, SOL_SOCKET, names[i], &on, sizeof on));
        send_text(a, "now", 0);
        char control[64] __attribute__((aligned(8))), text[9];
        struct iovec part = { text, sizeof text };
        struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = 64 };
        SHOW(recvmsg(b, &m, 0));
        struct cmsghdr *c = CMSG_FIRSTHDR(&m);
        if (c) show_control(c);
        struct timespec now, came = { 0 };
        clock_gettime(CLOCK_REALTIME, &now);
        if (c) memcpy(&came, CMSG_DATA(c), sizeof came);
        CHECK(now.tv_sec - came.tv_sec >= 0 && now.tv_sec - came.tv_sec < 3);
        drop();
    }
}

/* Sockets in each other's queues that nobody has: the pipe in the last one closes when they are found. */
static void loops(void)
{
    static const int lengths[] = { 1, 2, 3, 10 };
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        begin_case("sockets that lie in each other");
        int pairs[10][2], ends[2], count = lengths[i];
        if (pipe(ends) != 0) exit(99);
        for (int k = 0; k < count; k++)
            if (socketpair(AF_UNIX, SOCK_STREAM, 0, pairs[k]) != 0) exit(99);
        /* Each queue holds the next one's receiving end. */
        for (int k = 0; k < count; k++) send_files(pairs[k][0], "x", &pairs[(k + 1) % count][1], 1, 0);
        send_files(pairs[0][0], "p", &ends[1], 1, 0);
        close(ends[1]);
        for (int k = 0; k < count; k++) {
            close(pairs[k][1]);
            close(pairs[k][0]);
        }
        /* On Linux somebody else takes them away, soon after a socket is closed. */
        struct pollfd wait_for_end = { ends[0], POLLIN, 0 };
        for (int tries = 0; tries < 100 && poll(&wait_for_end, 1, 50) == 0; tries++)
            close(socket(AF_UNIX, SOCK_STREAM, 0));
        show_poll("the pipe", ends[0]);
        close(ends[0]);
    }
    begin_case("a chain that is still held");
    int first[2], second[2], got[256];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, first) || socketpair(AF_UNIX, SOCK_STREAM, 0, second)) exit(99);
    send_text(second[0], "inside", 0);
    send_files(first[0], "x", &second[1], 1, 0);
    send_files(second[0], "y", &first[1], 1, 0);
    close(second[1]);
    close(second[0]);
    close(socket(AF_UNIX, SOCK_STREAM, 0));
    int count = take_message(first[1], 10, 64, 0, got);
    take(got[0], 6, 0);
    close_files(got, count);
    close(first[0]);
    close(first[1]);
}

int main(int argc, char **argv)
{
    work_in(argc, argv);
    signal(SIGPIPE, SIG_IGN);
    files_arrive(SOCK_STREAM);
    files_arrive(SOCK_DGRAM);
    files_arrive(SOCK_SEQPACKET);
    wrong_files();
    streams();
    identities(SOCK_STREAM);
    identities(SOCK_DGRAM);
    wrong_control();
    times();
    loops();
    finish();
    return 0;
}
