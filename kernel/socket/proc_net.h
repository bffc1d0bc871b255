/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/net, which netstat, ss, lsof and monitors read. In Linux 6.1's formats. */
#pragma once

/* After procfs_init(), once. */
void proc_net_init(void);
