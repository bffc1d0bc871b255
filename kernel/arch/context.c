/* SPDX-License-Identifier: Apache-2.0 */
#include "arch/context.h"

void context_start(void);

struct context context_prepare(void *stack_top, void (*entry)(void *), void *argument)
{
    uint64_t *sp = stack_top; /* aligned to 16, as context_start's call finds it again */
    *--sp = (uint64_t)argument;
    *--sp = (uint64_t)entry;
    return (struct context){ .rsp = (uint64_t)sp, .rip = (uint64_t)context_start };
}
