/* SPDX-License-Identifier: Apache-2.0 */
/* Raw access to user memory (arch/usercopy.S). The caller has checked that the user side lies in
 * user space; whether it is mapped shows in the result. Use vm/usercopy.h. */
#pragma once
#include "lib/base.h"

/* Bytes NOT copied: 0 is success. Either side may be the user's. */
uint64_t arch_user_copy(void *dst, const void *src, uint64_t bytes);
/* Bytes NOT zeroed. */
uint64_t arch_user_zero(void *dst, uint64_t bytes);
/* Bytes copied including the NUL; 0 when there is none within `capacity`; -1 on a fault. */
int64_t arch_user_string(char *dst, const char *src, uint64_t capacity);

/* An aligned word, read or compared and exchanged in one step, which then is a full barrier. What was
 * there, or -1 when it is not present for that access: nothing is faulted in, so spin locks may be held. */
#if __STDC_HOSTED__ /* host tests have their own */
int64_t arch_user_load32(const uint32_t *word);
#else
/* Inline, so that the compiler knows that nothing but RAX changes. */
static inline int64_t arch_user_load32(const uint32_t *word)
{
    int64_t value;
    __asm__ volatile("call arch_user_load32" : "=a"(value) : "D"(word) : "memory", "cc");
    return value;
}
#endif
int64_t arch_user_compare_exchange32(uint32_t *word, uint32_t expected, uint32_t desired);
/* Makes it present for writing and leaves it as it is. Not 0: that cannot be. */
uint64_t arch_user_touch32(uint32_t *word);
