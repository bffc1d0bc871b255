/* SPDX-License-Identifier: Apache-2.0 */
/* What /proc shows of the process that asks. */
#pragma once

/* Before the first process runs. */
void process_report_init(void);
