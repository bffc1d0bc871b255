/* SPDX-License-Identifier: Apache-2.0 */
/* Between kernel_area.c and kernel_stack.c. */
#pragma once
#include "core/lock.h"

/* Guards the kernel's page table once kernel_map_init is over, and who has which of its addresses. Held around frame
 * allocation. */
extern struct spinlock kernel_area_lock;
