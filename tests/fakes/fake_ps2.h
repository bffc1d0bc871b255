/* SPDX-License-Identifier: Apache-2.0 */
/* An 8042 with a keyboard. */
#pragma once
#include "lib/base.h"

struct fake_ps2 {
    uint8_t config;
    uint8_t command; /* waiting for its data byte */
    bool is_keyboard_on, is_scanning;
    bool is_wedged; /* never takes a byte again */
    bool is_mute;   /* the keyboard answers nothing */
    uint8_t queue[64];
    bool from_mouse[64];
    uint32_t first, count;
};

void fake_ps2_add(struct fake_ps2 *ps2);
void fake_ps2_send(struct fake_ps2 *ps2, uint8_t byte, bool is_from_mouse);
