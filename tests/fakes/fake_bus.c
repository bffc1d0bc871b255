/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fakes/fake_bus.h"

#include "arch/io.h"

enum { RANGES_MAX = 16, MSRS_MAX = 64 };

static struct range {
    uint64_t first, count;
    struct fake_device device;
} ports[RANGES_MAX], memory[RANGES_MAX];
static uint32_t port_ranges, memory_ranges;

static struct {
    uint32_t number;
    uint64_t value;
} msrs[MSRS_MAX];
static uint32_t msr_count;

uint64_t fake_bus_accesses;

void fake_bus_reset(void)
{
    port_ranges = memory_ranges = msr_count = 0;
    fake_bus_accesses = 0;
}

void fake_bus_add_ports(uint16_t first, uint16_t count, struct fake_device device)
{
    ASSERT(port_ranges < RANGES_MAX);
    ports[port_ranges++] = (struct range){ first, count, device };
}

/* Made-up addresses that nothing on the host can be at, so a stray access is a crash. */
struct mmio fake_bus_add_mmio(uint32_t bytes, struct fake_device device)
{
    ASSERT(memory_ranges < RANGES_MAX);
    uint64_t base = (uint64_t)(memory_ranges + 1) << 48;
    memory[memory_ranges++] = (struct range){ base, bytes, device };
    return (struct mmio){ (volatile void *)(uintptr_t)base };
}

static struct range *find(struct range *ranges, uint32_t count, uint64_t at)
{
    for (uint32_t i = 0; i < count; i++) {
        if (at >= ranges[i].first && at - ranges[i].first < ranges[i].count) return &ranges[i];
    }
    return NULL;
}

static uint64_t bus_read(struct range *r, uint64_t at, uint32_t bytes)
{
    fake_bus_accesses++;
    uint64_t value = r ? r->device.read(r->device.model, (uint32_t)(at - r->first), bytes) : UINT64_MAX;
    return value & (UINT64_MAX >> (64 - 8 * bytes));
}

static void bus_write(struct range *r, uint64_t at, uint32_t bytes, uint64_t value)
{
    fake_bus_accesses++;
    if (r) r->device.write(r->device.model, (uint32_t)(at - r->first), bytes, value);
}

#define FAKE_ACCESS(bits)                                                                 \
    uint##bits##_t mmio_read##bits(const struct mmio *regs, uint32_t offset)              \
    {                                                                                     \
        uint64_t at = (uint64_t)(uintptr_t)regs->base + offset;                           \
        struct range *r = find(memory, memory_ranges, at);                                \
        ASSERT(r); /* a driver that leaves its registers */                               \
        return (uint##bits##_t)bus_read(r, at, bits / 8);                                 \
    }                                                                                     \
    void mmio_write##bits(const struct mmio *regs, uint32_t offset, uint##bits##_t value) \
    {                                                                                     \
        uint64_t at = (uint64_t)(uintptr_t)regs->base + offset;                           \
        struct range *r = find(memory, memory_ranges, at);                                \
        ASSERT(r);                                                                        \
        bus_write(r, at, bits / 8, value);                                                \
    }
FAKE_ACCESS(8)
FAKE_ACCESS(16)
FAKE_ACCESS(32)
FAKE_ACCESS(64)

#define FAKE_PORT(bits)                                                                  \
    uint##bits##_t port_read##bits(uint16_t port)                                        \
    {                                                                                    \
        return (uint##bits##_t)bus_read(find(ports, port_ranges, port), port, bits / 8); \
    }                                                                                    \
    void port_write##bits(uint16_t port, uint##bits##_t value)                           \
    {                                                                                    \
        bus_write(find(ports, port_ranges, port), port, bits / 8, value);                \
    }
FAKE_PORT(8)
FAKE_PORT(16)
FAKE_PORT(32)

void port_write8_string(uint16_t port, const void *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) port_write8(port, ((const uint8_t *)bytes)[i]);
}

static uint64_t *msr_slot(uint32_t msr)
{
    for (uint32_t i = 0; i < msr_count; i++) {
        if (msrs[i].number == msr) return &msrs[i].value;
    }
    ASSERT(msr_count < MSRS_MAX);
    msrs[msr_count].number = msr;
    msrs[msr_count].value = 0;
    return &msrs[msr_count++].value;
}

uint64_t fake_msr(uint32_t msr) { return *msr_slot(msr); }
void fake_msr_set(uint32_t msr, uint64_t value) { *msr_slot(msr) = value; }
uint64_t msr_read(uint32_t msr) { return fake_msr(msr); }
void msr_write(uint32_t msr, uint64_t value) { fake_msr_set(msr, value); }
