/* SPDX-License-Identifier: Apache-2.0 */
/* A linear framebuffer as a console output: 8x16 characters, 16, 24 or 32 bits a pixel. */
#pragma once
#include "abi/boot_info.h"
#include "lib/base.h"
#include "lib/mmio.h"

/* Bytes to map at info->base; 0 when this is no framebuffer we can draw on. */
uint64_t framebuffer_bytes(const struct boot_framebuffer *info);

/* `pixels` is that memory, best mapped write-combining. Clears the screen and shows the log so far
 * on it. ERR_NOT_SUPPORTED, its format; ERR_NO_MEMORY. Once. */
err_t framebuffer_console_start(const struct boot_framebuffer *info, struct mmio pixels);
