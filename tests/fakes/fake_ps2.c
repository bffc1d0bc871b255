/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fakes/fake_ps2.h"

#include "drivers/ps2/ps2_regs.h"
#include "tests/fakes/fake_bus.h"

void fake_ps2_send(struct fake_ps2 *p, uint8_t byte, bool is_from_mouse)
{
    ASSERT(p->count < sizeof p->queue);
    p->from_mouse[p->count] = is_from_mouse;
    p->queue[p->count++] = byte;
}

static uint64_t data_read(void *model, uint32_t offset, uint32_t bytes)
{
    struct fake_ps2 *p = model;
    (void)offset, (void)bytes;
    return p->first < p->count ? p->queue[p->first++] : 0;
}

static uint64_t status_read(void *model, uint32_t offset, uint32_t bytes)
{
    struct fake_ps2 *p = model;
    (void)offset, (void)bytes;
    uint8_t status = p->is_wedged ? PS2_STATUS_INPUT_FULL : 0;
    if (p->first == p->count) return status;
    return status | PS2_STATUS_OUTPUT_FULL | (p->from_mouse[p->first] ? PS2_STATUS_FROM_MOUSE : 0);
}

static void data_write(void *model, uint32_t offset, uint32_t bytes, uint64_t value)
{
    struct fake_ps2 *p = model;
    (void)offset, (void)bytes;
    ASSERT(!p->is_wedged);
    if (p->command == PS2_WRITE_CONFIG) {
        p->config = (uint8_t)value;
    } else if (!p->is_mute) {
        p->is_scanning |= value == PS2_KEYBOARD_ENABLE_SCANNING;
        fake_ps2_send(p, PS2_KEYBOARD_ACK, false);
    }
    p->command = 0;
}

static void command_write(void *model, uint32_t offset, uint32_t bytes, uint64_t value)
{
    struct fake_ps2 *p = model;
    (void)offset, (void)bytes;
    ASSERT(!p->is_wedged);
    p->command = (uint8_t)value;
    if (value == PS2_READ_CONFIG) fake_ps2_send(p, p->config, false);
    if (value == PS2_ENABLE_KEYBOARD) p->is_keyboard_on = true;
    if (value == PS2_DISABLE_KEYBOARD) p->is_keyboard_on = false;
}

void fake_ps2_add(struct fake_ps2 *p)
{
    fake_bus_add_ports(PS2_DATA_PORT, 1, (struct fake_device){ p, data_read, data_write });
    fake_bus_add_ports(PS2_STATUS_PORT, 1, (struct fake_device){ p, status_read, command_write });
}
