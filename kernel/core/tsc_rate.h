/* SPDX-License-Identifier: Apache-2.0 */
/* How fast the TSC runs: asked from the CPU, or measured against a clock of known rate.
 *
 * No state and no hardware of its own: the caller passes the TSC and CPUID in, so that host tests
 * can lie with both. Measuring is bounded in every case, whatever the reference clock does. */
#pragma once
#include "arch/cpu.h"
#include "lib/base.h"
#include "lib/mmio.h"

enum {
    TSC_KHZ_MIN = 100 * 1000, /* no x86-64 CPU is outside these, so a result that is must be wrong */
    TSC_KHZ_MAX = 10 * 1000 * 1000,
};

typedef struct cpuid (*cpuid_reader_t)(uint32_t leaf, uint32_t subleaf);
typedef uint64_t (*tsc_reader_t)(void);

/* In kHz, 0 when the CPU does not say; *source is then untouched, else a name for the log. */
uint64_t tsc_khz_from_cpuid(cpuid_reader_t cpuid, const char **source);
/* The local APIC timer's rate at divide-by-one in the same way. */
uint64_t lapic_khz_from_cpuid(cpuid_reader_t cpuid);

/* A clock that counts upward at a known rate. */
struct tsc_reference {
    const char *name;
    uint64_t hz;
    uint64_t mask;      /* 2^bits - 1 */
    uint64_t window_us; /* long enough that one tick more or less does not matter */
    uint64_t (*read)(const struct tsc_reference *reference);
    struct mmio regs;
    uint16_t port;
};

/* Start the clock where that is needed. ERR_NO_DEVICE when it is evidently not there. */
err_t tsc_reference_hpet(struct mmio regs, struct tsc_reference *out);
err_t tsc_reference_acpi_timer(uint16_t port, struct tsc_reference *out);
err_t tsc_reference_pit(struct tsc_reference *out);

/* Counts the TSC over the reference's window. ERR_NO_DEVICE, the reference stands still; ERR_IO, it
 * runs backwards; ERR_TIMED_OUT, it is too slow; ERR_RANGE, the result is no CPU's rate. */
err_t tsc_measure(const struct tsc_reference *reference, tsc_reader_t read_tsc, uint64_t *khz);
