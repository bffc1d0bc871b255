/* SPDX-License-Identifier: Apache-2.0 */
/* The one-shot timer of this CPU (core/time.h), on the local APIC: by TSC deadline where the CPU has
 * it, else by counting down. A count may be clamped or its rate a little off; an interrupt that comes
 * early is therefore answered by arming the rest.
 *
 * Locking: interrupts are off while a CPU's timer is touched, and only that CPU touches it. */
#include "core/time.h"

#include "arch/cpu.h"
#include "arch/lapic.h"
#include "arch/percpu.h"
#include "arch/trap.h"
#include "config.h"
#include "core/log.h"
#include "core/tsc_rate.h"

void (*time_deadline_handler)(void);

enum timer_mode { TIMER_OFF, TIMER_DEADLINE, TIMER_ONE_SHOT, TIMER_ABSENT };

struct cpu_timer {
    enum timer_mode mode;
    uint64_t deadline_ns; /* while the mode is not off; UINT64_MAX: not armed */
};
static struct cpu_timer timers[CONFIG_CPUS_MAX];
static uint64_t
    counts_per_tsc_2_32; /* one-shot mode, of all CPUs alike: timer counts per TSC tick, times 2^32 */

static struct cpu_timer *this_timer(void) { return &timers[percpu_index()]; }

enum {
    CPUID_FEATURES_ECX_TSC_DEADLINE = 1u << 24,
    RATE_WINDOW_US = 200,
    RATE_READS_MAX = 1000000, /* the TSC moves on at each, so this is only reached if it stands */
};

/* Counts per TSC tick, times 2^32; 0 when the timer does not count. */
static uint64_t measure_counts_per_tsc(void)
{
    uint64_t window = time_tsc_khz() * RATE_WINDOW_US / 1000;
    lapic_timer_set_count(UINT32_MAX);
    uint64_t start = tsc_read();
    uint64_t elapsed = 0;
    for (int i = 0; i < RATE_READS_MAX && elapsed < window; i++) elapsed = tsc_read() - start;
    uint64_t counts = UINT32_MAX - lapic_timer_count();
    lapic_timer_set_count(0);
    return elapsed ? (counts << 32) / elapsed : 0;
}

static void timer_start_one_shot(struct cpu_timer *timer)
{
    lapic_timer_use_one_shot(VECTOR_TIMER);
    if (!counts_per_tsc_2_32) {
        uint64_t khz = lapic_khz_from_cpuid(cpuid_read);
        counts_per_tsc_2_32 = khz ? (khz << 32) / time_tsc_khz() : measure_counts_per_tsc();
    }
    timer->mode = counts_per_tsc_2_32 ? TIMER_ONE_SHOT : TIMER_ABSENT;
}

static void program(const struct cpu_timer *timer)
{
    uint64_t target = timer->deadline_ns == UINT64_MAX ? UINT64_MAX : time_ns_to_tsc(timer->deadline_ns);
    if (timer->mode == TIMER_DEADLINE) {
        lapic_timer_set_deadline(target == UINT64_MAX ? 0 : MAX(target, 1ull));
    } else if (timer->mode == TIMER_ONE_SHOT) {
        uint64_t now = tsc_read();
        uint64_t ticks = target > now ? target - now : 0;
        unsigned __int128 count = ((unsigned __int128)ticks * counts_per_tsc_2_32 >> 32) + 1;
        lapic_timer_set_count(target == UINT64_MAX ? 0 : (uint32_t)MIN(count, (unsigned __int128)UINT32_MAX));
    }
}

static void timer_interrupt(struct trap_frame *frame)
{
    struct cpu_timer *timer = this_timer();
    (void)frame;
    percpu_count(CPU_TIMER_INTERRUPTS);
    /* First, because the handler may switch threads and come back much later. */
    lapic_end_of_interrupt();
    if (timer->deadline_ns == UINT64_MAX) return; /* disarmed while it was on its way */
    if (time_now_ns() < timer->deadline_ns) {
        program(timer);
        return;
    }
    timer->deadline_ns = UINT64_MAX;
    if (time_deadline_handler) time_deadline_handler();
}

static void timer_start(struct cpu_timer *timer)
{
    if (!lapic_is_ready()) {
        timer->mode = TIMER_ABSENT;
    } else {
        trap_set_handler(VECTOR_TIMER, timer_interrupt);
        if (cpuid_read(1, 0).ecx & CPUID_FEATURES_ECX_TSC_DEADLINE) {
            lapic_timer_use_deadline(VECTOR_TIMER);
            timer->mode = TIMER_DEADLINE;
        } else {
            timer_start_one_shot(timer);
        }
    }
    if (timer->mode == TIMER_ABSENT)
        log_error("time: no local APIC timer; sleeping threads will not wake up");
}

void time_arm_ns(uint64_t deadline_ns)
{
    bool was_on = interrupts_are_on();
    interrupts_off();
    struct cpu_timer *timer = this_timer();
    if (timer->mode == TIMER_OFF && deadline_ns != UINT64_MAX) timer_start(timer);
    timer->deadline_ns = deadline_ns;
    if (timer->mode != TIMER_OFF) program(timer);
    if (was_on) interrupts_on();
}
