/* SPDX-License-Identifier: Apache-2.0 */
/* UDP over the loopback interface, in both families, and options of IP, IPv6 and TCP. */
#include "tests/conformance/inet.h"

static int family;

static int open_datagrams(void)
{
    int fd = socket(family, SOCK_DGRAM, 0);
    bound(fd);
    return fd;
}
static int open_bound(void)
{
    int fd = open_datagrams();
    if (bind_place(fd, here(family, 0)) != 0) printf("not bound: %s\n", error_name(errno));
    return fd;
}
static void take_from(int fd, size_t room, int flags, int expected)
{
    struct place from = { .bytes = sizeof from.v6 };
    char buffer[3000];
    long got = recvfrom(fd, buffer, room, flags, &from.any, &from.bytes);
    if (got < 0) {
        printf("take: %s\n", error_name(errno));
        return;
    }
    show_bytes("take", buffer, got < (long)room ? got : (long)room);
    show_place("from", &from, expected);
}

static void by_name(void)
{
    begin_case("from one to the other");
    int a = open_datagrams(), b = open_bound();
    show_own(a, 0);
    show_own(b, port_of(b));
    SHOW(send_text(a, "nobody", 0));
    SHOW(send_place(a, "hello", here(family, port_of(b))));
    CHECK(port_of(a) >= 32768 && port_of(a) <= 60999);
    wait_for(b, POLLIN);
    show_poll("came", b);
    int bytes = -1;
    SHOW(ioctl(b, FIONREAD, &bytes));
    printf("%d\n", bytes);
    take_from(b, 100, MSG_PEEK, port_of(a));
    take_from(b, 100, 0, port_of(a));
    SHOW(recv(b, &bytes, 4, MSG_DONTWAIT));
    begin_case("borders");
    SHOW(send_place(a, "one", here(family, port_of(b))));
    SHOW(send_place(a, "", here(family, port_of(b))));
    SHOW(send_place(a, "0123456789", here(family, port_of(b))));
    take_from(b, 100, 0, port_of(a));
    take_from(b, 100, 0, port_of(a));
    take_from(b, 4, MSG_TRUNC, port_of(a));
    SHOW(send_place(a, "0123456789", here(family, port_of(b))));
    take_from(b, 4, 0, port_of(a));
    SHOW(recv(b, &bytes, 4, MSG_DONTWAIT));
    begin_case("sizes");
    static char block[70000];
    struct place to = here(family, port_of(b));
    SHOW(sendto(a, block, 65487, 0, &to.any, to.bytes));
    SHOW(recv(b, block, sizeof block, 0));
    SHOW(sendto(a, block, 65536, 0, &to.any, to.bytes));
    SHOW(sendto(a, block, 70000, 0, &to.any, to.bytes));
    begin_case("addresses that are wrong");
    for (socklen_t length = 0; length < 16; length += 5) {
        to.bytes = length;
        SHOW(sendto(a, "x", 1, 0, &to.any, to.bytes));
    }
    to = here(family, port_of(b));
    to.any.sa_family = AF_UNIX;
    SHOW(sendto(a, "x", 1, 0, &to.any, to.bytes));
    SHOW(send_place(a, "x", here(family, 0)));
    SHOW(sendto(a, "x", 1, MSG_OOB, &to.any, to.bytes));
    SHOW(listen(a, 1));
    SHOW(accept(a, NULL, NULL));
    SHOW(shutdown(a, SHUT_RD));
    SHOW(bind_place(b, here(family, 0)));
    int other = open_datagrams();
    SHOW(bind_place(other, here(family, port_of(b))));
    close(other);
    char *bad = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    to = here(family, port_of(b));
    SHOW(sendto(a, bad, 5, 0, &to.any, to.bytes));
    SHOW(recv(b, block, 10, MSG_DONTWAIT));
    close(a);
    close(b);
}

static void connected(void)
{
    begin_case("connected");
    int a = open_datagrams(), b = open_bound(), c = open_bound();
    SHOW(connect_place(a, here(family, port_of(b))));
    show_own(a, port_of(a));
    show_other(a, port_of(b));
    SHOW(send_text(a, "to b", 0));
    take_from(b, 50, 0, port_of(a));
    SHOW(send_place(c, "not from b", here(family, port_of(a))));
    SHOW(send_place(b, "from b", here(family, port_of(a))));
    take_from(a, 50, 0, port_of(b));
    SHOW(send_place(a, "to c", here(family, port_of(c))));
    take_from(c, 50, 0, port_of(a));
    begin_case("connected to another, and to nobody");
    SHOW(connect_place(a, here(family, port_of(c))));
    SHOW(send_text(a, "to c", 0));
    take_from(c, 50, 0, port_of(a));
    struct place nobody = here(family, 0);
    nobody.any.sa_family = AF_UNSPEC;
    SHOW(connect_place(a, nobody));
    show_other(a, 0);
    SHOW(send_text(a, "x", 0));
    begin_case("nobody is there");
    int gone = open_bound(), port = port_of(gone);
    close(gone);
    SHOW(connect_place(a, here(family, port)));
    SHOW(send_text(a, "x", 0));
    wait_for(a, POLLERR);
    show_poll("told", a);
    SHOW(recv(a, &port, 4, MSG_DONTWAIT));
    SHOW(recv(a, &port, 4, MSG_DONTWAIT));
    SHOW(send_text(a, "x", 0));
    wait_for(a, POLLERR);
    SHOW(option(a, SO_ERROR));
    SHOW(option(a, SO_ERROR));
    SHOW(send_text(a, "x", 0));
    wait_for(a, POLLERR);
    SHOW(send_text(a, "x", 0));
    SHOW(shutdown(a, SHUT_WR));
    SHOW(send_text(a, "x", MSG_NOSIGNAL));
    close(a);
    close(b);
    close(c);
    begin_case("several in one call");
    a = open_datagrams();
    b = open_bound();
    connect_place(a, here(family, port_of(b)));
    struct iovec parts[2] = { { "first", 5 }, { "second", 6 } };
    struct mmsghdr sent[2] = { { { .msg_iov = &parts[0], .msg_iovlen = 1 }, 0 },
                               { { .msg_iov = &parts[1], .msg_iovlen = 1 }, 0 } };
    SHOW(sendmmsg(a, sent, 2, 0));
    take_from(b, 50, 0, port_of(a));
    take_from(b, 50, 0, port_of(a));
    close(a);
    close(b);
}

static void show_options(int fd, const char *what, int level, const int *names, size_t count)
{
    static const int values[] = { 1, 0, 100, 255, 256, -1, -2 };
    for (size_t i = 0; i < count; i++) {
        begin_case(what);
        printf("%d at first %d\n", names[i], number_option(fd, level, names[i]));
        for (size_t k = 0; k < sizeof values / sizeof *values; k++) {
            int result = set_number_option(fd, level, names[i], values[k]);
            printf("%d: %s, now %d\n", values[k], result ? error_name(errno) : "done",
                   number_option(fd, level, names[i]));
        }
        SHOW(setsockopt(fd, level, names[i], values, 0));
        SHOW(setsockopt(fd, level, names[i], NULL, 4));
        set_number_option(fd, level, names[i], 1);
    }
}

static void options(void)
{
    static const int of_ip[] = { IP_TTL, IP_RECVTTL, IP_PKTINFO, IP_RECVERR, IP_RECVTOS };
    static const int of_ipv6[] = { IPV6_UNICAST_HOPS, IPV6_RECVERR };
    static const int of_tcp[] = { TCP_NODELAY, TCP_CORK };
    int datagrams = socket(AF_INET, SOCK_DGRAM, 0), six = socket(AF_INET6, SOCK_DGRAM, 0);
    int stream = socket(AF_INET, SOCK_STREAM, 0);
    show_options(datagrams, "options of IP", IPPROTO_IP, of_ip, sizeof of_ip / sizeof *of_ip);
    show_options(six, "options of IPv6", IPPROTO_IPV6, of_ipv6, sizeof of_ipv6 / sizeof *of_ipv6);
    show_options(stream, "options of TCP", IPPROTO_TCP, of_tcp, sizeof of_tcp / sizeof *of_tcp);
    begin_case("keeping alive");
    static const int names[] = { TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT };
    for (int i = 0; i < 3; i++) {
        printf("%d\n", number_option(stream, IPPROTO_TCP, names[i]));
        SHOW(set_number_option(stream, IPPROTO_TCP, names[i], 0));
        SHOW(set_number_option(stream, IPPROTO_TCP, names[i], 30));
        SHOW(number_option(stream, IPPROTO_TCP, names[i]));
        SHOW(set_number_option(stream, IPPROTO_TCP, names[i], 40000));
    }
    begin_case("levels of others");
    SHOW(set_number_option(datagrams, IPPROTO_TCP, TCP_NODELAY, 1));
    SHOW(set_number_option(datagrams, 77, 1, 1));
    SHOW(set_number_option(stream, IPPROTO_TCP, 999, 1));
    SHOW(set_number_option(stream, IPPROTO_IP, 999, 1));
    close(datagrams);
    close(six);
    close(stream);
}

/* What comes with a datagram when it is asked for. */
static void details(void)
{
    begin_case("where it came to, and how");
    int a = socket(AF_INET, SOCK_DGRAM, 0), b = socket(AF_INET, SOCK_DGRAM, 0);
    bound(b);
    bind_place(b, here(AF_INET, 0));
    SHOW(set_number_option(b, IPPROTO_IP, IP_PKTINFO, 1));
    SHOW(set_number_option(b, IPPROTO_IP, IP_RECVTTL, 1));
    SHOW(set_number_option(a, IPPROTO_IP, IP_TTL, 33));
    send_place(a, "x", here(AF_INET, port_of(b)));
    char control[128] __attribute__((aligned(8))), text[5];
    struct iovec part = { text, sizeof text };
    struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = 128 };
    SHOW(recvmsg(b, &m, 0));
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
        show_control(c);
        int number = 0;
        if (c->cmsg_type == IP_TTL) memcpy(&number, CMSG_DATA(c), sizeof number);
        if (c->cmsg_type == IP_TTL) printf("%d\n", number);
        if (c->cmsg_type != IP_PKTINFO) continue;
        struct in_pktinfo info;
        memcpy(&info, CMSG_DATA(c), sizeof info);
        printf("%s, interface %d\n", inet_ntoa(info.ipi_addr), (int)info.ipi_ifindex);
    }
    close(a);
    close(b);
}

int main(int argc, char **argv)
{
    work_in(argc, argv);
    signal(SIGPIPE, SIG_IGN);
    static const int families[] = { AF_INET, AF_INET6 };
    for (int i = 0; i < 2; i++) {
        family = families[i];
        by_name();
        connected();
    }
    options();
    details();
    finish();
    return 0;
}
