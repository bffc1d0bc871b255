/* SPDX-License-Identifier: Apache-2.0 */
/* virtio over registers in memory. [virtio-1.2 4.2] */
#include "core/irq.h"
#include "core/log.h"
#include "drivers/virtio/virtio.h"
#include "drivers/virtio/virtio_probe.h"
#include "lib/format.h"
#include "mm/heap.h"
#include "mm/kernel_map.h"
#include "mm/page_table.h"

/* Where QEMU's microvm has its devices: at fixed places, of which only its DSDT tells. [qemu hw/i386/microvm.c] */
enum {
    MICROVM_SLOTS_FEW = 8, /* with one I/O APIC */
    MICROVM_SLOTS = 24,    /* with two: the second is theirs alone */
    MICROVM_GSI_FEW = 5,
    MICROVM_GSI = 24,
};
#define MICROVM_BASE    0xfeb00000ull
#define MICROVM_IOAPIC2 0xfec10000ull

static uint8_t read_status(struct virtio_device *device)
{
    return (uint8_t)mmio_read32(&device->regs, VIRTIO_MMIO_STATUS);
}
static void write_status(struct virtio_device *device, uint8_t status)
{
    mmio_write32(&device->regs, VIRTIO_MMIO_STATUS, status);
}

static uint64_t read_features(struct virtio_device *device)
{
    mmio_write32(&device->regs, VIRTIO_MMIO_DEVICE_FEATURES_SELECT, 0);
    uint64_t low = mmio_read32(&device->regs, VIRTIO_MMIO_DEVICE_FEATURES);
    mmio_write32(&device->regs, VIRTIO_MMIO_DEVICE_FEATURES_SELECT, 1);
    return low | (uint64_t)mmio_read32(&device->regs, VIRTIO_MMIO_DEVICE_FEATURES) << 32;
}

static void write_features(struct virtio_device *device, uint64_t features)
{
    for (uint32_t half = 0; half < 2; half++) {
        mmio_write32(&device->regs, VIRTIO_MMIO_DRIVER_FEATURES_SELECT, half);
        mmio_write32(&device->regs, VIRTIO_MMIO_DRIVER_FEATURES, (uint32_t)(features >> 32 * half));
    }
}

static uint32_t read_config(struct virtio_device *device, uint32_t offset, uint32_t bytes)
{
    offset += VIRTIO_MMIO_CONFIG;
    if (bytes == 1) return mmio_read8(&device->regs, offset);
    return bytes == 2 ? mmio_read16(&device->regs, offset) : mmio_read32(&device->regs, offset);
}

static uint16_t queue_size(struct virtio_device *device, uint16_t queue)
{
    mmio_write32(&device->regs, VIRTIO_MMIO_QUEUE_SELECT, queue);
    return (uint16_t)MIN(mmio_read32(&device->regs, VIRTIO_MMIO_QUEUE_SIZE_MAX), (uint32_t)INT16_MAX + 1);
}

static void write_address(struct virtio_device *device, uint32_t offset, uint64_t address)
{
    mmio_write32(&device->regs, offset, (uint32_t)address);
    mmio_write32(&device->regs, offset + 4, (uint32_t)(address >> 32));
}

static err_t start_queue(struct virtio_device *device, uint16_t queue, uint16_t size, dma_t memory)
{
    mmio_write32(&device->regs, VIRTIO_MMIO_QUEUE_SELECT, queue);
    mmio_write32(&device->regs, VIRTIO_MMIO_QUEUE_SIZE, size);
    write_address(device, VIRTIO_MMIO_QUEUE_DESCRIPTORS, memory.raw);
    write_address(device, VIRTIO_MMIO_QUEUE_AVAILABLE, memory.raw + virtqueue_available_offset(size));
    write_address(device, VIRTIO_MMIO_QUEUE_USED, memory.raw + virtqueue_used_offset(size));
    mmio_write32(&device->regs, VIRTIO_MMIO_QUEUE_READY, 1);
    return OK;
}

static void notify(struct virtio_device *device, uint16_t queue)
{
    mmio_write32(&device->regs, VIRTIO_MMIO_QUEUE_NOTIFY, queue);
}

static const struct virtio_transport mmio_transport = {
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
    uint32_t why = mmio_read32(&device->regs, VIRTIO_MMIO_INTERRUPT_STATUS);
    mmio_write32(&device->regs, VIRTIO_MMIO_INTERRUPT_ACK, why);
    if (device->interrupt) device->interrupt(device);
}

static void start_device(struct mmio regs, uint32_t number, uint32_t irq)
{
    struct virtio_device *device = heap_alloc_zeroed(sizeof(*device));
    if (!device) {
        log_error("virtio: no memory for device %u", number);
        return;
    }
    device->transport = &mmio_transport;
    device->regs = regs;
    device->type = (uint16_t)mmio_read32(&regs, VIRTIO_MMIO_TYPE);
    format_string(device->name, sizeof(device->name), "virtio-mmio %u", number);
    err_t e = irq_attach(irq, interrupt, device);
    if (failed(e)) {
        log_error("%s: interrupt %u: %s", device->name, irq, err_text(e));
        heap_free(device);
        return;
    }
    virtio_start(device);
}

/* It has a magic number, and a type once a device is in the slot. */
static void look_at(struct mmio regs, uint32_t number, uint32_t irq)
{
    if (mmio_read32(&regs, VIRTIO_MMIO_MAGIC) != VIRTIO_MMIO_MAGIC_VALUE) return;
    if (!mmio_read32(&regs, VIRTIO_MMIO_TYPE)) return;
    if (mmio_read32(&regs, VIRTIO_MMIO_VERSION) == 2)
        start_device(regs, number, irq);
    else
        log_warning(
            "virtio-mmio %u: the device is of before virtio 1.0 (QEMU: -global virtio-mmio.force-legacy=off)",
            number);
}

/* Reading where nothing is or something else would do harm, so only where the tables look like microvm's: no fixed
 * hardware, and no PCI, or the second I/O APIC. */
static bool is_microvm(const struct acpi_info *acpi, bool *has_second)
{
    *has_second = false;
    for (uint32_t i = 0; i < acpi->madt.ioapic_count; i++)
        if (acpi->madt.ioapics[i].base.raw == MICROVM_IOAPIC2) *has_second = true;
    return !acpi->fadt.why && acpi->fadt.is_hardware_reduced && (*has_second || acpi->mcfg.why);
}

void virtio_probe_mmio(const struct acpi_info *acpi)
{
    bool has_second;
    volatile void *base;
    if (!is_microvm(acpi, &has_second)) return;
    uint32_t slots = has_second ? MICROVM_SLOTS : MICROVM_SLOTS_FEW;
    uint32_t first_irq = has_second ? MICROVM_GSI : MICROVM_GSI_FEW;
    err_t e = kernel_map_mmio(PADDR(MICROVM_BASE), slots * VIRTIO_MMIO_BYTES, PAGE_UNCACHED, &base);
    if (failed(e)) {
        log_error("virtio: cannot map the devices' registers: %s", err_text(e));
        return;
    }
    for (uint32_t i = 0; i < slots; i++) {
        struct mmio regs = { (volatile char *)base + i * VIRTIO_MMIO_BYTES };
        look_at(regs, i, first_irq + i);
    }
}
