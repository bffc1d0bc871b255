/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets of AF_INET: made, bound, connected, set to listen and closed. A call that fails has done nothing. No packets are
 * sent: where the memory for one is missing it is lost, as on any network, and nobody is told. */
#include "abi/linux/fcntl.h"
#include "abi/linux/inet.h"
#include "abi/linux/poll.h"
#include "lib/string.h"
#include "syscall/sys_file.h"
#include "syscall/sys_socket.h"
#include "tests/fail_nth/fail_nth.h"
#include "tests/harness/test.h"
#include "vm/usercopy.h"

enum {
    FIRST = 3,
    COUNT = 24,
    FIRST_PORT = 4000,
    PORTS = 6,
    ADDRESS_BYTES = sizeof(struct linux_sockaddr_in)
};

static uint32_t now; /* the step */
static uint64_t choose(uint32_t which, uint64_t below) { return fail_nth_random(now, which, below); }
static uint64_t choose_fd(uint32_t which) { return FIRST + choose(which, COUNT); }

/* ---- the picture ---- */

/* A port that the kernel has chosen is another one in each run. */
static uint32_t name_by(int64_t (*call)(uint64_t, uint64_t, uint64_t), uint64_t fd)
{
    uint32_t bytes = ADDRESS_BYTES;
    struct linux_sockaddr_in in;
    if (call(fd, scratch_at(3), scratch_put(4, &bytes, sizeof(bytes)))) return 7;
    EXPECT_OK(user_copy_in(&in, UADDR(scratch_at(3)), sizeof(in)));
    uint32_t number = __builtin_bswap16(in.port) - FIRST_PORT;
    return cell_mix(1 + in.address[0], MIN(number, (uint32_t)PORTS));
}

static uint32_t look_at(uint64_t fd)
{
    struct linux_pollfd poll = { .fd = (int32_t)fd, .events = 0x7fff };
    int64_t flags = sys_fcntl(fd, LINUX_F_GETFL, 0);
    if (flags < 0) return 0;
    EXPECT_EQ(sys_poll(scratch_put(3, &poll, sizeof(poll)), 1, 0) >= 0, true);
    EXPECT_OK(user_copy_in(&poll, UADDR(scratch_at(3)), sizeof(poll)));
    uint32_t cell = cell_mix(1 + (uint16_t)poll.revents, (uint64_t)flags);
    return cell_mix(cell_mix(cell, name_by(sys_getsockname, fd)), name_by(sys_getpeername, fd));
}

static void look(uint32_t *cells)
{
    for (uint64_t i = 0; i < COUNT; i++) cells[i] = look_at(FIRST + i);
}

/* ---- steps ---- */

/* One of a few ports of this machine. */
static uint64_t choose_address(uint32_t which)
{
    const struct linux_sockaddr_in in = {
        .family = LINUX_AF_INET,
        .port = __builtin_bswap16((uint16_t)(FIRST_PORT + choose(which, PORTS))),
        .address = { 127, 0, 0, 1 },
    };
    return scratch_put(0, &in, sizeof(in));
}

static int64_t make(void)
{
    static const uint8_t types[] = { LINUX_SOCK_STREAM, LINUX_SOCK_DGRAM };
    return sys_socket(LINUX_AF_INET, types[choose(0, ARRAY_LENGTH(types))] | LINUX_SOCK_NONBLOCK, 0);
}

/* Of datagrams alone; that of a stream would be tried, and end later. */
static int64_t connect(void)
{
    uint64_t fd = choose_fd(0);
    uint32_t type = 0, bytes = sizeof(type);
    if (sys_getsockopt(fd, LINUX_SOL_SOCKET, LINUX_SO_TYPE, scratch_at(3),
                       scratch_put(4, &bytes, sizeof(bytes))))
        return 0;
    EXPECT_OK(user_copy_in(&type, UADDR(scratch_at(3)), sizeof(type)));
    return type == LINUX_SOCK_DGRAM ? sys_connect(fd, choose_address(1), ADDRESS_BYTES) : 0;
}

static int64_t step(uint32_t i)
{
    now = i;
    switch (choose(50, 16)) {
    case 0 ... 4: return make();
    case 5 ... 7: return sys_bind(choose_fd(0), choose_address(1), ADDRESS_BYTES);
    case 8 ... 9: return sys_listen(choose_fd(0), 1 + choose(1, 4));
    case 10 ... 11: return connect();
    case 12: return sys_dup(choose_fd(0));
    default: return sys_close(choose_fd(0));
    }
}

static const struct workload storm = {
    .name = "inet storm",
    .steps = 300,
    .cells = COUNT,
    .is_atomic = true,
    .step = step,
    .look = look,
};

TEST(every_allocation_can_fail_in_an_inet_storm) { fail_nth(&storm); }
TEST(campaign_in_an_inet_storm) { fail_nth_campaign(&storm); }
