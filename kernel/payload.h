/* SPDX-License-Identifier: Apache-2.0 */
/* What the booted kernel does: run the container (container/payload.c), or, in the test image, run
 * the in-kernel tests (tests/harness/ktest.c). One of the two is linked. */
#pragma once
#include "abi/boot_info.h"

/* Boot thread; returns the code for shutdown(). */
uint8_t kernel_payload(const struct boot_info *info);
