/* SPDX-License-Identifier: Apache-2.0 */
/* The 8042: a byte each way through one port, with a flag for each direction in another. The mouse
 * is switched off; the keyboard sends scan code set 1 by the controller's translation, which every
 * firmware leaves on and which laptops' embedded controllers implement best.
 *
 * Locking: after the start only the interrupt touches the device. */
#include "drivers/ps2/ps2.h"

#include "arch/io.h"
#include "core/irq.h"
#include "device/console.h"
#include "drivers/ps2/keymap.h"
#include "drivers/ps2/ps2_regs.h"

enum {
    PS2_IRQ = 1,
    /* A keyboard answers a command within 20 ms; a port takes 0.5 us at least. [ibm-ps2-keyboard] */
    PS2_READS_MAX = 40000,
    PS2_STALE_BYTES_MAX = 32, /* more than its buffer holds: nothing is there and the port reads as ones */
};

static struct keymap keymap;

static bool wait_status(uint8_t mask, uint8_t wanted)
{
    for (int i = 0; i < PS2_READS_MAX; i++) {
        if ((port_read8(PS2_STATUS_PORT) & mask) == wanted) return true;
    }
    return false;
}

static err_t write_port(uint16_t port, uint8_t byte)
{
    if (!wait_status(PS2_STATUS_INPUT_FULL, 0)) return ERR_TIMED_OUT;
    port_write8(port, byte);
    return OK;
}

static err_t read_data(uint8_t *byte)
{
    if (!wait_status(PS2_STATUS_OUTPUT_FULL, PS2_STATUS_OUTPUT_FULL)) return ERR_TIMED_OUT;
    *byte = port_read8(PS2_DATA_PORT);
    return OK;
}

/* Key strokes of before, which nobody reads. */
static err_t drop_stale_bytes(void)
{
    for (int i = 0; i < PS2_STALE_BYTES_MAX; i++) {
        if (!(port_read8(PS2_STATUS_PORT) & PS2_STATUS_OUTPUT_FULL)) return OK;
        (void)port_read8(PS2_DATA_PORT);
    }
    return ERR_NO_DEVICE;
}

static err_t configure(void)
{
    uint8_t config;
    err_t e = write_port(PS2_COMMAND_PORT, PS2_READ_CONFIG);
    if (failed(e)) return e;
    e = read_data(&config);
    if (failed(e)) return e;

    config |= PS2_CONFIG_KEYBOARD_IRQ | PS2_CONFIG_TRANSLATE;
    config &= (uint8_t)~(PS2_CONFIG_MOUSE_IRQ | PS2_CONFIG_KEYBOARD_OFF);
    e = write_port(PS2_COMMAND_PORT, PS2_WRITE_CONFIG);
    return failed(e) ? e : write_port(PS2_DATA_PORT, config);
}

/* A key pressed at this moment may come before the answer. */
static err_t enable_scanning(void)
{
    err_t e = write_port(PS2_DATA_PORT, PS2_KEYBOARD_ENABLE_SCANNING);
    for (int i = 0; i < PS2_STALE_BYTES_MAX && !failed(e); i++) {
        uint8_t answer;
        e = read_data(&answer);
        if (!failed(e) && answer == PS2_KEYBOARD_ACK) return OK;
    }
    return failed(e) ? e : ERR_IO;
}

static err_t start_controller(void)
{
    err_t e = drop_stale_bytes();
    if (failed(e)) return e;
    e = write_port(PS2_COMMAND_PORT, PS2_DISABLE_KEYBOARD);
    if (failed(e)) return e;
    e = write_port(PS2_COMMAND_PORT, PS2_DISABLE_MOUSE);
    if (failed(e)) return e;
    e = drop_stale_bytes();
    if (failed(e)) return e;
    e = configure();
    if (failed(e)) return e;
    e = write_port(PS2_COMMAND_PORT, PS2_ENABLE_KEYBOARD);
    return failed(e) ? e : enable_scanning();
}

static void ps2_interrupt(void *context)
{
    (void)context;
    for (int i = 0; i < PS2_STALE_BYTES_MAX; i++) {
        uint8_t status = port_read8(PS2_STATUS_PORT);
        if (!(status & PS2_STATUS_OUTPUT_FULL)) return;
        uint8_t code = port_read8(PS2_DATA_PORT);
        if (status & PS2_STATUS_FROM_MOUSE) continue;

        char typed[KEYMAP_OUTPUT_MAX];
        size_t count = keymap_feed(&keymap, code, typed);
        if (count) console_input_bytes(typed, count);
    }
}

err_t ps2_keyboard_start(void)
{
    keymap = (struct keymap){ 0 };
    err_t e = start_controller();
    if (failed(e)) return e;
    e = irq_attach(PS2_IRQ, ps2_interrupt, NULL);
    if (failed(e)) return e;

    /* A key pressed in between has raised the line already, and only a rising line interrupts. */
    return drop_stale_bytes();
}
