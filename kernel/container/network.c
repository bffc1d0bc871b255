/* SPDX-License-Identifier: Apache-2.0 */
#include "container/network.h"

#include "core/log.h"
#include "core/time.h"
#include "abi/linux/fcntl.h"
#include "fs/file.h"
#include "fs/open.h"
#include "lib/format.h"
#include "net/interface.h"
#include "net/name_servers.h"

enum { ADDRESSES_NS_MAX = 5 * 1000000000ll /* DHCP over a network takes less than one */ };

static size_t format_address(char *out, size_t capacity, const struct net_address *address)
{
    const uint8_t *b = address->bytes;
    if (!address->is_v6) return format_string(out, capacity, "%u.%u.%u.%u", b[0], b[1], b[2], b[3]);
    size_t length = 0;
    for (uint32_t i = 0; i < 16; i += 2)
        length += format_string(out + length, capacity - length, "%s%x", i ? ":" : "", b[i] << 8 | b[i + 1]);
    return length;
}

static size_t format_servers(char *out, size_t capacity)
{
    struct net_address servers[NAME_SERVERS_MAX];
    uint32_t count = name_servers_read(servers);
    size_t length = 0;
    for (uint32_t i = 0; i < count; i++) {
        length += format_string(out + length, capacity - length, "nameserver ");
        length += format_address(out + length, capacity - length, &servers[i]);
        length += format_string(out + length, capacity - length, "\n");
    }
    return length;
}

/* An image brings none, or an empty one; what somebody has written stays. */
static err_t write_if_empty(struct fs_context *context, const char *text, size_t bytes)
{
    struct path_from from = { .context = context };
    struct open_request request = { .flags = LINUX_O_RDWR | LINUX_O_CREAT, .mode = 0644 };
    struct io_segment segment;
    struct io_buffer data;
    struct file *file;
    char byte;
    err_t e = open_path(&from, "/etc/resolv.conf", &request, &file);
    if (failed(e)) return e;
    io_buffer_init_kernel(&data, &segment, &byte, 1);
    uint64_t position = 0;
    int64_t result = file_read(file, &data, &position);
    if (!result) {
        position = 0;
        io_buffer_init_kernel(&data, &segment, (void *)text, bytes);
        result = file_write(file, &data, &position);
    }
    file_put(file);
    return result < 0 ? (err_t){ (int)result } : OK;
}

void container_network_prepare(struct fs_context *context)
{
    char text[NAME_SERVERS_MAX * 64];
    if (!interfaces_exist()) return;
    interfaces_wait(time_now_ns() + ADDRESSES_NS_MAX);
    size_t bytes = format_servers(text, sizeof(text));
    if (!bytes) return;
    err_t e = write_if_empty(context, text, bytes);
    /* Without /etc the image has no use for it. */
    if (failed(e) && e.code != ERR_NOT_FOUND.code) log_warning("/etc/resolv.conf: %s", err_text(e));
}
