/* SPDX-License-Identifier: Apache-2.0 */
/* On machines of tools/run_iommu_ktest.sh, which have a device of virtio behind a root port that the kernel has no driver
 * for. */
#include "device/pci.h"

#include "tests/harness/test.h"

enum { SERIAL_VENDOR = 0x1af4, SERIAL_DEVICE = 0x1043, STATUS = 0x14, STATUS_ANY = 3, BAR = 4 };

static struct pci_device *find(void)
{
    struct pci_device *d = pci_first() ? pci_find(NULL, SERIAL_VENDOR, SERIAL_DEVICE) : NULL;
    EXPECT(d || !pci_first());
    return d;
}

TEST(a_device_behind_a_root_port_is_found_and_has_an_address_that_answers)
{
    static struct mmio regs;
    struct pci_device *d = find();
    if (!d) return;
    EXPECT(d->bridge && d->bridge->secondary == d->bus && d->bus > 0);
    EXPECT_EQ(pci_requester(d), pci_address(d));
    pci_enable(d);
    if (!regs.base) EXPECT_OK(pci_map_bar(d, BAR, 0, 0x1000, &regs));
    mmio_write8(&regs, STATUS, 0);
    EXPECT_EQ(mmio_read8(&regs, STATUS), 0);
    mmio_write8(&regs, STATUS, STATUS_ANY);
    EXPECT_EQ(mmio_read8(&regs, STATUS), STATUS_ANY);

    uint32_t bar = pci_read(d, PCI_BAR0 + 4 * BAR, 4);
    EXPECT_OK(pci_msix_start(d));
    EXPECT_OK(pci_reset(d));
    EXPECT_EQ(pci_read(d, PCI_COMMAND, 2) & (PCI_COMMAND_MASTER | PCI_COMMAND_MEMORY), 0);
    EXPECT_EQ(pci_read(d, PCI_BAR0 + 4 * BAR, 4), bar);
    EXPECT(!(pci_read(d, d->msix + PCI_MSIX_CONTROL, 2) & PCI_MSIX_ENABLE));
    pci_enable(d);
    EXPECT_EQ(mmio_read8(&regs, STATUS), 0);
    EXPECT_ERR(pci_reset(d->bridge), ERR_NOT_SUPPORTED);
}

TEST(extended_capabilities_are_found_in_the_window)
{
    struct pci_device *d = find();
    if (!d) return;
    EXPECT(pci_extended_capability(d->bridge, PCIE_EXTENDED_ERRORS, 0) >= PCIE_EXTENDED);
    EXPECT_EQ(pci_extended_capability(d->bridge, 0x7777, 0), 0);
    EXPECT_EQ(pci_extended_capability(pci_first(), PCIE_EXTENDED_ERRORS, 0), 0);
}

static void nothing(void *context) { (void)context; }

TEST(vectors_of_msix_are_given_back_and_can_be_had_again)
{
    struct pci_device *d = find();
    if (!d) return;
    pci_enable(d);
    EXPECT_ERR(pci_msix_attach(d, 0, 0, nothing, NULL), ERR_INVALID);
    EXPECT_OK(pci_msix_start(d));
    for (uint32_t i = 0; i < 80; i++) { /* more than there are vectors of a CPU */
        EXPECT_OK(pci_msix_attach(d, 1, 0, nothing, NULL));
        pci_msix_detach(d, 1);
    }
    EXPECT_OK(pci_msix_attach(d, 0, 0, nothing, NULL));
    EXPECT_ERR(pci_msix_attach(d, 0, 0, nothing, NULL), ERR_BUSY);
    EXPECT_ERR(pci_msix_attach(d, d->msix_vectors, 0, nothing, NULL), ERR_INVALID);
    uint32_t control = 0 * PCI_MSIX_ENTRY_BYTES + PCI_MSIX_ENTRY_CONTROL;
    EXPECT_EQ(mmio_read32(&d->msix_table, control), 0);
    pci_msix_mask(d, 0, true);
    EXPECT_EQ(mmio_read32(&d->msix_table, control), PCI_MSIX_ENTRY_MASKED);
    pci_msix_stop(d);
    pci_msix_stop(d);
    EXPECT_ERR(pci_msix_attach(d, 0, 0, nothing, NULL), ERR_INVALID);
    pci_disable_master(d);
}
