/* SPDX-License-Identifier: Apache-2.0 */
/* The two 8259 interrupt controllers every PC starts with. The kernel uses the I/O APIC; these only
 * have to be out of the way. */
#pragma once
#include "lib/base.h"

enum { PIC_VECTOR_COUNT = 16 };

/* Moves their vectors from the exceptions' 8..15 to `first_vector`..+15 and masks every line. A
 * masked 8259 can still deliver one spurious interrupt, so those vectors need a handler (that sends
 * no end of interrupt). */
void pic_mask_all(uint8_t first_vector);
