/* SPDX-License-Identifier: Apache-2.0 */
/* futex(2), futex_waitv(2) and the lists of set_robust_list(2), on x86-64. [linux uapi linux/futex.h] */
#pragma once
#include "lib/base.h"

#define LINUX_FUTEX_WAIT            0
#define LINUX_FUTEX_WAKE            1
#define LINUX_FUTEX_REQUEUE         3
#define LINUX_FUTEX_CMP_REQUEUE     4
#define LINUX_FUTEX_WAKE_OP         5
#define LINUX_FUTEX_LOCK_PI         6
#define LINUX_FUTEX_UNLOCK_PI       7
#define LINUX_FUTEX_TRYLOCK_PI      8
#define LINUX_FUTEX_WAIT_BITSET     9
#define LINUX_FUTEX_WAKE_BITSET     10
#define LINUX_FUTEX_WAIT_REQUEUE_PI 11
#define LINUX_FUTEX_LOCK_PI2        13
#define LINUX_FUTEX_PRIVATE_FLAG    128
#define LINUX_FUTEX_CLOCK_REALTIME  256
#define LINUX_FUTEX_BITSET_ANY      0xffffffffu

/* FUTEX_WAKE_OP's last argument: operation, comparison, and an operand of 12 bits with a sign for each. */
#define LINUX_FUTEX_OP_SHIFT       28
#define LINUX_FUTEX_OP_ARG_SHIFT   12
#define LINUX_FUTEX_OP_CMP_SHIFT   24
#define LINUX_FUTEX_OP_SET         0
#define LINUX_FUTEX_OP_ADD         1
#define LINUX_FUTEX_OP_OR          2
#define LINUX_FUTEX_OP_ANDN        3
#define LINUX_FUTEX_OP_XOR         4
#define LINUX_FUTEX_OP_OPARG_SHIFT 8 /* the operand is 1 << operand */
#define LINUX_FUTEX_OP_CMP_EQ      0
#define LINUX_FUTEX_OP_CMP_NE      1
#define LINUX_FUTEX_OP_CMP_LT      2
#define LINUX_FUTEX_OP_CMP_LE      3
#define LINUX_FUTEX_OP_CMP_GT      4
#define LINUX_FUTEX_OP_CMP_GE      5

/* The word of a lock with an owner: the number of its thread, and two marks. */
#define LINUX_FUTEX_WAITERS    0x80000000u
#define LINUX_FUTEX_OWNER_DIED 0x40000000u
#define LINUX_FUTEX_TID_MASK   0x3fffffffu

/* `next` of the last entry is the head itself. Bit 0 of a pointer marks a lock of LOCK_PI. */
struct linux_robust_list_head {
    uint64_t next;
    int64_t futex_offset; /* from an entry to its word */
    uint64_t pending;     /* the entry that is being locked or unlocked, or 0 */
};
_Static_assert(sizeof(struct linux_robust_list_head) == 24, "fixed by Linux");
#define LINUX_ROBUST_LIST_PI 1ull

struct linux_futex_waitv {
    uint64_t value, address;
    uint32_t flags, reserved;
};
_Static_assert(sizeof(struct linux_futex_waitv) == 24, "fixed by Linux");
#define LINUX_FUTEX2_SIZE_U32 2u
#define LINUX_FUTEX2_PRIVATE  128u
#define LINUX_FUTEX_WAITV_MAX 128
