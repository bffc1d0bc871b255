/* SPDX-License-Identifier: Apache-2.0 */
/* A machine without kernel stacks. */
#include "mm/kernel_map.h"

void kernel_stack_trim(void) {}
