/* SPDX-License-Identifier: Apache-2.0 */
/* Each call of calls.def with arguments that make sense, then with every value of each argument's kind in its place,
 * then with random values in all places; every one in a process of its own, in a folder of its own, with every
 * register watched. */
#include "tests/conformance/call_kinds.h"
#include "tests/conformance/watched_call.h"

#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/sysmacros.h>
#include <sys/timerfd.h>
#include <sys/wait.h>

enum { RANDOM_CASES = 8 };

struct kind {
    const struct value *values;
    size_t count;
};
#define KIND(array)                   { array, sizeof(array) / sizeof *(array) }
#define EXPAND(a, b, c, d, e, f, ...) KIND(a), KIND(b), KIND(c), KIND(d), KIND(e), KIND(f)
enum print { NUMBER, DONE };
static const struct call {
    const char *name;
    long number;
    enum print print;
    struct kind kinds[CALL_ARGUMENTS];
} calls[] = {
#define CALL(name, print, ...) \
    { #name, SYS_##name, print, { EXPAND(__VA_ARGS__, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO) } },
#include "tests/conformance/calls.def"
#undef CALL
};

static const struct left_out {
    const char *call;
    int argument;
    const char *value;
} left_out[] = {
#define LEFT_OUT(call, argument, value) { #call, argument, value },
#include "tests/conformance/calls.def"
#undef LEFT_OUT
};

static bool is_left_out(const struct call *call, const size_t choices[CALL_ARGUMENTS])
{
    for (size_t i = 0; i < sizeof left_out / sizeof *left_out; i++) {
        const struct left_out *l = &left_out[i];
        const char *value = call->kinds[l->argument].values[choices[l->argument]].name;
        if (!strcmp(l->call, call->name) && !strcmp(l->value, value)) return true;
    }
    return false;
}

/* ---- surroundings: the same for every case ---- */

static void must(bool holds, const char *what)
{
    if (holds) return;
    perror(what);
    _exit(99);
}
#define MUST(condition) must(condition, #condition)

static void place_at(int fd, int got)
{
    MUST(got >= 0);
    MUST(dup2(got, fd) == fd && close(got) == 0);
}

static void place_both(const int ends[2], int first, int second)
{
    place_at(first, ends[0]);
    place_at(second, ends[1]);
}

static void fill_inputs(void)
{
    struct inputs *in = (struct inputs *)IN_AT;
    memset(in->data, 1, sizeof in->data);
    memset(in->long_name, 'x', sizeof in->long_name - 1);
    in->vector[0] = (struct iovec){ (void *)OUT_AT, 8 };
    in->vector[1] = (struct iovec){ (void *)(OUT_AT + 8), 4 };
    in->times[0].tv_sec = in->times[1].tv_sec = 1000000000;
    in->bad_time = (struct timespec){ .tv_nsec = -1 };
    in->far_timer[1].tv_sec = 1000;
    in->info.si_code = SI_QUEUE;
    in->signals = 1 << (10 - 1);
    in->limits[0] = in->limits[1] = 64;
    in->polled[0] = (struct pollfd){ .fd = READ_AT, .events = POLLIN };
    in->polled[1] = (struct pollfd){ .fd = WRITE_AT, .events = POLLOUT };
    in->polled[2] = (struct pollfd){ .fd = FREE_AT, .events = POLLIN };
    in->event.events = EPOLLIN | EPOLLET;
    in->bound = (struct sockaddr_un){ AF_UNIX, "s" };
    in->unbound = (struct sockaddr_un){ AF_UNIX, "s2" };
    in->other_family.sun_family = 77;
    in->length = 64;
    in->message_vector = (struct iovec){ (void *)OUT_AT, 16 };
    in->message = (struct msghdr){ .msg_iov = &in->message_vector, .msg_iovlen = 1 };
    in->messages[0].msg_hdr = in->messages[1].msg_hdr = in->message;
    in->capability_header[0] = 0x20080522; /* version 3 */
    in->ids[0] = 33;
}

/* Only what the cases name lies in the window. */
static void map_window(void)
{
    static const struct {
        uint64_t at;
        int protection;
    } pages[] = { { IN_AT, PROT_READ | PROT_WRITE },
                  { OUT_AT, PROT_READ | PROT_WRITE },
                  { PLACE_AT, PROT_READ | PROT_WRITE },
                  { PLACE_AT + PAGE, PROT_READ },
                  { PLACE_AT + 2 * PAGE, PROT_READ | PROT_WRITE } };
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++)
        MUST(mmap((void *)pages[i].at, PAGE, pages[i].protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
                  0) == (void *)pages[i].at);
    fill_inputs();
}

static void make_files(int index)
{
    char name[32];
    snprintf(name, sizeof name, "case%d", index);
    MUST(mkdir(name, 0755) == 0 && chdir(name) == 0 && mkdir("d", 0755) == 0);
    place_at(FILE_AT, open("f", O_RDWR | O_CREAT, 0644));
    MUST(write(FILE_AT, "0123456789", 10) == 10 && lseek(FILE_AT, 0, SEEK_SET) == 0);
    place_at(FOLDER_AT, open("d", O_RDONLY));
    /* Of its own: root may change the mode and the times of a device for everybody. */
    MUST(mknod("null", S_IFCHR | 0666, makedev(1, 3)) == 0);
    place_at(NULL_AT, open("null", O_RDWR));
    place_at(PATH_AT, open("f", O_PATH));
    place_at(MEMORY_AT, memfd_create("m", MFD_ALLOW_SEALING));
    MUST(symlink("f", "link") == 0 && symlink("loop", "loop") == 0 && symlink("nowhere", "dangling") == 0);
    MUST(mkfifo("fifo", 0600) == 0);
}

static void make_other_descriptors(void)
{
    const struct sockaddr_un *address = &((struct inputs *)IN_AT)->bound;
    int ends[2];
    MUST(pipe2(ends, O_NONBLOCK) == 0);
    place_both(ends, READ_AT, WRITE_AT);
    MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0);
    place_both(ends, STREAM_AT, PEER_AT);
    place_at(DATAGRAM_AT, socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0));
    place_at(LISTENER_AT, socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0));
    MUST(bind(LISTENER_AT, (const struct sockaddr *)address, sizeof *address) == 0);
    MUST(listen(LISTENER_AT, 2) == 0);
    place_at(EPOLL_AT, epoll_create1(0));
    place_at(EVENT_AT, eventfd(0, EFD_NONBLOCK));
    place_at(TIMER_AT, timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK));
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGUSR1);
    place_at(SIGNAL_AT, signalfd(-1, &signals, SFD_NONBLOCK));
}

/* ---- cases ---- */

static int cases, broken;

/* The child's last words. They are shared memory, because a call may close any descriptor. */
static struct outcome {
    long result;
    bool is_kept;
} *said;
enum { NOTHING_SAID = -1000000 };

static void run_child(const struct call *call, const uint64_t arguments[CALL_ARGUMENTS])
{
    make_files(cases);
    make_other_descriptors();
    alarm(10);
    bool is_kept;
    long result = watched_call(call->number, arguments, &is_kept);
    *said = (struct outcome){ result, is_kept };
    _exit(0);
}

static void print_outcome(const struct call *call, int status)
{
    if (status)
        printf("ended with status %#x\n", (unsigned)status);
    else if (said->result < 0 && said->result > -4096)
        printf("%s\n", error_name((int)-said->result));
    else if (said->result >= 0 && call->print == DONE)
        printf("done\n");
    else
        printf("%ld\n", said->result);
    if (!status && !said->is_kept) broken++, printf("a register changed\n");
}

static void run_case(const struct call *call, const size_t choices[CALL_ARGUMENTS])
{
    uint64_t arguments[CALL_ARGUMENTS];
    if (is_left_out(call, choices)) return;
    *said = (struct outcome){ .result = NOTHING_SAID };
    printf("%s(", call->name);
    for (int i = 0; i < CALL_ARGUMENTS; i++) {
        const struct value *v = &call->kinds[i].values[choices[i]];
        arguments[i] = v->value;
        if (call->kinds[i].values != ZERO) printf("%s%s", i ? ", " : "", v->name);
    }
    printf("): ");
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) run_child(call, arguments);
    int status = 0;
    MUST(waitpid(child, &status, 0) == child);
    cases++;
    print_outcome(call, status);
}

static uint32_t pick(size_t below)
{
    static uint64_t state = 1;
    state = state * 6364136223846793005ull + 1442695040888963407ull; /* Knuth's MMIX */
    return (uint32_t)((state >> 33) % below);
}

static void run_call(const struct call *call)
{
    size_t choices[CALL_ARGUMENTS] = { 0 };
    run_case(call, choices);
    for (int i = 0; i < CALL_ARGUMENTS; i++) {
        for (choices[i] = 1; choices[i] < call->kinds[i].count; choices[i]++) run_case(call, choices);
        choices[i] = 0;
    }
    for (int turn = 0; turn < RANDOM_CASES; turn++) {
        for (int i = 0; i < CALL_ARGUMENTS; i++) choices[i] = pick(call->kinds[i].count);
        run_case(call, choices);
    }
}

int main(int argc, char **argv)
{
    work_in(argc, argv);
    map_window();
    said = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    MUST(said != MAP_FAILED);
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) run_call(&calls[i]);
    printf("calls that changed a register: %d\n# %d cases\n", broken, cases);
    return 0;
}
