/* SPDX-License-Identifier: Apache-2.0 */
/* The machine's network as the user asks for it: a card or none, what it is plugged into, which ports of the
 * host lead inside, and what the kernel is told of it.
 *
 * Behind NETWORK_USER is QEMU's own network: the guest reaches what the host reaches, and is reached through
 * published ports only. Its addresses are always the same, so the kernel is told them and need not ask. */
#pragma once
#include "host/ck/option_cursor.h"
#include "lib/base.h"

enum network_kind { NETWORK_NONE, NETWORK_USER, NETWORK_TAP };

/* A port of the host that leads to one of the guest. */
struct network_port {
    char address[16]; /* of the host, dotted */
    uint16_t host;    /* 0: one that is free, chosen by network_open_ports() */
    uint16_t guest;
    bool is_udp;
};

struct network {
    enum network_kind kind;
    bool is_given;            /* --net was */
    char tap[16];             /* of NETWORK_TAP; Linux's IFNAMSIZ */
    const char *static_words; /* of NETWORK_TAP: "ADDR/PREFIX[,gw=ADDR]"; NULL: by DHCP */
    const char *dns;          /* NULL: what the network says */
    const char *hostname;     /* NULL: the kernel's own name */
    struct network_port *ports;
    size_t port_count;
};

/* False: reported. What is kept of the texts is not copied. */
bool network_parse(struct network *net, const char *text);        /* none|user|tap=NAME[,...] */
bool network_publish(struct network *net, const char *text);      /* [ADDR:]HOST:GUEST[/tcp|/udp] */
bool network_set_dns(struct network *net, const char *text);      /* ADDR */
bool network_set_hostname(struct network *net, const char *text); /* NAME */
/* When all is known: what goes with what. */
bool network_check(struct network *net);
void network_free(struct network *net);

/* Make sure that the ports are free, choose those that were left open, and say which. QEMU takes them a moment
 * later; who is quicker gets QEMU's message instead of ours. */
bool network_open_ports(struct network *net);

/* QEMU's arguments for the card; `transport` is what the machine's devices are plugged into, "device" or "pci". */
void network_arguments(const struct network *net, const char *transport, struct string_list *out);
/* "net=..." for the kernel, owned by the caller; NULL: there is nothing to tell. */
char *network_word(const struct network *net);
