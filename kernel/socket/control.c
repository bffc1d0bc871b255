/* SPDX-License-Identifier: Apache-2.0 */
#include "socket/control.h"

#include "abi/linux/time.h"
#include "lib/string.h"
#include "vm/usercopy.h"

enum { CONTROL_ALIGN = 8 };
#define NS_PER_S  1000000000ull
#define NS_PER_US 1000ull

bool control_next(const struct socket_message *m, uint64_t *offset, struct control_record *out, err_t *e)
{
    struct linux_cmsghdr header;
    *e = OK;
    if (*offset + sizeof(header) > m->control_bytes) return false;
    memcpy(&header, m->control + *offset, sizeof(header));
    if (header.bytes < sizeof(header) || header.bytes > m->control_bytes - *offset) {
        *e = ERR_INVALID;
        return false;
    }
    *out = (struct control_record){
        .level = header.level,
        .type = header.type,
        .data = m->control + *offset + sizeof(header),
        .bytes = (uint32_t)(header.bytes - sizeof(header)),
    };
    *offset += align_up(header.bytes, CONTROL_ALIGN);
    return true;
}

uint64_t control_room(const struct socket_message *m)
{
    return m->control_bytes > sizeof(struct linux_cmsghdr) ? m->control_bytes - sizeof(struct linux_cmsghdr)
                                                           : 0;
}

void control_finish(struct socket_message *m, int32_t level, int32_t type, uint32_t bytes)
{
    struct linux_cmsghdr header = { .bytes = sizeof(header) + bytes, .level = level, .type = type };
    if (failed(user_copy_out(UADDR(m->control_address), &header, sizeof(header)))) return;
    uint64_t used = MIN(align_up(header.bytes, CONTROL_ALIGN), m->control_bytes);
    m->control_address += used;
    m->control_bytes -= used;
}

void control_put(struct socket_message *m, int32_t level, int32_t type, const void *data, uint32_t bytes)
{
    if (!m->has_control_buffer || m->control_bytes < sizeof(struct linux_cmsghdr)) {
        m->out_flags |= LINUX_MSG_CTRUNC;
        return;
    }
    if (control_room(m) < bytes) {
        m->out_flags |= LINUX_MSG_CTRUNC;
        bytes = (uint32_t)control_room(m);
    }
    if (failed(user_copy_out(UADDR(control_data_address(m)), data, bytes))) return;
    control_finish(m, level, type, bytes);
}

void control_put_time(const struct socket *s, struct socket_message *m, uint64_t realtime_ns)
{
    bool is_new = socket_has(s, SOCKET_TIMESTAMP_NEW);
    bool is_ns = socket_has(s, SOCKET_TIMESTAMP_NS);
    /* Either structure has seconds, then micro- or nanoseconds. */
    struct linux_timespec t = { (int64_t)(realtime_ns / NS_PER_S),
                                (int64_t)(realtime_ns % NS_PER_S / (is_ns ? 1 : NS_PER_US)) };
    int32_t type = is_ns    ? is_new ? LINUX_SO_TIMESTAMPNS_NEW : LINUX_SO_TIMESTAMPNS_OLD
                   : is_new ? LINUX_SO_TIMESTAMP_NEW
                            : LINUX_SO_TIMESTAMP_OLD;
    control_put(m, LINUX_SOL_SOCKET, type, &t, sizeof(t));
}
