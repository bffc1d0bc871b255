/* SPDX-License-Identifier: Apache-2.0 */
/* Control data of messages: records with a header, aligned to eight bytes. [man cmsg(3); linux net/core/scm.c] */
#pragma once
#include "socket/socket.h"

struct control_record {
    int32_t level, type;
    const uint8_t *data;
    uint32_t bytes; /* of data */
};

/* The record at *offset of what is sent; moves *offset behind it. False at the end or at a record that is none:
 * then *e is INVALID. */
bool control_next(const struct socket_message *message, uint64_t *offset, struct control_record *out,
                  err_t *e);

/* Adds a record to what is received; what does not fit is cut and told by MSG_CTRUNC. A buffer that is not there gets
 * nothing, and nobody is told, as on Linux. */
void control_put(struct socket_message *message, int32_t level, int32_t type, const void *data,
                 uint32_t bytes);
/* So many bytes of data a record could have. */
uint64_t control_room(const struct socket_message *message);
/* The next record's data, and its header afterwards, when it is known how much of it there is. */
static inline uint64_t control_data_address(const struct socket_message *message)
{
    return message->control_address + sizeof(struct linux_cmsghdr);
}
void control_finish(struct socket_message *message, int32_t level, int32_t type, uint32_t bytes);
/* SO_TIMESTAMP and its kin: when it came. */
void control_put_time(const struct socket *s, struct socket_message *message, uint64_t realtime_ns);
