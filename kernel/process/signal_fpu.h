/* SPDX-License-Identifier: Apache-2.0 */
/* Floating-point state in signal frames, as Linux lays it out. Of the running thread; may sleep. */
#pragma once
#include "lib/base.h"

#define SIGNAL_FPU_ALIGN 64

/* What else a frame holds: return address, ucontext and siginfo. [linux arch/x86/include/asm/sigframe.h] */
#define SIGNAL_FRAME_BYTES 440u

/* A stack on which any frame fits, whatever the process asks for: AT_MINSIGSTKSZ. */
uint32_t signal_stack_bytes_min(void);

/* What a frame needs for it now. It grows when the thread begins to use AMX. */
uint32_t signal_fpu_bytes(void);

/* Writes it to `frame`, a multiple of SIGNAL_FPU_ALIGN, and makes it the initial one, for the handler to begin
 * with. ERR_FAULT: that memory is not the program's, and nothing but it has changed. */
err_t signal_fpu_save(uaddr_t frame);
/* Loads what a handler left there; address 0 means the initial state. ERR_FAULT: memory that is not the
 * program's, or a state that no CPU has. The state is then the initial one, and the program gets SIGSEGV. */
err_t signal_fpu_load(uaddr_t frame);
