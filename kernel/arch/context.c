/* SPDX-License-Identifier: Apache-2.0 */
#include "arch/context.h"

void context_start(void);

uint64_t context_prepare(void *stack_top, void (*entry)(void *), void *argument)
{
    uint64_t *sp = stack_top;
    *--sp = (uint64_t)context_start; /* its call then finds the stack aligned to 16 */
    *--sp = 0;                       /* rbp: backtraces end here */
    *--sp = 0;                       /* rbx */
    *--sp = (uint64_t)entry;         /* r12 */
    *--sp = (uint64_t)argument;      /* r13 */
    *--sp = 0;                       /* r14 */
    *--sp = 0;                       /* r15 */
    return (uint64_t)sp;
}
