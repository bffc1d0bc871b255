/* SPDX-License-Identifier: Apache-2.0 */
#include "core/shutdown.h"

#include "arch/cpu.h"
#include "core/ipi.h"

static uint16_t debug_exit_port, reset_port;
static uint8_t reset_value;
static enum shutdown_way shutdown_way = SHUTDOWN_HALT;

void shutdown_set_debug_exit(uint16_t port) { debug_exit_port = port; }
void shutdown_set_way(enum shutdown_way way) { shutdown_way = way; }

void shutdown_set_reset_port(uint16_t port, uint8_t value)
{
    reset_port = port;
    reset_value = value;
}

/* FADT register, then the PCI reset control of PC chipsets, then the keyboard controller's reset
 * line, then a triple fault: the first that exists ends it. */
static void reset(void)
{
    if (reset_port) port_write8(reset_port, reset_value);
    port_write8(0xcf9, 0x06);
    port_write8(0x64, 0xfe);
    struct {
        uint16_t limit;
        uint64_t base;
    } PACKED no_idt = { 0, 0 };
    __asm__ volatile("lidt %0; int3" : : "m"(no_idt));
}

void shutdown(uint8_t code)
{
    ipi_stop_others();
    if (debug_exit_port) port_write8(debug_exit_port, code);
    if (shutdown_way == SHUTDOWN_RESET) reset();
    for (;;) cpu_halt();
}
