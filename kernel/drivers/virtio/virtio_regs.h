/* SPDX-License-Identifier: Apache-2.0 */
/* Facts of [virtio-1.2]. All fields are little-endian. */
#pragma once
#include "lib/base.h"

/* Device types. [5] */
enum { VIRTIO_TYPE_NET = 1, VIRTIO_TYPE_RNG = 4 };

/* Status. [2.1] */
enum {
    VIRTIO_ACKNOWLEDGE = 1,
    VIRTIO_DRIVER = 2,
    VIRTIO_DRIVER_OK = 4,
    VIRTIO_FEATURES_OK = 8,
    VIRTIO_NEEDS_RESET = 64,
    VIRTIO_FAILED = 128,
};

/* Features of all types, [6], and of network devices. [5.1.3] */
#define VIRTIO_F_EVENT_INDEX     (1ull << 29)
#define VIRTIO_F_VERSION_1       (1ull << 32)
#define VIRTIO_F_ACCESS_PLATFORM (1ull << 33)
#define VIRTIO_NET_F_CSUM        (1ull << 0)
#define VIRTIO_NET_F_GUEST_CSUM  (1ull << 1)
#define VIRTIO_NET_F_MTU         (1ull << 3)
#define VIRTIO_NET_F_MAC         (1ull << 5)
#define VIRTIO_NET_F_GUEST_TSO4  (1ull << 7)
#define VIRTIO_NET_F_GUEST_TSO6  (1ull << 8)
#define VIRTIO_NET_F_MRG_RXBUF   (1ull << 15)
#define VIRTIO_NET_F_STATUS      (1ull << 16)

/* Split virtqueues. [2.7] */
struct virtq_descriptor {
    uint64_t address;
    uint32_t bytes;
    uint16_t flags, next;
};
enum { VIRTQ_NEXT = 1, VIRTQ_DEVICE_WRITES = 2 };

struct virtq_available {
    uint16_t flags, index;
    uint16_t ring[]; /* then used_event, the index that is to interrupt */
};
enum { VIRTQ_NO_INTERRUPT = 1 };

struct virtq_used_element {
    uint32_t id, bytes;
};
struct virtq_used {
    uint16_t flags, index;
    struct virtq_used_element ring[]; /* then available_event, the index that is to be notified */
};
enum { VIRTQ_NO_NOTIFY = 1 };

/* The interrupt status of both transports. [4.1.4.5] */
enum { VIRTIO_ISR_QUEUE = 1, VIRTIO_ISR_CONFIG = 2 };

/* Registers in memory. [4.2.2] */
enum {
    VIRTIO_MMIO_MAGIC = 0x00, /* "virt" */
    VIRTIO_MMIO_VERSION = 0x04,
    VIRTIO_MMIO_TYPE = 0x08,
    VIRTIO_MMIO_DEVICE_FEATURES = 0x10,
    VIRTIO_MMIO_DEVICE_FEATURES_SELECT = 0x14,
    VIRTIO_MMIO_DRIVER_FEATURES = 0x20,
    VIRTIO_MMIO_DRIVER_FEATURES_SELECT = 0x24,
    VIRTIO_MMIO_QUEUE_SELECT = 0x30,
    VIRTIO_MMIO_QUEUE_SIZE_MAX = 0x34,
    VIRTIO_MMIO_QUEUE_SIZE = 0x38,
    VIRTIO_MMIO_QUEUE_READY = 0x44,
    VIRTIO_MMIO_QUEUE_NOTIFY = 0x50,
    VIRTIO_MMIO_INTERRUPT_STATUS = 0x60,
    VIRTIO_MMIO_INTERRUPT_ACK = 0x64,
    VIRTIO_MMIO_STATUS = 0x70,
    VIRTIO_MMIO_QUEUE_DESCRIPTORS = 0x80, /* each of the three: low half, high half */
    VIRTIO_MMIO_QUEUE_AVAILABLE = 0x90,
    VIRTIO_MMIO_QUEUE_USED = 0xa0,
    VIRTIO_MMIO_CONFIG = 0x100,
    VIRTIO_MMIO_BYTES = 0x200,
};
#define VIRTIO_MMIO_MAGIC_VALUE 0x74726976u

/* PCI: device ids, and the structures that capabilities lead to. [4.1] */
enum {
    VIRTIO_PCI_VENDOR = 0x1af4,
    VIRTIO_PCI_ID_OLD = 0x1000, /* up to 0x103f: the type is the subsystem's id */
    VIRTIO_PCI_ID = 0x1040,     /* up to 0x107f: plus the type */
    VIRTIO_PCI_ID_END = 0x1080,

    VIRTIO_PCI_CAP_TYPE = 3, /* in the capability */
    VIRTIO_PCI_CAP_BAR = 4,
    VIRTIO_PCI_CAP_OFFSET = 8,
    VIRTIO_PCI_CAP_BYTES = 12,
    VIRTIO_PCI_CAP_MULTIPLIER = 16,
    VIRTIO_PCI_COMMON = 1,
    VIRTIO_PCI_NOTIFY = 2,
    VIRTIO_PCI_ISR = 3,
    VIRTIO_PCI_CONFIG = 4,

    VIRTIO_COMMON_DEVICE_FEATURES_SELECT = 0x00,
    VIRTIO_COMMON_DEVICE_FEATURES = 0x04,
    VIRTIO_COMMON_DRIVER_FEATURES_SELECT = 0x08,
    VIRTIO_COMMON_DRIVER_FEATURES = 0x0c,
    VIRTIO_COMMON_CONFIG_VECTOR = 0x10,
    VIRTIO_COMMON_STATUS = 0x14,
    VIRTIO_COMMON_QUEUE_SELECT = 0x16,
    VIRTIO_COMMON_QUEUE_SIZE = 0x18,
    VIRTIO_COMMON_QUEUE_VECTOR = 0x1a,
    VIRTIO_COMMON_QUEUE_ENABLE = 0x1c,
    VIRTIO_COMMON_QUEUE_NOTIFY_OFFSET = 0x1e,
    VIRTIO_COMMON_QUEUE_DESCRIPTORS = 0x20,
    VIRTIO_COMMON_QUEUE_AVAILABLE = 0x28,
    VIRTIO_COMMON_QUEUE_USED = 0x30,
    VIRTIO_COMMON_BYTES = 0x38,
    VIRTIO_NO_VECTOR = 0xffff,
};

/* Network: configuration and the header of each frame. [5.1.4, 5.1.6] */
enum { VIRTIO_NET_CONFIG_MAC = 0, VIRTIO_NET_CONFIG_STATUS = 6, VIRTIO_NET_CONFIG_MTU = 10 };
enum { VIRTIO_NET_LINK_UP = 1 };
struct virtio_net_header {
    uint8_t flags, gso_type;
    uint16_t header_bytes, gso_bytes, checksum_start, checksum_offset;
    uint16_t buffer_count; /* received, with MRG_RXBUF */
};
enum { VIRTIO_NET_NEEDS_CHECKSUM = 1, VIRTIO_NET_CHECKSUM_VALID = 2 };
_Static_assert(sizeof(struct virtio_net_header) == 12, "fixed by the device");
