/* SPDX-License-Identifier: Apache-2.0 */
/* While the machine runs: the user's streams and signals to and from the guest's channel.
 *
 * One thread, one poll(). Frames from the guest are handled in order, and the next one is looked at only when
 * the last one's bytes are written, so a slow reader of ck's output slows the guest down and nothing
 * is lost or swapped. With `never_block_guest` the bytes wait in ck instead, which keeps an instruction
 * count free of the reader's pace. stdin is read only after the kernel's HELLO. */
#pragma once
#include "host/ck/buffer.h"
#include "host/ck/channel.h"
#include "host/ck/machine.h"
#include "lib/base.h"

struct relay_config {
    struct machine *machine;
    bool has_stdin;    /* false: the guest was told at boot that there is none */
    bool has_terminal; /* the guest is told of changes of its size */
    bool never_block_guest;
    uint64_t deadline_ns;      /* of CLOCK_MONOTONIC; UINT64_MAX: none */
    int log_fd;                /* for the console; -1: none */
    bool is_verbose;           /* the console goes to stderr too */
    const uint8_t *stdin_head; /* what was read from stdin before the machine started */
    size_t stdin_head_bytes;
};

enum relay_end {
    RELAY_EXIT,        /* the kernel said how the program ended: `exit` */
    RELAY_CLOSED,      /* QEMU closed the channel without that; `why` when inside a frame */
    RELAY_BROKEN,      /* the kernel broke the protocol: `why` */
    RELAY_SILENT,      /* no HELLO in time */
    RELAY_TIMED_OUT,   /* the deadline */
    RELAY_INTERRUPTED, /* the user insisted: `signal` */
    RELAY_OUTPUT_GONE, /* nobody reads ck's output any more */
    RELAY_HOST_FAILED, /* reported */
};

struct relay_result {
    enum relay_end end;
    struct channel_exit exit;
    int signal;
    bool has_hello;
    bool wrote_stderr; /* the program, or the kernel for it, said something there */
    char why[160];
    struct buffer console;     /* its last bytes; the caller frees */
    struct buffer diagnostics; /* QEMU's last words; the caller frees */
    struct buffer stats;       /* struct channel_stat, as they came; the caller frees */
    struct buffer noise;       /* what came on the channel before HELLO, its last bytes; the caller frees */
};

/* Returns when the program's end is known or cannot be; QEMU may still run. */
void relay_run(const struct relay_config *config, struct relay_result *out);
/* Collect what is left on the console and in QEMU's diagnostics, at most for `grace_ms`. True when QEMU has
 * closed all its pipes, as it does on its way out. */
bool relay_drain(const struct relay_config *config, uint32_t grace_ms, struct relay_result *result);

uint64_t monotonic_ns(void);
