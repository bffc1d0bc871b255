/* SPDX-License-Identifier: Apache-2.0 */
/* The API, with an IOMMU made of plain arithmetic. The driver is tested in QEMU: dma_ktest.c. */
#include "device/dma.h"

#include <string.h>

#include "device/pci.h"
#include "mm/charge.h"
#include "mm/direct_map.h"
#include "mm/frame.h"
#include "tests/fakes/fake_heap.h"
#include "tests/fakes/fake_kernel.h"
#include "tests/harness/test.h"

/* ---- PCI and frames ---- */

static struct pci_device second = { .bus = 1, .slot = 2, .function = 3, .vendor = 0x1234, .id = 0x11e8 };
static struct pci_device device = { .bars[0] = { .base = 0xe0000000, .bytes = 0x1000 },
                                    .bars[1] = { .base = 0xc000, .bytes = 0x40, .is_io = true },
                                    .bars[2] = { .base = 0x900000000, .bytes = 0x1000, .is_64 = true },
                                    .next = &second };
struct pci_device *pci_first(void) { return &device; }

static uint64_t run_frames;
static bool runs_are_out;
paddr_t frame_alloc_run(uint64_t count, uint64_t align_bytes)
{
    static uint8_t memory[16 * PAGE_BYTES] ALIGNED(PAGE_BYTES);
    (void)align_bytes;
    if (runs_are_out) return PADDR_NONE;
    run_frames += count;
    memset(memory, 0xa5, sizeof memory);
    return direct_map_to_paddr(memory);
}
void frame_free_run(paddr_t first, uint64_t count)
{
    (void)first;
    run_frames -= count;
}

/* ---- the IOMMU: addresses count up from 1 MiB ---- */

static struct iommu_domain domain;
static uint64_t next_address, mapped_bytes;
static uint32_t attached, maps_left;
static bool is_unguarded; /* no unit is in charge of the device */

static err_t attach(struct pci_device *pci, struct iommu_domain **out);
static void detach(struct iommu_domain *d)
{
    (void)d;
    attached--;
}
static err_t map(struct iommu_domain *d, const struct dma_piece *pieces, uint32_t count,
                 enum iommu_rights rights, uint64_t last, dma_t *out)
{
    uint64_t bytes = 0;
    (void)d, (void)rights, (void)last;
    if (!maps_left) return ERR_NO_SPACE;
    maps_left--;
    for (uint32_t i = 0; i < count;) bytes += iommu_next_pages(pieces, count, &i).bytes;
    *out = (dma_t){ next_address + pieces[0].memory.raw % PAGE_BYTES };
    next_address += bytes;
    mapped_bytes += bytes;
    return OK;
}
static void unmap(struct iommu_domain *d, dma_t address, uint64_t bytes)
{
    (void)d;
    mapped_bytes -= align_up(address.raw + bytes, PAGE_BYTES) - align_down(address.raw, PAGE_BYTES);
}
static const struct iommu_ops ops = { attach, detach, map, unmap };
static err_t attach(struct pci_device *pci, struct iommu_domain **out)
{
    if (!pci->vendor && is_unguarded) return ERR_NOT_SUPPORTED;
    attached++;
    iommu_domain_init(&domain, &ops);
    *out = &domain;
    return OK;
}

static struct dma_client client;
static void start(const struct iommu_ops *iommu, uint32_t bits)
{
    fake_kernel_reset();
    iommu_ops = iommu;
    next_address = 0x100000;
    maps_left = UINT32_MAX;
    runs_are_out = false;
    EXPECT_OK(dma_start(&client, &device, bits));
}

TEST(without_an_iommu_addresses_are_physical_and_must_be_ones_that_the_device_can_form)
{
    dma_t address;
    start(NULL, 28);
    EXPECT_OK(dma_map(&client, PADDR(0xfffff00), 0x100, DMA_BOTH, &address));
    EXPECT_EQ(address.raw, 0xfffff00);
    EXPECT_ERR(dma_map(&client, PADDR(0xfffff00), 0x101, DMA_BOTH, &address), ERR_RANGE);
    EXPECT_ERR(dma_map(&client, PADDR(0x1000), 0, DMA_BOTH, &address), ERR_INVALID);
    EXPECT_ERR(dma_map(&client, PADDR(UINT64_MAX - 1), 4, DMA_BOTH, &address), ERR_INVALID);
    dma_stop(&client);
    start(NULL, 64);
    EXPECT_OK(dma_map(&client, PADDR((1ull << 52) - 1), 1, DMA_BOTH, &address));
    dma_stop(&client);
}

TEST(memory_for_both_sides_is_zeroed_charged_and_given_back)
{
    struct dma_memory memory;
    uint64_t before = charge_read().total;
    start(&ops, 64);
    EXPECT_OK(dma_alloc(&client, PAGE_BYTES + 1, &memory));
    EXPECT(memory.bytes == 2 * PAGE_BYTES && memory.address.raw == 0x100000 && run_frames == 2);
    for (uint64_t i = 0; i < memory.bytes; i++) EXPECT(((uint8_t *)memory.at)[i] == 0);
    EXPECT_EQ(charge_read().total, before + 2);
    dma_free(&client, &memory);
    dma_free(&client, &memory);
    EXPECT(!run_frames && !mapped_bytes && charge_read().total == before);

    maps_left = 0;
    EXPECT_ERR(dma_alloc(&client, 1, &memory), ERR_NO_SPACE);
    runs_are_out = true;
    EXPECT_ERR(dma_alloc(&client, 1, &memory), ERR_NO_MEMORY);
    EXPECT_ERR(dma_alloc(&client, 0, &memory), ERR_INVALID);
    EXPECT(!memory.at && !run_frames && charge_read().total == before);
    dma_stop(&client);
    EXPECT_EQ(attached, 0);
}

static const struct dma_piece scattered[] = {
    { { 0x10000 }, 0x1800 }, { { 0x11800 }, 0x800 }, /* follows, in the middle of a page */
    { { 0x30000 }, 0x1000 },                         /* meets at a page */
    { { 0x50010 }, 0x20 },                           /* does not */
    { { 0x50030 }, 0xfd0 },                          /* follows, and ends with the page */
    { { 0x90000 }, 0x10 },
};

TEST(scattered_pieces_become_segments_where_they_follow_each_other)
{
    struct dma_segment segments[ARRAY_LENGTH(scattered)];
    uint32_t used;
    start(NULL, 64);
    EXPECT_OK(dma_map_list(&client, scattered, ARRAY_LENGTH(scattered), DMA_BOTH, segments, &used));
    EXPECT_EQ(used, 4);
    EXPECT(segments[0].address.raw == 0x10000 && segments[0].bytes == 0x2000);
    EXPECT(segments[2].address.raw == 0x50010 && segments[2].bytes == 0xff0);
    dma_stop(&client);
}

TEST(an_iommu_joins_pieces_that_meet_at_pages)
{
    struct dma_segment segments[ARRAY_LENGTH(scattered)];
    uint32_t used;
    start(&ops, 64);
    EXPECT_OK(dma_map_list(&client, scattered, ARRAY_LENGTH(scattered), DMA_BOTH, segments, &used));
    EXPECT_EQ(used, 2);
    EXPECT(segments[0].address.raw == 0x100000 && segments[0].bytes == 0x3000);
    EXPECT(segments[1].address.raw == 0x103010 && segments[1].bytes == 0xff0 + 0x10);
    EXPECT_EQ(mapped_bytes, 0x5000);
    dma_unmap_list(&client, segments, used);
    EXPECT_EQ(mapped_bytes, 0);
    maps_left = 1;
    EXPECT_ERR(dma_map_list(&client, scattered, ARRAY_LENGTH(scattered), DMA_BOTH, segments, &used),
               ERR_NO_SPACE);
    EXPECT(used == 0 && mapped_bytes == 0);
    dma_stop(&client);
}

TEST(a_device_that_no_unit_is_in_charge_of_has_physical_addresses)
{
    dma_t address;
    is_unguarded = true;
    start(&ops, 32);
    is_unguarded = false;
    EXPECT(!client.domain && !attached);
    EXPECT_OK(dma_map(&client, PADDR(0x123456), 10, DMA_BOTH, &address));
    EXPECT_EQ(address.raw, 0x123456);
    dma_stop(&client);
}

TEST(where_the_iommu_lets_physical_addresses_pass_nothing_is_mapped)
{
    struct dma_segment segments[ARRAY_LENGTH(scattered)];
    uint32_t used;
    dma_t address;
    start(&ops, 28);
    domain.is_identity = true;
    maps_left = 0;
    EXPECT_OK(dma_map(&client, PADDR(0x123456), 10, DMA_BOTH, &address));
    EXPECT_EQ(address.raw, 0x123456);
    dma_unmap(&client, address, 10);
    EXPECT_ERR(dma_map(&client, PADDR(1ull << 28), 1, DMA_BOTH, &address), ERR_RANGE);
    EXPECT_OK(dma_map_list(&client, scattered, ARRAY_LENGTH(scattered), DMA_BOTH, segments, &used));
    EXPECT_EQ(used, 4);
    dma_stop(&client);
    EXPECT_EQ(attached, 0);
}

TEST(domains_leave_out_where_devices_and_interrupt_controllers_answer)
{
    start(&ops, 64);
    EXPECT(domain.rooms[0].first == 0x100000 && domain.rooms[0].last == 0xdfffffff);
    EXPECT(domain.rooms[1].first == 1ull << 32 && domain.rooms[1].last == 0x8ffffffff);
    dma_stop(&client);
}

TEST(a_device_at_the_very_beginning_of_a_room_leaves_nothing_of_it)
{
    second.bars[0] = (struct pci_bar){ .base = 1ull << 32, .bytes = 0x1000 };
    start(&ops, 64);
    EXPECT(domain.rooms[1].last < domain.rooms[1].first && domain.rooms[0].last == 0xdfffffff);
    dma_stop(&client);
    second.bars[0].bytes = 0;
}

TEST(faults_are_counted_and_told_ever_more_rarely)
{
    struct iommu_fault last, fault = { 0, 1 << 8 | 2 << 3 | 3, 0xabc000, true, "for a test" };
    bool is_too_many = false;
    uint32_t n = 0, lines = 0;
    fake_kernel_reset();
    uint64_t before = iommu_faults(NULL);
    while (!is_too_many && n < 10000) is_too_many = iommu_report(&fault), n++;
    EXPECT_EQ(n, 4096);
    EXPECT(second.dma_faults == n && device.dma_faults == 0);
    EXPECT_EQ(iommu_faults(&last), before + n);
    EXPECT(last.address == 0xabc000 && last.source == fault.source);
    for (const char *at = fake_log_text; (at = strchr(at, '\n')); at++) lines++;
    EXPECT_EQ(lines, 8 + 9);
    EXPECT(strstr(fake_log_text,
                  "iommu: 01:02.3 (1234:11e8) may not write abc000: for a test (fault 1 of this device)"));
}
