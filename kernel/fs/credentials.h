/* SPDX-License-Identifier: Apache-2.0 */
/* Who a thread is: user and group numbers, supplementary groups, capabilities.
 *
 * Counted, and never changed once a thread has it: a change makes a copy (process/identity.h). So whoever
 * holds a reference, or is the thread itself, reads without a lock. A thread has its own in
 * thread.credentials; kernel threads have none there and act as root. */
#pragma once
#include "abi/linux/capability.h"
#include "lib/base.h"
#include "sched/thread.h"

struct credential_groups {
    uint32_t references; /* atomic */
    uint32_t count;
    uint32_t gids[]; /* rising */
};

struct credential_ids {
    uint32_t real, effective, saved;
    uint32_t fs; /* what access to files is decided by */
};

struct credentials {
    uint32_t references; /* atomic */
    uint32_t securebits; /* LINUX_SECBIT_ */
    uint64_t effective;  /* capabilities, as is: */
    uint64_t permitted, inheritable, bounding, ambient;
    struct credential_ids uid, gid;
    struct credential_groups *groups; /* counted; NULL: none */
};

/* Root's, with every capability: the container's first program begins with it. */
extern const struct credentials credentials_of_root;

/* The running thread's. */
static inline const struct credentials *credentials_current(void)
{
    const struct credentials *c = percpu_current()->credentials;
    return likely(c) ? c : &credentials_of_root;
}

static inline bool credentials_can(const struct credentials *c, uint32_t capability)
{
    return c->effective >> capability & 1;
}
/* Whether the running thread has the capability in effect. */
static inline bool may_use(uint32_t capability) { return credentials_can(credentials_current(), capability); }

/* Whether `gid` is what files see as the group, or a supplementary one. */
bool credentials_in_group(const struct credentials *c, uint32_t gid);

const struct credentials *credentials_get(const struct credentials *c);
void credentials_put(const struct credentials *c); /* NULL is fine */

/* A copy with one reference, to be changed before anybody else sees it. NULL when memory is out. */
struct credentials *credentials_copy(const struct credentials *c);
/* Takes over `groups`; they are sorted here. */
void credentials_set_groups(struct credentials *c, struct credential_groups *groups);
/* Room for `count` groups, to be filled. NULL when memory is out. */
struct credential_groups *credential_groups_create(uint32_t count);
void credential_groups_put(struct credential_groups *groups); /* NULL is fine */
