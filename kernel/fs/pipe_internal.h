/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files about pipes.
 *
 * One thread at a time is busy with the ring: it copies, which may sleep, and then moves `head` or `tail`
 * under the lock. Everybody else looks at those two only. */
#pragma once
#include "abi/linux/poll.h"
#include "fs/file.h"
#include "fs/pipe.h"
#include "mm/frame_charged.h"

enum { PIPE_SLOTS_DEFAULT = 16 };

struct pipe_slot {
    paddr_t frame;
    uint16_t offset, bytes; /* what is left to read; never none */
    bool is_packet;
    bool is_full; /* nothing is put behind its bytes, whatever room the page has */
};

struct pipe {
    struct wait_queue queue; /* everybody who waits. Its lock guards the rest but for `slots` and `spare` */
    struct readiness readiness;
    struct pipe_slot *slots; /* this and `spare` are the busy thread's */
    paddr_t spare;           /* the last page that was emptied */
    uint32_t slot_count;     /* a power of two; changes in a busy thread */
    uint32_t head, tail;     /* full slots are those from tail to head, modulo slot_count; likewise */
    uint32_t readers, writers;
    uint32_t reader_opens, writer_opens; /* so far */
    bool is_busy;
    bool is_named; /* fixed */
    struct pipe_slot first_slots[PIPE_SLOTS_DEFAULT];
};

enum {
    PIPE_CHANGE_IN = LINUX_POLLIN | LINUX_POLLRDNORM,
    PIPE_CHANGE_OUT = LINUX_POLLOUT | LINUX_POLLWRNORM,
    PIPE_CHANGE_ENDS = PIPE_CHANGE_IN | PIPE_CHANGE_OUT | LINUX_POLLERR | LINUX_POLLHUP,
};

static inline bool pipe_is_full(const struct pipe *p) { return p->head - p->tail >= p->slot_count; }
static inline struct pipe_slot *pipe_slot_at(const struct pipe *p, uint32_t index)
{
    return &p->slots[index & (p->slot_count - 1)];
}

/* The busy thread only. */
static inline void pipe_page_put(struct pipe *p, paddr_t frame)
{
    if (is_paddr_none(p->spare))
        p->spare = frame;
    else
        frame_free_charged(CHARGE_KERNEL, frame);
}

/* The whole of it, for what the ways for small pieces leave to them. */
int64_t pipe_read(struct file *file, struct io_buffer *to, uint64_t *position);
int64_t pipe_write(struct file *file, struct io_buffer *from, uint64_t *position);

/* Who waits does so under the lock and becomes the busy thread; what the busy thread has moved `head` and `tail` to, and
 * whether it has written, which it may without moving, is known to others with pipe_give. */
void pipe_take(struct pipe *p);
void pipe_give(struct pipe *p, uint32_t head, uint32_t tail, bool has_written);
/* Busy with something to read when true; else *e says what to return, at the end of the pipe OK. */
bool pipe_start_reading(struct pipe *p, bool is_nonblocking, err_t *e);
/* Busy with a pipe that somebody reads when OK, and with room when that is wanted; else the thread has SIGPIPE if that
 * is due. */
err_t pipe_start_writing(struct pipe *p, bool is_nonblocking, bool needs_room);
/* A page to fill; none: no memory. The busy thread only. */
paddr_t pipe_page_get(struct pipe *p);

/* NULL: there is no memory. */
struct pipe *pipe_create(void);
void pipe_destroy(void *pipe);
struct vnode_stream pipe_stream(struct pipe *pipe);

/* fifo.c: opened by a name, in /proc/self/fd for one without. ERR_INTERRUPTED; ERR_NO_DEVICE_ADDRESS. */
err_t fifo_reopen(struct file *file);

/* pipe_small.c */
int64_t pipe_read_user(struct file *file, uint64_t address, uint64_t bytes);
int64_t pipe_write_user(struct file *file, uint64_t address, uint64_t bytes);
