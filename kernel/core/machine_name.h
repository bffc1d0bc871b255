/* SPDX-License-Identifier: Apache-2.0 */
/* What uname(2) and /proc say of the system, and the names that root may give the machine. */
#pragma once
#include "lib/base.h"

#define MACHINE_SYSTEM "Linux"
/* The release is that of the Linux interface we answer like; glibc refuses to start below 3.2. */
#define MACHINE_RELEASE "6.1.0-cloudkernel"
#define MACHINE_VERSION "CloudKernel"

enum machine_name { MACHINE_HOST, MACHINE_DOMAIN };
enum { MACHINE_NAME_MAX = 64 };

/* With a NUL. Any context. */
void machine_name_get(enum machine_name which, char out[MACHINE_NAME_MAX + 1]);
/* INVALID: it is too long. */
err_t machine_name_set(enum machine_name which, const char *name, size_t bytes);
