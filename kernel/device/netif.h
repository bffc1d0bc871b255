/* SPDX-License-Identifier: Apache-2.0 */
/* Contract of a network device that sends and receives Ethernet frames. A driver fills in `ops` and the facts, kernel/net
 * the rest.
 *
 * The device has no lock of its own: all operations are called by one thread at a time, under the stack's lock. Only
 * `wake` is called from interrupts. After it the device is quiet until poll() has found nothing more, so what comes
 * meanwhile costs no further interrupts. */
#pragma once
#include "lib/base.h"

struct net_device;

enum {
    NET_MAC_BYTES = 6,
    NET_SEGMENTS_MAX = 8,
    NET_BUFFER_BYTES = 2016, /* two in a page */
    NET_BUFFER_STACK_BYTES = 56,
    NET_BUFFER_HEADERS = 134, /* of a frame; its first buffer has room for so much, whatever was received */
};

/* Memory of a received frame: a heap block of NET_BUFFER_BYTES. The driver allocates it; the stack frees it, at any later time. */
struct net_buffer {
    uint64_t
        stack[NET_BUFFER_STACK_BYTES / sizeof(uint64_t)]; /* the stack's, for as long as it has the buffer */
    struct net_buffer *next;                              /* a frame longer than one goes on there */
    uint32_t start, bytes;                                /* of what was received, in data */
    uint8_t data[];
};

enum net_check {
    NET_CHECK_NEEDED, /* nobody has looked at the checksum of TCP or UDP */
    NET_CHECK_DONE,   /* it is right, or the frame never left this host */
};

/* A frame to send. */
struct net_frame {
    struct {
        paddr_t address;
        uint32_t bytes;
    } segments[NET_SEGMENTS_MAX];
    uint32_t segment_count;
    uint16_t checksum_start; /* 0, or where the device begins to sum up, */
    uint16_t checksum_place; /* and where it puts the result: both from the frame's first byte */
    void *packet;            /* given back by sent() */
};

struct net_device_ops {
    /* Lets frames and interrupts come. ERR_NO_MEMORY. */
    err_t (*start)(struct net_device *device);
    /* False: there is no room; `wake` is called when there is some. The memory stays as it is until sent(). */
    bool (*send)(struct net_device *device, const struct net_frame *frame);
    /* What was queued since the last time is told to the device. */
    void (*flush)(struct net_device *device);
    /* Gives at most `budget` frames to receive() and what is done to sent(). True: there may be more. */
    bool (*poll)(struct net_device *device, uint32_t budget);
};

struct net_device {
    const struct net_device_ops *ops;
    uint8_t mac[NET_MAC_BYTES];
    uint16_t mtu;
    bool has_link;        /* poll() brings it up to date */
    bool sends_checksums; /* checksum_start is understood */
    bool is_broken;       /* the device broke its protocol, was reset, and does nothing more */

    /* kernel/net's, set before start(). */
    void (*receive)(struct net_device *device, struct net_buffer *frame, enum net_check check);
    void (*sent)(struct net_device *device, void *packet);
    void (*wake)(struct net_device *device); /* any context */
    void *context;
};
