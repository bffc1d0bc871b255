/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "lib/base.h"

/* Whoever sleeps until there is a line is a reader before and until it has stopped. */
void kernel_log_add_reader(void);
void kernel_log_remove_reader(void);
/* Until the record of that number is there. INTERRUPTED. */
err_t kernel_log_wait(uint64_t number);
/* The first record that syslog(2) has not cleared. */
uint64_t kernel_log_cleared(void);
