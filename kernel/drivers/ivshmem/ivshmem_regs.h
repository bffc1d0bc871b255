/* SPDX-License-Identifier: Apache-2.0 */
/* Memory shared between machines. [qemu docs/specs/ivshmem-spec.txt] */
#pragma once

enum {
    IVSHMEM_VENDOR = 0x1af4,
    IVSHMEM_DEVICE = 0x1110,
    IVSHMEM_BAR_REGISTERS = 0,
    IVSHMEM_BAR_MEMORY = 2,
    IVSHMEM_REGISTERS_BYTES = 256,
    /* in BAR 0 */
    IVSHMEM_IVPOSITION = 8, /* our number among the peers; negative: not known yet */
    IVSHMEM_DOORBELL = 12,  /* peer << 16 | vector */
};
