/* SPDX-License-Identifier: Apache-2.0 */
#include "payload.h"

#include "container/channel.h"
#include "container/container.h"
#include "container/stdio.h"
#include "container/stats.h"
#include "core/log.h"

/* An exit status for QEMU where nobody listens on the channel: 0, or something that says what. */
static uint8_t exit_code(struct container_end end)
{
    if (end.kind == CHANNEL_EXITED) return (uint8_t)end.status;
    bool is_signal = end.kind == CHANNEL_SIGNALED || end.kind == CHANNEL_OUT_OF_MEMORY;
    return is_signal ? (uint8_t)(128 + end.status) : 127;
}

uint8_t kernel_payload(const struct boot_info *info)
{
    struct container_end end = container_run(info->cmdline);
    stats_send();
    stdio_drain();
    channel_send_exit(end.kind, end.status);
    if (!channel_is_started() && exit_code(end)) log_warning("the container ended with %u", exit_code(end));
    return exit_code(end);
}
