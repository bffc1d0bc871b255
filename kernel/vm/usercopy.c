/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/usercopy.h"

#include "core/lock_order.h"
#include "vm/layout.h"

/* A page that is missing takes the space's lock, which is a mutex; so says the check even where none is. */
static void expect_may_fault(void)
{
    if (CONFIG_DEBUG) lock_order_expect_may_sleep("touching user memory");
}

err_t user_copy_in(void *dst, uaddr_t src, size_t bytes)
{
    expect_may_fault();
    if (!is_user_range(src.raw, bytes)) return bytes ? ERR_FAULT : OK;
    return arch_user_copy(dst, (const void *)src.raw, bytes) ? ERR_FAULT : OK;
}

err_t user_copy_out(uaddr_t dst, const void *src, size_t bytes)
{
    expect_may_fault();
    if (!is_user_range(dst.raw, bytes)) return bytes ? ERR_FAULT : OK;
    return arch_user_copy((void *)dst.raw, src, bytes) ? ERR_FAULT : OK;
}

struct user_u64 user_read_u64(uaddr_t src)
{
    expect_may_fault();
    if (!is_user_range(src.raw, sizeof(uint64_t))) return (struct user_u64){ .is_bad = 1 };
    return arch_user_read_u64((const void *)src.raw);
}

err_t user_write_u64(uaddr_t dst, uint64_t value)
{
    expect_may_fault();
    if (!is_user_range(dst.raw, sizeof(value))) return ERR_FAULT;
    return arch_user_write_u64((void *)dst.raw, value) ? ERR_FAULT : OK;
}

err_t user_zero(uaddr_t dst, size_t bytes)
{
    expect_may_fault();
    if (!is_user_range(dst.raw, bytes)) return ERR_FAULT;
    return arch_user_zero((void *)dst.raw, bytes) ? ERR_FAULT : OK;
}

err_t user_copy_string(char *dst, uaddr_t src, size_t capacity, size_t *length)
{
    expect_may_fault();
    if (src.raw >= USER_END) return ERR_FAULT;
    /* A string that runs up to the end of user space faults there, as it would for the program. */
    size_t room = MIN(capacity, USER_END - src.raw);
    int64_t copied = arch_user_string(dst, (const char *)src.raw, room);
    if (copied < 0 || (copied == 0 && room < capacity)) return ERR_FAULT;
    if (copied == 0) return ERR_NAME_TOO_LONG;
    *length = (size_t)copied - 1;
    return OK;
}
