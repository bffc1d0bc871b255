/* SPDX-License-Identifier: Apache-2.0 */
#include "host/ck/channel.h"

#include <stdio.h>
#include <string.h>

enum {
    HELLO_PAYLOAD = 8,   /* magic and version */
    NOISE_MAX = 1 << 20, /* firmware prints a page or two; this much is not a CloudKernel */
    SIGNAL_MAX = 64,     /* Linux's highest signal number */
};

/* How every HELLO begins: its header and the magic. */
static const uint8_t hello_prefix[] = { CHANNEL_HELLO, 0, HELLO_PAYLOAD, 0, 'C', 'K', 'C', 'H' };

static uint32_t read_u32(const uint8_t *at)
{
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

#define BROKEN(d, ...) (snprintf((d)->why, sizeof(d)->why, __VA_ARGS__), CHANNEL_BROKEN)

static enum channel_step decode_hello(struct channel_decoder *d, const uint8_t *bytes, size_t count,
                                      struct channel_frame *out_frame, size_t *out_used)
{
    size_t at = 0;
    while (at < count && memcmp(bytes + at, hello_prefix, MIN(sizeof hello_prefix, count - at)) != 0) at++;
    d->noise_bytes += at;
    *out_used = at;
    if (d->noise_bytes > NOISE_MAX)
        return BROKEN(d, "%d bytes without the channel's greeting", (int)NOISE_MAX);

    size_t hello_bytes = sizeof(struct channel_header) + HELLO_PAYLOAD;
    if (count - at < hello_bytes) return CHANNEL_MORE;
    uint32_t version = read_u32(bytes + at + sizeof hello_prefix);
    if (version != CHANNEL_VERSION)
        return BROKEN(d, "the kernel speaks version %u of the channel, this ck speaks %d", version,
                      CHANNEL_VERSION);
    d->has_hello = true;
    *out_used = at + hello_bytes;
    *out_frame = (struct channel_frame){ .type = CHANNEL_HELLO,
                                         .payload = bytes + at + sizeof(struct channel_header),
                                         .length = HELLO_PAYLOAD };
    return CHANNEL_FRAME;
}

static enum channel_step check_exit(struct channel_decoder *d, struct channel_frame *frame)
{
    if (frame->length != sizeof frame->exit)
        return BROKEN(d, "an EXIT frame of %u bytes instead of %zu", frame->length, sizeof frame->exit);
    frame->exit.kind = read_u32(frame->payload);
    frame->exit.status = read_u32(frame->payload + 4);
    uint32_t status = frame->exit.status;
    switch (frame->exit.kind) {
    case CHANNEL_EXITED:
        if (status > 255) return BROKEN(d, "an exit status of %u", status);
        break;
    case CHANNEL_SIGNALED:
    case CHANNEL_OUT_OF_MEMORY:
        if (status < 1 || status > SIGNAL_MAX) return BROKEN(d, "death by signal %u", status);
        break;
    case CHANNEL_NOT_STARTED:
    case CHANNEL_PANIC: break;
    default: return BROKEN(d, "an EXIT frame of unknown kind %u", frame->exit.kind);
    }
    d->has_exit = true;
    return CHANNEL_FRAME;
}

static enum channel_step check_taken(struct channel_decoder *d, struct channel_frame *frame)
{
    if (frame->length != sizeof frame->taken)
        return BROKEN(d, "a STDIN_TAKEN frame of %u bytes instead of %zu", frame->length,
                      sizeof frame->taken);
    frame->taken = read_u32(frame->payload);
    return CHANNEL_FRAME;
}

enum channel_step channel_decode(struct channel_decoder *d, const uint8_t *bytes, size_t count,
                                 struct channel_frame *out_frame, size_t *out_used)
{
    *out_used = 0;
    if (!d->has_hello) return decode_hello(d, bytes, count, out_frame, out_used);
    if (count < sizeof(struct channel_header)) return CHANNEL_MORE;

    /* The header is judged as soon as it is there: a wrong length would have us wait for ever. */
    uint8_t type = bytes[0];
    uint16_t length = (uint16_t)(bytes[2] | bytes[3] << 8);
    if (type != CHANNEL_STDOUT && type != CHANNEL_STDERR && type != CHANNEL_EXIT &&
        type != CHANNEL_STDIN_TAKEN && type != CHANNEL_STATS)
        return BROKEN(d, "a frame of type 0x%02x, which the kernel may not send%s", type,
                      type == CHANNEL_HELLO ? " twice" : "");
    if (bytes[1] != 0) return BROKEN(d, "a frame whose reserved byte is 0x%02x", bytes[1]);
    if (length > CHANNEL_PAYLOAD_MAX)
        return BROKEN(d, "a frame of %u bytes, the limit is %d", length, CHANNEL_PAYLOAD_MAX);
    if (count - sizeof(struct channel_header) < length) return CHANNEL_MORE;

    *out_frame = (struct channel_frame){ .type = (enum channel_type)type,
                                         .payload = bytes + sizeof(struct channel_header),
                                         .length = length };
    *out_used = sizeof(struct channel_header) + length;
    if (type == CHANNEL_STDIN_TAKEN) return check_taken(d, out_frame);
    if (type == CHANNEL_STATS && length % sizeof(struct channel_stat) != 0)
        return BROKEN(d, "a STATS frame of %u bytes, which is no whole number of statistics", length);
    return type == CHANNEL_EXIT ? check_exit(d, out_frame) : CHANNEL_FRAME;
}

void channel_encode(struct buffer *out, enum channel_type type, const void *payload, uint16_t length)
{
    ASSERT(length <= CHANNEL_PAYLOAD_MAX);
    uint8_t header[sizeof(struct channel_header)] = { (uint8_t)type, 0, length & 0xff,
                                                      (uint8_t)(length >> 8) };
    buffer_append(out, header, sizeof header);
    buffer_append(out, payload, length);
}
