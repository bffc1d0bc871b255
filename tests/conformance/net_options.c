/* SPDX-License-Identifier: Apache-2.0 */
/* Options of the internet families that change what happens: how patient TCP is, how large its segments, which interface,
 * which ICMP messages, and who gets the connections of a shared port. */
#include "tests/conformance/inet.h"

#include <net/if.h>
#include <netinet/icmp6.h>

enum { FILTER = 1 }; /* ICMP_FILTER, which musl does not have, and ICMP6_FILTER */

static void numbers(const char *what, int name, const int *values, size_t count)
{
    begin_case(what);
    int fd = socket(AF_INET, SOCK_STREAM, 0), value = -1;
    socklen_t bytes = sizeof value;
    SHOW(getsockopt(fd, IPPROTO_TCP, name, &value, &bytes));
    printf("at first %d, %u bytes\n", value, bytes);
    for (size_t i = 0; i < count; i++) {
        int result = setsockopt(fd, IPPROTO_TCP, name, &values[i], sizeof values[i]);
        printf("set to %d: %s", values[i], result ? error_name(errno) : "done");
        getsockopt(fd, IPPROTO_TCP, name, &value, &bytes);
        printf(", now %d\n", value);
    }
    SHOW(setsockopt(fd, IPPROTO_TCP, name, &value, 3));
    close(fd);
    fd = socket(AF_INET, SOCK_DGRAM, 0);
    SHOW(setsockopt(fd, IPPROTO_TCP, name, &value, sizeof value));
    close(fd);
}

/* ---- an interface ---- */

static int bind_device(int fd, const char *name, socklen_t bytes)
{
    return setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, bytes);
}
static void show_device(int fd, socklen_t room)
{
    char name[64] = "untouched";
    socklen_t bytes = room;
    int result = getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, &bytes);
    printf("room for %u: %s, %u bytes, %s\n", room, result ? error_name(errno) : "told", bytes, name);
}

static void devices(void)
{
    static const int types[] = { SOCK_STREAM, SOCK_DGRAM };
    for (int i = 0; i < 2; i++) {
        begin_case("an interface");
        int fd = socket(AF_INET, types[i], 0);
        show_device(fd, IFNAMSIZ);
        show_device(fd, 4);
        SHOW(bind_device(fd, "nothing0", 9));
        SHOW(bind_device(fd, "lo", 3));
        show_device(fd, IFNAMSIZ);
        show_device(fd, 64);
        show_device(fd, IFNAMSIZ - 1);
        SHOW(bind_device(fd, "lo and much more than any name has", 30));
        SHOW(bind_device(fd, "lo", 2));
        SHOW(bind_device(fd, NULL, 5));
        SHOW(bind_device(fd, NULL, 0));
        show_device(fd, IFNAMSIZ);
        SHOW(bind_device(fd, "lo", 3));
        SHOW(bind_device(fd, "", 1));
        show_device(fd, IFNAMSIZ);
        close(fd);
    }
    begin_case("what is bound to an interface reaches it");
    int a = socket(AF_INET, SOCK_DGRAM, 0), b = socket(AF_INET, SOCK_DGRAM, 0);
    char bytes[16];
    SHOW(bind_device(a, "lo", 3));
    SHOW(bind_place(a, here(AF_INET, 0)));
    SHOW(bind_device(b, "lo", 3));
    SHOW(send_place(b, "hello", here(AF_INET, port_of(a))));
    SHOW(recv(a, bytes, sizeof bytes, 0));
    close(a);
    close(b);
}

/* ---- ICMP ---- */

static void show_filter(int fd, int level, socklen_t room)
{
    uint32_t words[10];
    socklen_t bytes = room;
    memset(words, 0x55, sizeof words);
    int result = getsockopt(fd, level, FILTER, words, &bytes);
    printf("room for %u: %s, %u bytes:", room, result ? error_name(errno) : "told", bytes);
    for (int i = 0; i < 10; i++) printf(" %08x", words[i]);
    printf("\n");
}

static void filters(void)
{
    static const struct {
        int family, protocol, level;
        socklen_t bytes;
    } kinds[] = { { AF_INET, IPPROTO_ICMP, SOL_RAW, 4 }, { AF_INET6, IPPROTO_ICMPV6, SOL_ICMPV6, 32 } };
    for (int i = 0; i < 2; i++) {
        begin_case("a filter of ICMP messages");
        uint32_t words[8];
        memset(words, 0xff, sizeof words);
        int fd = socket(kinds[i].family, SOCK_RAW, kinds[i].protocol), level = kinds[i].level;
        show_filter(fd, level, kinds[i].bytes);
        SHOW(setsockopt(fd, level, FILTER, words, kinds[i].bytes));
        show_filter(fd, level, kinds[i].bytes);
        words[0] = 0x12345678;
        SHOW(setsockopt(fd, level, FILTER, words, 2));
        show_filter(fd, level, kinds[i].bytes);
        show_filter(fd, level, 3);
        show_filter(fd, level, 40);
        close(fd);
        fd = socket(kinds[i].family, SOCK_RAW, IPPROTO_UDP);
        SHOW(setsockopt(fd, level, FILTER, words, kinds[i].bytes));
        show_filter(fd, level, kinds[i].bytes);
        close(fd);
    }
}

/* A request to this machine comes by twice, as itself and as its answer. */
static void filtered_ping(void)
{
    begin_case("only answers come through");
    unsigned char ping[16] = { 8, 0, 0xf7, 0xff }, got[128];
    uint32_t all_but_answers = ~1u;
    int fd = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
    SHOW(setsockopt(fd, SOL_RAW, FILTER, &all_but_answers, sizeof all_but_answers));
    struct place to = here(AF_INET, 0);
    SHOW(sendto(fd, ping, sizeof ping, 0, &to.any, to.bytes));
    long bytes = recv(fd, got, sizeof got, 0);
    printf("%ld bytes, type %d\n", bytes, bytes > 20 ? got[20] : -1);
    SHOW(recv(fd, got, sizeof got, MSG_DONTWAIT));
    close(fd);
}

/* ---- a shared port ---- */

enum { LISTENERS = 3, CALLERS = 60 };

static void shared_port(void)
{
    begin_case("listeners that share a port share the connections");
    int listeners[LISTENERS], callers[CALLERS], port = 0, one = 1;
    for (int i = 0; i < LISTENERS; i++) {
        listeners[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        setsockopt(listeners[i], SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
        SHOW(bind_place(listeners[i], here(AF_INET, port)));
        SHOW(listen(listeners[i], CALLERS));
        port = port_of(listeners[i]);
    }
    for (int i = 0; i < CALLERS; i++) {
        callers[i] = socket(AF_INET, SOCK_STREAM, 0);
        if (connect_place(callers[i], here(AF_INET, port)) != 0) printf("refused: %s\n", error_name(errno));
    }
    int all = 0;
    for (int i = 0; i < LISTENERS; i++) {
        int accepted = 0;
        for (int fd; (fd = accept(listeners[i], NULL, NULL)) >= 0; accepted++) close(fd);
        all += accepted;
        CHECK(accepted > 0);
        close(listeners[i]);
    }
    CHECK(all == CALLERS);
    for (int i = 0; i < CALLERS; i++) close(callers[i]);
}

int main(int argc, char **argv)
{
    static const int timeouts[] = { 0, 1, 1500, 100000000, -1 };
    static const int sizes[] = { 0, 1, 87, 88, 1000, 32767, 32768, -1, 0 };
    work_in(argc, argv);
    numbers("how long TCP waits for a peer", TCP_USER_TIMEOUT, timeouts, sizeof timeouts / sizeof *timeouts);
    numbers("how large segments are", TCP_MAXSEG, sizes, sizeof sizes / sizeof *sizes);
    devices();
    filters();
    filtered_ping();
    shared_port();
    finish();
    return 0;
}
