/* SPDX-License-Identifier: Apache-2.0 */
/* What the calls that change credentials do to them, and what execve does: computed here, on copies that nobody
 * sees yet. `c` is a copy of what the thread has; after an error it is to be dropped.
 * [linux kernel/sys.c, security/commoncap.c; capabilities(7)] */
#pragma once
#include "fs/credentials.h"

#define IDENTITY_KEEP UINT32_MAX /* "-1": as it is */

/* NOT_PERMITTED; INVALID, when -1 is no number here. */
err_t identity_set_uid(struct credentials *c, uint32_t uid);
err_t identity_set_gid(struct credentials *c, uint32_t gid);
err_t identity_set_real_uid(struct credentials *c, uint32_t real, uint32_t effective);
err_t identity_set_real_gid(struct credentials *c, uint32_t real, uint32_t effective);
err_t identity_set_all_uids(struct credentials *c, uint32_t real, uint32_t effective, uint32_t saved);
err_t identity_set_all_gids(struct credentials *c, uint32_t real, uint32_t effective, uint32_t saved);
err_t identity_set_fs_uid(struct credentials *c, uint32_t uid);
err_t identity_set_fs_gid(struct credentials *c, uint32_t gid);

/* capset */
err_t identity_set_capabilities(struct credentials *c, uint64_t effective, uint64_t permitted,
                                uint64_t inheritable);
err_t identity_drop_bounding(struct credentials *c, uint64_t capability);
err_t identity_set_securebits(struct credentials *c, uint64_t bits);
err_t identity_keep_capabilities(struct credentials *c, uint64_t keeps);
err_t identity_set_ambient(struct credentials *c, uint32_t operation, uint64_t capability);

/* The owner and mode of the program that execve is about to run; those of an interpreter, for a script. */
struct identity_program {
    uint32_t mode, uid, gid;
    bool no_new_privileges; /* set-user-ID bits mean nothing */
};
/* The program's credentials; true when they are more than the caller's: AT_SECURE. Capabilities of files
 * (security.capability) are not known here. */
bool identity_become_program(struct credentials *c, const struct identity_program *program);
