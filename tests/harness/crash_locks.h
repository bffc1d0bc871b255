/* SPDX-License-Identifier: Apache-2.0 */
/* Ways to break the rules of docs/locking.md; each must end in a panic of core/lock_order.c. */
#pragma once

/* Returns only when the breach went unnoticed or the name is unknown. */
void crash_locks(const char *name);
