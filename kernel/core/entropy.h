/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's random bytes, also getrandom(2)'s: ChaCha20 (lib/random.h), seeded at first use by
 * RDSEED or RDRAND, the TSC and what boot left. Under counted runs the CPU model has neither
 * instruction and the TSC is fixed, so the sequence repeats, which is the point of counting.
 * Any context. */
#pragma once
#include "lib/base.h"

void entropy_read(void *out, size_t bytes);
uint64_t entropy_u64(void);
/* Stirs in what an attacker may know but does not control (interrupt times, loader facts). */
void entropy_mix(const void *bytes, size_t count);

/* Renews the stack protector's value. Only code that never returns may call it. */
void entropy_renew_stack_guard(void) __attribute__((no_stack_protector));
