/* SPDX-License-Identifier: Apache-2.0 */
/* The 32-bit xxHash of a block of memory: the checksum of LZ4 frames. [xxhash-spec 0.1.1] */
#pragma once
#include "lib/base.h"

uint32_t xxh32(const void *bytes, size_t count, uint32_t seed);
