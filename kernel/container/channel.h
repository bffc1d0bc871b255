/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's side of the channel to `ck` (abi/channel.h). */
#pragma once
#include "abi/channel.h"
#include "device/byte_pipe.h"
#include "lib/base.h"

struct readiness;

/* Says hello and starts to listen. `on_signal` is called, from an interrupt, with signals the host
 * sends. Once. */
void channel_start(struct byte_pipe *pipe, void (*on_signal)(uint32_t signal));
bool channel_is_started(void);
/* The host's terminal has another size; called from an interrupt. Set once. */
extern void (*channel_resized_hook)(uint16_t rows, uint16_t columns);
/* The program has no input: the host said so at boot, and will send none. */
void channel_end_stdin(void);

/* One or more frames of this type; waits for as long as the host makes us. False when there is no
 * channel. Threads only. */
bool channel_send(enum channel_type type, const void *payload, size_t bytes);
/* The last frame. Threads only. */
void channel_send_exit(enum channel_exit_kind kind, uint32_t status);
/* The last frame of a kernel that failed, as far as the device takes it at once. Any context. */
void channel_send_panic(void);

/* Takes up to `capacity` bytes of the program's input; *count is 0 at its end. Sleeps until there is
 * some. ERR_INTERRUPTED. ERR_IO: the host broke the protocol. Threads only. */
err_t channel_read_stdin(void *out, size_t capacity, size_t *count);
bool channel_stdin_is_ready(void);
struct readiness *channel_stdin_readiness(void);
/* Bytes that a read would give at once. Any context. */
uint32_t channel_stdin_bytes(void);
