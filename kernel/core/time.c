/* SPDX-License-Identifier: Apache-2.0 */
/* The clock. Its rate is found by the first caller; everybody else multiplies.
 *
 * Locking: clock.lock is held while the rate is looked for (10 ms at most). Readers take no lock:
 * the scale is written before `is_ready`, and never again. */
#include "core/time.h"

#include "arch/cpu.h"
#include "core/lock.h"
#include "core/log.h"
#include "core/rtc.h"
#include "core/time_page.h"
#include "core/time_scale.h"
#include "core/tsc_rate.h"
#include "lib/clock.h"

enum {
    TSC_KHZ_ASSUMED = 1000 * 1000,
    NS_PER_S = 1000000000,
};

static struct {
    struct spinlock lock;
    bool is_ready;           /* set last, with release */
    struct time_scale scale; /* fixed once is_ready */
    uint64_t khz;
    const char *source;
    uint64_t khz_wanted; /* from time_init */
    void (*find_sources)(struct time_sources *sources);
    struct time_sources sources; /* fixed once is_ready */
    uint64_t realtime_offset_ns; /* realtime - now; 0: the RTC was not read yet */
} clock = { .lock = SPINLOCK_INIT };

/* Empty until somebody asks for the time: whatever a program reads first, it asks the kernel for. */
static union time_page_frame page ALIGNED(PAGE_BYTES) __attribute__((section(".bss.page_aligned")));

const void *time_page(void) { return &page; }

void time_init(uint64_t tsc_khz, void (*find_sources)(struct time_sources *sources))
{
    clock.khz_wanted = tsc_khz;
    clock.find_sources = find_sources;
}

static bool measure(err_t has_reference, const struct tsc_reference *reference)
{
    if (failed(has_reference)) return false;
    uint64_t khz;
    err_t e = tsc_measure(reference, tsc_read, &khz);
    if (failed(e)) {
        log_info("time: the %s is of no use: %s", reference->name, err_text(e));
        return false;
    }
    clock.khz = khz;
    clock.source = reference->name;
    return true;
}

static void find_rate(void)
{
    if (clock.khz_wanted >= TSC_KHZ_MIN && clock.khz_wanted <= TSC_KHZ_MAX) {
        clock.khz = clock.khz_wanted;
        clock.source = "command line";
        return;
    }
    clock.khz = tsc_khz_from_cpuid(cpuid_read, &clock.source);
    if (clock.khz) return;

    struct tsc_reference r;
    if (measure(tsc_reference_hpet(clock.sources.hpet, &r), &r)) return;
    if (measure(tsc_reference_acpi_timer(clock.sources.pm_timer_port, &r), &r)) return;
    if (measure(tsc_reference_pit(&r), &r)) return;

    clock.khz = TSC_KHZ_ASSUMED;
    clock.source = "assumption";
    log_warning("time: nothing tells the rate of the TSC; taking it for 1 GHz. tsc_khz= sets it");
}

static void publish(const uint8_t *clocks, size_t count, uint64_t offset_ns)
{
    for (size_t i = 0; i < count; i++)
        time_page_set_clock(&page.page, clocks[i], clock.scale.ns_per_tick, offset_ns);
}

static void publish_since_boot(void)
{
    static const uint8_t clocks[] = { LINUX_CLOCK_MONOTONIC, LINUX_CLOCK_MONOTONIC_RAW,
                                      LINUX_CLOCK_MONOTONIC_COARSE, LINUX_CLOCK_BOOTTIME };
    publish(clocks, ARRAY_LENGTH(clocks), 0);
}

static void publish_realtime(uint64_t offset_ns)
{
    static const uint8_t clocks[] = { LINUX_CLOCK_REALTIME, LINUX_CLOCK_REALTIME_COARSE, LINUX_CLOCK_TAI };
    publish(clocks, ARRAY_LENGTH(clocks), offset_ns);
}

static NOINLINE void clock_start(void)
{
    spin_lock(&clock.lock);
    if (!clock.is_ready) {
        log_clock_ns = NULL; /* or a warning from below would come back here for its time stamp */
        if (clock.find_sources) clock.find_sources(&clock.sources);
        find_rate();
        clock.scale = time_scale_of_khz(clock.khz);
        publish_since_boot();
        __atomic_store_n(&clock.is_ready, true, __ATOMIC_RELEASE);
        log_clock_ns = time_now_ns;
    }
    spin_unlock(&clock.lock);
}

static inline const struct time_scale *scale(void)
{
    if (unlikely(!__atomic_load_n(&clock.is_ready, __ATOMIC_ACQUIRE))) clock_start();
    return &clock.scale;
}

uint64_t time_now_ns(void) { return time_scale_to_ns(scale(), tsc_read_ordered()); }
uint64_t time_ns_to_tsc(uint64_t ns) { return time_scale_to_ticks(scale(), ns); }

uint64_t time_tsc_to_ns(uint64_t ticks) { return time_scale_to_ns(scale(), ticks); }

uint64_t time_tsc_khz(void)
{
    (void)scale();
    return clock.khz;
}

const char *time_source_name(void)
{
    (void)scale();
    return clock.source;
}

uint64_t time_realtime_ns(void)
{
    uint64_t now_ns = time_now_ns();
    uint64_t offset_ns = __atomic_load_n(&clock.realtime_offset_ns, __ATOMIC_RELAXED);
    if (likely(offset_ns)) return offset_ns + now_ns;

    spin_lock(&clock.lock);
    offset_ns = clock.realtime_offset_ns;
    if (!offset_ns) {
        uint64_t seconds;
        if (failed(rtc_read_seconds(clock.sources.rtc_century, &seconds))) {
            log_warning("time: no battery clock; the date starts at 1970-01-01");
            seconds = now_ns / NS_PER_S + 1;
        }
        offset_ns = MAX(seconds * NS_PER_S, now_ns + 1) - now_ns;
        __atomic_store_n(&clock.realtime_offset_ns, offset_ns, __ATOMIC_RELAXED);
        publish_realtime(offset_ns);
    }
    spin_unlock(&clock.lock);
    return offset_ns + now_ns;
}

/* ---- lib/clock.h ---- */
uint64_t clock_now_ns(void) { return time_now_ns(); }
void clock_relax(void) { cpu_relax(); }
