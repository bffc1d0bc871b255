/* SPDX-License-Identifier: Apache-2.0 */
/* lwIP's port: what it asks of the compiler and the system. Included by its own sources before anything else. */
#pragma once
#include <limits.h>
#include <stddef.h>
#include <stdint.h>

/* Where the C library has it, it is the same. */
typedef ptrdiff_t ssize_t;
#undef SSIZE_MAX
#define SSIZE_MAX PTRDIFF_MAX

#define LWIP_NO_CTYPE_H    1
#define LWIP_NO_INTTYPES_H 1
#define LWIP_NO_UNISTD_H   1

/* Names of its errors, not its type, are enough for its own code; ours has a type of the same name. */
#define LWIP_ERR_T int

void lwip_port_assert(const char *what) __attribute__((noreturn));
uint32_t lwip_port_random(void);
uint16_t lwip_port_checksum(const void *data, int bytes);
void lwip_port_expect_locked(void);

#define LWIP_PLATFORM_DIAG(x)
#define LWIP_PLATFORM_ASSERT(what) lwip_port_assert(what)
#define LWIP_RAND()                lwip_port_random()
#define LWIP_CHKSUM                lwip_port_checksum
#define lwip_htons(number)         ((uint16_t)__builtin_bswap16(number))
#define lwip_htonl(number)         __builtin_bswap32(number)
#define LWIP_ASSERT_CORE_LOCKED()  lwip_port_expect_locked()
