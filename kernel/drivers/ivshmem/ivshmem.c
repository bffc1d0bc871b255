/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/ivshmem/ivshmem.h"

#include "core/log.h"
#include "device/pci.h"
#include "drivers/ivshmem/ivshmem_regs.h"
#include "mm/heap.h"

enum { DEVICE_PEER = 0 }; /* whoever serves the memory is the first that is there */

struct ivshmem {
    struct gpu_link link;
    struct mmio registers;
};

err_t (*gpu_link_found)(struct gpu_link *link);

static void kick(struct gpu_link *link, enum gpu_kick what)
{
    struct ivshmem *d = CONTAINER_OF(link, struct ivshmem, link);
    mmio_write32(&d->registers, IVSHMEM_DOORBELL, DEVICE_PEER << 16 | (uint32_t)what);
}

static void events(void *context)
{
    struct ivshmem *d = context;
    d->link.interrupt(&d->link, GPU_INTERRUPT_EVENTS);
}

static void state(void *context)
{
    struct ivshmem *d = context;
    d->link.interrupt(&d->link, GPU_INTERRUPT_STATE);
}

static err_t start(struct ivshmem *d, struct pci_device *pci)
{
    const struct pci_bar *memory = &pci->bars[IVSHMEM_BAR_MEMORY];
    if (pci->msix_vectors < GPU_INTERRUPT_COUNT || !memory->base || memory->bytes < PAGE_BYTES)
        return ERR_NOT_SUPPORTED;
    d->link = (struct gpu_link){ "ivshmem", PADDR(memory->base), memory->bytes, kick, NULL, NULL };
    pci_enable(pci);
    err_t e = pci_map_bar(pci, IVSHMEM_BAR_REGISTERS, 0, IVSHMEM_REGISTERS_BYTES, &d->registers);
    if (!failed(e)) e = pci_msix_start(pci);
    if (!failed(e)) e = gpu_link_found(&d->link);
    if (!failed(e)) e = pci_msix_attach(pci, GPU_INTERRUPT_EVENTS, 0, events, d);
    if (!failed(e)) e = pci_msix_attach(pci, GPU_INTERRUPT_STATE, 0, state, d);
    return e;
}

static void start_device(struct pci_device *pci)
{
    struct ivshmem *d = heap_alloc_zeroed(sizeof(*d));
    err_t e = d ? start(d, pci) : ERR_NO_MEMORY;
    if (!failed(e)) return;
    log_error("ivshmem at %02x:%02x.%u: %s", pci->bus, pci->slot, pci->function, err_text(e));
    if (d && !d->link.owner) heap_free(d);
}

void ivshmem_probe(void)
{
    for (struct pci_device *pci = pci_first(); pci; pci = pci->next)
        if (pci->vendor == IVSHMEM_VENDOR && pci->id == IVSHMEM_DEVICE) start_device(pci);
}
