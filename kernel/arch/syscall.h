/* SPDX-License-Identifier: Apache-2.0 */
/* What arch/syscall.S and syscall/table.c agree on. */
#pragma once
#include "lib/base.h"

/* One more than the highest number in abi/syscalls.def. */
enum { SYSCALL_COUNT = 451 };

#define SYSCALL(number, name, status, reason) \
    _Static_assert((number) < SYSCALL_COUNT, "SYSCALL_COUNT is one more than the highest number");
#include "abi/syscalls.def"
#undef SYSCALL

/* As the entry saved them. */
struct syscall_arguments {
    uint64_t number, r9, r8, r10, rdx, rsi, rdi;
};

/* ---- in syscall/table.c, called from assembly ---- */
int64_t syscall_unknown(uint64_t number);
void syscall_trace_enter(const struct syscall_arguments *arguments);
int64_t syscall_trace_leave(int64_t result);

/* ---- in assembly ---- */
/* The table entry of a number nobody serves: passes the number on to syscall_unknown. */
void syscall_missing(void);
