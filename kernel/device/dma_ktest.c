/* SPDX-License-Identifier: Apache-2.0 */
/* DMA by a device that copies on command: QEMU's edu. [qemu docs/specs/edu.txt] tools/run_iommu_ktest.sh starts machines with
 * it, with an IOMMU and without. Where PCI is not looked at there is nothing to test. */
#include "device/dma.h"

#include "core/time.h"
#include "device/pci.h"
#include "lib/string.h"
#include "mm/direct_map.h"
#include "mm/frame.h"
#include "sched/thread.h"
#include "tests/harness/test.h"

enum {
    EDU_VENDOR = 0x1234,
    EDU_DEVICE = 0x11e8,
    EDU_RAISE = 0x60, /* interrupts, with this status */
    EDU_STATUS = 0x24,
    EDU_ACKNOWLEDGE = 0x64,
    EDU_FROM = 0x80,
    EDU_TO = 0x88,
    EDU_COUNT = 0x90,
    EDU_COMMAND = 0x98,
    EDU_START = 1,
    EDU_OUT = 2, /* from the device to memory */
    EDU_INTERRUPT = 4,
    EDU_DONE = 0x100,     /* the status of such an interrupt */
    EDU_BUFFER = 0x40000, /* as the device addresses it, 4 KiB, of which QEMU 7.2 refuses the last byte */
    COPY_BYTES = 2048,
    EDU_BITS = 28,
    EDU_REGISTERS = 0x1000,
    WAIT_MS = 3000, /* a copy takes 100 ms of the machine's time */
};

static struct pci_device *edu;
static struct mmio regs;
static struct dma_client client;
static volatile uint32_t interrupts, interrupt_status;

static void count(void *context)
{
    (void)context;
    uint32_t status = mmio_read32(&regs, EDU_STATUS);
    mmio_write32(&regs, EDU_ACKNOWLEDGE, status);
    interrupt_status = status;
    __atomic_add_fetch(&interrupts, 1, __ATOMIC_RELEASE);
}

static void wait_until(bool (*is_so)(uint64_t than), uint64_t than)
{
    for (uint32_t ms = 0; ms < WAIT_MS && !is_so(than); ms++) thread_sleep_until_ns(time_now_ns() + 1000000);
}
static bool has_done(uint64_t unused)
{
    (void)unused;
    return !(mmio_read32(&regs, EDU_COMMAND) & EDU_START);
}
static bool has_interrupted_more(uint64_t than) { return interrupts > than; }
static bool has_faulted_more(uint64_t than) { return iommu_faults(NULL) > than; }

/* False: there is nothing to test here. */
static bool start(void)
{
    if (!pci_first()) return false;
    edu = pci_find(NULL, EDU_VENDOR, EDU_DEVICE);
    EXPECT(edu);
    if (!edu) return false;
    if (!regs.base) EXPECT_OK(pci_map_bar(edu, 0, 0, EDU_REGISTERS, &regs));
    EXPECT_OK(dma_start(&client, edu, EDU_BITS));
    pci_enable(edu);
    return true;
}

static void stop(void)
{
    pci_disable_master(edu);
    dma_stop(&client);
}

/* The device reaches what is mapped and nothing else. */
static bool is_guarded(void) { return client.domain && !client.domain->is_identity; }

static void copy(uint64_t from, uint64_t to, uint64_t bytes, uint32_t flags)
{
    mmio_write64(&regs, EDU_FROM, from);
    mmio_write64(&regs, EDU_TO, to);
    mmio_write64(&regs, EDU_COUNT, bytes);
    mmio_write64(&regs, EDU_COMMAND, EDU_START | flags);
    wait_until(has_done, 0);
    EXPECT(has_done(0));
}
static void copy_in(dma_t from, uint64_t bytes) { copy(from.raw, EDU_BUFFER, bytes, 0); }
static void copy_out(dma_t to, uint64_t bytes) { copy(EDU_BUFFER, to.raw, bytes, EDU_OUT); }

static void fill(uint8_t *at, uint64_t bytes, uint8_t seed)
{
    for (uint64_t i = 0; i < bytes; i++) at[i] = (uint8_t)(seed + i * 7);
}
static bool is_filled(const uint8_t *at, uint64_t bytes, uint8_t seed)
{
    uint64_t i = 0;
    while (i < bytes && at[i] == (uint8_t)(seed + i * 7)) i++;
    return i == bytes;
}

TEST(edu_copies_through_memory_for_both_sides_and_interrupts_by_a_message)
{
    struct dma_memory memory;
    if (!start()) return;
    test_note("edu: %s", is_guarded() ? "behind an IOMMU" : client.domain ? "identity" : "no IOMMU");
    EXPECT_OK(dma_alloc(&client, 2 * PAGE_BYTES, &memory));
    EXPECT_OK(pci_msi_attach(edu, 0, count, NULL));
    EXPECT_ERR(pci_msi_attach(edu, 0, count, NULL), ERR_BUSY);
    uint8_t *at = memory.at;
    EXPECT(is_filled(at + PAGE_BYTES, 1, 0) && memory.address.raw + memory.bytes <= 1ull << EDU_BITS);
    fill(at, PAGE_BYTES, 3);
    copy_in(memory.address, COPY_BYTES);
    uint32_t before = interrupts;
    copy(EDU_BUFFER, memory.address.raw + PAGE_BYTES, COPY_BYTES, EDU_OUT | EDU_INTERRUPT);
    wait_until(has_interrupted_more, before);
    EXPECT(interrupts == before + 1 && interrupt_status == EDU_DONE);
    EXPECT(is_filled(at + PAGE_BYTES, COPY_BYTES, 3));
    pci_msi_detach(edu);
    mmio_write32(&regs, EDU_RAISE, 1);
    thread_sleep_until_ns(time_now_ns() + 20000000);
    EXPECT_EQ(interrupts, before + 1);
    mmio_write32(&regs, EDU_ACKNOWLEDGE, 1);
    dma_free(&client, &memory);
    EXPECT(!memory.at);
    stop();
}

/* ---- refused ---- */

/* What a DMA of `bytes` at a place that the device may not touch does: nothing, but for the fault. */
static void expect_refused(uint64_t address, uint64_t bytes, bool is_write, const char *why)
{
    struct iommu_fault fault = { 0 };
    uint64_t before = iommu_faults(NULL), of_device = edu->dma_faults;
    if (is_write)
        copy_out((dma_t){ address }, bytes);
    else
        copy_in((dma_t){ address }, bytes);
    wait_until(has_faulted_more, before);
    EXPECT(iommu_faults(&fault) > before && edu->dma_faults > of_device);
    EXPECT_EQ(fault.source, pci_address(edu));
    EXPECT_EQ(fault.address, align_down(address, PAGE_BYTES));
    EXPECT(fault.is_write == is_write);
    EXPECT_STR(fault.why, why);
}

TEST(edu_cannot_reach_memory_that_is_not_mapped_and_that_is_told_and_harms_nothing)
{
    struct dma_memory mapped;
    if (!start()) return;
    paddr_t secret = frame_alloc();
    uint8_t *at = direct_map(secret);
    fill(at, PAGE_BYTES, 11);
    EXPECT_OK(dma_alloc(&client, PAGE_BYTES, &mapped));
    fill(mapped.at, PAGE_BYTES, 5);
    copy_in(mapped.address, COPY_BYTES);
    if (is_guarded()) {
        expect_refused(secret.raw, COPY_BYTES, true, "not mapped for writing");
        EXPECT(is_filled(at, PAGE_BYTES, 11));
        expect_refused(mapped.address.raw + mapped.bytes, 64, true, "not mapped for writing");
        expect_refused(secret.raw, 64, false, "not mapped for reading");
        copy_out(mapped.address, 64);
        EXPECT(!is_filled(mapped.at, 64, 11));
        fill(mapped.at, PAGE_BYTES, 5);
        copy_in(mapped.address, COPY_BYTES);
    }
    /* And it goes on working. */
    memset(mapped.at, 0, PAGE_BYTES);
    copy_out(mapped.address, COPY_BYTES);
    EXPECT(is_filled(mapped.at, COPY_BYTES, 5));
    dma_free(&client, &mapped);
    frame_free(secret);
    stop();
}

TEST(edu_cannot_use_a_mapping_again_that_was_taken_back_nor_in_the_other_direction)
{
    dma_t address;
    if (!start()) return;
    paddr_t frame = frame_alloc();
    uint8_t *at = direct_map(frame);
    fill(at, PAGE_BYTES, 23);
    EXPECT_OK(dma_map(&client, PADDR(frame.raw + 256), 512, DMA_TO_DEVICE, &address));
    EXPECT_EQ(address.raw % PAGE_BYTES, 256);
    /* In this order: of what QEMU 7.2 has translated before it refuses the wrong direction in silence. */
    if (is_guarded()) expect_refused(address.raw, 512, true, "not mapped for writing");
    copy_in(address, 512);
    dma_unmap(&client, address, 512);
    if (is_guarded()) {
        expect_refused(address.raw, 512, true, "not mapped for writing");
        EXPECT(is_filled(at, PAGE_BYTES, 23));
        memset(at, 0, PAGE_BYTES);
    }
    /* The same address may come again, for other memory. */
    EXPECT_OK(dma_map(&client, frame, 512, DMA_FROM_DEVICE, &address));
    copy_out(address, 512);
    EXPECT_EQ(at[0], (uint8_t)(23 + 256 * 7));
    dma_unmap(&client, address, 512);
    if (is_guarded()) expect_refused(address.raw, 512, false, "not mapped for reading");
    frame_free(frame);
    stop();
}

TEST(edu_reaches_nothing_once_its_client_has_stopped)
{
    dma_t address;
    if (!start()) return;
    paddr_t frame = frame_alloc();
    EXPECT_OK(dma_map(&client, frame, PAGE_BYTES, DMA_BOTH, &address));
    copy_out(address, 16);
    bool is_guarded_here = client.domain; /* of identity there is nothing left, too */
    dma_unmap(&client, address, PAGE_BYTES);
    dma_stop(&client);
    if (is_guarded_here) expect_refused(address.raw, 16, true, "nothing is mapped for it");
    frame_free(frame);
    EXPECT_OK(dma_start(&client, edu, EDU_BITS));
    stop();
}

/* ---- scattered ---- */

enum { PIECES = 4 };

TEST(edu_copies_scattered_memory_segment_by_segment)
{
    struct dma_piece pieces[PIECES];
    struct dma_segment segments[PIECES];
    uint32_t used;
    if (!start()) return;
    /* Two pages in a row, one elsewhere, and the middle of a fourth. */
    paddr_t run = frame_alloc_run(6, PAGE_BYTES);
    uint8_t *at = direct_map(run);
    pieces[0] = (struct dma_piece){ run, PAGE_BYTES };
    pieces[1] = (struct dma_piece){ PADDR(run.raw + PAGE_BYTES), PAGE_BYTES };
    pieces[2] = (struct dma_piece){ PADDR(run.raw + 3 * PAGE_BYTES), PAGE_BYTES };
    pieces[3] = (struct dma_piece){ PADDR(run.raw + 5 * PAGE_BYTES + 64), 128 };
    for (uint32_t page = 0; page < 6; page++) fill(at + page * PAGE_BYTES, PAGE_BYTES, (uint8_t)(77 + page));
    EXPECT_OK(dma_map_list(&client, pieces, PIECES, DMA_BOTH, segments, &used));
    EXPECT_EQ(used, is_guarded() ? 2 : 3);
    EXPECT_EQ(segments[0].bytes, (is_guarded() ? 3 : 2) * PAGE_BYTES);
    EXPECT_EQ(segments[used - 1].bytes, 128);
    uint64_t third = is_guarded() ? segments[0].address.raw + 2 * PAGE_BYTES : segments[1].address.raw;
    copy_in((dma_t){ third }, COPY_BYTES);
    copy_out(segments[0].address, COPY_BYTES);
    EXPECT(is_filled(at, COPY_BYTES, 80) && is_filled(at + 3 * PAGE_BYTES, PAGE_BYTES, 80));
    copy_out(segments[used - 1].address, 128);
    uint8_t *last = at + 5 * PAGE_BYTES;
    EXPECT(is_filled(last + 64, 128, 80) && is_filled(last, 64, 82));
    EXPECT(is_filled(last + 192, PAGE_BYTES - 192, (uint8_t)(82 + 192 * 7)));
    dma_unmap_list(&client, segments, used);
    if (is_guarded()) expect_refused(third, 16, false, "not mapped for reading");
    frame_free_run(run, 6);
    stop();
}

/* ---- the width of its addresses ---- */

enum { HIGH_BLOCKS_MAX = 256 };

/* A block of 2 MiB that the device cannot form the address of, if the machine has such. Gives the others back. */
static paddr_t high_block(void)
{
    static paddr_t low[HIGH_BLOCKS_MAX];
    uint32_t used = 0;
    paddr_t block;
    while (block = frame_alloc_huge(),
           !is_paddr_none(block) && block.raw < 1ull << EDU_BITS && used < HIGH_BLOCKS_MAX)
        low[used++] = block;
    while (used) frame_free_huge(low[--used]);
    return block;
}

TEST(edu_gets_addresses_that_it_can_form_or_an_error)
{
    dma_t address;
    if (!start()) return;
    paddr_t block = frame_total_count() > 80000 ? high_block() : PADDR_NONE;
    if (!is_paddr_none(block) && is_guarded()) {
        fill(direct_map(block), PAGE_BYTES, 99);
        EXPECT_OK(dma_map(&client, block, HUGE_BYTES, DMA_BOTH, &address));
        EXPECT(address.raw + HUGE_BYTES <= 1ull << EDU_BITS);
        copy_in(address, COPY_BYTES);
        copy_out((dma_t){ address.raw + HUGE_BYTES - PAGE_BYTES }, COPY_BYTES);
        EXPECT(is_filled((uint8_t *)direct_map(block) + HUGE_BYTES - PAGE_BYTES, COPY_BYTES, 99));
        dma_unmap(&client, address, HUGE_BYTES);
    } else if (!is_paddr_none(block)) {
        EXPECT_ERR(dma_map(&client, block, 16, DMA_BOTH, &address), ERR_RANGE);
    }
    if (!is_paddr_none(block)) frame_free_huge(block);
    EXPECT_ERR(dma_map(&client, PADDR(0x1000), 0, DMA_BOTH, &address), ERR_INVALID);
    EXPECT_ERR(dma_map(&client, PADDR(UINT64_MAX), 2, DMA_BOTH, &address), ERR_INVALID);
    EXPECT_ERR(dma_map(&client, PADDR(0x100000), 1ull << EDU_BITS, DMA_BOTH, &address),
               is_guarded() ? ERR_NO_SPACE : ERR_RANGE);
    stop();
}
