/* SPDX-License-Identifier: Apache-2.0 */
/* What firmware has left out: addresses of BARs and windows of bridges.
 *
 * Two rooms are filled from below, bus by bus, so that what is behind a bridge lies in one piece of each and the piece is
 * the bridge's window. Prefetchable BARs of 64 bits, which may be larger than all that is left below 4 GiB, go above it;
 * everything else goes below. A bridge that firmware has set up keeps its windows: behind it nothing is placed. */
#include "core/log.h"
#include "device/pci_internal.h"

enum { WINDOW_ALIGN = 1 << 20 }; /* of a bridge's windows [pci-bridge-1.2 3.2.5.8] */
#define LOW_END (1ull << 32)

/* ---- rooms ---- */

static void skip_used(struct pci_room *room, const struct pci_bar *bar)
{
    uint64_t end = bar->base + bar->bytes;
    if (bar->base < room->end && end > room->next) room->next = MIN(end, room->end);
}

void pci_skip_used(const struct pci_device *devices, struct pci_rooms *rooms)
{
    for (const struct pci_device *d = devices; d; d = d->next)
        for (uint32_t i = 0; i < PCI_BARS; i++) {
            const struct pci_bar *bar = &d->bars[i];
            if (bar->is_io || !bar->base || !bar->bytes || bar->base > UINT64_MAX - bar->bytes) continue;
            skip_used(&rooms->low, bar);
            skip_used(&rooms->high, bar);
        }
}

/* 0: there is no room. */
static uint64_t take(struct pci_room *room, uint64_t bytes)
{
    uint64_t align = MAX(bytes, (uint64_t)PAGE_BYTES), base = align_up(room->next, align);
    if (base < room->next || base > room->end || bytes > room->end - base) return 0;
    room->next = base + bytes;
    return base;
}

/* ---- BARs ---- */

/* Behind a bridge the window above 4 GiB is for prefetchable memory only. */
static uint64_t place(const struct pci_device *d, const struct pci_bar *bar, struct pci_rooms *rooms)
{
    bool can_be_high = bar->is_64 && (bar->is_prefetchable || !d->bridge);
    uint64_t base = bar->is_64 && bar->is_prefetchable ? take(&rooms->high, bar->bytes) : 0;
    if (!base) base = take(&rooms->low, bar->bytes);
    if (!base && can_be_high) base = take(&rooms->high, bar->bytes);
    return base;
}

static bool is_to_be_placed(const struct pci_bar *bar) { return !bar->is_io && bar->bytes && !bar->base; }

static void place_bars(struct pci_device *d, struct pci_rooms *rooms)
{
    bool has_changed = false;
    for (uint32_t i = 0; i < PCI_BARS; i++) {
        struct pci_bar *bar = &d->bars[i];
        if (!is_to_be_placed(bar)) continue;
        if (!d->bridge || d->bridge->is_ours) bar->base = place(d, bar, rooms);
        if (bar->base)
            log_debug("pci %02x:%02x.%u: BAR %u at %llx", d->bus, d->slot, d->function, i,
                      (unsigned long long)bar->base);
        else
            log_warning("pci %02x:%02x.%u: no room for BAR %u of %llu KiB", d->bus, d->slot, d->function, i,
                        (unsigned long long)bar->bytes >> 10);
        has_changed |= bar->base != 0;
    }
    if (has_changed) pci_write_bars(d);
}

/* ---- bridges ---- */

static uint32_t window_of(uint64_t first, uint64_t end)
{
    if (first == end) return 0xfff0; /* base above limit: shut */
    return (uint32_t)(first >> 16 & 0xfff0) | (uint32_t)((end - 1) >> 16 & 0xfff0) << 16;
}

static void write_windows(const struct pci_device *bridge, const struct pci_room *low,
                          const struct pci_room *high)
{
    pci_write(bridge, PCI_BRIDGE_MEMORY_BASE, 4, window_of(low->next, low->end));
    pci_write(bridge, PCI_BRIDGE_PREFETCH_BASE, 4, window_of(high->next, high->end));
    pci_write(bridge, PCI_BRIDGE_PREFETCH_BASE_HIGH, 4, (uint32_t)(high->next >> 32));
    pci_write(bridge, PCI_BRIDGE_PREFETCH_BASE_HIGH + 4, 4, (uint32_t)((high->end - 1) >> 32));
}

static void place_bus(struct pci_device *devices, const struct pci_device *bridge, struct pci_rooms *rooms);

static void place_behind(struct pci_device *devices, const struct pci_device *bridge, struct pci_rooms *rooms)
{
    struct pci_room none = { 0, 0 }, *high = &rooms->high;
    if (!(pci_read(bridge, PCI_BRIDGE_PREFETCH_BASE, 2) & PCI_BRIDGE_PREFETCH_64)) high = &none;
    struct pci_rooms inside = { { align_up(rooms->low.next, WINDOW_ALIGN), rooms->low.end },
                                { align_up(high->next, WINDOW_ALIGN), high->end } };
    struct pci_room low_used = { inside.low.next, 0 }, high_used = { inside.high.next, 0 };
    place_bus(devices, bridge, &inside);
    low_used.end = align_up(inside.low.next, WINDOW_ALIGN);
    high_used.end = align_up(inside.high.next, WINDOW_ALIGN);
    write_windows(bridge, &low_used, &high_used);
    if (low_used.next != low_used.end) rooms->low.next = low_used.end;
    if (high_used.next != high_used.end) high->next = high_used.end;
}

static void place_bus(struct pci_device *devices, const struct pci_device *bridge, struct pci_rooms *rooms)
{
    for (struct pci_device *d = devices; d; d = d->next)
        if (d->bridge == bridge) place_bars(d, rooms);
    for (struct pci_device *d = devices; d; d = d->next)
        if (d->bridge == bridge && d->is_ours) place_behind(devices, d, rooms);
}

void pci_assign(struct pci_device *devices, struct pci_rooms rooms)
{
    rooms.low.end = MIN(rooms.low.end, LOW_END);
    place_bus(devices, NULL, &rooms);
    /* Those behind bridges of the firmware's have not been looked at. */
    for (struct pci_device *d = devices; d; d = d->next)
        if (d->bridge && !d->bridge->is_ours) place_bars(d, &rooms);
}
