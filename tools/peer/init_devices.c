/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "tools/peer/init_devices.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <net/route.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* To Linux's log, which the console's panic is part of. */
static void complain(const char *what)
{
    int error = errno, log = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
    dprintf(log, "<0>init: %s: %s\n", what, strerror(error));
    close(log);
}

static bool load_module(const char *name)
{
    char path[128];
    snprintf(path, sizeof path, "/peer/modules/%s", name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    bool is_loaded = syscall(SYS_finit_module, fd, "", 0) == 0 || errno == EEXIST;
    if (!is_loaded) complain(path);
    close(fd);
    return is_loaded;
}

bool load_modules(void)
{
    char names[4096];
    int fd = open("/peer/modules/order", O_RDONLY | O_CLOEXEC);
    if (fd < 0) return errno == ENOENT;
    ssize_t bytes = read(fd, names, sizeof names - 1);
    close(fd);
    if (bytes < 0) return false;
    names[bytes] = 0;
    for (char *rest = names, *name; (name = strtok_r(rest, "\n", &rest));)
        if (!load_module(name)) return false;
    return true;
}

static struct sockaddr address(const char *text)
{
    struct sockaddr_in in = { .sin_family = AF_INET };
    struct sockaddr out;
    inet_pton(AF_INET, text, &in.sin_addr);
    memcpy(&out, &in, sizeof out);
    return out;
}

static bool bring_up(int fd, const char *name, const char *ip, const char *mask)
{
    struct ifreq request = { 0 };
    strcpy(request.ifr_name, name);
    request.ifr_addr = address(ip);
    if (ioctl(fd, SIOCSIFADDR, &request) != 0) return false;
    request.ifr_netmask = address(mask);
    if (ioctl(fd, SIOCSIFNETMASK, &request) != 0) return false;
    if (ioctl(fd, SIOCGIFFLAGS, &request) != 0) return false;
    request.ifr_flags |= IFF_UP | IFF_RUNNING;
    return ioctl(fd, SIOCSIFFLAGS, &request) == 0;
}

bool start_network(void)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return errno == EAFNOSUPPORT || errno == ENOSYS;
    bool is_up = bring_up(fd, "lo", "127.0.0.1", "255.0.0.0");
    if (is_up && if_nametoindex("eth0")) {
        struct rtentry route = { .rt_dst = address("0.0.0.0"),
                                 .rt_gateway = address("10.0.2.2"),
                                 .rt_genmask = address("0.0.0.0"),
                                 .rt_flags = RTF_UP | RTF_GATEWAY };
        is_up = bring_up(fd, "eth0", "10.0.2.15", "255.255.255.0") && ioctl(fd, SIOCADDRT, &route) == 0;
    }
    close(fd);
    return is_up;
}
