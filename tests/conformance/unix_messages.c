/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of AF_UNIX: datagrams and packets, who may send to whom, what is lost, several at once. */
#include "tests/conformance/sockets.h"

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
static int open_datagrams(const char *hidden)
{
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    if (hidden && bind_to(fd, hidden_name(hidden)) != 0) printf("not bound: %s\n", error_name(errno));
    return fd;
}
static long send_to(int fd, const char *text, struct name n)
{
    return sendto(fd, text, strlen(text), 0, (struct sockaddr *)&n.un, n.bytes);
}
static void take_from(int fd, size_t room)
{
    struct sockaddr_un from;
    socklen_t bytes = sizeof from;
    char buffer[100];
    long got = recvfrom(fd, buffer, room, 0, (struct sockaddr *)&from, &bytes);
    if (got < 0) {
        printf("take: %s\n", error_name(errno));
        return;
    }
    show_bytes("take", buffer, got);
    show_address("from", &from, bytes);
}

static void borders(int type)
{
    int none[256];
    begin_case("messages stay whole");
    make(type | SOCK_NONBLOCK);
    SHOW(send_text(a, "one", 0));
    SHOW(send_text(a, "twotwo", 0));
    SHOW(send(a, "", 0, 0));
    SHOW(send_text(a, "four", MSG_EOR));
    int bytes = -1;
    SHOW(ioctl(b, FIONREAD, &bytes));
    printf("%d\n", type == SOCK_DGRAM ? bytes : -1);
    show_poll("filled", b);
    take(b, 100, MSG_PEEK);
    take(b, 100, MSG_PEEK);
    take(b, 100, 0);
    take(b, 3, 0);
    take(b, 100, 0);
    take(b, 100, 0);
    take(b, 100, 0);
    begin_case("what has no room is lost");
    send_text(a, "0123456789", 0);
    take_message(b, 4, 0, MSG_PEEK, none);
    SHOW(recv(b, none, 4, MSG_PEEK | MSG_TRUNC));
    take_message(b, 4, 0, 0, none);
    send_text(a, "0123456789", 0);
    SHOW(recv(b, none, 4, MSG_TRUNC));
    send_text(a, "0123456789", 0);
    SHOW(recv(b, NULL, 0, MSG_TRUNC));
    send_text(a, "ab", 0);
    SHOW(recv(b, none, 10, MSG_WAITALL));
    take(b, 1, 0);
    begin_case("and so is one that nobody can take");
    char *bad = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    send_text(a, "lost", 0);
    send_text(a, "kept", 0);
    SHOW(recv(b, bad, 10, 0));
    take(b, 10, 0);
    SHOW(send(a, bad, 10, 0));
    SHOW(write(a, bad, 10));
    take(b, 10, 0);
    begin_case("sizes");
    static char block[300000], got[300000];
    set_option(a, SO_SNDBUF, 20000);
    int room = option(a, SO_SNDBUF);
    SHOW(send(a, block, (size_t)room - 31, 0));
    SHOW(send(a, block, (size_t)room - 32, 0));
    SHOW(send(a, block, 10, 0));
    show_poll("full", a);
    SHOW(recv(b, got, sizeof got, 0));
    show_poll("empty", a);
    SHOW(send(a, block, sizeof block, 0));
    struct iovec parts[2] = { { "ab", 2 }, { "cd", 2 } };
    SHOW(writev(a, parts, 2));
    SHOW(readv(b, (struct iovec[2]){ { got, 1 }, { got + 1, 2 } }, 2));
    show_bytes("read", got, 3);
    SHOW(send_text(a, "urgent", MSG_OOB));
    SHOW(recv(b, got, 1, MSG_OOB));
    drop();
}

static void ends(int type)
{
    begin_case("the other end closes");
    make(type | SOCK_NONBLOCK);
    send_text(a, "last", 0);
    close(a);
    show_poll("closed", b);
    take(b, 10, 0);
    take(b, 10, 0);
    SHOW(send_text(b, "x", MSG_NOSIGNAL));
    SHOW(send_text(b, "x", MSG_NOSIGNAL));
    show_poll("told", b);
    show_peer(b);
    close(b);
    begin_case("with a message that nobody took");
    make(type | SOCK_NONBLOCK);
    send_text(b, "lost", 0);
    close(a);
    show_poll("closed", b);
    take(b, 10, 0);
    take(b, 10, 0);
    close(b);
    for (int how = 0; how < 3; how++) {
        begin_case("half of it is shut");
        make(type | SOCK_NONBLOCK);
        send_text(b, "back", 0);
        SHOW(shutdown(a, how));
        show_poll("this end", a);
        show_poll("that end", b);
        SHOW(send_text(a, "x", MSG_NOSIGNAL));
        SHOW(send_text(b, "y", MSG_NOSIGNAL));
        take(a, 10, 0);
        take(a, 10, 0);
        take(b, 10, 0);
        drop();
    }
}

static void to_whom(void)
{
    begin_case("nobody to send to");
    int one = open_datagrams(NULL), two = open_datagrams("ck-two"), three = open_datagrams("ck-three");
    SHOW(send_text(one, "x", 0));
    SHOW(send_to(one, "x", hidden_name("ck-none")));
    SHOW(send_to(one, "x", path_name("none")));
    struct name odd = hidden_name("ck-two");
    odd.un.sun_family = AF_INET;
    SHOW(send_to(one, "x", odd));
    odd.bytes = 1;
    SHOW(send_to(one, "x", odd));
    odd.bytes = 2;
    SHOW(send_to(one, "x", odd));
    odd.bytes = 200;
    SHOW(send_to(one, "x", odd));
    SHOW(sendto(one, "x", 1, 0, NULL, 200));
    SHOW(sendto(one, "x", 1, 0, (void *)1, 5));
    begin_case("by name");
    SHOW(send_to(one, "unnamed", hidden_name("ck-two")));
    take_from(two, 50);
    SHOW(send_to(three, "named", hidden_name("ck-two")));
    take_from(two, 50);
    take_from(two, 50);
    begin_case("connected");
    show_poll("before", one);
    SHOW(connect_to(one, hidden_name("ck-none")));
    SHOW(connect_to(one, hidden_name("ck-two")));
    show_peer(one);
    SHOW(send_text(one, "to two", 0));
    SHOW(send_to(one, "to three", hidden_name("ck-three")));
    take_from(two, 50);
    take_from(three, 50);
    SHOW(connect_to(two, hidden_name("ck-three")));
    begin_case("only the peer may send");
    SHOW(send_text(one, "x", 0));
    SHOW(send_to(one, "x", hidden_name("ck-two")));
    SHOW(connect_to(one, hidden_name("ck-two")));
    SHOW(send_to(three, "peer", hidden_name("ck-two")));
    take_from(two, 50);
    begin_case("connected to somebody else, and to nobody");
    send_to(three, "waits", hidden_name("ck-two"));
    odd = hidden_name("ck-one");
    SHOW(bind_to(one, odd));
    SHOW(connect_to(two, hidden_name("ck-one")));
    take_from(two, 50);
    odd.un.sun_family = AF_UNSPEC;
    SHOW(connect_to(two, odd));
    show_peer(two);
    SHOW(send_text(two, "x", 0));
    SHOW(connect_to(two, odd));
    odd.bytes = 1;
    SHOW(connect_to(two, odd));
    begin_case("the receiver goes");
    send_text(one, "before", 0);
    close(two);
    show_poll("gone", one);
    SHOW(send_text(one, "x", MSG_NOSIGNAL));
    SHOW(send_text(one, "x", MSG_NOSIGNAL));
    two = open_datagrams("ck-two");
    SHOW(send_to(one, "new", hidden_name("ck-two")));
    take_from(two, 50);
    close(one);
    close(three);
    begin_case("to itself");
    SHOW(connect_to(two, hidden_name("ck-two")));
    SHOW(send_text(two, "self", 0));
    take_from(two, 50);
    close(two);
}

static void each_other(void)
{
    begin_case("two that were connected to each other");
    int one = open_datagrams("ck-one"), two = open_datagrams("ck-two");
    struct name odd;
    SHOW(connect_to(one, hidden_name("ck-two")));
    SHOW(connect_to(two, hidden_name("ck-one")));
    SHOW(send_text(two, "lost", 0));
    odd = hidden_name("ck-one");
    odd.un.sun_family = AF_UNSPEC;
    SHOW(connect_to(one, odd));
    show_poll("left alone", two);
    SHOW(option(two, SO_ERROR));
    take_from(one, 50);
    close(one);
    close(two);
}

static void queues(void)
{
    begin_case("so many wait at most");
    int one = open_datagrams(NULL), two = open_datagrams("ck-two"), count = 0;
    SHOW(connect_to(one, hidden_name("ck-two")));
    while (send_text(one, "x", 0) == 1) count++;
    printf("%d, then %s\n", count, error_name(errno));
    show_poll("full", one);
    SHOW(send_to(two, "x", hidden_name("ck-two")));
    take(two, 5, 0);
    show_poll("one is gone", one);
    take(two, 5, 0);
    take(two, 5, 0);
    show_poll("three are gone", one);
    begin_case("a sender that waits");
    while (send_text(one, "x", 0) == 1) {}
    fcntl(one, F_SETFL, 0);
    if (fork() == 0) _exit(send_text(one, "waited", 0) == 6 ? 5 : 6);
    long last = 0;
    char buffer[20];
    fcntl(two, F_SETFL, 0);
    bound(two);
    while (last == 1 || last == 0) last = recv(two, buffer, sizeof buffer, 0);
    show_bytes("last", buffer, last);
    int status;
    wait(&status);
    printf("%d\n", WEXITSTATUS(status));
    close(one);
    close(two);
    begin_case("by path");
    one = open_datagrams(NULL);
    two = open_datagrams(NULL);
    SHOW(bind_to(two, path_name("datagrams")));
    SHOW(send_to(one, "hello", path_name("datagrams")));
    SHOW(send_to(one, "hello", path_name("./datagrams")));
    SHOW(send_to(one, "hello", path_name("datagrams/")));
    unlink("datagrams");
    SHOW(send_to(one, "hello", path_name("datagrams")));
    take_from(two, 9);
    close(one);
    close(two);
}

static void packets(void)
{
    begin_case("packets need a connection");
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0);
    SHOW(send_text(fd, "x", MSG_NOSIGNAL));
    take(fd, 5, 0);
    show_poll("alone", fd);
    int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0);
    SHOW(bind_to(listener, path_name("packets")));
    SHOW(listen(listener, 3));
    SHOW(connect_to(fd, path_name("packets")));
    SHOW(send_text(fd, "first", 0));
    SHOW(send_text(fd, "second", 0));
    int server = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
    take(server, 50, 0);
    take_from(server, 3);
    SHOW(send_to(server, "named", path_name("nowhere")));
    take_from(fd, 50);
    SHOW(connect_to(fd, path_name("packets")));
    int stream = socket(AF_UNIX, SOCK_STREAM, 0);
    SHOW(connect_to(stream, path_name("packets")));
    close(stream);
    close(fd);
    take(server, 5, 0);
    take(server, 5, 0);
    close(server);
    close(listener);
    unlink("packets");
}

static void several(void)
{
    char texts[5][20], got[5][20];
    struct iovec out[5], in[5];
    struct mmsghdr sent[5] = { 0 }, received[5] = { 0 };
    for (int i = 0; i < 5; i++) {
        sprintf(texts[i], "number %d%.*s", i, i, "!!!!!");
        out[i] = (struct iovec){ texts[i], strlen(texts[i]) };
        in[i] = (struct iovec){ got[i], 9 };
        sent[i].msg_hdr = (struct msghdr){ .msg_iov = &out[i], .msg_iovlen = 1 };
        received[i].msg_hdr = (struct msghdr){ .msg_iov = &in[i], .msg_iovlen = 1 };
    }
    begin_case("several in one call");
    make(SOCK_DGRAM | SOCK_NONBLOCK);
    SHOW(sendmmsg(a, sent, 5, 0));
    for (int i = 0; i < 5; i++) printf("%u ", sent[i].msg_len);
    printf("\n");
    SHOW(recvmmsg(b, received, 2, 0, NULL));
    SHOW(recvmmsg(b, received + 2, 3, 0, NULL));
    for (int i = 0; i < 5; i++) {
        printf("%u %#x ", received[i].msg_len, received[i].msg_hdr.msg_flags);
        show_bytes("got", got[i], received[i].msg_len);
    }
    SHOW(recvmmsg(b, received, 2, 0, NULL));
    SHOW(sendmmsg(a, sent, 0, 0));
    SHOW(recvmmsg(b, received, 0, 0, NULL));
    begin_case("fewer than were asked for");
    SHOW(sendmmsg(a, sent, 2, 0));
    SHOW(recvmmsg(b, received, 5, 0, NULL));
    begin_case("the first is enough");
    fcntl(b, F_SETFL, 0);
    SHOW(sendmmsg(a, sent, 2, 0));
    SHOW(recvmmsg(b, received, 5, MSG_WAITFORONE, NULL));
    begin_case("an error in between");
    sent[2].msg_hdr.msg_iov = (void *)8;
    SHOW(sendmmsg(a, sent, 5, 0));
    SHOW(sendmmsg(a, sent + 2, 2, 0));
    SHOW(recvmmsg(b, received, 2, MSG_DONTWAIT, NULL));
    begin_case("time limits");
    struct timespec none = { 0, 0 }, odd = { 0, 2000000000 }, negative = { -1, 0 };
    SHOW(recvmmsg(b, received, 2, 0, &odd));
    SHOW(recvmmsg(b, received, 2, 0, &negative));
    send_text(a, "x", 0);
    SHOW(recvmmsg(b, received, 2, 0, &none));
    printf("%ld %ld\n", (long)none.tv_sec, none.tv_nsec);
    SHOW(syscall(SYS_recvmmsg, b, received, 2, MSG_DONTWAIT, 8));
    SHOW(recvmmsg(0, received, 2, 0, NULL));
    SHOW(recvmmsg(99, received, 2, 0, &odd));
    SHOW(sendmmsg(99, received, 2, 0));
    drop();
}

int main(int argc, char **argv)
{
    work_in(argc, argv);
    signal(SIGPIPE, SIG_IGN);
    borders(SOCK_DGRAM);
    borders(SOCK_SEQPACKET);
    ends(SOCK_DGRAM);
    ends(SOCK_SEQPACKET);
    to_whom();
    each_other();
    queues();
    packets();
    several();
    finish();
    return 0;
}
