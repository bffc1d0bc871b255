/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting for children. */
#pragma once
#include "process/cpu_clock.h"

enum wait_for { WAIT_FOR_ANY, WAIT_FOR_PROCESS, WAIT_FOR_GROUP };

struct wait_request {
    enum wait_for which;
    uint32_t number;  /* of the process or group */
    uint32_t options; /* LINUX_W* of abi/linux/sched.h */
};

struct wait_result {
    uint32_t pid;               /* 0: with WNOHANG, none has news */
    uint32_t status;            /* wait(2)'s encoding */
    struct process_usage usage; /* of an ended one and those that it waited for */
};

/* News of a child of the running process, waited for unless WNOHANG; a child that has ended is gone after that,
 * unless WNOWAIT. ERR_NO_CHILD: there is none such. ERR_INTERRUPTED. Threads only. */
err_t process_wait(const struct wait_request *request, struct wait_result *out);
