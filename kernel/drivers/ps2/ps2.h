/* SPDX-License-Identifier: Apache-2.0 */
/* The PS/2 keyboard as console input. */
#pragma once
#include "lib/base.h"

/* Starts the keyboard and its interrupt. Takes microseconds where there is one, and no longer than
 * some milliseconds where there is none; do not call when ACPI says that there is no 8042.
 * ERR_NO_DEVICE; ERR_TIMED_OUT, the controller stopped answering; the errors of irq_attach. Once,
 * after irq_init. */
err_t ps2_keyboard_start(void);
