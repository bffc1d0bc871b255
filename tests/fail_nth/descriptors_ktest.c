/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors and shared memory: files without a name, devices, directories, pipes, event counts and timers,
 * duplicated, sealed, mapped, filled, waited for and closed. A call that fails has done nothing. */
#include "abi/linux/event.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/ioctl.h"
#include "abi/linux/mman.h"
#include "abi/linux/poll.h"
#include "abi/linux/stat.h"
#include "fs/made.h"
#include "fs/rootfs.h"
#include "lib/string.h"
#include "syscall/sys_core.h"
#include "syscall/sys_file.h"
#include "tests/fail_nth/fail_nth.h"
#include "tests/harness/test.h"
#include "vm/usercopy.h"

enum {
    FIRST = 3,  /* behind the standard streams */
    COUNT = 40, /* looked at */
    FAR = 200,  /* a number for which the table has to grow */
    WINDOW = 0x40000000,
    WINDOW_PAGES = 16,
    FILE_PAGES = 4,
};

static uint32_t now; /* the step */
static uint64_t choose(uint32_t which, uint64_t below) { return fail_nth_random(now, which, below); }

static uint64_t choose_fd(uint32_t which) { return FIRST + choose(which, COUNT / 2); }
static uint64_t choose_any_fd(uint32_t which)
{
    return choose(which + 1, 12) ? FIRST + choose(which, COUNT) : FAR + choose(which, 300);
}

/* ---- the picture ---- */

static uint32_t look_at(uint64_t fd)
{
    struct linux_stat stat;
    uint64_t word = 0;
    if (sys_fstat(fd, scratch_at(3))) return 0;
    EXPECT_OK(user_copy_in(&stat, UADDR(scratch_at(3)), sizeof(stat)));
    uint32_t cell = cell_mix(1 + stat.st_mode, (uint64_t)sys_lseek(fd, 0, 1));
    cell = cell_mix(cell, (uint64_t)sys_fcntl(fd, LINUX_F_GETFD, 0));
    cell = cell_mix(cell, (uint64_t)sys_fcntl(fd, LINUX_F_GETFL, 0));
    cell = cell_mix(cell, (uint64_t)sys_fcntl(fd, LINUX_F_GETPIPE_SZ, 0));
    if (!sys_ioctl(fd, LINUX_FIONREAD, scratch_at(3))) {
        EXPECT_OK(user_copy_in(&word, UADDR(scratch_at(3)), sizeof(uint32_t)));
        cell = cell_mix(cell, word);
    }
    if ((stat.st_mode & LINUX_S_IFMT) != LINUX_S_IFREG) return cell;
    cell = cell_mix(cell, (uint64_t)stat.st_size);
    cell = cell_mix(cell, (uint64_t)sys_fcntl(fd, LINUX_F_GET_SEALS, 0));
    for (uint64_t page = 0; page < FILE_PAGES; page++) {
        if (sys_pread64(fd, scratch_at(3), sizeof(word), page * PAGE_BYTES) <= 0) continue;
        EXPECT_OK(user_copy_in(&word, UADDR(scratch_at(3)), sizeof(word)));
        cell = cell_mix(cell, word);
    }
    return cell;
}

static uint32_t look_at_page(uint64_t page)
{
    uint64_t word;
    err_t e = user_copy_in(&word, UADDR(WINDOW + page * PAGE_BYTES), sizeof(word));
    return failed(e) ? 0 : cell_mix(1, word);
}

static void look(uint32_t *cells)
{
    for (uint64_t i = 0; i < COUNT; i++) cells[i] = look_at(FIRST + i);
    for (uint64_t page = 0; page < WINDOW_PAGES; page++) cells[COUNT + page] = look_at_page(page);
}

/* ---- steps ---- */

static int64_t open_something(void)
{
    static const char *const paths[] = { "/dev/null",      "/dev/zero",     "/dev",
                                         "/proc/self/exe", "/proc/self/fd", "/proc/self",
                                         "/hello",         "/dev/urandom",  "/nothing" };
    return sys_open(scratch_text(0, paths[choose(0, ARRAY_LENGTH(paths))]),
                    LINUX_O_RDONLY | (choose(1, 2) ? LINUX_O_CLOEXEC : 0), 0);
}

static int64_t make_memfd(void)
{
    int64_t fd = sys_memfd_create(scratch_text(0, "storm"), choose(0, 4)); /* CLOEXEC, ALLOW_SEALING */
    if (fd < 0) return fd;
    int64_t result = sys_ftruncate((uint64_t)fd, (1 + choose(1, FILE_PAGES)) * PAGE_BYTES);
    if (result) sys_close((uint64_t)fd);
    return result ? result : fd;
}

/* Whatever might wait is asked not to. */
static int64_t make_event_file(void)
{
    uint64_t flags = LINUX_O_NONBLOCK | (choose(0, 2) ? LINUX_O_CLOEXEC : 0);
    switch (choose(1, 4)) {
    case 0: return sys_eventfd2(choose(2, 100), flags | choose(3, 2));
    case 1: return sys_timerfd_create(choose(2, 2), flags);
    default: return sys_pipe2(scratch_at(3), flags | (choose(2, 4) ? 0 : LINUX_O_DIRECT));
    }
}

/* Up to a page into a pipe, and a word elsewhere: more may be written in part. */
static int64_t pass_bytes(void)
{
    uint64_t fd = choose_fd(1);
    bool is_pipe = sys_fcntl(fd, LINUX_F_GETPIPE_SZ, 0) > 0;
    uint64_t bytes = is_pipe ? 1 + choose(2, PAGE_BYTES) : sizeof(uint64_t);
    return choose(0, 3) ? sys_write(fd, scratch_at(2), bytes) : sys_read(fd, scratch_at(3), bytes);
}

/* One byte, so that nothing is moved in part. */
static int64_t move_byte(void)
{
    enum { NONBLOCK = 2 };
    uint64_t piece[2] = { scratch_at(4), 1 };
    switch (choose(0, 4)) {
    case 0: return sys_tee(choose_fd(1), choose_fd(2), 1, NONBLOCK);
    case 1: return sys_vmsplice(choose_fd(1), scratch_put(2, piece, sizeof(piece)), 1, NONBLOCK);
    default: return sys_splice(choose_fd(1), 0, choose_fd(2), 0, 1, NONBLOCK);
    }
}

static int64_t set_timer(void)
{
    struct linux_itimerspec never = { { 0, 0 }, { 100000 + now, 0 } };
    return sys_timerfd_settime(choose_fd(0), 0, scratch_put(2, &never, sizeof(never)), scratch_at(3));
}

static int64_t duplicate(void)
{
    switch (choose(0, 5)) {
    case 0: return sys_dup(choose_fd(1));
    case 1: return sys_dup2(choose_fd(1), choose_any_fd(2));
    case 2: return sys_dup3(choose_fd(1), choose_any_fd(2), LINUX_O_CLOEXEC);
    case 3: return sys_fcntl(choose_fd(1), LINUX_F_DUPFD_CLOEXEC, choose_any_fd(2));
    default: return sys_fcntl(choose_fd(1), LINUX_F_DUPFD, choose_any_fd(2));
    }
}

static int64_t close_some(void)
{
    uint64_t first = choose_any_fd(0);
    if (choose(2, 4)) return sys_close(first);
    return sys_close_range(first, first + choose(3, 6), choose(4, 2) ? LINUX_CLOSE_RANGE_CLOEXEC : 0);
}

static int64_t write_word(void)
{
    uint64_t value = 1 + now, at = scratch_put(2, &value, sizeof(value));
    if (choose(0, 3) == 0) return sys_write(choose_fd(1), at, sizeof(value));
    return sys_pwrite64(choose_fd(1), at, sizeof(value), choose(2, FILE_PAGES) * PAGE_BYTES);
}

static int64_t map_some(void)
{
    uint64_t page = choose(0, WINDOW_PAGES - FILE_PAGES), fd = choose_fd(1);
    uint64_t flags = LINUX_MAP_FIXED_NOREPLACE | LINUX_MAP_SHARED | (choose(2, 4) ? 0 : LINUX_MAP_ANONYMOUS);
    return sys_mmap(WINDOW + page * PAGE_BYTES, (1 + choose(3, FILE_PAGES)) * PAGE_BYTES,
                    choose(4, 3) ? 3 : 1, flags, fd, 0);
}

static int64_t write_mapped(void)
{
    uint64_t value = 1 + now;
    return user_copy_out(UADDR(WINDOW + choose(0, WINDOW_PAGES) * PAGE_BYTES), &value, sizeof(value)).code;
}

static int64_t unmap_some(void)
{
    return sys_munmap(WINDOW + choose(0, WINDOW_PAGES) * PAGE_BYTES, (1 + choose(1, 4)) * PAGE_BYTES);
}

static int64_t wait_for_some(void)
{
    struct linux_pollfd list[24] = { 0 };
    for (uint32_t i = 0; i < ARRAY_LENGTH(list); i++) {
        list[i].fd = (int32_t)choose_fd(i);
        list[i].events = LINUX_POLLIN | LINUX_POLLOUT;
    }
    if (choose(40, 2)) return sys_poll(scratch_put(2, list, sizeof(list)), ARRAY_LENGTH(list), 0);
    uint64_t sets[2][2] = { { choose(41, UINT64_MAX), 0 }, { 0 } }; /* and no time at all to wait */
    uint64_t at = scratch_put(2, sets, sizeof(sets));
    return sys_select(FIRST + COUNT, at, 0, 0, at + sizeof(sets[0]));
}

/* Text that is made when it is read, of lengths that change with the free memory. */
static int64_t read_report(void)
{
    static const char *const paths[] = { "/proc/self/maps", "/proc/self/smaps", "/proc/self/status",
                                         "/proc/self/statm", "/proc/meminfo" };
    int64_t fd = sys_open(scratch_text(0, paths[choose(0, ARRAY_LENGTH(paths))]), LINUX_O_RDONLY, 0);
    if (fd < 0) return fd;
    int64_t count;
    do count = sys_read((uint64_t)fd, scratch_at(3), 1 + choose(1, 1000));
    while (count > 0);
    sys_close((uint64_t)fd);
    return count;
}

static int64_t step(uint32_t i)
{
    now = i;
    switch (choose(50, 40)) {
    case 0 ... 3: return open_something();
    case 4 ... 6: return make_memfd();
    case 7 ... 9: return duplicate();
    case 10 ... 11: return close_some();
    case 12 ... 13: return write_word();
    case 14 ... 15: return map_some();
    case 16 ... 17: return write_mapped();
    case 18: return unmap_some();
    case 19: return sys_ftruncate(choose_fd(0), choose(1, FILE_PAGES * PAGE_BYTES));
    case 20: return sys_lseek(choose_fd(0), choose(1, FILE_PAGES * PAGE_BYTES / 8) * 8, 0);
    case 21: return sys_fcntl(choose_fd(0), LINUX_F_ADD_SEALS, 1ull << choose(1, 5));
    case 22: return sys_getdents64(choose_fd(0), scratch_at(3), 200);
    case 23 ... 24: return read_report();
    case 25 ... 27: return make_event_file();
    case 28 ... 30: return pass_bytes();
    case 31: return set_timer();
    case 32: return sys_fcntl(choose_fd(0), LINUX_F_SETPIPE_SZ, PAGE_BYTES << choose(1, 8));
    case 33 ... 38: return move_byte();
    default: return wait_for_some();
    }
}

/* Names of /proc that are not of a process stay once they were looked up: here they are made in each run anew, so that
 * making them can fail, too, and nothing is left. */
static void forget_names(void)
{
    static const char *const names[] = { "self", "meminfo" };
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
        made_forget(rootfs_root(), (const char *const[]){ "proc", names[i] }, 2);
}

static const struct workload storm = {
    .name = "descriptor storm",
    .steps = 300,
    .cells = COUNT + WINDOW_PAGES,
    .is_atomic = true,
    .step = step,
    .look = look,
    .close = forget_names,
};

TEST(every_allocation_can_fail_in_a_descriptor_storm) { fail_nth(&storm); }
TEST(campaign_in_a_descriptor_storm) { fail_nth_campaign(&storm); }
