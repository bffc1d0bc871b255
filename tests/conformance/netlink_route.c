/* SPDX-License-Identifier: Apache-2.0 */
/* The loopback interface as NETLINK_ROUTE tells of it: the C library's lists, one question, and refusals. */
#include "tests/conformance/sockets.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>

static void show_one(const char *what, const struct sockaddr *a)
{
    char text[64] = "none";
    if (a && a->sa_family == AF_INET)
        inet_ntop(AF_INET, &((const struct sockaddr_in *)a)->sin_addr, text, sizeof text);
    if (a && a->sa_family == AF_INET6)
        inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)a)->sin6_addr, text, sizeof text);
    printf("%s %s\n", what, text);
}

static void lists(void)
{
    begin_case("addresses of lo");
    struct ifaddrs *list, *at;
    SHOW(getifaddrs(&list));
    for (at = list; at; at = at->ifa_next) {
        if (strcmp(at->ifa_name, "lo") != 0 || !at->ifa_addr) continue;
        printf("family %d, flags %x\n", at->ifa_addr->sa_family, at->ifa_flags & (IFF_UP | IFF_LOOPBACK));
        show_one("address", at->ifa_addr);
        show_one("mask", at->ifa_netmask);
    }
    freeifaddrs(list);
    begin_case("numbers and names");
    struct if_nameindex *names = if_nameindex();
    CHECK(names && names[0].if_index == 1 && strcmp(names[0].if_name, "lo") == 0);
    if_freenameindex(names);
}

/* Asks for a message of a type, and tells what the first answer is. */
static void ask(const char *what, int type, int flags, int index)
{
    struct {
        struct nlmsghdr head;
        struct ifinfomsg link;
    } request = { { sizeof request, (unsigned short)type, (unsigned short)flags, 7, 0 },
                  { .ifi_index = index } };
    union {
        struct nlmsghdr head;
        char bytes[16384];
    } answer;
    begin_case(what);
    int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
    bound(fd);
    SHOW(send(fd, &request, sizeof request, 0));
    long got = recv(fd, &answer, sizeof answer, MSG_DONTWAIT);
    CHECK(got >= (long)sizeof answer.head);
    const struct nlmsgerr *error = NLMSG_DATA(&answer.head);
    bool is_error = answer.head.nlmsg_type == NLMSG_ERROR;
    printf("type %d, flags %x, sequence %u, error %d\n", answer.head.nlmsg_type,
           answer.head.nlmsg_flags & NLM_F_MULTI, answer.head.nlmsg_seq, is_error ? error->error : 0);
    close(fd);
}

int main(int argc, char **argv)
{
    work_in(argc, argv);
    lists();
    ask("one link", RTM_GETLINK, NLM_F_REQUEST, 1);
    ask("a link that is not there", RTM_GETLINK, NLM_F_REQUEST, 9999);
    ask("all links", RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP, 0);
    begin_case("kinds of sockets");
    SHOW(socket(AF_NETLINK, SOCK_STREAM, NETLINK_ROUTE));
    SHOW(socket(AF_NETLINK, SOCK_RAW, 99));
    finish();
    return 0;
}
