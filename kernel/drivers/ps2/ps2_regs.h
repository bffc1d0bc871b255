/* SPDX-License-Identifier: Apache-2.0 */
/* 8042 keyboard controller and the keyboard behind it. [ibm-ps2-kbc] [ibm-ps2-keyboard] */
#pragma once
#include "lib/base.h"

#define PS2_DATA_PORT           0x60
#define PS2_STATUS_PORT         0x64 /* reading */
#define PS2_STATUS_OUTPUT_FULL  0x01 /* a byte for us */
#define PS2_STATUS_INPUT_FULL   0x02 /* it has not taken our last byte yet */
#define PS2_STATUS_FROM_MOUSE   0x20
#define PS2_COMMAND_PORT        0x64 /* writing */
#define PS2_READ_CONFIG         0x20
#define PS2_WRITE_CONFIG        0x60
#define PS2_DISABLE_MOUSE       0xa7
#define PS2_DISABLE_KEYBOARD    0xad
#define PS2_ENABLE_KEYBOARD     0xae
#define PS2_CONFIG_KEYBOARD_IRQ 0x01
#define PS2_CONFIG_MOUSE_IRQ    0x02
#define PS2_CONFIG_KEYBOARD_OFF 0x10
#define PS2_CONFIG_TRANSLATE    0x40 /* scan codes arrive as set 1 */

#define PS2_KEYBOARD_ENABLE_SCANNING 0xf4
#define PS2_KEYBOARD_ACK             0xfa
