/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/usercopy.h"

err_t user_copy_in(void *dst, uaddr_t src, size_t bytes)
{
    user_expect_fault();
    if (!is_user_range(src.raw, bytes)) return bytes ? ERR_FAULT : OK;
    return arch_user_copy(dst, (const void *)src.raw, bytes) ? ERR_FAULT : OK;
}

err_t user_copy_out(uaddr_t dst, const void *src, size_t bytes)
{
    return user_copy_out_inline(dst, src, bytes);
}

struct user_u64 user_read_u64(uaddr_t src)
{
    user_expect_fault();
    if (!is_user_range(src.raw, sizeof(uint64_t))) return (struct user_u64){ .is_bad = 1 };
    return arch_user_read_u64((const void *)src.raw);
}

err_t user_write_u64(uaddr_t dst, uint64_t value)
{
    user_expect_fault();
    if (!is_user_range(dst.raw, sizeof(value))) return ERR_FAULT;
    return arch_user_write_u64((void *)dst.raw, value) ? ERR_FAULT : OK;
}

err_t user_zero(uaddr_t dst, size_t bytes)
{
    user_expect_fault();
    if (!is_user_range(dst.raw, bytes)) return ERR_FAULT;
    return arch_user_zero((void *)dst.raw, bytes) ? ERR_FAULT : OK;
}

err_t user_copy_string(char *dst, uaddr_t src, size_t capacity, size_t *length)
{
    return user_copy_string_inline(dst, src, capacity, length);
}
