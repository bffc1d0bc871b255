/* SPDX-License-Identifier: Apache-2.0 */
/* Linux system calls: who answers which number. */
#pragma once
#include "abi/channel.h"
#include "lib/base.h"

/* With `traced`, every call and its result is logged (command line `strace`); with `counted`, they are counted by number
 * (`ck.stats`). Without either nothing of this stands in a call's way. */
void syscall_init(bool traced, bool counted);
const char *syscall_name(uint64_t number);
/* Makes a call of the list from inside the kernel. */
int64_t syscall_call(uint64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f);
/* How often each number was called, one after the other, for container/stats.h. */
bool syscall_count_next(uint32_t *cursor, struct channel_stat *out);
