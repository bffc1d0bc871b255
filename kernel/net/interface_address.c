/* SPDX-License-Identifier: Apache-2.0 */
/* Which addresses interfaces of devices have: by DHCP and router advertisements, or as the command line says. */
#include "core/log.h"
#include "core/time.h"
#include "lib/string.h"
#include "net/interface_internal.h"
#include "net/name_servers.h"

enum { PREFIX_BITS_V4 = 32, PREFIX_BITS_V6 = 128 };

/* The value of net=; written before any interface is made. */
static struct {
    bool is_static;
    ip4_addr_t address, mask, gateway;
    ip6_addr_t address6;
    bool has_address6;
} config;

static ip_addr_t name_servers[NAME_SERVERS_MAX];
static uint32_t name_server_count;
static struct wait_queue changes = WAIT_QUEUE_INIT(changes); /* whoever waits for addresses */

/* ---- the command line ---- */

static bool take_number(const char **at, uint32_t most, uint32_t *out)
{
    *out = 0;
    if (**at < '0' || **at > '9') return false;
    for (; **at >= '0' && **at <= '9' && *out <= most; ++*at) *out = *out * 10 + (uint32_t)(**at - '0');
    return *out <= most;
}

/* lwIP's reader of addresses wants the text to end where the address does. */
static bool read_address(const char *text, ip_addr_t *out) { return ipaddr_aton(text, out); }

static bool read_own_address(char *word)
{
    ip_addr_t address;
    uint32_t bits;
    char *slash = strchr(word, '/');
    if (!slash) return false;
    *slash = 0;
    const char *number = slash + 1;
    if (!read_address(word, &address)) return false;
    if (!take_number(&number, IP_IS_V6(&address) ? PREFIX_BITS_V6 : PREFIX_BITS_V4, &bits) || *number)
        return false;
    if (IP_IS_V6(&address)) {
        ip6_addr_copy(config.address6, *ip_2_ip6(&address));
        return config.has_address6 = bits == 64; /* lwIP knows no others */
    }
    ip4_addr_copy(config.address, *ip_2_ip4(&address));
    config.mask.addr = bits ? lwip_htonl(~0u << (PREFIX_BITS_V4 - bits)) : 0;
    return true;
}

static bool read_gateway(const char *text)
{
    ip_addr_t address;
    if (!read_address(text, &address) || !IP_IS_V4(&address)) return false;
    ip4_addr_copy(config.gateway, *ip_2_ip4(&address));
    return true;
}

static bool read_name_server(const char *text)
{
    if (name_server_count == NAME_SERVERS_MAX || !read_address(text, &name_servers[name_server_count]))
        return false;
    name_server_count++;
    return true;
}

static bool read_word(char *word)
{
    if (!strncmp(word, "gw=", 3)) return read_gateway(word + 3);
    if (!strncmp(word, "dns=", 4)) return read_name_server(word + 4);
    return read_own_address(word);
}

bool interface_configure(const char *text)
{
    char words[160];
    memset(&config, 0, sizeof(config));
    name_server_count = 0;
    if (!strcmp(text, "dhcp")) return true;
    if (strlen(text) >= sizeof(words)) return false;
    memcpy(words, text, strlen(text) + 1);
    bool is_good = true;
    for (char *word = words, *next; word && is_good; word = next) {
        next = strchr(word, ',');
        if (next) *next++ = 0;
        is_good = read_word(word);
    }
    config.is_static = is_good && (config.address.addr || config.has_address6);
    return config.is_static;
}

/* ---- lwIP's resolver, of which DHCP tells the servers ---- */

void dns_init(void) {}

void dns_setserver(u8_t number, const ip_addr_t *server)
{
    if (number >= NAME_SERVERS_MAX || ip_addr_isany(server)) return;
    ip_addr_copy(name_servers[number], *server);
    name_server_count = MAX(name_server_count, number + 1u);
}

uint32_t name_servers_read(struct net_address out[NAME_SERVERS_MAX])
{
    net_lock();
    uint32_t count = name_server_count;
    for (uint32_t i = 0; i < count; i++) net_address_from_lwip(&out[i], &name_servers[i], 0);
    net_unlock();
    return count;
}

/* ---- giving them ---- */

static void status_changed(struct netif *netif)
{
    char text[IPADDR_STRLEN_MAX];
    struct interface *interface = netif->state;
    /* lwIP also calls when a lease is renewed or an IPv6 address changes its state. */
    if (!ip4_addr_cmp(netif_ip4_addr(netif), &interface->told) && !ip4_addr_isany(netif_ip4_addr(netif)))
        log_info("%s: %s", interface->name, ip4addr_ntoa_r(netif_ip4_addr(netif), text, sizeof(text)));
    ip4_addr_copy(interface->told, *netif_ip4_addr(netif));
    wait_wake_all(&changes);
}

static void give_static(struct interface *interface) REQUIRES(net_mutex)
{
    s8_t index;
    struct netif *netif = &interface->netif;
    netif_set_addr(netif, &config.address, &config.mask, &config.gateway);
    if (config.has_address6 && netif_add_ip6_address(netif, &config.address6, &index) != ERR_OK)
        log_warning("%s: no room for its IPv6 address", interface->name);
}

void interface_give_address(struct interface *interface)
{
    struct netif *netif = &interface->netif;
    netif_set_status_callback(netif, status_changed);
    if (!netif_default) netif_set_default(netif);
    netif_set_ip6_autoconfig_enabled(netif, 1);
    netif_create_ip6_linklocal_address(netif, 1);
    if (config.is_static)
        give_static(interface);
    else if (dhcp_start(netif) != ERR_OK)
        log_error("%s: DHCP did not start: out of memory", interface->name);
}

/* IPv4's: what IPv6 has is used when it is there. */
static bool have_addresses(void)
{
    net_lock();
    bool result = true;
    for (uint32_t i = 0; i < interface_count; i++) {
        const struct netif *netif = &interfaces[i]->netif;
        bool waits = netif_dhcp_data(netif) && !dhcp_supplied_address(netif);
        if (waits && netif_is_link_up(netif) && !interfaces[i]->device->is_broken) result = false;
    }
    net_unlock();
    return result;
}

void interfaces_wait(uint64_t deadline_ns)
{
    err_t e = OK;
    while (!failed(e) && !have_addresses()) {
        /* A change in between would be slept over: so not for long. */
        uint64_t soon = MIN(deadline_ns, time_now_ns() + 20000000);
        spin_lock(&changes.lock);
        err_t woken = wait_sleep_until_locked(&changes, soon);
        spin_unlock(&changes.lock);
        (void)woken;
        if (time_now_ns() >= deadline_ns) e = ERR_TIMED_OUT;
    }
    if (failed(e)) log_warning("network: no address by DHCP yet; the program starts without one");
}
