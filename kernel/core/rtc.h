/* SPDX-License-Identifier: Apache-2.0 */
/* The battery clock. Threads and interrupts; takes microseconds, at most milliseconds. */
#pragma once
#include "lib/base.h"

/* Seconds since 1970, taking the clock to show UTC. `century_index` is where ACPI says that the CMOS
 * keeps the century, or 0. ERR_NO_DEVICE when nothing plausible is read. */
err_t rtc_read_seconds(uint8_t century_index, uint64_t *seconds);
