/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "host/ck/network.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/ck/report.h"

/* Where a published port is open unless an address is given: for this machine only. */
#define LOOPBACK "127.0.0.1"

/* What QEMU's user network gives its first guest. [qemu 7.2 net/slirp.c] */
#define USER_ADDRESS "10.0.2.15/24"
#define USER_GATEWAY "10.0.2.2"
#define USER_DNS     "10.0.2.3"

enum { HOSTNAME_MAX = 64, PREFIX_MAX = 32 }; /* Linux's __NEW_UTS_LEN; bits of an address */

_Static_assert(sizeof((struct network *)0)->tap == IFNAMSIZ, "room for any name of an interface");

/* ---- parsing ---- */

static bool is_address(const char *text, size_t length)
{
    char copy[INET_ADDRSTRLEN];
    struct in_addr address;
    if (length >= sizeof copy) return false;
    memcpy(copy, text, length);
    copy[length] = '\0';
    return inet_pton(AF_INET, copy, &address) == 1;
}

/* ADDR/PREFIX[,gw=ADDR] */
static bool is_static_words(const char *text)
{
    size_t length = strcspn(text, "/");
    uint64_t prefix;
    if (!is_address(text, length) || text[length] != '/') return false;
    if (!parse_digits(text + length + 1, &prefix, &text) || prefix < 1 || prefix > PREFIX_MAX) return false;
    return *text == '\0' || (strncmp(text, ",gw=", 4) == 0 && is_address(text + 4, strlen(text + 4)));
}

static bool parse_tap(struct network *net, const char *text)
{
    size_t length = strcspn(text, ",");
    if (length == 0 || length >= sizeof net->tap || memchr(text, '/', length)) {
        report("--net tap=%s: not the name of an interface", text);
        return false;
    }
    net->kind = NETWORK_TAP;
    memcpy(net->tap, text, length);
    net->tap[length] = '\0';
    net->static_words = text[length] ? text + length + 1 : NULL;
    if (!net->static_words || is_static_words(net->static_words)) return true;
    report("--net tap=%s: what follows the name is not ADDR/PREFIX or ADDR/PREFIX,gw=ADDR", text);
    return false;
}

bool network_parse(struct network *net, const char *text)
{
    net->is_given = true;
    if (strncmp(text, "tap=", 4) == 0) return parse_tap(net, text + 4);
    bool is_user = strcmp(text, "user") == 0;
    if (!is_user && strcmp(text, "none") != 0) {
        report("--net %s: neither none, user nor tap=NAME", text);
        return false;
    }
    net->kind = is_user ? NETWORK_USER : NETWORK_NONE;
    return true;
}

static bool parse_port(const char *text, uint16_t *out_port, const char **out_rest)
{
    uint64_t number;
    if (!parse_digits(text, &number, out_rest) || number > UINT16_MAX) return false;
    *out_port = (uint16_t)number;
    return true;
}

static bool parse_ports(const char *text, struct network_port *out)
{
    const char *colon = strchr(text, ':'), *last = strrchr(text, ':');
    *out = (struct network_port){ .address = LOOPBACK };
    if (colon != last) { /* two of them: an address in front */
        size_t length = (size_t)(colon - text);
        if (!is_address(text, length)) return false;
        memcpy(out->address, text, length);
        out->address[length] = '\0';
        text = colon + 1;
    }
    if (!parse_port(text, &out->host, &text) || *text != ':') return false;
    if (!parse_port(text + 1, &out->guest, &text) || out->guest == 0) return false;
    out->is_udp = strcmp(text, "/udp") == 0;
    return *text == '\0' || out->is_udp || strcmp(text, "/tcp") == 0;
}

bool network_publish(struct network *net, const char *text)
{
    struct network_port port;
    if (strchr(text, '[')) {
        report("-p %s: QEMU's network forwards ports of IPv4 addresses only", text);
        return false;
    }
    if (!parse_ports(text, &port)) {
        report("-p %s: not [ADDRESS:]HOST_PORT:GUEST_PORT[/udp]", text);
        return false;
    }
    for (size_t i = 0; port.host && i < net->port_count; i++) {
        const struct network_port *other = &net->ports[i];
        if (other->host != port.host || other->is_udp != port.is_udp) continue;
        if (strcmp(other->address, port.address) != 0) continue;
        report("-p %s: port %u is published twice", text, port.host);
        return false;
    }
    net->ports = must_realloc(net->ports, (net->port_count + 1) * sizeof *net->ports);
    net->ports[net->port_count++] = port;
    return true;
}

bool network_set_dns(struct network *net, const char *text)
{
    net->dns = text;
    if (is_address(text, strlen(text))) return true;
    report("--dns %s: not an IPv4 address", text);
    return false;
}

bool network_set_hostname(struct network *net, const char *text)
{
    static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.";
    size_t length = strlen(text);
    net->hostname = text;
    if (length > 0 && length <= HOSTNAME_MAX && strspn(text, good) == length && text[0] != '-') return true;
    report("--hostname %s: not a name of at most %d letters, digits, dots and hyphens", text, HOSTNAME_MAX);
    return false;
}

bool network_check(struct network *net)
{
    if (net->port_count > 0 && !net->is_given) net->kind = NETWORK_USER;
    const char *need = net->port_count > 0 ? "-p" : net->dns ? "--dns" : NULL;
    if (need && net->kind == NETWORK_NONE) {
        report("%s needs a network: give --net user%s", need, net->port_count > 0 ? "" : " or tap=NAME");
        return false;
    }
    if (net->port_count > 0 && net->kind == NETWORK_TAP) {
        report("-p does not go with --net tap=%s: the guest has an address of its own there", net->tap);
        return false;
    }
    return true;
}

void network_free(struct network *net)
{
    free(net->ports);
    net->ports = NULL;
    net->port_count = 0;
}

/* ---- ports of the host ---- */

static bool open_port(struct network_port *port)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(port->host) };
    socklen_t bytes = sizeof at;
    int yes = 1;
    int fd = socket(AF_INET, (port->is_udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0);
    /* As QEMU does it: what a closed connection left behind is no obstacle. */
    bool is_good = fd >= 0 && inet_pton(AF_INET, port->address, &at.sin_addr) == 1 &&
                   (port->is_udp || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0) &&
                   bind(fd, (struct sockaddr *)&at, sizeof at) == 0 && (port->is_udp || listen(fd, 1) == 0) &&
                   getsockname(fd, (struct sockaddr *)&at, &bytes) == 0;
    if (!is_good) report_errno("-p: port %u of %s cannot be had", port->host, port->address);
    bool is_chosen = is_good && port->host == 0;
    if (is_chosen) port->host = ntohs(at.sin_port);
    if (is_chosen)
        report("port %u of %s leads to the guest's %u/%s", port->host, port->address, port->guest,
               port->is_udp ? "udp" : "tcp");
    if (fd >= 0) close(fd);
    return is_good;
}

bool network_open_ports(struct network *net)
{
    for (size_t i = 0; i < net->port_count; i++)
        if (!open_port(&net->ports[i])) return false;
    return true;
}

/* ---- for QEMU and the kernel ---- */

static char *user_backend(const struct network *net)
{
    char *backend = must_copy_string("user,id=net");
    for (size_t i = 0; i < net->port_count; i++) {
        const struct network_port *port = &net->ports[i];
        char *longer = must_format("%s,hostfwd=%s:%s:%u-:%u", backend, port->is_udp ? "udp" : "tcp",
                                   port->address, port->host, port->guest);
        free(backend);
        backend = longer;
    }
    return backend;
}

/* Locally administered, and the same for the same interface: machines on one bridge need different ones. */
static uint32_t tap_number(const char *name)
{
    uint32_t hash = 0x811c9dc5; /* FNV-1a [draft-eastlake-fnv 2] */
    for (; *name; name++) hash = (hash ^ (uint8_t)*name) * 0x01000193;
    return hash & 0xffffff;
}

void network_arguments(const struct network *net, const char *transport, struct string_list *out)
{
    if (net->kind == NETWORK_NONE) return;
    bool is_tap = net->kind == NETWORK_TAP;
    uint32_t number = is_tap ? tap_number(net->tap) : 0x123456;
    char *backend =
        is_tap ? must_format("tap,id=net,ifname=%s,script=no,downscript=no", net->tap) : user_backend(net);
    char *card = must_format("virtio-net-%s,netdev=net,mac=52:54:00:%02x:%02x:%02x%s", transport,
                             number >> 16, number >> 8 & 0xff, number & 0xff,
                             strcmp(transport, "pci") == 0 ? ",disable-legacy=on,romfile=" : "");
    string_list_add(out, "-netdev");
    string_list_add(out, backend);
    string_list_add(out, "-device");
    string_list_add(out, card);
    free(backend);
    free(card);
}

char *network_word(const struct network *net)
{
    const char *dns = net->dns;
    switch (net->kind) {
    case NETWORK_NONE: break;
    case NETWORK_USER:
        return must_format("net=" USER_ADDRESS ",gw=" USER_GATEWAY ",dns=%s", dns ? dns : USER_DNS);
    case NETWORK_TAP:
        return must_format("net=%s%s%s", net->static_words ? net->static_words : "dhcp", dns ? ",dns=" : "",
                           dns ? dns : "");
    }
    return NULL;
}
