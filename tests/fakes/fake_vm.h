/* SPDX-License-Identifier: Apache-2.0 */
/* User memory of a host test: the test's own, except what it poisons. Mappings of files are a count that
 * the test sets, and a record of what they were told. */
#pragma once
#include "lib/base.h"
#include "vm/backing.h"

/* Touching any byte of the range gives ERR_FAULT; 0 bytes: nothing is poisoned. Page aligned, as
 * protection is. What a copy reaches before the range is copied. */
void fake_user_poison(const void *start, size_t bytes);
/* From now on nothing else is user memory, so that wild addresses fault. */
void fake_user_confine(const void *start, const void *end);

/* Called before each copy, so that a test can act in the middle of a call; NULL: nothing. */
extern void (*fake_user_hook)(void);

/* ---- mappings of files: what they are told ---- */

enum { FAKE_REVOCATIONS_MAX = 64 };
struct fake_revocation {
    const struct mapping *mapping;
    uint64_t first, end;
    bool copies_too;
};
extern struct fake_revocation fake_revocations[FAKE_REVOCATIONS_MAX];
extern uint32_t fake_revocation_count; /* since the test reset it; beyond the array only counted */

/* Called at each revocation, where the address spaces look again; NULL: nothing. */
extern void (*fake_revocation_hook)(const struct fake_revocation *revocation);
