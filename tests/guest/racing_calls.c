/* SPDX-License-Identifier: Apache-2.0 */
/* Random calls out of tests/conformance/calls.def by several threads of several processes that share descriptors,
 * memory and a folder, and close, unmap and replace them under each other's feet: `racing_calls SEED CALLS`. The
 * same seed draws the same calls; which of them meet is chance. Prints how many there were, and how much less memory is
 * free than after a first round. Exits with 0 when all were made.
 *
 * It would do harm on a real system, so it runs on CloudKernel only. */
#include "tests/conformance/call_surroundings.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <sys/wait.h>

enum {
    PROCESSES = 3,
    THREADS = 3,            /* that make calls, in each process; one more scribbles */
    CALLS_PER_THREAD = 400, /* in a round */
    STALL_MS = 60,          /* without one call: the rest of the round sleeps for ever, and is ended */
    STACK_BYTES = 65536,
};

/* ---- chance ---- */

struct random {
    uint64_t state;
};
static uint64_t next(struct random *r)
{
    r->state ^= r->state << 13;
    r->state ^= r->state >> 7;
    r->state ^= r->state << 17;
    return r->state * 0x2545f4914f6cdd1dull;
}
static uint64_t below(struct random *r, uint64_t limit) { return (next(r) >> 11) % limit; }

/* Also of numbers that overflow when something is added to them. */
static uint64_t hostile_value(struct random *r)
{
    switch (below(r, 8)) {
    case 0: return below(r, 64);
    case 1: return 1ull << below(r, 64);
    case 2: return (1ull << below(r, 64)) - 1;
    case 3: return -below(r, 4096);
    case 4: return WINDOW + below(r, PAGES_END - WINDOW);
    case 5: return 0x7ffffffff000 - below(r, 64);
    case 6: return 0x8000000000000000 | next(r) >> 1;
    }
    return next(r);
}

/* Calls that could reach the process that watches, or take all memory, get none but the values of their kinds. */
static bool is_tame(long number)
{
    static const short numbers[] = {
        SYS_kill,
        SYS_tkill,
        SYS_tgkill,
        SYS_rt_sigqueueinfo,
        SYS_rt_tgsigqueueinfo,
        SYS_pidfd_open,
        SYS_mmap,
        SYS_munmap,
        SYS_mprotect,
        SYS_mremap,
        SYS_madvise,
        SYS_mlock,
        SYS_mlock2,
        SYS_fallocate,
        SYS_truncate,
        SYS_ftruncate,
        SYS_lseek,
        SYS_pwrite64,
        SYS_pwritev,
        SYS_copy_file_range,
        SYS_prctl,
        SYS_prlimit64,
        SYS_setrlimit,
        SYS_setpriority,
        SYS_sched_setscheduler,
        SYS_sched_setparam,
        SYS_sched_setaffinity,
    };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (numbers[i] == number) return true;
    return false;
}

/* Descriptors of what calls.def does not know, behind those that it does. */
enum { OTHERS_AT = 32, OTHERS = 12 };

/* Of a process that has ended: one that lives could be sent signals. */
static int pidfd_of_nobody(void)
{
    pid_t pid = fork();
    if (pid == 0) _exit(0);
    int fd = (int)syscall(SYS_pidfd_open, pid, 0);
    MUST(waitpid(pid, NULL, 0) == pid);
    return fd;
}

static void make_others(void)
{
    struct sockaddr_in here = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t bytes = sizeof here;
    int at = OTHERS_AT, listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    MUST(bind(listener, (struct sockaddr *)&here, sizeof here) == 0 && listen(listener, 4) == 0);
    MUST(getsockname(listener, (struct sockaddr *)&here, &bytes) == 0);
    memcpy(&((struct inputs *)IN_AT)->other_family, &here, sizeof here);
    int client = socket(AF_INET, SOCK_STREAM, 0), terminal = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
    MUST(connect(client, (struct sockaddr *)&here, sizeof here) == 0 &&
         fcntl(client, F_SETFL, O_NONBLOCK) == 0);
    MUST(terminal >= 0 && grantpt(terminal) == 0 && unlockpt(terminal) == 0);
    place_at(at++, open(ptsname(terminal), O_RDWR | O_NOCTTY | O_NONBLOCK));
    place_at(at++, terminal);
    place_at(at++, accept4(listener, NULL, NULL, SOCK_NONBLOCK));
    place_at(at++, listener);
    place_at(at++, client);
    place_at(at++, socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0));
    place_at(at++, socket(AF_INET, SOCK_RAW | SOCK_NONBLOCK, IPPROTO_ICMP));
    place_at(at++, socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK, NETLINK_ROUTE));
    place_at(at++, pidfd_of_nobody());
    place_at(at++, open("fifo", O_RDWR | O_NONBLOCK));
    place_at(at++, open("/proc/self/maps", O_RDONLY));
    place_at(at++, inotify_init1(IN_NONBLOCK));
    MUST(inotify_add_watch(at - 1, ".", IN_ALL_EVENTS) > 0);
    MUST(at == OTHERS_AT + OTHERS);
}

static bool is_descriptor(const struct kind *kind)
{
    static const struct value *const lists[] = { FD,        SOCKET_FD, EPOLL_FD, TIMER_FD,
                                                 SIGNAL_FD, FILE_FD,   DIR_FD,   AT_FD };
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        if (kind->values == lists[i]) return true;
    return false;
}

static uint64_t argument(struct random *r, const struct call *call, int place)
{
    const struct kind *kind = &call->kinds[place];
    if (is_descriptor(kind) && !below(r, 3)) return OTHERS_AT + below(r, OTHERS);
    if (is_tame(call->number) || below(r, 8))
        return kind->values[below(r, 3) ? 0 : below(r, kind->count)].value;
    if (below(r, 2)) return hostile_value(r);
    const struct kind *other = &calls[below(r, sizeof calls / sizeof *calls)].kinds[below(r, CALL_ARGUMENTS)];
    return other->values[below(r, other->count)].value;
}

/* Those that take things away come more often than one in a hundred and eighty, and not so often that nothing is left. */
static const struct call *random_call(struct random *r)
{
    static const short removing[] = {
        SYS_close, SYS_dup2, SYS_munmap, SYS_mmap, SYS_close_range, SYS_unlink
    };
    size_t count = sizeof calls / sizeof *calls;
    if (below(r, 12)) return &calls[below(r, count)];
    long wanted = removing[below(r, sizeof removing / sizeof *removing)];
    for (size_t i = 0; i < count; i++)
        if (calls[i].number == wanted) return &calls[i];
    return &calls[0];
}

/* ---- workers ---- */

static struct shared {
    atomic_ulong made, succeeded;
} *shared;

static void make_calls(struct random *r)
{
    for (int i = 0; i < CALLS_PER_THREAD; i++) {
        const struct call *call = random_call(r);
        uint64_t a[CALL_ARGUMENTS];
        for (int k = 0; k < CALL_ARGUMENTS; k++) a[k] = argument(r, call, k);
        long result = syscall(call->number, a[0], a[1], a[2], a[3], a[4], a[5]);
        atomic_fetch_add(&shared->made, 1);
        if (result != -1) atomic_fetch_add(&shared->succeeded, 1);
    }
}

static struct random seeds[THREADS + 1];

static void *caller(void *seed)
{
    make_calls(seed);
    return NULL;
}

/* What a call reads twice may differ the second time. */
static void *scribbler(void *seed)
{
    struct random *r = seed;
    volatile uint64_t *words = (uint64_t *)IN_AT;
    for (;;) {
        uint64_t at = below(r, sizeof(struct inputs) / sizeof *words), was = words[at];
        words[at] = below(r, 2) ? hostile_value(r) : FILE_AT + below(r, LAST_AT - FILE_AT + 1);
        sched_yield();
        words[at] = was;
    }
    return NULL;
}

/* The first process's scribbler writes to the memory of all. */
static void work(uint64_t seed, bool scribbles)
{
    pthread_t threads[THREADS + 1];
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    for (int i = 0; i < THREADS + scribbles; i++) {
        seeds[i].state = (seed + (uint64_t)i) * 0x9e3779b97f4a7c15ull + 1;
        if (pthread_create(&threads[i], &attributes, i < THREADS ? caller : scribbler, &seeds[i])) _exit(1);
    }
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    _exit(0);
}

/* ---- rounds ---- */

static void remove_all(int parent, const char *name)
{
    if (unlinkat(parent, name, 0) == 0 || unlinkat(parent, name, AT_REMOVEDIR) == 0) return;
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    if (!folder) return;
    for (struct dirent *entry; (entry = readdir(folder));)
        if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..")) remove_all(fd, entry->d_name);
    closedir(folder);
    unlinkat(parent, name, AT_REMOVEDIR);
}

/* The second shares the table of descriptors with the one that starts it; the others have copies. */
static pid_t start_worker(uint64_t seed, int index)
{
    pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD | (index == 1 ? CLONE_FILES : 0), 0, 0, 0, 0);
    if (pid == 0) work(seed + (uint64_t)index * 8, index == 0);
    return pid;
}

static void sleep_1_ms(void) { nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL); }

/* Waits for the workers, and ends those that are left when nothing happens any more. */
static void end_workers(const pid_t *workers)
{
    int left = PROCESSES, quiet_ms = 0;
    for (unsigned long seen = 0; left > 0 && quiet_ms < STALL_MS; quiet_ms++) {
        sleep_1_ms();
        while (left > 0 && waitpid(-1, NULL, WNOHANG) > 0) left--;
        unsigned long now = atomic_load(&shared->made);
        if (now != seen) quiet_ms = 0;
        seen = now;
    }
    for (int i = 0; left > 0 && i < PROCESSES; i++) kill(workers[i], SIGKILL);
    for (; left > 0; left--) waitpid(-1, NULL, 0);
}

/* Everything is made by a process of the round's own, and goes with it. */
static void round_of_calls(uint64_t seed)
{
    pid_t workers[PROCESSES], manager = fork();
    if (manager == 0) {
        map_window(MAP_SHARED);
        make_files("round");
        make_other_descriptors();
        make_others();
        for (int i = 0; i < PROCESSES; i++) {
            workers[i] = start_worker(seed * 64, i);
            MUST(workers[i] > 0);
        }
        end_workers(workers);
        _exit(0);
    }
    MUST(manager > 0);
    int status;
    MUST(waitpid(manager, &status, 0) == manager);
    if (status) fprintf(stderr, "the manager ended with status %#x\n", status);
    MUST(status == 0);
    remove_all(AT_FDCWD, "round");
}

static long free_kib(void)
{
    struct sysinfo info;
    MUST(sysinfo(&info) == 0);
    return (long)(info.freeram * info.mem_unit >> 10);
}

int main(int argc, char **argv)
{
    struct utsname name;
    uname(&name);
    if (argc != 3 || !strstr(name.release, "cloudkernel")) return 2;
    uint64_t seed = strtoull(argv[1], NULL, 10) << 20;
    unsigned long wanted = strtoul(argv[2], NULL, 10);
    signal(SIGPIPE, SIG_IGN);
    /* What a terminal sends that somebody made his own. */
    static const int of_terminals[] = { SIGHUP, SIGINT, SIGQUIT, SIGTSTP, SIGTTIN, SIGTTOU };
    for (size_t i = 0; i < sizeof of_terminals / sizeof *of_terminals; i++) signal(of_terminals[i], SIG_IGN);
    shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    MUST(shared != MAP_FAILED);
    MUST(mkdir("/calls", 0777) == 0 && chdir("/calls") == 0);
    long before = 0, rounds = 0;
    while (atomic_load(&shared->made) < wanted) {
        round_of_calls(seed + (uint64_t)rounds);
        if (++rounds == 2) before = free_kib();
    }
    printf("%lu calls, %lu succeeded, %ld rounds, %ld KiB less are free\n", atomic_load(&shared->made),
           atomic_load(&shared->succeeded), rounds, before - free_kib());
    return 0;
}
