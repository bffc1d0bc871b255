/* SPDX-License-Identifier: Apache-2.0 */
/* Copies between the kernel and the running container. An address outside user space, unmapped, or
 * without the needed permission gives ERR_FAULT; pages not present yet are faulted in. What was
 * copied before a fault stays copied. Threads only, on the address space that is current. */
#pragma once
#include "arch/usercopy.h"
#include "core/lock_order.h"
#include "vm/layout.h"

/* ERR_FAULT; no bytes come from anywhere, as on Linux. */
err_t user_copy_in(void *dst, uaddr_t src, size_t bytes);
err_t user_copy_out(uaddr_t dst, const void *src, size_t bytes);
/* The same for one number, quicker. */
struct user_u64 user_read_u64(uaddr_t src);
err_t user_write_u64(uaddr_t dst, uint64_t value);
err_t user_zero(uaddr_t dst, size_t bytes);
/* Copies a NUL-terminated string of less than `capacity` bytes; *length excludes the NUL.
 * ERR_NAME_TOO_LONG when no NUL is found within capacity. */
err_t user_copy_string(char *dst, uaddr_t src, size_t capacity, size_t *length);

/* ---- the same as a part of their callers, for the calls that have to be quick. Host tests have the others' fakes ---- */

/* A page that is missing takes the space's lock, which is a mutex; so says the check even where none is. */
static inline void user_expect_fault(void)
{
    if (CONFIG_DEBUG) lock_order_expect_may_sleep("touching user memory");
}

/* Where it is known that all of it is in user space. */
static ALWAYS_INLINE err_t user_copy_out_inside(uaddr_t dst, const void *src, size_t bytes)
{
    if (__STDC_HOSTED__) return user_copy_out(dst, src, bytes);
    user_expect_fault();
    return likely(!arch_user_copy((void *)dst.raw, src, bytes)) ? OK : ERR_FAULT;
}

static ALWAYS_INLINE err_t user_copy_out_inline(uaddr_t dst, const void *src, size_t bytes)
{
    if (__STDC_HOSTED__) return user_copy_out(dst, src, bytes);
    if (unlikely(!is_user_range(dst.raw, bytes))) return bytes ? ERR_FAULT : OK;
    return user_copy_out_inside(dst, src, bytes);
}

static ALWAYS_INLINE err_t user_copy_string_inline(char *dst, uaddr_t src, size_t capacity, size_t *length)
{
    if (__STDC_HOSTED__) return user_copy_string(dst, src, capacity, length);
    user_expect_fault();
    if (unlikely(src.raw >= USER_END)) return ERR_FAULT;
    /* A string that runs up to the end of user space faults there, as it would for the program. */
    size_t room = MIN(capacity, USER_END - src.raw);
    int64_t copied = arch_user_string(dst, (const char *)src.raw, room);
    *length = (size_t)copied - 1;
    if (likely(copied > 0)) return OK;
    return copied < 0 || room < capacity ? ERR_FAULT : ERR_NAME_TOO_LONG;
}
