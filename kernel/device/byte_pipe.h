/* SPDX-License-Identifier: Apache-2.0 */
/* Contract for a device that carries bytes both ways: a serial port today. The channel to `ck` and
 * the console's keyboard side are built on it.
 *
 * Nothing is lost in either direction while both ends behave. Bytes nobody has read yet stay in the
 * device, which then makes the other side wait; and what the other side does not take is reported
 * as not written. One writer and one reader at a time: the user of the pipe sees to that. */
#pragma once
#include "lib/base.h"

struct byte_pipe {
    /* Sends bytes and returns how many the device took: fewer than `count` when the other side made
     * us wait longer than a few milliseconds. Any context; never sleeps. */
    size_t (*write)(struct byte_pipe *pipe, const void *bytes, size_t count);
    /* Takes what has arrived, at most `capacity` bytes; 0 when there is nothing. Any context. */
    size_t (*read)(struct byte_pipe *pipe, void *buffer, size_t capacity);
    /* Set by the user before start_reading. Called from an interrupt once bytes have arrived; it is
     * called again only after read() has returned less than was asked for. */
    void (*on_readable)(void *context);
    void *context;
    /* Lets on_readable be called. An error means that nothing will ever call it (no interrupt
     * controller, say): the user then has to look from time to time. */
    err_t (*start_reading)(struct byte_pipe *pipe);
};
