/* SPDX-License-Identifier: Apache-2.0 */
/* virtio over PCI: capabilities say where in which BAR the structures are. [virtio-1.2 4.1] One MSI-X vector serves all
 * of a device. */
#include "core/log.h"
#include "device/pci.h"
#include "drivers/virtio/virtio.h"
#include "drivers/virtio/virtio_probe.h"
#include "lib/format.h"
#include "mm/heap.h"

static uint8_t read_status(struct virtio_device *device)
{
    return mmio_read8(&device->regs, VIRTIO_COMMON_STATUS);
}
static void write_status(struct virtio_device *device, uint8_t status)
{
    mmio_write8(&device->regs, VIRTIO_COMMON_STATUS, status);
}

static uint64_t read_features(struct virtio_device *device)
{
    mmio_write32(&device->regs, VIRTIO_COMMON_DEVICE_FEATURES_SELECT, 0);
    uint64_t low = mmio_read32(&device->regs, VIRTIO_COMMON_DEVICE_FEATURES);
    mmio_write32(&device->regs, VIRTIO_COMMON_DEVICE_FEATURES_SELECT, 1);
    return low | (uint64_t)mmio_read32(&device->regs, VIRTIO_COMMON_DEVICE_FEATURES) << 32;
}

static void write_features(struct virtio_device *device, uint64_t features)
{
    for (uint32_t half = 0; half < 2; half++) {
        mmio_write32(&device->regs, VIRTIO_COMMON_DRIVER_FEATURES_SELECT, half);
        mmio_write32(&device->regs, VIRTIO_COMMON_DRIVER_FEATURES, (uint32_t)(features >> 32 * half));
    }
}

/* What lies behind the structure reads as zeros. */
static uint32_t read_config(struct virtio_device *device, uint32_t offset, uint32_t bytes)
{
    if (offset + bytes > device->config_bytes) return 0;
    if (bytes == 1) return mmio_read8(&device->config, offset);
    return bytes == 2 ? mmio_read16(&device->config, offset) : mmio_read32(&device->config, offset);
}

static uint16_t queue_size(struct virtio_device *device, uint16_t queue)
{
    if (queue >= VIRTIO_QUEUES_MAX) return 0;
    mmio_write16(&device->regs, VIRTIO_COMMON_QUEUE_SELECT, queue);
    return mmio_read16(&device->regs, VIRTIO_COMMON_QUEUE_SIZE);
}

static void write_address(struct virtio_device *device, uint32_t offset, uint64_t address)
{
    mmio_write32(&device->regs, offset, (uint32_t)address);
    mmio_write32(&device->regs, offset + 4, (uint32_t)(address >> 32));
}

static err_t start_queue(struct virtio_device *device, uint16_t queue, uint16_t size, dma_t memory)
{
    mmio_write16(&device->regs, VIRTIO_COMMON_QUEUE_SELECT, queue);
    uint64_t at =
        (uint64_t)mmio_read16(&device->regs, VIRTIO_COMMON_QUEUE_NOTIFY_OFFSET) * device->notify_multiplier;
    if (at + sizeof(uint16_t) > device->notify_bytes) return ERR_INVALID;
    device->notify_offsets[queue] = (uint32_t)at;
    mmio_write16(&device->regs, VIRTIO_COMMON_QUEUE_SIZE, size);
    mmio_write16(&device->regs, VIRTIO_COMMON_QUEUE_VECTOR, 0);
    if (mmio_read16(&device->regs, VIRTIO_COMMON_QUEUE_VECTOR) == VIRTIO_NO_VECTOR) return ERR_NO_SPACE;
    write_address(device, VIRTIO_COMMON_QUEUE_DESCRIPTORS, memory.raw);
    write_address(device, VIRTIO_COMMON_QUEUE_AVAILABLE, memory.raw + virtqueue_available_offset(size));
    write_address(device, VIRTIO_COMMON_QUEUE_USED, memory.raw + virtqueue_used_offset(size));
    /* A reset has taken it back. */
    mmio_write16(&device->regs, VIRTIO_COMMON_CONFIG_VECTOR, 0);
    mmio_write16(&device->regs, VIRTIO_COMMON_QUEUE_ENABLE, 1);
    return OK;
}

static void notify(struct virtio_device *device, uint16_t queue)
{
    mmio_write16(&device->notify, device->notify_offsets[queue], queue);
}

static const struct virtio_transport pci_transport = {
    .read_status = read_status,
    .write_status = write_status,
    .read_features = read_features,
    .write_features = write_features,
    .read_config = read_config,
    .queue_size = queue_size,
    .start_queue = start_queue,
    .notify = notify,
};

static void interrupt(void *context)
{
    struct virtio_device *device = context;
    if (device->interrupt) device->interrupt(device);
}

/* ---- its structures ---- */

/* The first capability of a kind is the one to use. ERR_NOT_FOUND, and what mapping says. */
static err_t map_structure(const struct pci_device *pci, uint8_t kind, uint32_t least_bytes, struct mmio *out,
                           uint32_t *bytes, uint8_t *where)
{
    for (uint8_t at = 0; (at = pci_capability(pci, PCI_CAPABILITY_VENDOR, at));) {
        if (pci_read(pci, at + VIRTIO_PCI_CAP_TYPE, 1) != kind) continue;
        *where = at;
        *bytes = pci_read(pci, at + VIRTIO_PCI_CAP_BYTES, 4);
        if (*bytes < least_bytes) return ERR_INVALID;
        return pci_map_bar(pci, pci_read(pci, at + VIRTIO_PCI_CAP_BAR, 1),
                           pci_read(pci, at + VIRTIO_PCI_CAP_OFFSET, 4), *bytes, out);
    }
    return ERR_NOT_FOUND;
}

static err_t map_all(struct virtio_device *device, const struct pci_device *pci)
{
    uint32_t bytes;
    uint8_t at;
    err_t e = map_structure(pci, VIRTIO_PCI_COMMON, VIRTIO_COMMON_BYTES, &device->regs, &bytes, &at);
    if (failed(e)) return e;
    e = map_structure(pci, VIRTIO_PCI_NOTIFY, sizeof(uint16_t), &device->notify, &device->notify_bytes, &at);
    if (failed(e)) return e;
    device->notify_multiplier = pci_read(pci, at + VIRTIO_PCI_CAP_MULTIPLIER, 4);
    e = map_structure(pci, VIRTIO_PCI_CONFIG, 1, &device->config, &device->config_bytes, &at);
    return e.code == ERR_NOT_FOUND.code ? OK : e; /* some types have none */
}

static err_t prepare(struct virtio_device *device, struct pci_device *pci)
{
    pci_enable(pci);
    err_t e = map_all(device, pci);
    if (failed(e)) return e;
    e = pci_msix_start(pci);
    if (failed(e)) return e;
    return pci_msix_attach(pci, 0, 0, interrupt, device);
}

static void start_device(struct pci_device *pci)
{
    struct virtio_device *device = heap_alloc_zeroed(sizeof(*device));
    if (!device) {
        log_error("virtio: no memory for the device at %02x:%02x", pci->bus, pci->slot);
        return;
    }
    device->transport = &pci_transport;
    device->pci = pci;
    device->type = (uint16_t)(pci->id >= VIRTIO_PCI_ID ? pci->id - VIRTIO_PCI_ID : pci->subsystem);
    format_string(device->name, sizeof(device->name), "virtio-pci %02x:%02x.%u", pci->bus, pci->slot,
                  pci->function);
    err_t e = prepare(device, pci);
    if (failed(e)) {
        log_warning("%s: a device of type %u cannot be used: %s", device->name, device->type, err_text(e));
        heap_free(device); /* attaching its interrupt comes last, so nobody knows it */
        return;
    }
    virtio_start(device);
}

void virtio_probe_pci(void)
{
    for (struct pci_device *pci = pci_first(); pci; pci = pci->next) {
        bool is_virtio =
            pci->vendor == VIRTIO_PCI_VENDOR && pci->id >= VIRTIO_PCI_ID_OLD && pci->id < VIRTIO_PCI_ID_END;
        if (is_virtio) start_device(pci);
    }
}
