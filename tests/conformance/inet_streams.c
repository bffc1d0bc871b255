/* SPDX-License-Identifier: Apache-2.0 */
/* TCP over the loopback interface, in both families: addresses, connections, data, ends. */
#include "tests/conformance/inet.h"

static int family, listener, port, client, server;

static int open_stream(int flags) { return socket(family, SOCK_STREAM | flags, 0); }

static void listen_here(int backlog)
{
    listener = open_stream(0);
    bound(listener);
    bind_place(listener, here(family, 0));
    listen(listener, backlog);
    port = port_of(listener);
}
static void make(void)
{
    listen_here(5);
    client = open_stream(0);
    bound(client);
    if (connect_place(client, here(family, port)) != 0) printf("no connection: %s\n", error_name(errno));
    server = accept(listener, NULL, NULL);
    bound(server);
}
static void drop(void)
{
    close(client);
    close(server);
    close(listener);
}

static void creation(void)
{
    static const struct {
        int type, protocol;
    } kinds[] = { { SOCK_STREAM, 0 }, { SOCK_STREAM, 6 }, { SOCK_STREAM, 17 },   { SOCK_DGRAM, 0 },
                  { SOCK_DGRAM, 17 }, { SOCK_DGRAM, 6 },  { SOCK_SEQPACKET, 0 }, { SOCK_RDM, 0 },
                  { SOCK_RAW, 0 },    { 0, 0 },           { SOCK_STREAM, -1 },   { SOCK_STREAM, 300 },
                  { SOCK_RAW, 255 },  { 7, 0 },           { SOCK_STREAM, 1 } };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        begin_case("kinds of sockets");
        int fd = socket(family, kinds[i].type, kinds[i].protocol);
        printf("%d %d: %s\n", kinds[i].type, kinds[i].protocol, fd < 0 ? error_name(errno) : "made");
        if (fd < 0) continue;
        printf("type %d domain %d protocol %d\n", option(fd, SO_TYPE), option(fd, SO_DOMAIN),
               option(fd, SO_PROTOCOL));
        if (kinds[i].type != SOCK_RAW) show_poll("new", fd);
        if (kinds[i].type != SOCK_RAW) show_own(fd, 0);
        show_other(fd, 0);
        close(fd);
    }
    begin_case("pairs are for others");
    int pair[2];
    SHOW(socketpair(family, SOCK_STREAM, 0, pair));
}

static void addresses(void)
{
    begin_case("addresses that are wrong");
    int fd = open_stream(SOCK_NONBLOCK);
    struct place p = here(family, 0);
    for (socklen_t bytes = 0; bytes < 17; bytes += 4) {
        p.bytes = bytes;
        SHOW(bind_place(fd, p));
        SHOW(connect_place(fd, p));
    }
    p = here(family, 0);
    p.any.sa_family = AF_UNIX;
    SHOW(bind_place(fd, p));
    SHOW(connect_place(fd, p));
    SHOW(bind_place(fd, text_place(family, family == AF_INET ? "192.0.2.1" : "2001:db8::1", 0)));
    begin_case("bound");
    SHOW(bind_place(fd, here(family, 0)));
    CHECK(port_of(fd) >= 32768 && port_of(fd) <= 60999);
    show_own(fd, port_of(fd));
    SHOW(bind_place(fd, here(family, 0)));
    SHOW(accept(fd, NULL, NULL));
    int other = open_stream(0);
    SHOW(bind_place(other, here(family, port_of(fd))));
    set_option(other, SO_REUSEADDR, 1);
    SHOW(bind_place(other, here(family, port_of(fd))));
    set_option(fd, SO_REUSEADDR, 1);
    SHOW(bind_place(other, here(family, port_of(fd))));
    SHOW(listen(fd, 1));
    close(other);
    other = open_stream(0);
    set_option(other, SO_REUSEADDR, 1);
    SHOW(bind_place(other, here(family, port_of(fd))));
    close(other);
    close(fd);
    begin_case("listening without a name");
    fd = open_stream(SOCK_NONBLOCK);
    SHOW(listen(fd, 1));
    CHECK(port_of(fd) >= 32768);
    SHOW(option(fd, SO_ACCEPTCONN));
    show_poll("listening", fd);
    SHOW(listen(fd, 5));
    SHOW(accept(fd, NULL, NULL));
    SHOW(send_text(fd, "x", MSG_NOSIGNAL));
    SHOW(recv(fd, &p, 1, 0));
    SHOW(connect_place(fd, here(family, port_of(fd))));
    int bytes;
    SHOW(ioctl(fd, FIONREAD, &bytes));
    close(fd);
    begin_case("not connected");
    fd = open_stream(SOCK_NONBLOCK);
    SHOW(send_text(fd, "x", MSG_NOSIGNAL));
    SHOW(recv(fd, &p, 1, 0));
    SHOW(shutdown(fd, SHUT_RDWR));
    close(fd);
}

static void connections(void)
{
    begin_case("nobody listens");
    listen_here(1);
    close(listener);
    client = open_stream(0);
    SHOW(connect_place(client, here(family, port)));
    SHOW(option(client, SO_ERROR));
    show_poll("refused", client);
    close(client);
    begin_case("nobody listens, without waiting");
    client = open_stream(SOCK_NONBLOCK);
    SHOW(connect_place(client, here(family, port)));
    wait_for(client, POLLOUT);
    show_poll("refused", client);
    SHOW(option(client, SO_ERROR));
    SHOW(option(client, SO_ERROR));
    close(client);
    client = open_stream(SOCK_NONBLOCK);
    SHOW(connect_place(client, here(family, port)));
    wait_for(client, POLLOUT);
    SHOW(connect_place(client, here(family, port)));
    close(client);

    begin_case("a connection");
    listen_here(3);
    client = open_stream(SOCK_NONBLOCK);
    SHOW(connect_place(client, here(family, port)));
    wait_for(client, POLLOUT);
    show_poll("connected", client);
    SHOW(option(client, SO_ERROR));
    SHOW(connect_place(client, here(family, port)));
    wait_for(listener, POLLIN);
    show_poll("somebody came", listener);
    struct place from = { .bytes = sizeof from.v6 };
    server = accept4(listener, &from.any, &from.bytes, SOCK_NONBLOCK);
    show_place("from", &from, port_of(client));
    show_own(server, port);
    show_other(server, port_of(client));
    show_own(client, 0);
    show_other(client, port);
    CHECK(port_of(client) >= 32768 && port_of(client) <= 60999);
    show_poll("accepted", server);
    SHOW(recv(server, &from, 1, 0));
    SHOW(bind_place(client, here(family, 0)));
    SHOW(listen(client, 1));
    SHOW(sendto(client, "x", 1, MSG_NOSIGNAL, &from.any, from.bytes));
    wait_for(server, POLLIN);
    take(server, 5, 0);
    drop();
}

static void data(void)
{
    begin_case("bytes");
    make();
    SHOW(send_text(client, "one", 0));
    SHOW(send_text(client, "two", 0));
    wait_for(server, POLLIN);
    settle();
    show_poll("filled", server);
    int bytes = 0;
    SHOW(ioctl(server, FIONREAD, &bytes));
    printf("%d\n", bytes);
    take(server, 4, MSG_PEEK);
    take(server, 4, 0);
    take(server, 9, 0);
    SHOW(recv(server, &bytes, 4, MSG_DONTWAIT));
    SHOW(send(client, "", 0, 0));
    SHOW(write(client, "", 0));
    SHOW(read(server, NULL, 0));
    begin_case("what is not looked at");
    send_text(client, "0123456789", 0);
    wait_for(server, POLLIN);
    SHOW(recv(server, NULL, 4, MSG_TRUNC));
    take(server, 20, 0);
    begin_case("as much as is wanted");
    send_text(client, "abc", 0);
    if (fork() == 0) {
        settle();
        send_text(client, "def", 0);
        _exit(0);
    }
    take(server, 6, MSG_WAITALL);
    wait(NULL);
    begin_case("vectors and messages");
    struct iovec parts[2] = { { "ab", 2 }, { "cd", 2 } };
    SHOW(writev(client, parts, 2));
    wait_for(server, POLLIN);
    int none[256];
    take_message(server, 10, 64, 0, none);
    begin_case("memory that is not there");
    char *bad = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    SHOW(send(client, bad, 5, 0));
    send_text(client, "stays", 0);
    wait_for(server, POLLIN);
    SHOW(recv(server, bad, 5, 0));
    take(server, 9, 0);
    SHOW(recv(server, &bytes, 4, MSG_OOB | MSG_DONTWAIT));
    SHOW(recv(server, &bytes, 4, MSG_ERRQUEUE));
    drop();
}

static void much_data(void)
{
    begin_case("a million bytes");
    make();
    static char block[100000];
    if (fork() == 0) {
        long sum = 0;
        for (int i = 0; i < 10; i++) sum += send(client, block, sizeof block, 0);
        _exit(sum == 1000000 ? 3 : 4);
    }
    long taken = 0, count;
    while (taken < 1000000 && (count = recv(server, block, 70000, 0)) > 0) taken += count;
    int status;
    wait(&status);
    printf("%ld, %d\n", taken, WEXITSTATUS(status));
    drop();
    begin_case("nobody takes it");
    make();
    fcntl(client, F_SETFL, O_NONBLOCK);
    long sent = 0;
    while ((count = send(client, block, sizeof block, 0)) > 0) sent += count;
    printf("%s\n", error_name(errno));
    CHECK(sent > 100000 && sent < 20000000);
    show_poll("full", client);
    drop();
    begin_case("time limits");
    make();
    struct timeval limit = { 0, 20000 };
    setsockopt(server, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    take(server, 9, 0);
    setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    SHOW(accept(listener, NULL, NULL));
    drop();
}

static void ends(void)
{
    begin_case("the other end closes");
    make();
    send_text(client, "last", 0);
    close(client);
    wait_for(server, POLLRDHUP);
    show_poll("closed", server);
    take(server, 9, 0);
    take(server, 9, 0);
    SHOW(send_text(server, "x", MSG_NOSIGNAL));
    settle();
    show_poll("reset", server);
    SHOW(send_text(server, "x", MSG_NOSIGNAL));
    drop();
    begin_case("half of it is shut");
    make();
    SHOW(shutdown(client, SHUT_WR));
    wait_for(server, POLLRDHUP);
    show_poll("this end", client);
    show_poll("that end", server);
    SHOW(send_text(client, "x", MSG_NOSIGNAL));
    take(server, 9, 0);
    SHOW(send_text(server, "back", 0));
    wait_for(client, POLLIN);
    take(client, 9, 0);
    SHOW(shutdown(server, SHUT_WR));
    wait_for(client, POLLHUP);
    settle();
    show_poll("this end", client);
    show_poll("that end", server);
    take(client, 9, 0);
    SHOW(shutdown(client, SHUT_RD));
    SHOW(shutdown(client, 3));
    drop();
    begin_case("reading is shut");
    make();
    SHOW(shutdown(server, SHUT_RD));
    show_poll("this end", server);
    take(server, 9, 0);
    drop();
}

static void resets(void)
{
    begin_case("it closes with bytes that nobody took");
    make();
    send_text(client, "unread", 0);
    wait_for(server, POLLIN);
    close(server);
    wait_for(client, POLLIN);
    show_poll("reset", client);
    take(client, 9, 0);
    take(client, 9, 0);
    SHOW(send_text(client, "x", MSG_NOSIGNAL));
    server = -1;
    drop();
    begin_case("it closes without lingering");
    make();
    struct linger now = { 1, 0 };
    setsockopt(server, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(server);
    wait_for(client, POLLIN);
    show_poll("reset", client);
    SHOW(option(client, SO_ERROR));
    SHOW(option(client, SO_ERROR));
    take(client, 9, 0);
    server = -1;
    drop();
    begin_case("SIGPIPE");
    make();
    shutdown(client, SHUT_WR);
    sigset_t pipe_only, pending;
    sigemptyset(&pipe_only);
    sigaddset(&pipe_only, SIGPIPE);
    signal(SIGPIPE, SIG_DFL);
    sigprocmask(SIG_BLOCK, &pipe_only, NULL);
    SHOW(send_text(client, "x", MSG_NOSIGNAL));
    sigpending(&pending);
    SHOW(sigismember(&pending, SIGPIPE));
    SHOW(write(client, "x", 1));
    sigpending(&pending);
    SHOW(sigismember(&pending, SIGPIPE));
    signal(SIGPIPE, SIG_IGN);
    sigprocmask(SIG_UNBLOCK, &pipe_only, NULL);
    drop();
}

static void both_families(void)
{
    begin_case("one listener for both families");
    family = AF_INET6;
    listener = open_stream(0);
    bound(listener);
    SHOW(bind_place(listener, text_place(AF_INET6, "::", 0)));
    SHOW(listen(listener, 3));
    port = port_of(listener);
    family = AF_INET;
    client = open_stream(0);
    SHOW(connect_place(client, here(AF_INET, port)));
    struct place from = { .bytes = sizeof from.v6 };
    server = accept(listener, &from.any, &from.bytes);
    show_place("from", &from, port_of(client));
    show_own(server, port);
    send_text(server, "hello", 0);
    bound(client);
    take(client, 5, MSG_WAITALL);
    drop();
    begin_case("only its own");
    family = AF_INET6;
    listener = open_stream(0);
    SHOW(set_number_option(listener, IPPROTO_IPV6, IPV6_V6ONLY, 1));
    SHOW(number_option(listener, IPPROTO_IPV6, IPV6_V6ONLY));
    SHOW(bind_place(listener, text_place(AF_INET6, "::", 0)));
    SHOW(listen(listener, 3));
    port = port_of(listener);
    family = AF_INET;
    client = open_stream(0);
    SHOW(connect_place(client, here(AF_INET, port)));
    close(client);
    close(listener);
    begin_case("an IPv4 address in IPv6");
    listen_here(3);
    client = socket(AF_INET6, SOCK_STREAM, 0);
    SHOW(connect_place(client, text_place(AF_INET6, "::ffff:127.0.0.1", port)));
    show_other(client, port);
    server = accept(listener, NULL, NULL);
    drop();
    begin_case("nowhere");
    client = open_stream(SOCK_NONBLOCK);
    SHOW(connect_place(client, here(AF_INET6, 1)));
    close(client);
}

int main(int argc, char **argv)
{
    work_in(argc, argv);
    signal(SIGPIPE, SIG_IGN);
    static const int families[] = { AF_INET, AF_INET6 };
    for (int i = 0; i < 2; i++) {
        family = families[i];
        creation();
        addresses();
        connections();
        data();
        much_data();
        ends();
        resets();
    }
    both_families();
    finish();
    return 0;
}
