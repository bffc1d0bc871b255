/* SPDX-License-Identifier: Apache-2.0 */
/* Registers in memory. A volatile access in the kernel; in host tests a device model answers
 * (tests/fakes/fake_bus.c), so the same driver file runs in both and the kernel pays nothing.
 *
 * x86 keeps the order of accesses to uncached memory, so no barrier is needed between them.
 * [intel-sdm3 12.3] */
#pragma once
#include "lib/base.h"

struct mmio {
    volatile void *base; /* NULL: the device is not there */
};

#if __STDC_HOSTED__
uint8_t mmio_read8(const struct mmio *regs, uint32_t offset);
uint16_t mmio_read16(const struct mmio *regs, uint32_t offset);
uint32_t mmio_read32(const struct mmio *regs, uint32_t offset);
uint64_t mmio_read64(const struct mmio *regs, uint32_t offset);
void mmio_write8(const struct mmio *regs, uint32_t offset, uint8_t value);
void mmio_write16(const struct mmio *regs, uint32_t offset, uint16_t value);
void mmio_write32(const struct mmio *regs, uint32_t offset, uint32_t value);
void mmio_write64(const struct mmio *regs, uint32_t offset, uint64_t value);
#else
#define MMIO_ACCESS(bits)                                                                               \
    static inline uint##bits##_t mmio_read##bits(const struct mmio *regs, uint32_t offset)              \
    {                                                                                                   \
        return *(volatile uint##bits##_t *)((volatile char *)regs->base + offset);                      \
    }                                                                                                   \
    static inline void mmio_write##bits(const struct mmio *regs, uint32_t offset, uint##bits##_t value) \
    {                                                                                                   \
        *(volatile uint##bits##_t *)((volatile char *)regs->base + offset) = value;                     \
    }
MMIO_ACCESS(8)
MMIO_ACCESS(16)
MMIO_ACCESS(32)
MMIO_ACCESS(64)
#undef MMIO_ACCESS
#endif
