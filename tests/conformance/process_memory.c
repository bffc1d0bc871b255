/* SPDX-License-Identifier: Apache-2.0 */
/* process_vm_readv and process_vm_writev between a process and its child; what usage tells of children. */
#include "tests/conformance/tasks.h"

#include <sys/resource.h>
#include <sys/uio.h>

enum { PAGES = 64 };

static char *at; /* the same address in both, with contents of its own in each */

static int child(void *argument)
{
    (void)argument;
    for (int i = 0; i < PAGES * 4096; i++) at[i] = (char)(i * 7);
    shared->words[0] = 1;
    becomes(&shared->words[1], 1);
    return memcmp(at, "written", 7) == 0 && at[7] == 7 * 7;
}
static long read_from(pid_t pid, struct iovec *local, unsigned long locals, struct iovec *remote,
                      unsigned long remotes)
{
    return syscall(SYS_process_vm_readv, pid, local, locals, remote, remotes, 0);
}
static void transfers(void)
{
    char *copy = malloc(PAGES * 4096), first[5], second[10];
    pid_t pid = start_child(child, NULL);
    becomes(&shared->words[0], 1);
    struct iovec all = { copy, PAGES * 4096 }, there = { at, PAGES * 4096 };
    CASE("all of it", read_from(pid, &all, 1, &there, 1));
    bool is_right = true;
    for (int i = 0; i < PAGES * 4096; i++) is_right &= copy[i] == (char)(i * 7);
    HOLDS("is what the child has", is_right);
    HOLDS("and not we", at[1] == 0);
    struct iovec pieces[2] = { { first, 5 }, { second, 10 } };
    struct iovec remote[3] = { { at + 3, 1 }, { at + 4096, 4 }, { at + 4090, 10 } };
    CASE("pieces", read_from(pid, pieces, 2, remote, 3));
    tell("they are", "%d %d %d", first[0] == 21, first[1] == (char)(4096 * 7), second[0] == (char)(4090 * 7));
    CASE("fewer bytes there", read_from(pid, &all, 1, remote, 2));
    CASE("fewer here", read_from(pid, pieces, 1, &there, 1));
    CASE("nothing", read_from(pid, NULL, 0, &there, 1));
    CASE("nothing there", read_from(pid, &all, 1, NULL, 0));
    struct iovec words = { (char *)"written", 7 }, target = { at, 7 };
    CASE("written", syscall(SYS_process_vm_writev, pid, &words, 1, &target, 1, 0));
    struct iovec bad = { map_bad(), 100 }, nowhere = { (void *)0x10000, 100 };
    CASE("to no memory", read_from(pid, &bad, 1, &there, 1));
    CASE("from none", read_from(pid, &all, 1, &nowhere, 1));
    CASE("flags", syscall(SYS_process_vm_readv, pid, &all, 1, &there, 1, 1));
    CASE("too many pieces", read_from(pid, &all, 1025, &there, 1));
    CASE("a list that cannot be read", read_from(pid, (struct iovec *)bad.iov_base, 1, &there, 1));
    CASE("nobody's", read_from(0x3fffffff, &all, 1, &there, 1));
    CASE("our own", read_from(getpid(), &all, 1, &there, 1));
    shared->words[1] = 1;
    tell("the child found it", "%s", status_text(wait_soon(pid, 0)));
    CASE("one that has ended", read_from(pid, &all, 1, &there, 1));
    free(copy);
}

static int touch(void *argument)
{
    char *memory = mmap(NULL, 32 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    (void)argument;
    for (int i = 0; i < 32 << 20; i += 4096) memory[i] = 1;
    return 0;
}
static void usage(void)
{
    struct rusage before, after, one;
    int status;
    getrusage(RUSAGE_CHILDREN, &before);
    pid_t pid = start_child(touch, NULL);
    wait4(pid, &status, 0, &one);
    getrusage(RUSAGE_CHILDREN, &after);
    HOLDS("the child's size is told", one.ru_maxrss >= 16 << 10 && one.ru_maxrss < 200 << 10);
    HOLDS("and its faults", one.ru_minflt > 0);
    HOLDS("children's sizes are the largest one's", after.ru_maxrss >= one.ru_maxrss);
    HOLDS("and their faults a sum", after.ru_minflt >= before.ru_minflt + one.ru_minflt);
}

int main(int argc, char **argv)
{
    begin_cases(argc, argv);
    shared = map_shared(sizeof *shared);
    at = mmap(NULL, PAGES * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    transfers();
    usage();
    return end_cases();
}
