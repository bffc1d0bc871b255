/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of a request to ioctl(2), as Linux puts them together. [linux uapi asm-generic/ioctl.h] */
#pragma once
#include "lib/base.h"

enum { REQUEST_WRITE = 1, REQUEST_READ = 2 }; /* as the program does */

static inline uint32_t request_number(uint32_t request) { return request & 0xff; }
static inline uint32_t request_type(uint32_t request) { return request >> 8 & 0xff; }
static inline uint32_t request_bytes(uint32_t request) { return request >> 16 & 0x3fff; }
