/* SPDX-License-Identifier: Apache-2.0 */
/* Stopping the machine. Without AML there is no ACPI power-off, so there are three ways: QEMU's
 * debug-exit port where the command line names one, a reset (QEMU's -no-reboot then ends it), or a halt. */
#pragma once
#include "lib/base.h"

enum shutdown_way { SHUTDOWN_HALT, SHUTDOWN_RESET };

/* QEMU exits with status (code << 1) | 1. [qemu hw/misc/debugexit.c] */
void shutdown_set_debug_exit(uint16_t port);
/* The FADT's reset register, when it is an I/O port. [acpi-6.5 4.8.3.6] */
void shutdown_set_reset_port(uint16_t port, uint8_t value);
void shutdown_set_way(enum shutdown_way way);

/* Any context. */
NORETURN void shutdown(uint8_t code);
