/* SPDX-License-Identifier: Apache-2.0 */
/* The shared object made of kernel/vdso/program/. */
#pragma once
#include "lib/base.h"

extern const uint8_t vdso_image[PAGE_BYTES];
