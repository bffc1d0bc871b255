/* SPDX-License-Identifier: Apache-2.0 */
#include "core/tsc_rate.h"

#include "core/time_scale.h"
#include "tests/fakes/fake_clocks.h"
#include "tests/harness/test.h"

#include <string.h>

/* No measurement may read its clock more often than this, whatever the clock does. */
enum { READS_MAX = 16 * 1000 * 1000 };

static struct tsc_reference hpet(void)
{
    struct tsc_reference r = { 0 };
    EXPECT_OK(tsc_reference_hpet(fake_hpet_regs(), &r));
    return r;
}

static struct tsc_reference acpi_timer(void)
{
    struct tsc_reference r = { 0 };
    EXPECT_OK(tsc_reference_acpi_timer(FAKE_ACPI_TIMER_PORT, &r));
    return r;
}

static struct tsc_reference pit(void)
{
    struct tsc_reference r = { 0 };
    EXPECT_OK(tsc_reference_pit(&r));
    return r;
}

static bool is_near(uint64_t value, uint64_t wanted, uint64_t parts_per_million)
{
    uint64_t difference = value > wanted ? value - wanted : wanted - value;
    return difference <= wanted * parts_per_million / 1000000;
}

static void expect_rate(struct tsc_reference reference, uint64_t wanted_khz)
{
    uint64_t khz = 0;
    EXPECT_OK(tsc_measure(&reference, fake_tsc_read, &khz));
    EXPECT(is_near(khz, wanted_khz, 300));
}

TEST(tsc_rate_is_measured_by_each_clock_of_a_pc)
{
    fake_clocks_reset();
    expect_rate(hpet(), 2500000);
    expect_rate(acpi_timer(), 2500000);
    expect_rate(pit(), 2500000);
}

TEST(tsc_rate_is_measured_for_slow_and_fast_cpus)
{
    static const uint64_t rates[] = { 100100000, 800000000, 1000000000, 3700000000, 9900000000 };
    for (size_t i = 0; i < ARRAY_LENGTH(rates); i++) {
        fake_clocks_reset();
        fake_tsc.hz = rates[i];
        expect_rate(hpet(), rates[i] / 1000);
        expect_rate(acpi_timer(), rates[i] / 1000);
        expect_rate(pit(), rates[i] / 1000);
    }
}

TEST(tsc_rate_survives_every_clock_wrapping_in_the_window)
{
    fake_clocks_reset();
    fake_time_ns = 299966000000; /* 1 ms before the HPET's 32 bits are full */
    expect_rate(hpet(), 2500000);
    fake_time_ns = 4685000000; /* 2 ms before the ACPI timer's 24 are */
    expect_rate(acpi_timer(), 2500000);
    fake_time_ns = 54925000 - 5000000; /* and the PIT's 16 */
    expect_rate(pit(), 2500000);
}

TEST(tsc_rate_measuring_takes_a_few_milliseconds)
{
    fake_clocks_reset();
    uint64_t start_ns = fake_time_ns;
    expect_rate(hpet(), 2500000);
    EXPECT(fake_time_ns - start_ns < 3000000);
    start_ns = fake_time_ns;
    expect_rate(pit(), 2500000);
    EXPECT(fake_time_ns - start_ns < 12000000);
}

static void expect_failure(struct tsc_reference reference, err_t expected)
{
    uint64_t khz = 0;
    EXPECT_ERR(tsc_measure(&reference, fake_tsc_read, &khz), expected);
    EXPECT(fake_clock_reads < READS_MAX);
}

TEST(tsc_rate_gives_up_soon_on_a_clock_that_stands_still)
{
    fake_clocks_reset();
    fake_hpet.is_stuck = fake_acpi_timer.is_stuck = fake_pit.is_stuck = true;
    expect_failure(hpet(), ERR_NO_DEVICE);
    expect_failure(acpi_timer(), ERR_NO_DEVICE);
    expect_failure(pit(), ERR_NO_DEVICE);
    EXPECT(fake_clock_reads < 40000);
}

TEST(tsc_rate_gives_up_where_no_clock_is_behind_the_port)
{
    fake_clocks_reset();
    struct tsc_reference r;
    EXPECT_OK(tsc_reference_acpi_timer(0xb008, &r));
    expect_failure(r, ERR_NO_DEVICE);
}

TEST(tsc_rate_refuses_a_clock_that_runs_backwards)
{
    fake_clocks_reset();
    fake_hpet.runs_backwards = fake_acpi_timer.runs_backwards = fake_pit.runs_backwards = true;
    expect_failure(hpet(), ERR_IO);
    expect_failure(acpi_timer(), ERR_IO);
    expect_failure(pit(), ERR_IO);
}

TEST(tsc_rate_gives_up_on_a_clock_that_crawls)
{
    fake_clocks_reset();
    fake_hpet.hz = 3000;
    fake_read_ns = 1000;
    expect_failure(hpet(), ERR_TIMED_OUT);
}

TEST(tsc_rate_refuses_a_rate_no_cpu_has)
{
    fake_clocks_reset();
    fake_tsc.hz = 50000000;
    expect_failure(hpet(), ERR_RANGE);
    fake_tsc.hz = 11000000000;
    expect_failure(hpet(), ERR_RANGE);
    fake_tsc.is_stuck = true;
    expect_failure(hpet(), ERR_RANGE);
}

/* Somebody else had the host CPU for a while in the first window. */
TEST(tsc_rate_measures_again_when_a_window_was_torn)
{
    fake_clocks_reset();
    fake_hpet.jump_at_ns = fake_time_ns + 1000000;
    fake_hpet.jump = 14318180 / 10;
    expect_rate(hpet(), 2500000);
}

TEST(tsc_reference_hpet_refuses_one_that_contradicts_its_specification)
{
    struct tsc_reference r;
    EXPECT_ERR(tsc_reference_hpet((struct mmio){ 0 }, &r), ERR_NO_DEVICE);
    static const uint64_t bad[] = {
        0,
        UINT64_MAX,
        0x8086a201,                      /* period 0 */
        100000001ull << 32 | 0x8086a201, /* longer than 100 ns */
        999999ull << 32 | 0x8086a201,    /* shorter than 1 ns */
        10000000ull << 32 | 0x8086a200,  /* revision 0 */
    };
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        fake_clocks_reset();
        fake_hpet_capabilities = bad[i];
        EXPECT_ERR(tsc_reference_hpet(fake_hpet_regs(), &r), ERR_NO_DEVICE);
    }
}

/* ---- CPUID ---- */
static struct cpuid leaf_0, leaf_1, leaf_15, leaf_16, hypervisor_0, hypervisor_10;

static struct cpuid fake_cpuid(uint32_t leaf, uint32_t subleaf)
{
    (void)subleaf;
    switch (leaf) {
    case 0: return leaf_0;
    case 1: return leaf_1;
    case 0x15: return leaf_15;
    case 0x16: return leaf_16;
    case 0x40000000: return hypervisor_0;
    case 0x40000010: return hypervisor_10;
    }
    EXPECT(!"a leaf that was not announced");
    return (struct cpuid){ 0 };
}

static void reset_cpuid(void)
{
    leaf_0 = (struct cpuid){ .eax = 0x1f };
    leaf_1 = leaf_15 = leaf_16 = hypervisor_0 = hypervisor_10 = (struct cpuid){ 0 };
}

TEST(tsc_rate_from_cpuid_is_crystal_times_ratio)
{
    reset_cpuid();
    leaf_15 = (struct cpuid){ .eax = 2, .ebx = 216, .ecx = 24000000 };
    const char *source = NULL;
    EXPECT_EQ(tsc_khz_from_cpuid(fake_cpuid, &source), 2592000);
    EXPECT_STR(source, "CPUID 0x15");
    EXPECT_EQ(lapic_khz_from_cpuid(fake_cpuid), 24000);
}

TEST(tsc_rate_from_cpuid_asks_the_hypervisor)
{
    reset_cpuid();
    leaf_1.ecx = 1u << 31;
    hypervisor_0.eax = 0x40000010;
    hypervisor_10 = (struct cpuid){ .eax = 2899998, .ebx = 1000000 };
    const char *source = NULL;
    EXPECT_EQ(tsc_khz_from_cpuid(fake_cpuid, &source), 2899998);
    EXPECT_STR(source, "hypervisor CPUID");
    EXPECT_EQ(lapic_khz_from_cpuid(fake_cpuid), 1000000);
}

TEST(tsc_rate_from_cpuid_takes_the_base_frequency_when_the_crystal_is_not_told)
{
    reset_cpuid();
    leaf_15 = (struct cpuid){ .eax = 2, .ebx = 216 };
    leaf_16.eax = 2600;
    const char *source = NULL;
    EXPECT_EQ(tsc_khz_from_cpuid(fake_cpuid, &source), 2600000);
    EXPECT_STR(source, "CPUID 0x16");
}

TEST(tsc_rate_from_cpuid_is_unknown_rather_than_absurd)
{
    const char *source = "untouched";
    reset_cpuid();
    EXPECT_EQ(tsc_khz_from_cpuid(fake_cpuid, &source), 0);

    leaf_15 = (struct cpuid){ .eax = 1, .ebx = UINT32_MAX, .ecx = UINT32_MAX };
    leaf_16.eax = 3;
    leaf_1.ecx = 1u << 31;
    hypervisor_0.eax = 0x40000010;
    hypervisor_10.eax = UINT32_MAX;
    EXPECT_EQ(tsc_khz_from_cpuid(fake_cpuid, &source), 0);
    EXPECT_STR(source, "untouched");
}

TEST(tsc_rate_from_cpuid_reads_no_leaf_that_was_not_announced)
{
    const char *source;
    reset_cpuid();
    leaf_0.eax = 0xd;
    leaf_15 = (struct cpuid){ .eax = 2, .ebx = 216, .ecx = 24000000 };
    leaf_1.ecx = 1u << 31;
    hypervisor_0.eax = 0x40000001; /* as QEMU's own emulation says */
    hypervisor_10.eax = 2000000;
    EXPECT_EQ(tsc_khz_from_cpuid(fake_cpuid, &source), 0);
    EXPECT_EQ(lapic_khz_from_cpuid(fake_cpuid), 0);
}

/* ---- scaling ---- */
TEST(time_scale_turns_an_hour_of_ticks_into_an_hour)
{
    static const uint64_t rates_khz[] = { 100000, 1000000, 2599998, 3579545, 9999999 };
    for (size_t i = 0; i < ARRAY_LENGTH(rates_khz); i++) {
        struct time_scale scale = time_scale_of_khz(rates_khz[i]);
        uint64_t hour = rates_khz[i] * 3600 * 1000;
        uint64_t ns = time_scale_to_ns(&scale, hour);
        EXPECT(ns <= 3600000000000 && ns >= 3600000000000 - 40);
    }
}

TEST(time_scale_does_not_overflow_in_a_century)
{
    struct time_scale scale = time_scale_of_khz(5000000);
    uint64_t century_s = 100ull * 365 * 86400;
    uint64_t ns = time_scale_to_ns(&scale, century_s * 5000000000);
    EXPECT(ns / 1000000000 == century_s || ns / 1000000000 == century_s - 1);
    EXPECT(time_scale_to_ns(&scale, UINT64_MAX) > ns);
}

TEST(time_scale_to_ticks_is_never_early_and_saturates)
{
    static const uint64_t rates_khz[] = { 100000, 1000000, 2599998, 9999999 };
    for (size_t i = 0; i < ARRAY_LENGTH(rates_khz); i++) {
        struct time_scale scale = time_scale_of_khz(rates_khz[i]);
        for (uint64_t ns = 1; ns < 1ull << 55; ns = ns * 3 + 1) {
            uint64_t ticks = time_scale_to_ticks(&scale, ns);
            EXPECT(time_scale_to_ns(&scale, ticks + ticks / 10000000000) + 1 >= ns);
        }
    }
    struct time_scale scale = time_scale_of_khz(2000000);
    EXPECT_EQ(time_scale_to_ticks(&scale, UINT64_MAX), UINT64_MAX);
}
