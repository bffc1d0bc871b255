/* SPDX-License-Identifier: Apache-2.0 */
/* The CPUs besides the boot CPU. */
#pragma once
#include "abi/boot_info.h"
#include "lib/acpi.h"

/* Starts those that the MADT tells of; nothing where there is one. They are called once the caller sleeps, and are
 * then set up as this CPU is. Threads only, once. */
void cpus_start(const struct acpi_madt *madt, const struct boot_info *info);
/* Sleeps until every CPU that is to come is online. Threads only. */
void cpus_wait(void);
