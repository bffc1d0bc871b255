/* SPDX-License-Identifier: Apache-2.0 */
/* The calls for files in a row, as a hostile program makes them: the kernel's own code with the sanitizers' eyes on every
 * byte. The input: which allocation fails, how much memory there is, then for each call its place in the table and a byte
 * for each argument, which says whether it is what the call wants or something else. Afterwards the files are taken down,
 * and every block and frame must have come back. */
#include "syscall/sys_file.h"

#include "abi/linux/fcntl.h"
#include "lib/string.h"
#include "mm/charge.h"
#include "syscall/sys_path.h"
#include "tests/fakes/fake_heap.h"
#include "tests/fakes/fake_lock.h"
#include "tests/fakes/fake_process.h"
#include "tests/fakes/fake_vm.h"
#include "tests/fakes/fake_wait.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
extern const char __executable_start[], _end[]; /* of the linker: what a call is given lies between them */

enum {
    ARGUMENTS = 6,
    CALLS_MAX = 200, /* of one input */
    MEMORY_PAGES = 4,
    ERRNO_MAX = 4095,
};

/* Kinds of arguments: a descriptor, a path, memory, memory that holds what comes next in the input, pieces of memory, a
 * number of bytes, a place in a file, bits, nothing special. */
enum { FD = 'd', PATH = 'p', MEMORY = 'm', GIVEN = 'g', PIECES = 'v', BYTES = 'n', OFFSET = 'o', BITS = 'b' };

#define CALL(name) (void (*)(void)) sys_##name
static const struct call {
    void (*function)(void);
    char kinds[ARGUMENTS + 1];
} calls[] = {
    { CALL(read), "dmn" },
    { CALL(write), "dmn" },
    { CALL(pread64), "dmno" },
    { CALL(pwrite64), "dmno" },
    { CALL(readv), "dvn" },
    { CALL(writev), "dvn" },
    { CALL(preadv), "dvno" },
    { CALL(pwritev), "dvno" },
    { CALL(preadv2), "dvnoob" },
    { CALL(pwritev2), "dvnoob" },
    { CALL(lseek), "dob" },
    { CALL(getdents), "dmn" },
    { CALL(getdents64), "dmn" },
    { CALL(sendfile), "ddgn" },
    { CALL(copy_file_range), "dgdgnb" },
    { CALL(splice), "dgdgnb" },
    { CALL(tee), "ddnb" },
    { CALL(vmsplice), "dvnb" },
    { CALL(open), "pbb" },
    { CALL(openat), "dpbb" },
    { CALL(openat2), "dpgn" },
    { CALL(creat), "pb" },
    { CALL(memfd_create), "pb" },
    { CALL(close), "d" },
    { CALL(close_range), "ddb" },
    { CALL(dup), "d" },
    { CALL(dup2), "dd" },
    { CALL(dup3), "ddb" },
    { CALL(fcntl), "dbg" },
    { CALL(fcntl), "dbn" },
    { CALL(ioctl), "dbg" },
    { CALL(flock), "db" },
    { CALL(pipe), "m" },
    { CALL(pipe2), "mb" },
    { CALL(eventfd), "n" },
    { CALL(eventfd2), "nb" },
    { CALL(timerfd_create), "bb" },
    { CALL(timerfd_settime), "dbgm" },
    { CALL(timerfd_gettime), "dm" },
    { CALL(epoll_create), "n" },
    { CALL(epoll_create1), "b" },
    { CALL(epoll_ctl), "dbdg" },
    { CALL(epoll_wait), "dmnb" },
    { CALL(epoll_pwait), "dmnbgn" },
    { CALL(epoll_pwait2), "dmnggn" },
    { CALL(truncate), "po" },
    { CALL(ftruncate), "do" },
    { CALL(fallocate), "dboo" },
    { CALL(fsync), "d" },
    { CALL(fdatasync), "d" },
    { CALL(syncfs), "d" },
    { CALL(sync_file_range), "doob" },
    { CALL(fadvise64), "doob" },
    { CALL(readahead), "don" },
    { CALL(stat), "pm" },
    { CALL(lstat), "pm" },
    { CALL(fstat), "dm" },
    { CALL(newfstatat), "dpmb" },
    { CALL(statx), "dpbbm" },
    { CALL(statfs), "pm" },
    { CALL(fstatfs), "dm" },
    { CALL(ustat), "nm" },
    { CALL(poll), "gnb" },
    { CALL(ppoll), "gnggn" },
    { CALL(select), "nggmg" },
    { CALL(pselect6), "nggmgg" },
    { CALL(mkdir), "pb" },
    { CALL(mkdirat), "dpb" },
    { CALL(mknod), "pbn" },
    { CALL(mknodat), "dpbn" },
    { CALL(symlink), "pp" },
    { CALL(symlinkat), "pdp" },
    { CALL(link), "pp" },
    { CALL(linkat), "dpdpb" },
    { CALL(unlink), "p" },
    { CALL(unlinkat), "dpb" },
    { CALL(rmdir), "p" },
    { CALL(rename), "pp" },
    { CALL(renameat), "dpdp" },
    { CALL(renameat2), "dpdpb" },
    { CALL(access), "pb" },
    { CALL(faccessat), "dpb" },
    { CALL(faccessat2), "dpbb" },
    { CALL(chmod), "pb" },
    { CALL(fchmod), "db" },
    { CALL(fchmodat), "dpb" },
    { CALL(chown), "pnn" },
    { CALL(lchown), "pnn" },
    { CALL(fchown), "dnn" },
    { CALL(fchownat), "dpnnb" },
    { CALL(utimensat), "dpgb" },
    { CALL(futimesat), "dpg" },
    { CALL(utimes), "pg" },
    { CALL(utime), "pg" },
    { CALL(setxattr), "ppmnb" },
    { CALL(fsetxattr), "dpmnb" },
    { CALL(getxattr), "pp" },
    { CALL(listxattr), "p" },
    { CALL(removexattr), "pp" },
    { CALL(readlink), "pmn" },
    { CALL(readlinkat), "dpmn" },
    { CALL(getcwd), "mn" },
    { CALL(chdir), "p" },
    { CALL(fchdir), "d" },
    { CALL(chroot), "p" },
    { CALL(umask), "b" },
};

/* ---- arguments ---- */

static struct {
    const uint8_t *next, *end;
} input;
static uint8_t
    memory[MEMORY_PAGES * PAGE_BYTES] ALIGNED(PAGE_BYTES); /* of which the last page is not there */

static uint8_t byte(void) { return input.next < input.end ? *input.next++ : 0; }

static uint64_t path(uint8_t which)
{
    static const char *const paths[] = {
        "f",
        "d",
        "d/g",
        "/",
        ".",
        "..",
        "",
        "link",
        "loop",
        "new",
        "d/new",
        "/dev",
        "/dev/null",
        "/dev/zero",
        "/dev/full",
        "/proc/self",
        "/proc/self/fd",
        "/proc/self/fd/3",
        "/proc/self/maps",
        "/proc/mounts",
        "/proc/self/fd/4/g",
        "f/x",
        "d/../d/./g",
        "//d//",
        "/proc/self/cwd/f",
        "/proc/self/root",
        "/dev/random",
        "/proc/sys/kernel/hostname",
        "/sys",
        "fifo",
        "/dev/stdin",
        "/proc/meminfo",
    };
    static char too_long[PAGE_BYTES * 2];
    if (which == ARRAY_LENGTH(paths)) return (uint64_t)memset(too_long, 'x', sizeof(too_long));
    return (uint64_t)paths[which % ARRAY_LENGTH(paths)];
}

/* The pieces lie at the start, and what they point to behind them: a call may overwrite them in passing. */
static uint64_t pieces(uint8_t which)
{
    struct piece {
        uint64_t at, bytes;
    } *list = (struct piece *)memory;
    for (uint32_t i = 0; i < 4; i++)
        list[i] = (struct piece){ (uint64_t)memory + i * PAGE_BYTES + (which & 15),
                                  (uint64_t)which << (which >> 4) };
    return (uint64_t)list;
}

static uint64_t given(void)
{
    for (uint32_t i = 0; i < 32; i++) memory[PAGE_BYTES + i] = byte();
    return (uint64_t)memory + PAGE_BYTES;
}

static uint64_t number(uint8_t which)
{
    static const uint64_t odd[] = { UINT64_MAX,     INT64_MAX,  1ull << 63,     1ull << 31,
                                    0xfffff000,     UINT32_MAX, PAGE_BYTES - 1, PAGE_BYTES + 1,
                                    8 * PAGE_BYTES, 1ull << 40, INT64_MAX - 5,  0x7ffff000 };
    if (which >= 0xf0) return odd[(which - 0xf0) % ARRAY_LENGTH(odd)];
    return which < 0xc0 ? which : (uint64_t)(which - 0xc0) * 512;
}

/* Of descriptors and memory, too: what is not at hand is not there. */
static uint64_t wild(uint8_t which)
{
    static const uint64_t addresses[] = {
        0, 8, 0x7ffffffff000, 0x800000000000, 0xffff800000000000, UINT64_MAX
    };
    return addresses[which % ARRAY_LENGTH(addresses)];
}

static uint64_t argument(char kind)
{
    uint8_t which = byte();
    switch (kind) {
    case FD: return which < 0xf0 ? which % 24 : which < 0xf8 ? (uint64_t)LINUX_AT_FDCWD : wild(which);
    case PATH: return which < 0xf8 ? path(which) : wild(which);
    case MEMORY: return which < 0xf0 ? (uint64_t)memory + which * 67ul : wild(which);
    case GIVEN: return which < 0xf0 ? given() : wild(which);
    case PIECES: return which < 0xf0 ? pieces(which) : wild(which);
    case BITS: return which < 0x80 ? which : (uint64_t)byte() << 8 | (uint64_t)byte() << 16 | (which & 0x7f);
    default: return number(which);
    }
}

/* ---- calls ---- */

static int64_t make(const struct call *c)
{
    typedef uint64_t u;
    u a[ARGUMENTS];
    size_t count = strlen(c->kinds);
    for (size_t i = 0; i < count; i++) a[i] = argument(c->kinds[i]);
    switch (count) {
    case 1: return ((int64_t (*)(u))c->function)(a[0]);
    case 2: return ((int64_t (*)(u, u))c->function)(a[0], a[1]);
    case 3: return ((int64_t (*)(u, u, u))c->function)(a[0], a[1], a[2]);
    case 4: return ((int64_t (*)(u, u, u, u))c->function)(a[0], a[1], a[2], a[3]);
    case 5: return ((int64_t (*)(u, u, u, u, u))c->function)(a[0], a[1], a[2], a[3], a[4]);
    default: return ((int64_t (*)(u, u, u, u, u, u))c->function)(a[0], a[1], a[2], a[3], a[4], a[5]);
    }
}

static void make_files(void)
{
    const uint64_t at = (uint64_t)memory;
    sys_mkdir((uint64_t)"d", 0755);
    sys_mknod((uint64_t)"fifo", 010600, 0);
    sys_symlink((uint64_t)"d/g", (uint64_t)"link");
    sys_symlink((uint64_t)"loop", (uint64_t)"loop");
    sys_open((uint64_t)"f", LINUX_O_RDWR | LINUX_O_CREAT, 0644);
    sys_open((uint64_t)"d", LINUX_O_RDONLY, 0);
    sys_open((uint64_t)"d/g", LINUX_O_RDWR | LINUX_O_CREAT, 0644);
    sys_pipe2(at, 0);
    sys_eventfd2(1, 0);
    sys_timerfd_create(1, 0);
    sys_epoll_create1(0);
    sys_memfd_create((uint64_t)"m", 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    input.next = data;
    input.end = data + size;
    uint8_t failing = byte(), frames = byte();
    uint64_t blocks_before = fake_heap_blocks(), frames_before = fake_heap_frames();
    fake_heap_total_frames = 64 + frames * 8ul;
    charge_start(fake_heap_total_frames);
    fake_wait_is_interrupted = true;
    fake_user_confine(__executable_start, _end);
    fake_user_poison(memory + (MEMORY_PAGES - 1) * PAGE_BYTES, PAGE_BYTES);
    fake_process_start("", 0);
    make_files();
    fake_heap_fail_at(failing);
    for (int i = 0; i < CALLS_MAX && input.next < input.end; i++) {
        int64_t result = make(&calls[byte() % ARRAY_LENGTH(calls)]);
        ASSERT(result >= -ERRNO_MAX && fake_lock_held_count() == 0);
    }
    fake_heap_fail_at(0);
    fake_process_stop();
    ASSERT(fake_heap_blocks() == blocks_before && fake_heap_frames() == frames_before);
    return 0;
}
