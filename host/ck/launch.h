/* SPDX-License-Identifier: Apache-2.0 */
/* What is started in the machine, and as whom: what the user said, and for the rest what the image says. */
#pragma once
#include "host/ck/options.h"
#include "host/ck/rootfs.h"

struct launch {
    struct string_list command; /* the program first, as the guest names it */
    struct string_list environment;
    char *workdir; /* NULL: the root */
    bool has_user;
    uint32_t uid, gid;
};

/* `rootfs` is NULL when nobody looked into it: a program is then as it was named, a user has a number. A folder that
 * the image wants to begin in is made when it is missing. False: reported, and nothing to free. */
bool launch_decide(struct launch *out, const struct run_options *options, struct rootfs *rootfs);
void launch_free(struct launch *launch);
