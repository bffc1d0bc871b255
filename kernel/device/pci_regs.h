/* SPDX-License-Identifier: Apache-2.0 */
/* Configuration space. [pci-3.0 6] [pcie-5.0 7] */
#pragma once
#include "lib/base.h"

enum {
    PCI_VENDOR = 0x00, /* 0xffff: there is no function */
    PCI_DEVICE = 0x02,
    PCI_COMMAND = 0x04,
    PCI_STATUS = 0x06,
    PCI_REVISION_CLASS = 0x08, /* revision in the low byte, class code above */
    PCI_HEADER_TYPE = 0x0e,    /* bit 7: more functions */
    PCI_BAR0 = 0x10,
    PCI_SECONDARY_BUS = 0x19, /* bridges */
    PCI_SUBORDINATE_BUS = 0x1a,
    PCI_SUBSYSTEM_VENDOR = 0x2c,
    PCI_SUBSYSTEM = 0x2e,
    PCI_CAPABILITIES = 0x34,
    PCI_CONFIG_BYTES = 256,
    PCIE_CONFIG_BYTES = 4096,

    PCI_COMMAND_IO = 1 << 0,
    PCI_COMMAND_MEMORY = 1 << 1,
    PCI_COMMAND_MASTER = 1 << 2,
    PCI_COMMAND_NO_INTX = 1 << 10,
    PCI_STATUS_CAPABILITIES = 1 << 4,

    PCI_BAR_IO = 1 << 0,
    PCI_BAR_TYPE_MASK = 3 << 1,
    PCI_BAR_TYPE_64 = 2 << 1,
    PCI_BAR_PREFETCHABLE = 1 << 3,

    PCI_CAPABILITY_VENDOR = 0x09,
    PCI_CAPABILITY_MSIX = 0x11,

    /* MSI-X, from its capability. [pci-3.0 6.8.2] */
    PCI_MSIX_CONTROL = 2, /* low 11 bits: vectors - 1 */
    PCI_MSIX_TABLE = 4,   /* low 3 bits: BAR */
    PCI_MSIX_ENABLE = 1 << 15,
    PCI_MSIX_MASK_ALL = 1 << 14,
    PCI_MSIX_ENTRY_BYTES = 16, /* address low, high, data, control */
    PCI_MSIX_ENTRY_MASKED = 1,

    /* The two ports of machines without a window. [pci-3.0 3.2.2.3.2] */
    PCI_PORT_ADDRESS = 0xcf8,
    PCI_PORT_DATA = 0xcfc,
};
