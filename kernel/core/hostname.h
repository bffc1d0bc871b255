/* SPDX-License-Identifier: Apache-2.0 */
/* What the machine is called, to programs that ask. */
#pragma once
#include "lib/base.h"

enum { HOSTNAME_BYTES = 65 }; /* NUL included; as uname() has it */

extern char hostname[HOSTNAME_BYTES]; /* fixed when the first program starts */

/* At boot. ERR_INVALID: empty or too long. */
err_t hostname_set(const char *name);
