/* SPDX-License-Identifier: Apache-2.0 */
/* Restartable sequences, and barriers in other threads. [linux uapi linux/rseq.h, linux/membarrier.h] */
#pragma once
#include <stdint.h>

/* What a thread shares with the kernel, aligned to its size. */
struct linux_rseq {
    uint32_t cpu_id_start; /* never the one below that stands for none */
    uint32_t cpu_id;
    uint64_t critical_section; /* of a struct linux_rseq_section; 0: none */
    uint32_t flags;
    uint32_t unused[3];
};
_Static_assert(sizeof(struct linux_rseq) == 32, "ABI");
#define LINUX_RSEQ_CPU_ID_NONE     0xffffffffu
#define LINUX_RSEQ_FLAG_UNREGISTER 1

struct linux_rseq_section {
    uint32_t version, flags;
    uint64_t start, bytes, abort; /* addresses but for the second */
};
_Static_assert(sizeof(struct linux_rseq_section) == 32, "ABI");

#define LINUX_MEMBARRIER_QUERY                      0
#define LINUX_MEMBARRIER_GLOBAL                     0x1
#define LINUX_MEMBARRIER_GLOBAL_EXPEDITED           0x2
#define LINUX_MEMBARRIER_REGISTER_GLOBAL_EXPEDITED  0x4
#define LINUX_MEMBARRIER_PRIVATE_EXPEDITED          0x8
#define LINUX_MEMBARRIER_REGISTER_PRIVATE_EXPEDITED 0x10
#define LINUX_MEMBARRIER_PRIVATE_SYNC_CORE          0x20
#define LINUX_MEMBARRIER_REGISTER_PRIVATE_SYNC_CORE 0x40
#define LINUX_MEMBARRIER_PRIVATE_RSEQ               0x80
#define LINUX_MEMBARRIER_REGISTER_PRIVATE_RSEQ      0x100
#define LINUX_MEMBARRIER_ALL                        0x1ff
#define LINUX_MEMBARRIER_FLAG_CPU                   1
