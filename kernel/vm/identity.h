/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers for what outlives pointers to it: an address space or the pages of a file gets one the first time somebody
 * asks, and no other ever has the same, so a number kept by mistake names nothing rather than something else. */
#pragma once
#include "lib/base.h"

uint64_t identity_assign(uint64_t *identity);

/* `identity` is atomic and 0 until the first call. Any context. */
static inline uint64_t identity_of(uint64_t *identity)
{
    uint64_t number = __atomic_load_n(identity, __ATOMIC_RELAXED);
    return likely(number) ? number : identity_assign(identity);
}
