/* SPDX-License-Identifier: Apache-2.0 */
#include "net/ticks.h"

#include "core/time.h"
#include "net/lwip/lwip.h"
#include "sched/timer.h"

enum {
    NS_PER_MS = 1000000,
    MISSED_MAX = 300, /* an ARP entry lives for so many */
    /* As long as Linux's: a sender that waits for it, as Nagle's rule has it, waits no longer. */
    ACK_DELAY_MS = 40,
};

struct tick {
    void (*call)(void);
    uint32_t period_ms;
    bool (*is_needed)(void); /* NULL: it can wait for as long as nothing happens */
    uint64_t next_ns;        /* 0: it does not run */
};

static struct timer clock_timer;
bool ticks_are_asked_for;

/* ---- confirmations of single segments, which lwIP delays until its fast timer ---- */

static bool acks_wait;

void ticks_ask_for_ack(void)
{
    if (acks_wait) return;
    acks_wait = true;
    ticks_are_asked_for = true;
}

static void send_acks(void)
{
    acks_wait = false;
    tcp_fasttmr();
}

static bool have_acks(void) { return acks_wait; }

/* ---- what else there is to wait for ---- */

bool ticks_look_at_patience;

static void tick_tcp(void) NO_THREAD_SAFETY_ANALYSIS
{
    tcp_tmr();
    if (ticks_look_at_patience) tcp_endpoints_expire();
}

static bool tcp_waits(void) { return tcp_active_pcbs || tcp_tw_pcbs; }

static bool dhcp_waits(void)
{
    struct netif *netif;
    NETIF_FOREACH(netif)
    {
        const struct dhcp *dhcp = netif_dhcp_data(netif);
        if (dhcp && dhcp->request_timeout) return true;
    }
    return false;
}

static bool dhcp_has_lease(void)
{
    struct netif *netif;
    NETIF_FOREACH(netif)
    {
        if (netif_dhcp_data(netif)) return true;
    }
    return false;
}

static bool igmp_waits(void)
{
    struct netif *netif;
    NETIF_FOREACH(netif)
    {
        for (struct igmp_group *g = netif_igmp_data(netif); g; g = g->next)
            if (g->timer) return true;
    }
    return false;
}

static bool mld6_waits(void)
{
    struct netif *netif;
    NETIF_FOREACH(netif)
    {
        for (struct mld_group *g = netif_mld6_data(netif); g; g = g->next)
            if (g->timer) return true;
    }
    return false;
}

/* Routers are asked for, or an address is not known to be nobody else's. */
static bool nd6_waits(void)
{
    struct netif *netif;
    NETIF_FOREACH(netif)
    {
        if (netif->rs_count && netif_is_up(netif) && netif_is_link_up(netif)) return true;
        for (int i = 0; i < LWIP_IPV6_NUM_ADDRESSES; i++)
            if (ip6_addr_istentative(netif_ip6_addr_state(netif, i))) return true;
    }
    return false;
}

static struct tick ticks[] = {
    { send_acks, ACK_DELAY_MS, have_acks, 0 },
    { tick_tcp, TCP_TMR_INTERVAL, tcp_waits, 0 },
    { dhcp_fine_tmr, DHCP_FINE_TIMER_MSECS, dhcp_waits, 0 },
    { dhcp_coarse_tmr, DHCP_COARSE_TIMER_MSECS, dhcp_has_lease, 0 },
    { igmp_tmr, IGMP_TMR_INTERVAL, igmp_waits, 0 },
    { mld6_tmr, MLD6_TMR_INTERVAL, mld6_waits, 0 },
    { nd6_tmr, ND6_TMR_INTERVAL, nd6_waits, 0 },
    { etharp_tmr, ARP_TMR_INTERVAL, NULL, 0 },
    { ip_reass_tmr, IP_TMR_INTERVAL, NULL, 0 },
    { ip6_reass_tmr, IP6_REASS_TMR_INTERVAL, NULL, 0 },
};

static void clock_fired(struct timer *timer)
{
    (void)timer;
    net_wake();
}

static void arm(void)
{
    uint64_t next = UINT64_MAX;
    for (size_t i = 0; i < ARRAY_LENGTH(ticks); i++)
        if (ticks[i].is_needed && ticks[i].next_ns) next = MIN(next, ticks[i].next_ns);
    if (next == UINT64_MAX)
        timer_disarm(&clock_timer);
    else if (!timer_is_armed(&clock_timer) || clock_timer.deadline_ns != next)
        timer_arm(&clock_timer, next);
}

static void run_due(struct tick *t, uint64_t now)
{
    uint64_t period_ns = (uint64_t)t->period_ms * NS_PER_MS;
    for (uint32_t calls = 0; t->next_ns <= now && calls < MISSED_MAX; calls++) {
        t->call();
        t->next_ns += period_ns;
        if (t->is_needed) break; /* those that were missed by somebody who waits are late, not many */
    }
    if (t->next_ns <= now) t->next_ns = now + period_ns;
}

void ticks_run(void)
{
    uint64_t now = time_now_ns();
    for (size_t i = 0; i < ARRAY_LENGTH(ticks); i++)
        if (ticks[i].next_ns && ticks[i].next_ns <= now) run_due(&ticks[i], now);
    ticks_update();
}

void ticks_update(void)
{
    uint64_t now = 0;
    bool changed = false;
    ticks_are_asked_for = false;
    for (size_t i = 0; i < ARRAY_LENGTH(ticks); i++) {
        struct tick *t = &ticks[i];
        if (!t->is_needed || t->is_needed() == (t->next_ns != 0)) continue;
        if (!now) now = time_now_ns();
        t->next_ns = t->next_ns ? 0 : now + (uint64_t)t->period_ms * NS_PER_MS;
        changed = true;
    }
    if (changed || !timer_is_armed(&clock_timer)) arm();
}

void ticks_start(void)
{
    uint64_t now = time_now_ns();
    timer_init(&clock_timer, clock_fired);
    for (size_t i = 0; i < ARRAY_LENGTH(ticks); i++)
        if (!ticks[i].is_needed) ticks[i].next_ns = now + (uint64_t)ticks[i].period_ms * NS_PER_MS;
}

/* lwIP: there is a connection. */
void tcp_timer_needed(void) NO_THREAD_SAFETY_ANALYSIS { ticks_are_asked_for = true; }
/* lwIP's other timers are all in the table. */
void sys_timeouts_init(void) {}
