/* SPDX-License-Identifier: Apache-2.0 */
/* Function-level reset: one function forgets all, its neighbours notice nothing. [pcie-5.0 6.6.2] [pci-af 2] */
#include "device/pci_internal.h"
#include "sched/thread.h"
#include "core/time.h"

enum {
    MILLISECOND_NS = 1000000,
    QUIET_MS = 100,  /* for answers to its own requests */
    RESET_MS = 100,  /* it may take so long, and then must answer */
    ANSWER_MS = 100, /* what we give it beyond that */
};

static void sleep_ms(uint32_t ms) { thread_sleep_until_ns(time_now_ns() + (uint64_t)ms * MILLISECOND_NS); }

struct reset {
    uint32_t status, status_bytes, pending;
    uint32_t control, control_bytes, start;
};

static err_t find_reset(const struct pci_device *d, struct reset *out)
{
    if (d->express && pci_read(d, d->express + PCIE_DEVICE_CAPABILITIES, 4) & PCIE_CAPABILITY_RESET) {
        *out = (struct reset){ d->express + PCIE_DEVICE_STATUS,  2, PCIE_STATUS_PENDING,
                               d->express + PCIE_DEVICE_CONTROL, 2, PCIE_CONTROL_RESET };
        return OK;
    }
    uint32_t at = pci_capability(d, PCI_CAPABILITY_ADVANCED, 0);
    if (!at || !(pci_read(d, at + PCI_ADVANCED_CAPABILITIES, 1) & PCI_ADVANCED_HAS_RESET))
        return ERR_NOT_SUPPORTED;
    *out = (struct reset){ at + PCI_ADVANCED_STATUS, 1, 1, at + PCI_ADVANCED_CONTROL, 1, 1 };
    return OK;
}

err_t pci_reset(struct pci_device *device)
{
    struct reset r;
    err_t e = find_reset(device, &r);
    if (failed(e)) return e;
    pci_msix_stop(device);
    pci_msi_detach(device);
    pci_disable_master(device);
    for (uint32_t i = 0; i < QUIET_MS && pci_read(device, r.status, r.status_bytes) & r.pending; i++)
        sleep_ms(1);
    uint32_t control = pci_read(device, r.control, r.control_bytes);
    pci_write(device, r.control, r.control_bytes, control | r.start);
    sleep_ms(RESET_MS);
    for (uint32_t i = 0; pci_read(device, PCI_VENDOR, 2) != device->vendor; i++) {
        if (i == ANSWER_MS) return ERR_TIMED_OUT;
        sleep_ms(1);
    }
    pci_write(device, PCI_COMMAND, 2, 0);
    pci_write_bars(device);
    return OK;
}
