/* SPDX-License-Identifier: Apache-2.0 */
/* The C library's memory and string functions that the compiler and the kernel need.
 * On the host the C library's own are used: this header then only forwards. */
#pragma once
#if __STDC_HOSTED__
#include <string.h>
#else
#include <stddef.h>
/* Calls with small constant sizes become plain moves, which -ffreestanding alone forbids. */
#define memcpy(dst, src, bytes)   __builtin_memcpy(dst, src, bytes)
#define memmove(dst, src, bytes)  __builtin_memmove(dst, src, bytes)
#define memset(dst, value, bytes) __builtin_memset(dst, value, bytes)
#define memcmp(a, b, bytes)       __builtin_memcmp(a, b, bytes)
#define strlen(s)                 __builtin_strlen(s)
void *(memcpy)(void *restrict dst, const void *restrict src, size_t bytes);
void *(memmove)(void *dst, const void *src, size_t bytes);
void *(memset)(void *dst, int value, size_t bytes);
int(memcmp)(const void *a, const void *b, size_t bytes);
void *memchr(const void *s, int byte, size_t bytes);
size_t(strlen)(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t max);
char *strchr(const char *s, int byte);
char *strrchr(const char *s, int byte);
#endif
