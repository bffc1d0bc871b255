/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/identity.h"

uint64_t identity_assign(uint64_t *identity)
{
    static uint64_t last;
    uint64_t none = 0, fresh = __atomic_add_fetch(&last, 1, __ATOMIC_RELAXED);
    bool is_ours =
        __atomic_compare_exchange_n(identity, &none, fresh, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
    return is_ours ? fresh : none; /* or somebody was quicker */
}
