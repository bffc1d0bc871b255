/* SPDX-License-Identifier: Apache-2.0 */
/* A host program, looked at before a machine is started for it. */
#pragma once
#include "lib/base.h"

/* True for what the kernel can run; else reported. */
bool program_check(const void *bytes, uint64_t count, const char *path);
