/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's side of the channel to `ck` (abi/channel.h). */
#pragma once
#include "abi/channel.h"
#include "device/byte_pipe.h"
#include "lib/base.h"

/* Says hello and starts to listen. `on_signal` is called, from an interrupt, with signals the host
 * sends. Once. */
void channel_start(struct byte_pipe *pipe, void (*on_signal)(uint32_t signal));
bool channel_is_started(void);
/* The program has no input: the host said so at boot, and will send none. */
void channel_end_stdin(void);

/* One or more frames of this type. False when the host does not take them. Any context but not two
 * at once, except that a panic may cut in. */
bool channel_send(enum channel_type type, const void *payload, size_t bytes);
/* The last frame; later ones are not sent. Any context. */
void channel_send_exit(enum channel_exit_kind kind, uint32_t status);

/* Takes up to `capacity` bytes of the program's input; *count is 0 at its end. Sleeps until there is
 * some. ERR_INTERRUPTED. ERR_IO: the host broke the protocol. Threads only. */
err_t channel_read_stdin(void *out, size_t capacity, size_t *count);
bool channel_stdin_is_ready(void);
