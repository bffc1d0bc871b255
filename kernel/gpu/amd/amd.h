/* SPDX-License-Identifier: Apache-2.0 */
/* AMD's kernel interface, as ROCm uses it: /dev/kfd, render nodes and the topology in /sys. */
#pragma once

/* Shows the GPUs that there are by now; nothing at all where there are none. After devices were looked for, before
 * rootfs_init. */
void gpu_amd_init(void);
