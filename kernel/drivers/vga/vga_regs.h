/* SPDX-License-Identifier: Apache-2.0 */
/* VGA registers that matter in text mode; each block is an index port and, after it, its data port.
 * [ibm-vga 2] */
#pragma once
#include "lib/base.h"

#define VGA_CRTC_PORT        0x3d4
#define VGA_CRTC_CURSOR_HIGH 0x0e
#define VGA_CRTC_CURSOR_LOW  0x0f
#define VGA_GRAPHICS_PORT    0x3ce
#define VGA_GRAPHICS_MISC    0x06
#define VGA_MISC_IS_GRAPHICS 0x01
#define VGA_MISC_MAP         FIELD(3, 2)
#define VGA_MISC_MAP_B8000   3 /* colour text */

enum {
    VGA_TEXT_COLUMNS = 80,
    VGA_TEXT_ROWS = 25,
};
