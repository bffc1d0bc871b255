/* SPDX-License-Identifier: Apache-2.0 */
/* A measurement is two samples, each a pair (TSC, reference) read as close together as the machine
 * allows, and a wait between them that cannot last: a reference that stands still, goes back or
 * crawls is given up on, because on some machines (QEMU's microvm) the clocks everyone expects are
 * not there and reading them answers nonsense. */
#include "core/tsc_rate.h"

enum {
    SAMPLE_TRIES = 5,
    /* Reading any reference takes 20 ns at the very least and the slowest (PIT) ticks each 838 ns,
     * so a clock that shows one value this often is not running. */
    STUCK_READS = 10000,
    /* The longest window, 10 ms, at 2 ns a read: no bus is that fast. */
    READS_MAX = 5000000,
    ATTEMPTS = 3, /* a virtual CPU may lose its host CPU in the middle of a window */
};

struct sample {
    uint64_t tsc, ticks;
};

/* Of a few tries the one during which the TSC advanced least: it was not interrupted. */
static struct sample take_sample(const struct tsc_reference *reference, tsc_reader_t read_tsc)
{
    struct sample best = { 0, 0 };
    uint64_t best_cost = UINT64_MAX;
    for (int i = 0; i < SAMPLE_TRIES; i++) {
        uint64_t before = read_tsc();
        uint64_t ticks = reference->read(reference);
        uint64_t cost = read_tsc() - before;
        if (cost >= best_cost) continue;
        best_cost = cost;
        best = (struct sample){ before + cost / 2, ticks };
    }
    return best;
}

static err_t wait_ticks(const struct tsc_reference *reference, tsc_reader_t read_tsc, struct sample start,
                        uint64_t wanted)
{
    uint64_t tsc_limit = TSC_KHZ_MAX / 1000 * reference->window_us * 4;
    uint64_t last = start.ticks;
    uint32_t same = 0;
    for (uint32_t reads = 0; reads < READS_MAX; reads++) {
        uint64_t now = reference->read(reference);
        uint64_t step = (now - last) & reference->mask;
        if (step > reference->mask / 2) return ERR_IO;
        same = step ? 0 : same + 1;
        if (same == STUCK_READS) return ERR_NO_DEVICE;
        if (((now - start.ticks) & reference->mask) >= wanted) return OK;
        if (read_tsc() - start.tsc > tsc_limit) return ERR_TIMED_OUT;
        last = now;
    }
    return ERR_TIMED_OUT;
}

static err_t measure_once(const struct tsc_reference *reference, tsc_reader_t read_tsc, uint64_t *khz)
{
    uint64_t wanted = reference->hz * reference->window_us / 1000000;
    struct sample start = take_sample(reference, read_tsc);
    err_t e = wait_ticks(reference, read_tsc, start, wanted);
    if (failed(e)) return e;
    struct sample end = take_sample(reference, read_tsc);

    /* Both factors stay far below 64 bits: at most 4e8 TSC ticks in a window times 1e9 Hz. A window
     * stretched to more than four times its length means that we were not running. */
    uint64_t ticks = (end.ticks - start.ticks) & reference->mask;
    uint64_t tsc = end.tsc - start.tsc;
    if (ticks < wanted || ticks > 4 * wanted) return ERR_TIMED_OUT;
    if (tsc > TSC_KHZ_MAX / 1000 * reference->window_us * 4) return ERR_RANGE;
    *khz = (tsc * reference->hz / ticks + 500) / 1000;
    return *khz >= TSC_KHZ_MIN && *khz <= TSC_KHZ_MAX ? OK : ERR_RANGE;
}

err_t tsc_measure(const struct tsc_reference *reference, tsc_reader_t read_tsc, uint64_t *khz)
{
    err_t e = OK;
    for (int i = 0; i < ATTEMPTS; i++) {
        e = measure_once(reference, read_tsc, khz);
        /* A clock that stands still will not be better the next time. */
        if (!failed(e) || e.code == ERR_NO_DEVICE.code) break;
    }
    return e;
}

/* ---- what the CPU says ---- */
enum {
    CPUID_FEATURES = 0x1,
    CPUID_TSC_RATIO = 0x15,
    CPUID_FREQUENCY = 0x16,
    CPUID_HYPERVISOR = 0x40000000,
    CPUID_HYPERVISOR_RATES = 0x40000010,
    CPUID_FEATURES_ECX_HYPERVISOR = 1u << 31,
};

static bool is_plausible_khz(uint64_t khz) { return khz >= TSC_KHZ_MIN && khz <= TSC_KHZ_MAX; }

/* EAX: TSC in kHz, EBX: local APIC timer in kHz. Defined by VMware, used by KVM, QEMU and others. */
static struct cpuid hypervisor_rates(cpuid_reader_t cpuid)
{
    static const struct cpuid none;
    if (!(cpuid(CPUID_FEATURES, 0).ecx & CPUID_FEATURES_ECX_HYPERVISOR)) return none;
    uint32_t last = cpuid(CPUID_HYPERVISOR, 0).eax;
    if (last < CPUID_HYPERVISOR_RATES || last > CPUID_HYPERVISOR + 0xffff) return none;
    return cpuid(CPUID_HYPERVISOR_RATES, 0);
}

/* TSC = crystal * EBX / EAX; ECX, the crystal in Hz, may be 0. [intel-sdm3 20.7.3] */
static struct cpuid tsc_ratio(cpuid_reader_t cpuid)
{
    static const struct cpuid none;
    if (cpuid(0, 0).eax < CPUID_TSC_RATIO) return none;
    struct cpuid ratio = cpuid(CPUID_TSC_RATIO, 0);
    return ratio.eax && ratio.ebx ? ratio : none;
}

uint64_t tsc_khz_from_cpuid(cpuid_reader_t cpuid, const char **source)
{
    struct cpuid ratio = tsc_ratio(cpuid);
    uint64_t khz = ratio.eax ? (uint64_t)ratio.ecx * ratio.ebx / ratio.eax / 1000 : 0;
    const char *name = "CPUID 0x15";
    if (!is_plausible_khz(khz)) {
        khz = hypervisor_rates(cpuid).eax;
        name = "hypervisor CPUID";
    }
    /* The base frequency is the TSC's, rounded to 1 MHz, where the ratio above exists but the crystal
     * is not told. [intel-sdm3 20.7.3] */
    if (!is_plausible_khz(khz) && ratio.eax && cpuid(0, 0).eax >= CPUID_FREQUENCY) {
        khz = (uint64_t)(cpuid(CPUID_FREQUENCY, 0).eax & 0xffff) * 1000;
        name = "CPUID 0x16";
    }
    if (!is_plausible_khz(khz)) return 0;
    *source = name;
    return khz;
}

uint64_t lapic_khz_from_cpuid(cpuid_reader_t cpuid)
{
    uint64_t khz = hypervisor_rates(cpuid).ebx;
    return khz ? khz : tsc_ratio(cpuid).ecx / 1000; /* [intel-sdm3 11.5.4] */
}
