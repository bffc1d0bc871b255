/* SPDX-License-Identifier: Apache-2.0 */
#include "core/hostname.h"

#include "lib/string.h"

char hostname[HOSTNAME_BYTES] = "cloudkernel";

err_t hostname_set(const char *name)
{
    size_t length = strlen(name);
    if (length == 0 || length >= HOSTNAME_BYTES) return ERR_INVALID;
    memcpy(hostname, name, length + 1);
    return OK;
}
