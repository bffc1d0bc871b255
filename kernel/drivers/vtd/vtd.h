/* SPDX-License-Identifier: Apache-2.0 */
/* Intel's IOMMU (VT-d), as a driver of device/iommu.h. docs/dma.md */
#pragma once
#include "lib/acpi.h"

enum vtd_mode {
    VTD_DOMAINS,  /* each device reaches what is mapped for it */
    VTD_IDENTITY, /* all reach all memory, by physical addresses; faults are still told */
};

/* Turns every unit on that the table names, or none. After pci_init() and before devices start. ERR_NO_MEMORY;
 * ERR_NOT_SUPPORTED: a unit lacks what we need; the log says which and what. ERR_TIMED_OUT. */
err_t vtd_start(const struct acpi_dmar *dmar, enum vtd_mode mode);
