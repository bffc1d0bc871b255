/* SPDX-License-Identifier: Apache-2.0 */
/* A TSC and the clocks it is measured against, all driven by one fake time, and all able to lie. */
#pragma once
#include "lib/base.h"
#include "lib/mmio.h"

struct fake_clock {
    uint64_t hz;
    uint64_t mask; /* how wide the counter is */
    bool is_stuck;
    bool runs_backwards;
    uint64_t jump_at_ns; /* from then on the counter is `jump` ticks ahead; 0: never */
    uint64_t jump;
};

extern uint64_t fake_time_ns;     /* a reading of any clock takes some of it */
extern uint64_t fake_read_ns;     /* this much */
extern uint64_t fake_clock_reads; /* of any clock but the TSC */
extern struct fake_clock fake_tsc, fake_hpet, fake_acpi_timer, fake_pit;
extern uint64_t fake_hpet_capabilities;
extern uint32_t fake_hpet_config;

/* All clocks tell the truth about a 2.5 GHz TSC and are on a bus of their own. */
void fake_clocks_reset(void);
enum { FAKE_ACPI_TIMER_PORT = 0x608 };
struct mmio fake_hpet_regs(void);
uint64_t fake_tsc_read(void);

/* The CMOS clock: registers by index, 0xff for those a test did not set. */
extern uint8_t fake_cmos[128];
extern bool fake_cmos_is_updating; /* for ever */
