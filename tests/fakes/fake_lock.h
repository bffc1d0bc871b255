/* SPDX-License-Identifier: Apache-2.0 */
/* Spin locks of a host test: one thread, so a lock taken twice or released unheld ends the program. */
#pragma once
#include "lib/base.h"

/* After a panic was caught: what its thread held is free again. */
void fake_lock_drop_all(void);
uint32_t fake_lock_held_count(void);
