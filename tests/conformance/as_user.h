/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of a conformance program that another user does: each in a child, as what a thread gave up it does not
 * get back. The calls are made directly, since C libraries change all threads, and word errors of their own. */
#pragma once
#include "tests/conformance/conformance.h"

#include <sys/types.h>
#include <sys/wait.h>

/* Runs `part` in a child and waits for it. */
static inline void in_child(const char *title, void (*part)(void))
{
    printf("-- %s\n", title);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        part();
        fflush(stdout);
        _exit(0);
    }
    int status;
    waitpid(child, &status, 0);
    if (status) printf("ended with %x\n", (unsigned)status);
}

/* All numbers of user and group, and no other groups. */
static inline void become(uid_t uid, gid_t gid)
{
    if (syscall(SYS_setgroups, 0, NULL) || syscall(SYS_setresgid, gid, gid, gid) ||
        syscall(SYS_setresuid, uid, uid, uid)) {
        printf("cannot become %u: %s\n", uid, error_name(errno));
        _exit(1);
    }
}
