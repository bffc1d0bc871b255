/* SPDX-License-Identifier: Apache-2.0 */
/* Raw access to user memory (arch/usercopy.S). The caller has checked that the user side lies in
 * user space; whether it is mapped shows in the result. Use vm/usercopy.h. */
#pragma once
#include "lib/base.h"

/* Comes in two registers, so that the number needs no memory. */
struct user_u64 {
    uint64_t value;
    uint64_t is_bad; /* 1: it could not be read */
};

/* Bytes NOT copied: 0 is success. Either side may be the user's. */
uint64_t arch_user_copy(void *dst, const void *src, uint64_t bytes);
/* Bytes NOT zeroed. */
uint64_t arch_user_zero(void *dst, uint64_t bytes);
/* Bytes copied including the NUL; 0 when there is none within `capacity`; -1 on a fault. Up to seven zeros may follow
 * the NUL, within the capacity. */
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
/* Not 0: it could not be read, or written. */
uint32_t arch_user_read_u32(uint32_t *dst, const void *src);
struct user_u64 arch_user_read_u64(const void *src);
uint32_t arch_user_write_u64(void *dst, uint64_t value);

/* The floating-point registers to and from an area of arch/fpu.h. Not 0: some of it is not mapped or allowed, or
 * the CPU refuses what it holds.
 *
 * XSAVE, after the 112 bytes from where software's begin to the header's end were copied from `head`; then the
 * header says that x87 and SSE are in use, and `mark` is put behind the area. */
uint32_t arch_user_xsave(void *area, const void *head, uint32_t components, uint64_t bytes, uint32_t mark);
uint32_t arch_user_xrstor(const void *area, uint32_t components);
/* The same, if `head` begins the area's software bytes, `mark` is behind it, and no reserved bit of MXCSR is set. Not
 * 0 otherwise, and the registers may have changed. */
uint32_t arch_user_xrstor_whole(const void *area, const void *head, uint32_t components, uint64_t bytes,
                                uint32_t mark, uint32_t mxcsr_reserved);
uint32_t arch_user_fxsave(void *area, uint32_t unused);
uint32_t arch_user_fxrstor(const void *area, uint32_t unused);
