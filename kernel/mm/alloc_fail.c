/* SPDX-License-Identifier: Apache-2.0 */
#include "mm/alloc_fail.h"

uint64_t alloc_fail_countdown;
void (*alloc_fail_hook)(void);

bool alloc_fail_now(void)
{
    if (alloc_fail_hook) alloc_fail_hook();
    return true;
}
