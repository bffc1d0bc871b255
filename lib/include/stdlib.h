/* SPDX-License-Identifier: Apache-2.0 */
/* The C library's <stdlib.h>, of which lwIP names one function, in code that is left out. */
#pragma once
int atoi(const char *text);
