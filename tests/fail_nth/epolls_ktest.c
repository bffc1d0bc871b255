/* SPDX-License-Identifier: Apache-2.0 */
/* epoll: files of several kinds, and other epolls, are added, changed, taken out, made ready, asked for and closed while
 * they are watched. A call that fails has done nothing. */
#include "abi/linux/epoll.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/poll.h"
#include "lib/string.h"
#include "syscall/sys_file.h"
#include "syscall/sys_socket.h"
#include "tests/fail_nth/fail_nth.h"
#include "tests/harness/test.h"
#include "vm/usercopy.h"

enum { FIRST = 3, COUNT = 24 };

static uint32_t now; /* the step */
static uint64_t choose(uint32_t which, uint64_t below) { return fail_nth_random(now, which, below); }
static uint64_t choose_fd(uint32_t which) { return FIRST + choose(which, COUNT); }

static void look(uint32_t *cells)
{
    struct linux_pollfd list[COUNT];
    for (uint32_t i = 0; i < COUNT; i++)
        list[i] = (struct linux_pollfd){ .fd = FIRST + (int32_t)i, .events = 0x7fff };
    EXPECT_EQ(sys_poll(scratch_put(3, list, sizeof(list)), COUNT, 0) >= 0, true);
    EXPECT_OK(user_copy_in(list, UADDR(scratch_at(3)), sizeof(list)));
    for (uint32_t i = 0; i < COUNT; i++)
        cells[i] = cell_mix(1 + (uint16_t)list[i].revents, (uint64_t)sys_fcntl(FIRST + i, LINUX_F_GETFL, 0));
}

/* ---- steps. Nothing waits ---- */

static int64_t make_file(void)
{
    switch (choose(0, 4)) {
    case 0: return sys_eventfd2(choose(1, 3), LINUX_O_NONBLOCK);
    case 1: return sys_pipe2(scratch_at(3), LINUX_O_NONBLOCK);
    case 2: return sys_timerfd_create(1, LINUX_O_NONBLOCK);
    default: return sys_socketpair(LINUX_AF_UNIX, LINUX_SOCK_STREAM | LINUX_SOCK_NONBLOCK, 0, scratch_at(3));
    }
}

static int64_t control(void)
{
    static const uint32_t bits[] = { LINUX_EPOLLET, LINUX_EPOLLONESHOT, LINUX_EPOLLEXCLUSIVE, 0, 0, 0 };
    struct linux_epoll_event event = {
        .events = bits[choose(0, ARRAY_LENGTH(bits))] |
                  (choose(1, 3) ? LINUX_POLLIN : LINUX_POLLIN | LINUX_POLLOUT),
        .data = now,
    };
    static const uint8_t operations[] = { LINUX_EPOLL_CTL_ADD, LINUX_EPOLL_CTL_ADD, LINUX_EPOLL_CTL_MOD,
                                          LINUX_EPOLL_CTL_DEL };
    return sys_epoll_ctl(choose_fd(2), operations[choose(3, ARRAY_LENGTH(operations))], choose_fd(4),
                         scratch_put(2, &event, sizeof(event)));
}

static int64_t pass_word(void)
{
    uint64_t one = 1;
    if (choose(0, 2)) return sys_read(choose_fd(1), scratch_at(3), sizeof(one));
    return sys_write(choose_fd(1), scratch_put(2, &one, sizeof(one)), sizeof(one));
}

static int64_t step(uint32_t i)
{
    now = i;
    switch (choose(50, 32)) {
    case 0 ... 2: return sys_epoll_create1(0);
    case 3 ... 6: return make_file();
    case 7 ... 18: return control();
    case 19 ... 23: return pass_word();
    case 24 ... 27: return sys_epoll_wait(choose_fd(0), scratch_at(3), 1 + choose(1, 8), 0);
    case 28: return sys_dup(choose_fd(0));
    case 29: return sys_dup2(choose_fd(0), choose_fd(1));
    default: return sys_close(choose_fd(0));
    }
}

static const struct workload storm = {
    .name = "epoll storm",
    .steps = 400,
    .cells = COUNT,
    .is_atomic = true,
    .step = step,
    .look = look,
};

TEST(every_allocation_can_fail_in_an_epoll_storm) { fail_nth(&storm); }
TEST(campaign_in_an_epoll_storm) { fail_nth_campaign(&storm); }
