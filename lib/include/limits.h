/* SPDX-License-Identifier: Apache-2.0 */
/* The C library's part of <limits.h>, of which lz4.c needs nothing: the compiler's own header insists
 * on finding one behind it. */
