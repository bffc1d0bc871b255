/* SPDX-License-Identifier: Apache-2.0 */
#include "core/cpus.h"

static cpu_set online = { 1 };

cpu_set cpus_online_set(void) { return cpu_set_read(&online); }
void cpus_add(uint32_t cpu) { cpu_set_add(&online, cpu); }
uint32_t cpus_online(void) { return cpu_set_count(cpus_online_set()); }
