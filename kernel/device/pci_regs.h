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
    PCI_SUBSYSTEM_VENDOR = 0x2c,
    PCI_SUBSYSTEM = 0x2e,
    PCI_CAPABILITIES = 0x34,
    PCI_CONFIG_BYTES = 256,
    PCIE_CONFIG_BYTES = 4096,

    /* Bridges: the buses behind, and what they pass on to them. A window is shut when its base is above its limit.
     * [pci-bridge-1.2 3.2.5] */
    PCI_PRIMARY_BUS = 0x18,
    PCI_SECONDARY_BUS = 0x19,
    PCI_SUBORDINATE_BUS = 0x1a,
    PCI_BRIDGE_MEMORY_BASE = 0x20, /* and limit, 2 bytes further: in MiB from bit 4 on */
    PCI_BRIDGE_PREFETCH_BASE = 0x24,
    PCI_BRIDGE_PREFETCH_BASE_HIGH = 0x28, /* bits 63:32, and those of the limit 4 bytes further */
    PCI_BRIDGE_PREFETCH_64 = 1,           /* in the base: the high halves are there */
    PCI_BRIDGE_BARS = 2,

    PCI_COMMAND_IO = 1 << 0,
    PCI_COMMAND_MEMORY = 1 << 1,
    PCI_COMMAND_MASTER = 1 << 2,
    PCI_COMMAND_NO_INTX = 1 << 10,
    PCI_STATUS_CAPABILITIES = 1 << 4,

    PCI_BAR_IO = 1 << 0,
    PCI_BAR_TYPE_MASK = 3 << 1,
    PCI_BAR_TYPE_64 = 2 << 1,
    PCI_BAR_PREFETCHABLE = 1 << 3,

    PCI_CAPABILITY_MSI = 0x05,
    PCI_CAPABILITY_VENDOR = 0x09,
    PCI_CAPABILITY_EXPRESS = 0x10,
    PCI_CAPABILITY_MSIX = 0x11,
    PCI_CAPABILITY_ADVANCED = 0x13, /* of conventional functions */

    /* Extended ones: the kind in 16 bits, the version in 4, and where the next one is in 12. [pcie-5.0 7.6] */
    PCIE_EXTENDED = 0x100,
    PCIE_EXTENDED_ERRORS = 0x0001,

    /* PCI Express, from its capability. [pcie-5.0 7.5.3] */
    PCIE_FLAGS = 2, /* bits 7:4: what it is */
    PCIE_TYPE_TO_PCI_BRIDGE = 7,
    PCIE_DEVICE_CAPABILITIES = 4,
    PCIE_DEVICE_CONTROL = 8,
    PCIE_DEVICE_STATUS = 10,
    PCIE_CONTROL_RESET = 1 << 15,
    PCIE_STATUS_PENDING = 1 << 5, /* its own requests are not all answered */

    /* The same for functions that are not PCI Express. [pci-af 2] */
    PCI_ADVANCED_CAPABILITIES = 3,
    PCI_ADVANCED_CONTROL = 4,
    PCI_ADVANCED_STATUS = 5,
    PCI_ADVANCED_HAS_RESET = 1 << 1,

    /* MSI, from its capability: the data follow the address, which has 4 bytes or 8. [pci-3.0 6.8.1] */
    PCI_MSI_CONTROL = 2,
    PCI_MSI_ADDRESS = 4,
    PCI_MSI_ENABLE = 1 << 0,
    PCI_MSI_ENABLED_MASK = 7 << 4, /* vectors in use, as a power of two */
    PCI_MSI_64 = 1 << 7,

    /* MSI-X, from its capability. [pci-3.0 6.8.2] */
    PCI_MSIX_CONTROL = 2, /* low 11 bits: vectors - 1 */
    PCI_MSIX_TABLE = 4,   /* low 3 bits: BAR */
    PCI_MSIX_ENABLE = 1 << 15,
    PCI_MSIX_MASK_ALL = 1 << 14,
    PCI_MSIX_ENTRY_BYTES = 16, /* address low, high, data, control */
    PCI_MSIX_ENTRY_MASKED = 1,

    PCI_MSIX_ENTRY_CONTROL = 12,

    /* The two ports of machines without a window. [pci-3.0 3.2.2.3.2] */
    PCI_PORT_ADDRESS = 0xcf8,
    PCI_PORT_DATA = 0xcfc,
};
#define PCIE_CAPABILITY_RESET (1u << 28)
