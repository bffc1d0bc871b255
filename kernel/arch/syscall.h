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

struct traced_arguments;

/* ---- in syscall/table.c, called from assembly ---- */
int64_t syscall_unknown(uint64_t number);
int64_t syscall_traced(uint64_t number, const struct traced_arguments *arguments);

/* ---- in assembly ---- */
/* The table entry of a number nobody serves: passes the number on to syscall_unknown. */
void syscall_missing(void);
/* Calls a table entry with the arguments a traced entry saved. */
int64_t syscall_call(uint64_t number, const struct traced_arguments *arguments);
