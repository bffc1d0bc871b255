/* SPDX-License-Identifier: Apache-2.0 */
/* Files in memory: made, written, cut, renamed, linked, mapped and deleted, under a few names in two
 * directories. A call that fails has done nothing. */
#include "abi/linux/fcntl.h"
#include "abi/linux/mman.h"
#include "abi/linux/stat.h"
#include "lib/format.h"
#include "lib/string.h"
#include "syscall/sys_core.h"
#include "syscall/sys_file.h"
#include "tests/fail_nth/fail_nth.h"
#include "tests/harness/test.h"
#include "vm/usercopy.h"

enum {
    DIRECTORIES = 2,
    NAMES = 5, /* in each */
    FILE_PAGES = 6,
    WORD_STEP = 512, /* bytes between the words of a page that are looked at */
    CELLS_EACH = 2 + FILE_PAGES,
    TEXT_BYTES = 32,
};

static uint32_t now; /* the step */
static uint64_t choose(uint32_t which, uint64_t below) { return fail_nth_random(now, which, below); }

/* ---- names, in scratch pages 0 and 1; bytes in page 2, results in page 3 ---- */

static uint64_t path_of(uint32_t page, uint64_t directory, uint64_t name)
{
    char text[TEXT_BYTES];
    format_string(text, sizeof(text), "/storm/%c/name-%llu", (char)('a' + directory),
                  (unsigned long long)name);
    return scratch_text(page, text);
}

static uint64_t choose_path(uint32_t page, uint32_t which)
{
    return path_of(page, choose(which, DIRECTORIES), choose(which + 1, NAMES));
}

static uint64_t directory_path(uint64_t directory)
{
    const char text[] = { '/', 's', 't', 'o', 'r', 'm', '/', (char)('a' + directory), 0 };
    return scratch_text(0, text);
}

/* ---- the picture ---- */

static void look_into(uint64_t path, uint32_t *cells)
{
    static uint64_t words[PAGE_BYTES / 8];
    int64_t fd = sys_open(path, LINUX_O_RDONLY | LINUX_O_NONBLOCK, 0);
    EXPECT(fd >= 0);
    for (uint32_t page = 0; page < FILE_PAGES; page++) {
        int64_t got = sys_pread64((uint64_t)fd, scratch_at(4), PAGE_BYTES, page * PAGE_BYTES);
        cells[page] = (uint32_t)got;
        if (got <= 0) continue;
        EXPECT_OK(user_copy_in(words, UADDR(scratch_at(4)), (size_t)got));
        for (int64_t i = 0; i < got / 8; i += WORD_STEP / 8) cells[page] = cell_mix(cells[page], words[i]);
    }
    sys_close((uint64_t)fd);
}

static void look_at(uint64_t path, uint32_t *cells)
{
    struct linux_stat stat;
    memset(cells, 0, CELLS_EACH * sizeof(*cells));
    if (sys_lstat(path, scratch_at(3))) return;
    EXPECT_OK(user_copy_in(&stat, UADDR(scratch_at(3)), sizeof(stat)));
    cells[0] = cell_mix(stat.st_mode, stat.st_nlink);
    cells[1] = (uint32_t)stat.st_size;
    if ((stat.st_mode & LINUX_S_IFMT) == LINUX_S_IFREG) look_into(path, &cells[2]);
}

static void look(uint32_t *cells)
{
    for (uint64_t directory = 0; directory < DIRECTORIES; directory++) {
        look_at(directory_path(directory), cells);
        cells += CELLS_EACH;
        for (uint64_t name = 0; name < NAMES; name++, cells += CELLS_EACH)
            look_at(path_of(0, directory, name), cells);
    }
}

/* ---- steps ---- */

static uint64_t some_bytes(void)
{
    uint64_t words[PAGE_BYTES / 8];
    for (uint32_t i = 0; i < ARRAY_LENGTH(words); i++) words[i] = (uint64_t)now << 32 | i;
    return scratch_put(2, words, sizeof(words));
}

static int64_t make(void)
{
    int64_t fd =
        sys_open(choose_path(0, 0), LINUX_O_RDWR | LINUX_O_CREAT | LINUX_O_EXCL, 0600 + choose(2, 64));
    return fd < 0 ? fd : sys_close((uint64_t)fd);
}

/* A whole page, or a few bytes inside one. */
static int64_t write_page(uint64_t fd)
{
    uint64_t offset = choose(3, FILE_PAGES) * PAGE_BYTES, bytes = PAGE_BYTES;
    if (choose(4, 2)) offset += choose(5, 3000), bytes = 1 + choose(6, 1000);
    return sys_pwrite64(fd, some_bytes(), bytes, offset);
}

/* What could not be written whole is cut off again. */
static int64_t append(uint64_t fd)
{
    int64_t size = sys_lseek(fd, 0, 2);
    for (uint64_t part = 0; part < 3 && size < (FILE_PAGES - 3) * PAGE_BYTES; part++) {
        int64_t count = sys_write(fd, some_bytes(), PAGE_BYTES);
        if (count == PAGE_BYTES) continue;
        EXPECT_EQ(sys_ftruncate(fd, (uint64_t)size), 0);
        return count < 0 ? count : ERR_NO_MEMORY.code;
    }
    return size;
}

static int64_t write_mapped(uint64_t fd)
{
    uint64_t value = now, page = choose(3, FILE_PAGES);
    int64_t at =
        sys_mmap(0, PAGE_BYTES, LINUX_PROT_READ | LINUX_PROT_WRITE, LINUX_MAP_SHARED, fd, page * PAGE_BYTES);
    if (at < 0) return at;
    err_t e = user_copy_out(UADDR((uint64_t)at + choose(4, 8) * WORD_STEP), &value, sizeof(value));
    EXPECT_EQ(sys_munmap((uint64_t)at, PAGE_BYTES), 0);
    return e.code;
}

static int64_t allocate(uint64_t fd)
{
    static const uint8_t modes[] = { 0, LINUX_FALLOC_KEEP_SIZE,
                                     LINUX_FALLOC_KEEP_SIZE | LINUX_FALLOC_PUNCH_HOLE,
                                     LINUX_FALLOC_KEEP_SIZE | LINUX_FALLOC_PUNCH_HOLE };
    uint64_t offset = choose(3, FILE_PAGES * PAGE_BYTES - 1);
    return sys_fallocate(fd, modes[choose(4, ARRAY_LENGTH(modes))], offset,
                         1 + choose(5, FILE_PAGES * PAGE_BYTES - offset));
}

static int64_t copy_from_other(uint64_t fd)
{
    int64_t from = sys_open(choose_path(1, 10), LINUX_O_RDONLY, 0);
    if (from < 0) return from;
    uint64_t page = choose(12, FILE_PAGES);
    sys_lseek(fd, page * PAGE_BYTES, 0);
    sys_lseek((uint64_t)from, choose(13, FILE_PAGES) * PAGE_BYTES, 0);
    int64_t count = sys_copy_file_range((uint64_t)from, 0, fd, 0, PAGE_BYTES, 0);
    sys_close((uint64_t)from);
    return count;
}

static int64_t change_contents(void)
{
    int64_t (*const ways[])(uint64_t) = { write_page,   write_page, write_page,      append,
                                          write_mapped, allocate,   copy_from_other, write_mapped };
    int64_t fd = sys_open(choose_path(0, 0), LINUX_O_RDWR, 0);
    if (fd < 0) return fd;
    int64_t result = ways[choose(20, ARRAY_LENGTH(ways))]((uint64_t)fd);
    sys_close((uint64_t)fd);
    return result;
}

static int64_t list(void)
{
    int64_t fd = sys_open(directory_path(choose(0, DIRECTORIES)), LINUX_O_RDONLY | LINUX_O_DIRECTORY, 0);
    if (fd < 0) return fd;
    int64_t bytes = sys_getdents64((uint64_t)fd, scratch_at(3), PAGE_BYTES);
    sys_close((uint64_t)fd);
    return bytes;
}

static int64_t open_truncated(void)
{
    int64_t fd = sys_open(choose_path(0, 0), LINUX_O_WRONLY | LINUX_O_TRUNC, 0);
    return fd < 0 ? fd : sys_close((uint64_t)fd);
}

static int64_t step(uint32_t i)
{
    now = i;
    switch (choose(30, 24)) {
    case 0 ... 4: return make();
    case 5 ... 12: return change_contents();
    case 13: return sys_truncate(choose_path(0, 0), choose(2, FILE_PAGES * PAGE_BYTES));
    case 14: return open_truncated();
    case 15 ... 16: return sys_rename(choose_path(0, 0), choose_path(1, 2));
    case 17: return sys_link(choose_path(0, 0), choose_path(1, 2));
    case 18:
        return sys_symlink(scratch_text(1, "a target somewhat longer than a word or two of it"),
                           choose_path(0, 0));
    case 19: return sys_unlink(choose_path(0, 0));
    case 20: return sys_mkdir(choose_path(0, 0), 0755);
    case 21: return sys_rmdir(choose_path(0, 0));
    case 22: return sys_chmod(choose_path(0, 0), 0600 + choose(2, 64));
    default: return list();
    }
}

static void open(void)
{
    EXPECT_EQ(sys_mkdir(scratch_text(0, "/storm"), 0755), 0);
    for (uint64_t i = 0; i < DIRECTORIES; i++) EXPECT_EQ(sys_mkdir(directory_path(i), 0755), 0);
}

static void close(void)
{
    for (uint64_t i = 0; i < DIRECTORIES; i++) {
        for (uint64_t name = 0; name < NAMES; name++)
            if (sys_unlink(path_of(0, i, name))) sys_rmdir(path_of(0, i, name));
        EXPECT_EQ(sys_rmdir(directory_path(i)), 0);
    }
    EXPECT_EQ(sys_rmdir(scratch_text(0, "/storm")), 0);
}

static const struct workload storm = {
    .name = "file storm",
    .steps = 300,
    .cells = DIRECTORIES * (1 + NAMES) * CELLS_EACH,
    .is_atomic = true,
    .open = open,
    .step = step,
    .look = look,
    .close = close,
};

TEST(every_allocation_can_fail_in_a_file_storm) { fail_nth(&storm); }
TEST(campaign_in_a_file_storm) { fail_nth_campaign(&storm); }
