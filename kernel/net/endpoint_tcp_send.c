/* SPDX-License-Identifier: Apache-2.0 */
/* Sending by TCP: lwIP makes segments and asks for the program's bytes when it fills them (net/lwip/tcp_out.c). */
#include "lib/string.h"
#include "net/endpoint_tcp_internal.h"

/* Of the call that is under way; under the lock. */
static struct io_buffer *source;
static bool has_failed; /* another thread took the memory away meanwhile */

void lwip_port_take(void *to, size_t bytes);

void lwip_port_take(void *to, size_t bytes)
{
    size_t got = io_take(source, to, bytes);
    if (got == bytes) return;
    has_failed = true;
    memset((char *)to + got, 0, bytes - got);
}

/* As much as lwIP takes of it, at most `bytes`. When there is no memory for all, less is tried. */
static uint32_t write_some(struct tcp_pcb *pcb, struct io_buffer *from, uint32_t bytes, uint8_t flags)
    REQUIRES(net_mutex)
{
    for (; bytes; bytes = bytes > pcb->mss ? pcb->mss : 0) {
        struct io_buffer before = *from;
        source = from;
        /* The address is not looked at, but must not be NULL. */
        if (tcp_write(pcb, from, (u16_t)bytes, flags | TCP_WRITE_FLAG_COPY) == ERR_OK) return bytes;
        *from = before;
        if (bytes <= pcb->mss) break;
    }
    return 0;
}

static err_t expect_open(struct endpoint *endpoint) REQUIRES(net_mutex)
{
    if (endpoint_has(endpoint, ENDPOINT_ERROR)) return endpoint_error_locked(endpoint);
    if (endpoint_has(endpoint, ENDPOINT_WRITE_END))
        return endpoint->was_connected ? ERR_BROKEN_PIPE : ERR_NOT_CONNECTED;
    if (endpoint_has(endpoint, ENDPOINT_CONNECTED)) return OK;
    return endpoint_has(endpoint, ENDPOINT_CONNECTING) ? ERR_TRY_AGAIN : ERR_NOT_CONNECTED;
}

static void flush(struct endpoint *endpoint, bool is_more) REQUIRES(net_mutex)
{
    struct tcp_pcb *pcb = endpoint->tcp;
    if (is_more && pcb->unsent && !pcb->unsent->next && pcb->unsent->len < pcb->mss)
        return;                           /* not yet a segment */
    lwip_err_t ignored = tcp_output(pcb); /* what could not be sent stays queued */
    (void)ignored;
}

int64_t tcp_endpoint_send(struct endpoint *endpoint, struct io_buffer *from, uint32_t flags)
{
    err_t e = expect_open(endpoint);
    if (failed(e)) return e.code;
    struct tcp_pcb *pcb = endpoint->tcp;
    bool is_more = (flags & ENDPOINT_SEND_MORE) || endpoint->options[ENDPOINT_CORK];
    int64_t done = 0;
    if (!from->left) return 0;
    has_failed = false;
    while (from->left && !has_failed) {
        uint64_t room = MIN((uint64_t)pcb->snd_buf, (uint64_t)UINT16_MAX);
        uint32_t bytes = (uint32_t)MIN(from->left, room);
        uint8_t more = is_more || from->left > bytes ? TCP_WRITE_FLAG_MORE : 0;
        uint32_t taken = write_some(pcb, from, bytes, more);
        if (!taken) break;
        done += taken;
    }
    if (done) flush(endpoint, is_more);
    if (has_failed) {
        /* Zeros stand for bytes that were gone: the peer must not take them for the program's. */
        tcp_abort(pcb);
        return ERR_FAULT.code;
    }
    bool is_full = pcb->snd_buf < TCP_SND_BUF / 3 || tcp_sndqueuelen(pcb) >= TCP_SND_QUEUELEN / 2;
    if (is_full || from->left) endpoint_update(endpoint, 0, ENDPOINT_WRITABLE, 0);
    if (done) return done;
    /* Nothing under way whose confirmation would make room: memory is out. */
    if (pcb->unsent || pcb->unacked) return ERR_TRY_AGAIN.code;
    endpoint_update(endpoint, ENDPOINT_WRITABLE, 0, 0);
    return ERR_NO_BUFFERS.code;
}
