/* SPDX-License-Identifier: Apache-2.0 */
/* Between process.c, container.c and user_trap.c. */
#pragma once
#include "container/process.h"

/* With the container's root and standard streams, but no program yet. ERR_NO_MEMORY. */
err_t process_create(const char *path, struct process **out);
/* After its thread and space are gone. */
void process_destroy(struct process *process);

/* trap_user_work of arch/trap.h. */
void process_user_work(void);

/* Handlers for what ring 3 can raise. */
void user_trap_init(void);
