/* SPDX-License-Identifier: Apache-2.0 */
/* Clearing whole pages, the kernel's largest single work. */
#pragma once
#include "lib/base.h"

/* `at` and `bytes` are multiples of 4 KiB. Any context; the program's vector registers stay as they are. */
void zero_pages(void *at, uint64_t bytes);
