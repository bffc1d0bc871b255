/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by mount.c (which trees are where) and mount_options.c (what they may hold). */
#pragma once
#include "fs/mount.h"

/* INVALID. `options` may be NULL. */
err_t mount_options_parse(const struct mount_type *type, const char *options, struct mount_options *out);
/* A root that was just made. */
void mount_options_apply(struct mount *mount);
/* Another size. INVALID: more than that is in use. */
err_t mount_options_change(struct mount *mount, const struct mount_options *options);
