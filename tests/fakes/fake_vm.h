/* SPDX-License-Identifier: Apache-2.0 */
/* User memory of a host test: the test's own, except what it poisons. */
#pragma once
#include "lib/base.h"

/* Touching any byte of the range gives ERR_FAULT; 0 bytes: nothing is poisoned. Page aligned, as
 * protection is. What a copy reaches before the range is copied. */
void fake_user_poison(const void *start, size_t bytes);

/* Called before each copy, so that a test can act in the middle of a call; NULL: nothing. */
extern void (*fake_user_hook)(void);
