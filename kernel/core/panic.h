/* SPDX-License-Identifier: Apache-2.0 */
/* The end: print the reason, registers and a symbolised backtrace to every console, tell `ck`
 * through the channel where there is one, and stop the machine. Any context. */
#pragma once
#include "lib/base.h"

struct trap_frame;

NORETURN void panic(const char *format, ...) PRINTF_LIKE(1, 2);
/* The same with the registers of the trap that led here. */
NORETURN void panic_trap(const struct trap_frame *frame, const char *format, ...) PRINTF_LIKE(2, 3);

/* The callers of this function, a line each, to every console. Any context. */
void backtrace_print(void);

/* Called once by panic after the report, to pass the news on (the channel's EXIT frame). */
extern void (*panic_hook)(void);
