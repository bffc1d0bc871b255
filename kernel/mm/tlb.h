/* SPDX-License-Identifier: Apache-2.0 */
/* Forgetting translations after page tables changed. What they pointed to may be reused only after
 * these return. This is the place where other CPUs will be told. */
#pragma once
#include "lib/base.h"

/* One address inside each leaf that changed; all in the kernel's half or all in the user's. */
void tlb_forget(const uint64_t *addresses, uint32_t count);
void tlb_forget_all(void); /* global entries too */
void tlb_forget_user(void);
