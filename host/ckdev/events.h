/* SPDX-License-Identifier: Apache-2.0 */
/* The event ring. What finds no room waits here, and there is room here for all that can wait: signals of a context
 * are bits, a queue stops once, a fault has a place of its own (fault.c), and one request for arming is the latest. */
#pragma once
#include "abi/gpu_ring.h"
#include "lib/base.h"

struct device;
struct context;
struct queue;

struct events {
    uint64_t tail;
    bool is_waiting;    /* something is, whose turn comes with events_flush_locked */
    uint32_t arm_asked; /* not told yet; 0: none */
    uint64_t signals[GPU_CONTEXTS_MAX][GPU_SIGNALS_MAX / 64];
    uint64_t short_signals[GPU_CONTEXTS_MAX][4]; /* of which 8 bits are known */
    bool has_signals[GPU_CONTEXTS_MAX];
    bool has_stopped[GPU_QUEUES_MAX];
    struct gpu_event stopped[GPU_QUEUES_MAX];
};

enum { EVENT_SHORT_BITS = 8 }; /* of a signal's number, in an interrupt that code sends */

/* known_bits: 0, all of the number is known; else EVENT_SHORT_BITS. A number out of range is nobody's, and is not told. */
void events_signal(struct context *context, uint32_t number, uint32_t known_bits);
void events_stop_locked(struct device *device, const struct queue *queue);
void events_arm_locked(struct device *device, uint32_t request);
/* Of a context or a queue that is going away: nothing more is told. */
void events_forget_context_locked(struct device *device, uint32_t context);
void events_forget_queue_locked(struct device *device, uint32_t queue);

/* Tell what waits, as far as there is room, and interrupt if there was something. */
void events_flush_locked(struct device *device);
/* Tell the kernel to look. */
void events_interrupt(struct device *device);
