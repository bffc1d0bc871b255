/* SPDX-License-Identifier: Apache-2.0 */
/* Which CPUs there are. They have indices from 0, the boot CPU's, without gaps. Any context but for the wait. */
#pragma once
#include "arch/cpu_set.h"
#include "arch/percpu.h"

/* Those that run threads; once there they stay. Others may follow shortly after boot. */
cpu_set cpus_online_set(void);
uint32_t cpus_online(void);
