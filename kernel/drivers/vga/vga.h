/* SPDX-License-Identifier: Apache-2.0 */
/* The PC's text screen as a console output. */
#pragma once
#include "lib/base.h"
#include "lib/mmio.h"

enum { VGA_TEXT_BASE = 0xb8000, VGA_TEXT_BYTES = 0x8000 }; /* physical */

/* Whether there is a VGA and it shows 80x25 colour text. */
bool vga_is_text_mode(void);

/* `text` is the memory at VGA_TEXT_BASE, mapped. Clears the screen and shows the log so far on it. ERR_NO_DEVICE;
 * ERR_NO_MEMORY. Once. */
err_t vga_console_start(struct mmio text);
