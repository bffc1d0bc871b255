/* SPDX-License-Identifier: Apache-2.0 */
/* The sum that the internet's checksums are made of. [rfc1071] */
#pragma once
#include "lib/base.h"

/* Adds the 64-bit words of `bytes`, a multiple of 64, to `sum`, each carry at the other end. */
uint64_t arch_sum64(const void *data, size_t bytes, uint64_t sum);
