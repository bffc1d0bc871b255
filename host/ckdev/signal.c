/* SPDX-License-Identifier: Apache-2.0 */
/* amd_signal_t: a 64-bit value that packets count down, and an event for those who sleep until it changes.
 * [rocr-5.2.3 amd_hsa_signal.h] */
#include "host/ckdev/device_internal.h"

enum {
    SIGNAL_VALUE = 8,
    SIGNAL_MAILBOX = 16, /* address of the event's slot in the event page; 0: nobody sleeps on this signal */
    SIGNAL_EVENT = 24,
    SIGNAL_START = 32,
    SIGNAL_END = 40,
};

struct mailbox {
    uint64_t address;
    uint32_t event;
};

static bool read_mailbox(struct worker *worker, uint64_t signal, struct mailbox *out)
{
    return access_load64(worker, signal + SIGNAL_MAILBOX, &out->address) &&
           access_load32(worker, signal + SIGNAL_EVENT, &out->event);
}

static bool send(struct worker *worker, const struct mailbox *mailbox)
{
    if (!mailbox->address) return true;
    if (!access_store64(worker, mailbox->address, mailbox->event)) return false;
    events_signal(worker->queue->context, mailbox->event, 0);
    return true;
}

bool signal_complete(struct worker *worker, uint64_t signal, uint64_t start_ns, uint64_t end_ns)
{
    struct mailbox mailbox;
    if (!signal) return true;
    /* Whoever sees the new value may free the signal: what else there is to know of it is read before. */
    return read_mailbox(worker, signal, &mailbox) &&
           access_store64(worker, signal + SIGNAL_START, start_ns) &&
           access_store64(worker, signal + SIGNAL_END, end_ns) &&
           access_add64(worker, signal + SIGNAL_VALUE, (uint64_t)-1) && send(worker, &mailbox);
}

bool signal_set(struct worker *worker, uint64_t signal, uint64_t value)
{
    struct mailbox mailbox;
    return read_mailbox(worker, signal, &mailbox) && access_store64(worker, signal + SIGNAL_VALUE, value) &&
           send(worker, &mailbox);
}

bool signal_value(struct worker *worker, uint64_t signal, uint64_t *out)
{
    return access_load64(worker, signal + SIGNAL_VALUE, out);
}
