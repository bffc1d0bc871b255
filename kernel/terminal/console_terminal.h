/* SPDX-License-Identifier: Apache-2.0 */
/* The terminal behind /dev/console: the machine's screen and keyboard, or what a host passes through. */
#pragma once
#include "terminal/terminal.h"

/* Makes /dev/tty, /dev/console, /dev/ptmx and /dev/pts known. Before rootfs_init. */
void terminals_init(void);

struct terminal *console_terminal(void);
/* From now on the output stays until terminal_take_output() takes it, instead of going to the screen; `changed` is
 * called when there is some or input was read, with queue.lock. Typed bytes come by terminal_input(). */
void console_terminal_pass_through(void (*changed)(struct terminal *terminal));
