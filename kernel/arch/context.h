/* SPDX-License-Identifier: Apache-2.0 */
/* A kernel thread's saved state is its stack pointer; the rest is on the stack. */
#pragma once
#include "lib/base.h"

struct context {
    uint64_t rsp;       /* while it does not run */
    uint32_t is_on_cpu; /* atomic: its stack is in use. Set by who continues it; cleared once it is left */
};

/* Saves the caller's context and continues the one at `load_rsp`. Interrupts off. Returns when somebody switches
 * back. */
void context_switch(struct context *save, uint64_t load_rsp);

/* Lays out a new stack so that the first switch to it runs entry(argument), which does not return, with
 * interrupts off. Returns the stack pointer to load. */
uint64_t context_prepare(void *stack_top, void (*entry)(void *), void *argument);
