/* SPDX-License-Identifier: Apache-2.0 */
/* What lwIP asks of its system: arch/cc.h and hooks.h. */
#include "core/entropy.h"
#include "core/panic.h"
#include "core/time.h"
#include "lib/random.h"
#include "lib/string.h"
#include "net/checksum.h"
#include "net/loopback.h"
#include "net/lwip/lwip.h"
#include "net/lwip/hooks.h"
#include "net/stack.h"

void lwip_port_assert(const char *what) { panic("lwip: %s", what); }

uint32_t lwip_port_random(void) { return (uint32_t)entropy_u64(); }

uint16_t lwip_port_checksum(const void *data, int bytes) { return net_checksum(data, (size_t)bytes); }

void lwip_port_expect_locked(void) { DEBUG_ASSERT(net_mutex.owner); }

uint32_t sys_now(void) { return (uint32_t)(time_now_ns() / 1000000); }

static void put_address(uint32_t out[4], const ip_addr_t *address)
{
    if (IP_IS_V6(address))
        memcpy(out, ip_2_ip6(address)->addr, 16);
    else
        out[0] = ip_2_ip4(address)->addr;
}

/* A clock of 4 microseconds plus what only this machine can compute of the four numbers: one block of ChaCha20 over
 * them, with a key of its own. So a connection between the same ports begins above its predecessor, and others learn
 * nothing from it. */
u32_t lwip_port_first_sequence(const ip_addr_t *local, u16_t local_port, const ip_addr_t *remote,
                               u16_t remote_port)
{
    static uint32_t key[7];
    static bool has_key;
    if (!has_key) entropy_read(key, sizeof(key));
    has_key = true;
    uint32_t state[16] = { 0 }, block[16];
    put_address(&state[0], local);
    put_address(&state[4], remote);
    state[8] = (uint32_t)local_port << 16 | remote_port;
    memcpy(&state[9], key, sizeof(key));
    chacha20_block(state, (uint8_t *)block);
    return block[9] + (uint32_t)(time_now_ns() / 4000);
}

int lwip_port_is_foreign(struct pbuf *packet, struct netif *netif)
{
    const struct ip_hdr *header = packet->payload;
    bool is_loopback = netif_get_index(netif) == LOOPBACK_INTERFACE;
    if (is_loopback || packet->len < IP_HLEN || (lwip_ntohl(header->src.addr) >> 24) != IP_LOOPBACKNET)
        return 0;
    pbuf_free(packet);
    return 1;
}
