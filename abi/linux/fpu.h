/* SPDX-License-Identifier: Apache-2.0 */
/* Floating-point state in a signal frame, and asking for more of it.
 * [linux uapi asm/sigcontext.h, asm/prctl.h] */
#pragma once
#include <stdint.h>

#define LINUX_FP_XSTATE_MAGIC1 0x46505853u
#define LINUX_FP_XSTATE_MAGIC2 0x46505845u /* behind the state, at xstate_size */

/* The bytes of an FXSAVE image that are software's. */
struct linux_fpx_sw_bytes {
    uint32_t magic1;
    uint32_t extended_size; /* with MAGIC2 */
    uint64_t xfeatures;
    uint32_t xstate_size;
    uint32_t padding[7];
};
_Static_assert(sizeof(struct linux_fpx_sw_bytes) == 48, "ABI");
#define LINUX_FPX_SW_OFFSET 464

#define LINUX_ARCH_GET_XCOMP_SUPP 0x1021
#define LINUX_ARCH_GET_XCOMP_PERM 0x1022
#define LINUX_ARCH_REQ_XCOMP_PERM 0x1023
