/* SPDX-License-Identifier: Apache-2.0 */
/* Process groups and sessions, as setpgid(2) and setsid(2) change them. 0 stands for the running process. */
#pragma once
#include "lib/base.h"

/* ERR_NO_PROCESS: not the caller or its child. ERR_ACCESS: the child runs a program of its own.
 * ERR_NOT_PERMITTED: a leader of a session, or not of this session, or no such group there. */
err_t process_set_group(uint32_t pid, uint32_t group);
/* The running process leads a new session and a new group. ERR_NOT_PERMITTED: it leads a group. */
err_t process_set_session(uint32_t *session);
