/* SPDX-License-Identifier: Apache-2.0 */
/* Copies between the kernel and the running container. An address outside user space, unmapped, or
 * without the needed permission gives ERR_FAULT; pages not present yet are faulted in. What was
 * copied before a fault stays copied. Threads only, on the address space that is current. */
#pragma once
#include "arch/usercopy.h"

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
