/* SPDX-License-Identifier: Apache-2.0 */
/* The host's side of abi/channel.h: frames out of a byte stream, and frames into one.
 *
 * The kernel on the other side is not trusted: whatever it sends, the decoder either hands out a
 * frame that keeps to the contract or says what is wrong with it. */
#pragma once
#include "abi/channel.h"
#include "host/ck/buffer.h"
#include "lib/base.h"

enum channel_step {
    CHANNEL_MORE, /* no whole frame yet */
    CHANNEL_FRAME,
    CHANNEL_BROKEN, /* `why` says how; nothing after it can be trusted */
};

struct channel_decoder {
    bool has_hello;
    bool has_exit;        /* the last frame was handed out */
    uint64_t noise_bytes; /* skipped before HELLO */
    char why[160];
};

struct channel_frame {
    enum channel_type type; /* of those the kernel may send */
    const uint8_t *payload; /* inside the caller's bytes */
    uint16_t length;
    struct channel_exit exit; /* meaningful for CHANNEL_EXIT; checked */
    uint32_t taken;           /* meaningful for CHANNEL_STDIN_TAKEN */
};

/* Look at the front of `bytes`. *out_used bytes are done with: noise, or the frame handed out. */
enum channel_step channel_decode(struct channel_decoder *d, const uint8_t *bytes, size_t count,
                                 struct channel_frame *out_frame, size_t *out_used);

/* `length` is at most CHANNEL_PAYLOAD_MAX. */
void channel_encode(struct buffer *out, enum channel_type type, const void *payload, uint16_t length);
