/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel descriptor. Of the older amd_kernel_code_t (256 bytes) the fields read here are at the same
 * places. [llvm-amdgpu, Kernel Descriptor] */
#pragma once
#include "lib/base.h"

struct kernel_descriptor {
    uint32_t group_segment_bytes, private_segment_bytes, kernarg_bytes, reserved0;
    int64_t entry_offset; /* of the first instruction, from the descriptor on */
    uint8_t reserved1[20];
    uint32_t pgm_rsrc3, pgm_rsrc1, pgm_rsrc2;
    uint16_t properties;
    uint8_t reserved2[6];
};
_Static_assert(sizeof(struct kernel_descriptor) == 64, "fixed by the ABI");

#define RSRC1_VGPRS      FIELD(5, 0) /* in fours, less one */
#define RSRC1_FLOAT_MODE FIELD(19, 12)
#define RSRC1_DX10_CLAMP FIELD(21, 21)
#define RSRC1_IEEE_MODE  FIELD(23, 23)
#define RSRC1_FP16_OVFL  FIELD(26, 26)

#define RSRC2_SCRATCH_EN     FIELD(0, 0)
#define RSRC2_USER_SGPR      FIELD(5, 1)
#define RSRC2_TGID_X         FIELD(7, 7)
#define RSRC2_TGID_Y         FIELD(8, 8)
#define RSRC2_TGID_Z         FIELD(9, 9)
#define RSRC2_TG_SIZE        FIELD(10, 10)
#define RSRC2_TIDIG_COMP_CNT FIELD(12, 11)

#define PROPERTY_PRIVATE_SEGMENT_BUFFER FIELD(0, 0)
#define PROPERTY_DISPATCH_PTR           FIELD(1, 1)
#define PROPERTY_QUEUE_PTR              FIELD(2, 2)
#define PROPERTY_KERNARG_SEGMENT_PTR    FIELD(3, 3)
#define PROPERTY_DISPATCH_ID            FIELD(4, 4)
#define PROPERTY_FLAT_SCRATCH_INIT      FIELD(5, 5)
#define PROPERTY_PRIVATE_SEGMENT_SIZE   FIELD(6, 6)
/* 7 to 9: numbers of work-groups, in amd_kernel_code_t alone */
#define PROPERTY_WAVE32 FIELD(10, 10)
