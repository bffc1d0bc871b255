/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets of AF_UNIX in pairs, by name and in each other's queues: made, bound, connected, written to, sent along, read
 * and closed. A call that fails has done nothing. */
#include "abi/linux/fcntl.h"
#include "abi/linux/ioctl.h"
#include "abi/linux/poll.h"
#include "abi/linux/stat.h"
#include "lib/string.h"
#include "syscall/sys_file.h"
#include "syscall/sys_socket.h"
#include "tests/fail_nth/fail_nth.h"
#include "tests/harness/test.h"
#include "vm/usercopy.h"

enum { FIRST = 3, COUNT = 40, NAMES = 4, NAME_BYTES = 5 };

static uint32_t now; /* the step */
static uint64_t choose(uint32_t which, uint64_t below) { return fail_nth_random(now, which, below); }
static uint64_t choose_fd(uint32_t which) { return FIRST + choose(which, COUNT / 2); }

/* ---- the picture ---- */

static uint32_t number_by_ioctl(uint64_t fd, uint64_t request)
{
    uint32_t value = 0;
    if (sys_ioctl(fd, request, scratch_at(3))) return 77;
    EXPECT_OK(user_copy_in(&value, UADDR(scratch_at(3)), sizeof(value)));
    return value;
}

static uint32_t look_at(uint64_t fd)
{
    struct linux_stat stat;
    struct linux_pollfd poll = { .fd = (int32_t)fd, .events = 0x7fff };
    if (sys_fstat(fd, scratch_at(3))) return 0;
    EXPECT_OK(user_copy_in(&stat, UADDR(scratch_at(3)), sizeof(stat)));
    uint32_t cell = cell_mix(1 + stat.st_mode, (uint64_t)sys_fcntl(fd, LINUX_F_GETFL, 0));
    cell = cell_mix(cell, number_by_ioctl(fd, LINUX_FIONREAD));
    cell = cell_mix(cell, number_by_ioctl(fd, LINUX_SIOCOUTQ));
    EXPECT_EQ(sys_poll(scratch_put(3, &poll, sizeof(poll)), 1, 0) >= 0, true);
    EXPECT_OK(user_copy_in(&poll, UADDR(scratch_at(3)), sizeof(poll)));
    return cell_mix(cell, (uint16_t)poll.revents);
}

static void look(uint32_t *cells)
{
    for (uint64_t i = 0; i < COUNT; i++) cells[i] = look_at(FIRST + i);
}

/* ---- steps. Whatever might wait is asked not to ---- */

static uint64_t choose_type(uint32_t which)
{
    static const uint8_t types[] = { LINUX_SOCK_STREAM, LINUX_SOCK_DGRAM, LINUX_SOCK_SEQPACKET };
    return types[choose(which, ARRAY_LENGTH(types))] | LINUX_SOCK_NONBLOCK;
}

/* Abstract, or a path. */
static uint64_t choose_name(uint32_t which)
{
    struct linux_sockaddr_un un = { .family = LINUX_AF_UNIX };
    uint64_t number = choose(which, NAMES);
    memcpy(un.path, number & 1 ? "\0ab" : "/ab", 3);
    un.path[3] = (char)('a' + number);
    return scratch_put(0, &un, sizeof(un.family) + NAME_BYTES);
}
enum { ADDRESS_BYTES = 2 + NAME_BYTES };

static int64_t send_with_files(void)
{
    struct {
        struct linux_msghdr header;
        struct linux_iovec part;
        struct linux_cmsghdr control;
        int32_t files[2];
    } m = { .header.vector_count = 1, .control = { 24, LINUX_SOL_SOCKET, LINUX_SCM_RIGHTS } };
    uint64_t at = scratch_at(2);
    m.header.vector = at + offsetof(__typeof__(m), part);
    m.header.control = at + offsetof(__typeof__(m), control);
    m.header.control_bytes = sizeof(m.control) + sizeof(m.files);
    m.part = (struct linux_iovec){ at, 1 + choose(1, 500) };
    for (uint32_t i = 0; i < ARRAY_LENGTH(m.files); i++) m.files[i] = (int32_t)choose_fd(2 + i);
    return sys_sendmsg(choose_fd(0), scratch_put(2, &m, sizeof(m)), LINUX_MSG_NOSIGNAL);
}

static int64_t receive_with_files(void)
{
    struct {
        struct linux_msghdr header;
        struct linux_iovec part;
        uint8_t control[64];
    } m = { .header.vector_count = 1 };
    uint64_t at = scratch_at(2);
    m.header.vector = at + offsetof(__typeof__(m), part);
    m.header.control = at + offsetof(__typeof__(m), control);
    m.header.control_bytes = sizeof(m.control);
    m.part = (struct linux_iovec){ scratch_at(3), PAGE_BYTES };
    return sys_recvmsg(choose_fd(0), scratch_put(2, &m, sizeof(m)), choose(1, 3) ? 0 : LINUX_MSG_PEEK);
}

static int64_t step(uint32_t i)
{
    now = i;
    switch (choose(50, 24)) {
    case 0 ... 2: return sys_socketpair(LINUX_AF_UNIX, choose_type(0), 0, scratch_at(3));
    case 3 ... 5: return sys_socket(LINUX_AF_UNIX, choose_type(0), 0);
    case 6 ... 7: return sys_bind(choose_fd(0), choose_name(1), ADDRESS_BYTES);
    case 8: return sys_listen(choose_fd(0), choose(1, 3));
    case 9 ... 10: return sys_connect(choose_fd(0), choose_name(1), ADDRESS_BYTES);
    case 11 ... 13: return sys_sendto(choose_fd(0), scratch_at(2), choose(1, 2000), LINUX_MSG_NOSIGNAL, 0, 0);
    case 14:
        return sys_sendto(choose_fd(0), scratch_at(2), 9, LINUX_MSG_NOSIGNAL, choose_name(1), ADDRESS_BYTES);
    case 15 ... 16: return send_with_files();
    case 17 ... 18: return receive_with_files();
    case 19: return sys_recvfrom(choose_fd(0), scratch_at(3), choose(1, PAGE_BYTES), 0, 0, 0);
    case 20: return sys_shutdown(choose_fd(0), choose(1, 3));
    default: return sys_close(choose_fd(0));
    }
}

/* What is in flight in itself goes when a socket is closed. */
static void close_rest(void)
{
    for (uint64_t fd = FIRST; fd < FIRST + COUNT; fd++) sys_close(fd);
    int64_t last = sys_socket(LINUX_AF_UNIX, LINUX_SOCK_STREAM, 0);
    EXPECT_EQ(sys_close((uint64_t)last), 0);
    static const char *const paths[] = { "/aba", "/abb", "/abc", "/abd" };
    for (size_t i = 0; i < ARRAY_LENGTH(paths); i++) sys_unlink(scratch_text(0, paths[i]));
}

static const struct workload storm = {
    .name = "socket storm",
    .steps = 250,
    .cells = COUNT,
    .is_atomic = true,
    .step = step,
    .look = look,
    .close = close_rest,
};

TEST(every_allocation_can_fail_in_a_socket_storm) { fail_nth(&storm); }
TEST(campaign_in_a_socket_storm) { fail_nth_campaign(&storm); }
