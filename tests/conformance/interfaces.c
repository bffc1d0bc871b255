/* SPDX-License-Identifier: Apache-2.0 */
/* What there is to know of the loopback interface, by ioctl on sockets of three families and by the C library. */
#include "tests/conformance/inet.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <sys/ioctl.h>

static int fd;

static struct ifreq named(const char *name)
{
    struct ifreq r;
    memset(&r, 0, sizeof r);
    strncpy(r.ifr_name, name, IFNAMSIZ - 1);
    return r;
}
static void show_ipv4(const char *what, const struct sockaddr *address)
{
    char text[INET_ADDRSTRLEN] = "";
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;
    inet_ntop(AF_INET, &v4->sin_addr, text, sizeof text);
    printf("%s: family %d, %s\n", what, address->sa_family, text);
}

static void ask_all(void)
{
    struct ifreq r = named("lo");
    SHOW(ioctl(fd, SIOCGIFINDEX, &r));
    printf("number %d\n", r.ifr_ifindex);
    SHOW(ioctl(fd, SIOCGIFNAME, &r));
    printf("name %s\n", r.ifr_name);
    SHOW(ioctl(fd, SIOCGIFFLAGS, &r));
    printf("flags %#x\n",
           r.ifr_flags & (IFF_UP | IFF_LOOPBACK | IFF_BROADCAST | IFF_POINTOPOINT | IFF_RUNNING));
    SHOW(ioctl(fd, SIOCGIFMTU, &r));
    printf("mtu %d\n", r.ifr_mtu);
    SHOW(ioctl(fd, SIOCGIFHWADDR, &r));
    printf("hardware %d, %d\n", r.ifr_hwaddr.sa_family, r.ifr_hwaddr.sa_data[5]);
    SHOW(ioctl(fd, SIOCGIFMETRIC, &r));
    printf("metric %d\n", r.ifr_metric);
}
static void ask_addresses(void)
{
    struct ifreq r = named("lo");
    r.ifr_addr.sa_family = AF_INET;
    SHOW(ioctl(fd, SIOCGIFADDR, &r));
    if (!errno) show_ipv4("address", &r.ifr_addr);
    SHOW(ioctl(fd, SIOCGIFNETMASK, &r));
    if (!errno) show_ipv4("mask", &r.ifr_netmask);
}
static void ask_wrongly(void)
{
    struct ifreq r = named("nobody0");
    SHOW(ioctl(fd, SIOCGIFINDEX, &r));
    SHOW(ioctl(fd, SIOCGIFFLAGS, &r));
    SHOW(ioctl(fd, SIOCGIFMTU, &r));
    r.ifr_ifindex = 9999;
    SHOW(ioctl(fd, SIOCGIFNAME, &r));
    r.ifr_ifindex = -1;
    SHOW(ioctl(fd, SIOCGIFNAME, &r));
    r = named("a name too lon");
    SHOW(ioctl(fd, SIOCGIFINDEX, &r));
    SHOW(ioctl(fd, SIOCGIFINDEX, (void *)8));
    SHOW(ioctl(fd, SIOCGIFCONF, (void *)8));
}
static void ask_for_list(void)
{
    struct ifreq list[20];
    struct ifconf conf = { .ifc_len = 0 };
    SHOW(ioctl(fd, SIOCGIFCONF, &conf));
    CHECK(conf.ifc_len > 0 && conf.ifc_len % (int)sizeof(struct ifreq) == 0);
    conf = (struct ifconf){ .ifc_len = sizeof list, .ifc_req = list };
    SHOW(ioctl(fd, SIOCGIFCONF, &conf));
    bool has_loopback = false;
    for (int i = 0; i < conf.ifc_len / (int)sizeof(struct ifreq); i++)
        if (!strcmp(list[i].ifr_name, "lo")) {
            has_loopback = true;
            show_ipv4("lo", &list[i].ifr_addr);
        }
    CHECK(has_loopback);
    conf = (struct ifconf){ .ifc_len = sizeof list[0] - 1, .ifc_req = list };
    SHOW(ioctl(fd, SIOCGIFCONF, &conf));
    printf("length %d\n", conf.ifc_len);
}

static void by_library(void)
{
    begin_case("by the C library");
    char name[IF_NAMESIZE] = "";
    SHOW(if_nametoindex("lo"));
    SHOW(if_nametoindex("nobody0"));
    CHECK(if_indextoname(1, name) == name);
    printf("%s\n", name);
    CHECK(if_indextoname(9999, name) == NULL);
    printf("%s\n", error_name(errno));
    struct ifaddrs *list;
    if (getifaddrs(&list) != 0) {
        printf("no list: %s\n", error_name(errno));
        return;
    }
    bool v4 = false;
    for (struct ifaddrs *a = list; a; a = a->ifa_next)
        if (!strcmp(a->ifa_name, "lo") && a->ifa_addr && a->ifa_addr->sa_family == AF_INET && !v4) {
            v4 = true;
            show_ipv4("address", a->ifa_addr);
            show_ipv4("mask", a->ifa_netmask);
        }
    CHECK(v4);
    freeifaddrs(list);
}

int main(void)
{
    static const struct {
        int family, type;
        const char *name;
    } kinds[] = { { AF_INET, SOCK_DGRAM, "an IPv4 socket" },
                  { AF_INET6, SOCK_STREAM, "an IPv6 socket" },
                  { AF_UNIX, SOCK_STREAM, "a unix socket" } };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        fd = socket(kinds[i].family, kinds[i].type, 0);
        begin_case(kinds[i].name);
        ask_all();
        ask_addresses();
        ask_wrongly();
        ask_for_list();
        close(fd);
    }
    by_library();
    return 0;
}
