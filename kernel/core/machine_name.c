/* SPDX-License-Identifier: Apache-2.0 */
#include "core/machine_name.h"

#include "core/lock.h"
#include "lib/string.h"

static struct spinlock lock = SPINLOCK_INIT_CLASS("machine_name");
static char names[][MACHINE_NAME_MAX + 1] GUARDED_BY(lock) = { "cloudkernel", "(none)" };

void machine_name_get(enum machine_name which, char out[MACHINE_NAME_MAX + 1])
{
    spin_lock(&lock);
    memcpy(out, names[which], MACHINE_NAME_MAX + 1);
    spin_unlock(&lock);
}

err_t machine_name_set(enum machine_name which, const char *name, size_t bytes)
{
    if (bytes > MACHINE_NAME_MAX) return ERR_INVALID;
    spin_lock(&lock);
    memset(names[which], 0, sizeof(names[which]));
    memcpy(names[which], name, bytes);
    spin_unlock(&lock);
    return OK;
}
