/* SPDX-License-Identifier: Apache-2.0 */
/* A kernel thread's saved state is its stack pointer; the rest is on the stack. */
#pragma once
#include "lib/base.h"

/* Saves the caller's context through `save_rsp` and continues the one at `load_rsp`. Interrupts
 * off. Returns when somebody switches back. */
void context_switch(uint64_t *save_rsp, uint64_t load_rsp);

/* Lays out a new stack so that the first switch to it runs entry(argument) with interrupts on and
 * calls `end` if entry returns. Returns the stack pointer to load. */
uint64_t context_prepare(void *stack_top, void (*entry)(void *), void *argument, void (*end)(void));
