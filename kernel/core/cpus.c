/* SPDX-License-Identifier: Apache-2.0 */
#include "core/cpus.h"

cpu_set cpus_running = { 1 };

void cpus_add(uint32_t cpu) { cpu_set_add(&cpus_running, cpu); }
uint32_t cpus_online(void) { return cpu_set_count(cpus_online_set()); }
