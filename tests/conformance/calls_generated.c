/* SPDX-License-Identifier: Apache-2.0 */
/* Each call of calls.def with arguments that make sense, then with every value of each argument's kind in its place, then
 * with random values in all places; every one in a process of its own, in a folder of its own. And the contract with
 * compilers: whatever comes of it, a call changes rax, rcx and r11, and no other register. */
#include "tests/conformance/conformance.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>

enum {
    PAGE = 4096,
    ARGUMENTS = 6,
    RANDOM_CASES = 6,
    FILE_FD = 10,
    DIR_FD,
    READ_FD,
    WRITE_FD,
    NULL_FD,
    FREE_FD = 99
};

/* ---- one call, with every register watched ---- */

/* In the order in which the assembly stores them. */
enum { RAX, RBX, RBP, RDI, RSI, RDX, R8, R9, R10, R12, R13, R14, R15, REGISTERS };
static uint64_t before[REGISTERS] __attribute__((used)), after[REGISTERS] __attribute__((used));
static unsigned char vectors_before[16][16] __attribute__((aligned(16)));
static unsigned char vectors_after[16][16] __attribute__((aligned(16)));
static uint64_t flags_after;

#define EACH_VECTOR(text) ".irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n" text "\n.endr\n"
#define EACH_REGISTER(op)                                                                                   \
    op(0, rax) op(8, rbx) op(16, rbp) op(24, rdi) op(32, rsi) op(40, rdx) op(48, r8) op(56, r9) op(64, r10) \
        op(72, r12) op(80, r13) op(88, r14) op(96, r15)
#define LOAD(at, name)  "movq before+" #at "(%rip), %" #name "\n"
#define STORE(at, name) "movq %" #name ", after+" #at "(%rip)\n"

void watched_call(void);
__asm__(
    ".text\nwatched_call:\n"
    "pushq %rbx\npushq %rbp\npushq %r12\npushq %r13\npushq %r14\npushq %r15\n" EACH_VECTOR(
        "movdqa vectors_before+\\n*16(%rip), %xmm\\n") EACH_REGISTER(LOAD) "syscall\n" EACH_REGISTER(STORE)
        EACH_VECTOR("movdqa %xmm\\n, vectors_after+\\n*16(%rip)") "pushfq\npopq flags_after(%rip)\n"
                                                                  "popq %r15\npopq %r14\npopq %r13\npopq "
                                                                  "%r12\npopq %rbp\npopq %rbx\nret\n");

static bool is_contract_kept(void)
{
    after[RAX] = before[RAX];
    const uint64_t direction_flag = 1 << 10;
    return memcmp(before, after, sizeof before) == 0 && !(flags_after & direction_flag) &&
           memcmp(vectors_before, vectors_after, sizeof vectors_before) == 0;
}

static long make_call(long number, const uint64_t a[ARGUMENTS], bool *is_kept)
{
    static const int places[ARGUMENTS] = { RDI, RSI, RDX, R10, R8, R9 };
    for (int i = 0; i < REGISTERS; i++) before[i] = 0x0123456789abcdef * (uint64_t)(i + 3);
    for (size_t i = 0; i < sizeof vectors_before; i++)
        ((unsigned char *)vectors_before)[i] = (unsigned char)(i * 37 + 1);
    before[RAX] = (uint64_t)number;
    for (int i = 0; i < ARGUMENTS; i++) before[places[i]] = a[i];
    watched_call();
    long result = (long)after[RAX];
    *is_kept = is_contract_kept();
    return result;
}

/* ---- kinds of arguments ---- */

static char in[PAGE] __attribute__((aligned(PAGE))), out[PAGE] __attribute__((aligned(PAGE)));
static char long_name[300];
static struct iovec vector[2];
static int64_t times[4];
static uint64_t hole, read_only, place;

struct value {
    const char *name;
    uint64_t value;
};
#define N(v)     { #v, (uint64_t)(v) }
#define P(name_) { #name_, (uint64_t)(uintptr_t)(name_) }
#define BAD \
    { "NULL", 0 }, { "hole", 1 }, { "non-canonical", 0x8000000000001000 }, { "kernel", 0xffff888000000000 }

static const struct value NONE[] = { { "NULL", 0 } };
static const struct value ZERO[] = { N(0) };
static const struct value FD[] = { { "file", FILE_FD },
                                   { "folder", DIR_FD },
                                   { "pipe", READ_FD },
                                   { "pipe's end", WRITE_FD },
                                   { "null", NULL_FD },
                                   { "free", FREE_FD },
                                   N(-1),
                                   N(-100),
                                   N(INT32_MAX),
                                   { "file, high bits set", 0x100000000 + FILE_FD } };
static const struct value FILE_FD_[] = { { "file", FILE_FD }, { "folder", DIR_FD }, { "pipe", READ_FD },
                                         { "null", NULL_FD }, { "free", FREE_FD },  N(-1) };
static const struct value DIR_FD_[] = {
    { "folder", DIR_FD }, { "file", FILE_FD }, { "pipe", READ_FD }, { "free", FREE_FD }, N(-1)
};
static const struct value AT_FD[] = {
    N(-100), { "folder", DIR_FD }, { "file", FILE_FD }, { "free", FREE_FD }, N(-1)
};
static const struct value NEW_FD[] = { N(50), { "the file", FILE_FD }, N(-1), N(1 << 30) };
static const struct value PATH[] = { P("f"),    P("d"),      P("none"), P(""),     P("f/"),
                                     P("d/.."), P("f/x"),    P("link"), P("loop"), P("dangling"),
                                     P("d/"),   P("none/x"), P("."),    P(".."),   { "300 letters", 2 },
                                     BAD };
static const struct value LINK_PATH[] = { P("link"), P("f"), P("none"), P("loop"), P(""), P("link/"), BAD };
static const struct value NEW_PATH[] = {
    P("new"),      P("f"), P("d"), P("new/"), P("none/new"),        P("f/new"), P("link"),
    P("dangling"), P(""),  P("."), P("d/.."), { "300 letters", 2 }, BAD
};
static const struct value OUT[] = { P(out), BAD, { "read-only", 3 } };
static const struct value IN[] = { P(in), BAD };
static const struct value VECTOR[] = { P(vector), BAD };
static const struct value TIMES[] = { P(times), BAD };
static const struct value PLACE[] = {
    { "place", 4 }, { "hole", 1 }, { "place + 1", 5 }, { "kernel", 0xffff888000000000 }
};
static const struct value LEN[] = { N(64), N(0), N(1), N(8), N(PAGE), N(-1) };
static const struct value OFFSET[] = { N(0), N(1), N(5), N(1000), N(-1), N(INT64_MIN) };
static const struct value INT[] = { N(1), N(0), N(2),    N(3),  N(4),  N(5),
                                    N(7), N(8), N(1000), N(-1), N(-2), N(INT32_MIN) };
static const struct value FLAGS[] = {
    N(0),       N(1 << 0),  N(1 << 1),   N(1 << 2),  N(1 << 3),  N(1 << 4),  N(1 << 5),
    N(1 << 6),  N(1 << 7),  N(1 << 8),   N(1 << 9),  N(1 << 10), N(1 << 11), N(1 << 12),
    N(1 << 13), N(1 << 14), N(1 << 16),  N(1 << 18), N(1 << 19), N(1 << 20), N(1 << 21),
    N(1 << 23), N(1 << 30), N(1u << 31), N(-1),
};
static const struct value SMALL_FLAGS[] = { N(0), N(1), N(2), N(3), N(5), N(6), N(8), N(1 << 10), N(-1) };
static const struct value OPEN_FLAGS[] = { N(O_RDONLY),
                                           N(O_WRONLY),
                                           N(O_RDWR),
                                           N(3),
                                           N(O_CREAT),
                                           N(O_CREAT | O_EXCL | O_RDWR),
                                           N(O_TRUNC | O_WRONLY),
                                           N(O_APPEND | O_RDWR),
                                           N(O_DIRECTORY),
                                           N(O_NOFOLLOW),
                                           N(O_PATH),
                                           N(O_PATH | O_NOFOLLOW),
                                           N(O_CREAT | O_DIRECTORY),
                                           N(O_TMPFILE),
                                           N(O_CLOEXEC | O_NONBLOCK),
                                           N(O_NOATIME),
                                           N(O_SYNC) };
static const struct value MODE[] = { N(0644), N(0), N(07777), N(0170644), N(-1) };
static const struct value FILE_MODE[] = { N(0100644), N(0644), N(0040755), N(0120777), N(0050000), N(-1) };
static const struct value ID[] = { N(0), N(33), N(-1), N(65534) };
static const struct value PID[] = { N(0), N(-1), N(0x3fffffff), N(INT32_MIN) };
static const struct value SIGNAL[] = { N(10), N(0), N(9), N(64), N(65), N(-1) };
static const struct value SIZE8[] = { N(8), N(0), N(7), N(-1) };
static const struct value RESOURCE[] = { N(7), N(0), N(15), N(16), N(-1) };
static const struct value CLOCK[] = { N(1), N(0), N(4), N(7), N(10), N(12), N(16), N(1000), N(-1) };
static const struct value LOCK[] = { N(2), N(0), N(1), N(4), N(5), N(8), N(3), N(16), N(-1) };
static const struct value STATX_MASK[] = { N(0x7ff), N(0), N(0xfff), N(1u << 31) };

struct kind {
    const struct value *values;
    size_t count;
};
#define KIND(array)                   { array, sizeof(array) / sizeof *(array) }
#define FILE_FD                       FILE_FD_
#define DIR_FD                        DIR_FD_
#define EXPAND(a, b, c, d, e, f, ...) KIND(a), KIND(b), KIND(c), KIND(d), KIND(e), KIND(f)
enum print { NUMBER, DONE };
static const struct call {
    const char *name;
    long number;
    enum print print;
    struct kind kinds[ARGUMENTS];
} calls[] = {
#define CALL(name, print, ...) \
    { #name, SYS_##name, print, { EXPAND(__VA_ARGS__, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO) } },
#include "tests/conformance/calls.def"
#undef CALL
};
#undef FILE_FD
#undef DIR_FD

/* Some values are known only when the program runs. */
static uint64_t resolve(const struct kind *kind, size_t choice)
{
    const struct value *v = &kind->values[choice];
    if (!strcmp(v->name, "hole")) return hole;
    if (!strcmp(v->name, "read-only")) return read_only;
    if (!strcmp(v->name, "place")) return place;
    if (!strcmp(v->name, "place + 1")) return place + 1;
    if (!strcmp(v->name, "300 letters")) return (uint64_t)(uintptr_t)long_name;
    return v->value;
}

/* ---- cases ---- */

static void open_at(int fd, const char *path, int flags)
{
    int got = open(path, flags, 0644);
    if (got < 0 || dup2(got, fd) < 0) exit(97);
    close(got);
}

/* A folder with the same things in it, and the same descriptors. */
static void make_surroundings(int index)
{
    char name[32];
    int ends[2];
    snprintf(name, sizeof name, "case%d", index);
    if (mkdir(name, 0755) || chdir(name) || mkdir("d", 0755)) exit(96);
    umask(022);
    open_at(FILE_FD, "f", O_RDWR | O_CREAT);
    if (write(FILE_FD, "0123456789", 10) != 10 || lseek(FILE_FD, 0, SEEK_SET)) exit(95);
    open_at(DIR_FD, "d", O_RDONLY);
    open_at(NULL_FD, "/dev/null", O_RDWR);
    if (pipe2(ends, O_NONBLOCK) || dup2(ends[0], READ_FD) < 0 || dup2(ends[1], WRITE_FD) < 0) exit(94);
    close(ends[0]);
    close(ends[1]);
    if (symlink("f", "link") || symlink("loop", "loop") || symlink("nowhere", "dangling")) exit(93);
}

static int cases, broken;

/* The child's last words. They are shared memory, because a call may close any descriptor. */
static struct outcome {
    long result;
    bool is_kept;
} *said;
enum { NOTHING_SAID = -1000000 };

static void run_case(const struct call *call, const size_t choices[ARGUMENTS])
{
    uint64_t a[ARGUMENTS];
    *said = (struct outcome){ .result = NOTHING_SAID };
    printf("%s(", call->name);
    for (int i = 0; i < ARGUMENTS; i++) {
        if (call->kinds[i].values == ZERO) continue;
        printf("%s%s", i ? ", " : "", call->kinds[i].values[choices[i]].name);
    }
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        make_surroundings(cases);
        alarm(10);
        for (int i = 0; i < ARGUMENTS; i++) a[i] = resolve(&call->kinds[i], choices[i]);
        said->result = make_call(call->number, a, &said->is_kept);
        _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    cases++;
    if (status)
        printf("): ended with status %#x\n", (unsigned)status);
    else if (said->result < 0 && said->result > -4096)
        printf("): %s\n", error_name((int)-said->result));
    else if (said->result >= 0 && call->print == DONE)
        printf("): done\n");
    else
        printf("): %ld\n", said->result);
    if (!said->is_kept) broken++, printf("a register changed\n");
}

static uint32_t pick(uint32_t below)
{
    static uint64_t state = 1;
    state = state * 6364136223846793005ull + 1442695040888963407ull; /* Knuth's MMIX */
    return (uint32_t)((state >> 33) % below);
}

static void run_call(const struct call *call)
{
    size_t choices[ARGUMENTS] = { 0 };
    run_case(call, choices);
    for (int i = 0; i < ARGUMENTS; i++) {
        for (choices[i] = 1; choices[i] < call->kinds[i].count; choices[i]++) run_case(call, choices);
        choices[i] = 0;
    }
    for (int turn = 0; turn < RANDOM_CASES; turn++) {
        for (int i = 0; i < ARGUMENTS; i++) choices[i] = pick((uint32_t)call->kinds[i].count);
        run_case(call, choices);
    }
}

int main(int argc, char **argv)
{
    work_in(argc, argv);
    memset(long_name, 'x', sizeof long_name - 1);
    vector[0] = (struct iovec){ out, 8 };
    vector[1] = (struct iovec){ out + 8, 4 };
    times[0] = times[2] = 1000000000;
    char *pages = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED || mprotect(pages + PAGE, PAGE, PROT_READ) || munmap(pages + 3 * PAGE, PAGE))
        return 91;
    said = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (said == MAP_FAILED) return 90;
    place = (uint64_t)pages;
    read_only = place + PAGE;
    hole = place + 3 * PAGE;
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) run_call(&calls[i]);
    printf("calls that changed a register: %d\n# %d cases\n", broken, cases);
    return 0;
}
