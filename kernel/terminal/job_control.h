/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Before the first process. */
void job_control_init(void);
