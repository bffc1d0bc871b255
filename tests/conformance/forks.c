/* SPDX-License-Identifier: Apache-2.0 */
/* fork and vfork: what a child gets a copy of, what it shares, what it does not have. */
#include "tests/conformance/tasks.h"

#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/timerfd.h>

static int value = 1;
static char *pages;

static int change_memory(void *argument)
{
    int local = 5;
    int *heap = argument;
    bool is_same = value == 1 && *heap == 2 && pages[0] == 'a' && pages[9 * 4096] == 'b';
    value = 10;
    *heap = 20;
    local = 30;
    memset(pages, 'c', 16 * 4096);
    return is_same && value == 10 && *heap == 20 && local == 30;
}
static int change_after_parent(void *argument)
{
    (void)argument;
    if (!becomes(&shared->words[0], 1)) return 9;
    int sum = 0;
    for (int i = 0; i < 16; i++) sum += pages[i * 4096] == 'm';
    return sum;
}
static void memory(void)
{
    int *heap = malloc(sizeof *heap), local = 3;
    *heap = 2;
    pages = mmap(NULL, 16 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    pages[0] = 'a';
    pages[9 * 4096] = 'b';
    CHILD("a child has a copy", change_memory, heap);
    tell("ours stays", "%d %d %d %c %c %d", value, *heap, local, pages[0], pages[9 * 4096], pages[4096]);
    memset(pages, 'm', 16 * 4096);
    shared->words[0] = 0;
    pid_t pid = start_child(change_after_parent, NULL);
    memset(pages, 'n', 16 * 4096);
    shared->words[0] = 1;
    tell("its copy stays", "%s", status_text(wait_soon(pid, 0)));
    free(heap);
}

static int chain(void *argument)
{
    long left = (long)argument;
    pages[0]++;
    if (left == 0) return pages[0];
    return WEXITSTATUS(run_child(chain, (void *)(left - 1)));
}
static int check_kinds(void *argument)
{
    char **at = argument;
    at[0][0] = at[1][0] = at[2][0] = 'x';
    return at[3][0] == 0;
}
static void more_memory(void)
{
    pages[0] = 0;
    CHILD("a chain of eight", chain, (void *)7L);
    tell("ours stays", "%d", pages[0]);
    int fd = open("file", O_RDWR | O_CREAT, 0644);
    if (ftruncate(fd, 4096) != 0) give_up("a file");
    char *at[4];
    at[0] = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    at[1] = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    at[2] = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    at[3] = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *absent = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    at[2][0] = at[3][0] = 1;
    madvise(at[3], 4096, MADV_WIPEONFORK);
    madvise(absent, 4096, MADV_DONTFORK);
    CHILD("a page that is wiped", check_kinds, at);
    tell("shared, of a file, privately, wiped", "%c %c %d %d", at[0][0], at[1][0], at[2][0], at[3][0]);
    close(fd);
    unlink("file");
}
static int touch_absent(void *argument)
{
    struct rlimit no_core = { 0, 0 };
    setrlimit(RLIMIT_CORE, &no_core);
    *(volatile char *)argument = 1;
    return 0;
}
static void absent_memory(void)
{
    char *absent = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHILD("a page that is there", touch_absent, absent);
    madvise(absent, 4096, MADV_DONTFORK);
    CHILD("a page that is left out", touch_absent, absent);
    madvise(absent, 4096, MADV_DOFORK);
    CHILD("that is there again", touch_absent, absent);
}

/* ---- files ---- */

static int use_files(void *argument)
{
    int *fds = argument;
    char text[4];
    if (read(fds[0], text, 2) != 2) return 9;
    lseek(fds[1], 100, SEEK_SET);
    fcntl(fds[1], F_SETFL, O_APPEND);
    fcntl(fds[2], F_SETFD, 0);
    close(fds[3]);
    shared->numbers[0] = text[0];
    return 0;
}
static void files(void)
{
    int fds[4], ends[2];
    for (int i = 0; i < 4; i++) fds[i] = open("text", O_RDWR | O_CREAT | (i == 2 ? O_CLOEXEC : 0), 0644);
    if (write(fds[3], "abcdefgh", 8) != 8 || pipe(ends) != 0) give_up("files");
    lseek(fds[0], 1, SEEK_SET);
    CHILD("a child uses files", use_files, fds);
    tell("it read", "%c", (char)shared->numbers[0]);
    CASE("the position is shared", lseek(fds[0], 0, SEEK_CUR));
    CASE("another", lseek(fds[1], 0, SEEK_CUR));
    tell("flags are shared", "%o", fcntl(fds[1], F_GETFL) & O_APPEND);
    CASE("the descriptor's flags are not", fcntl(fds[2], F_GETFD));
    HOLDS("nor whether it is open", fcntl(fds[3], F_GETFD) == 0);
    for (int i = 0; i < 4; i++) close(fds[i]);
    char byte;
    shared->words[0] = 0;
    pid_t pid = start_child(change_after_parent, NULL);
    close(ends[1]);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    CASE("a pipe whose writer is the child", read(ends[0], &byte, 1));
    shared->words[0] = 1;
    wait_soon(pid, 0);
    CASE("a pipe whose writers are gone with the child", read(ends[0], &byte, 1));
    close(ends[0]);
    unlink("text");
}

/* ---- the rest ---- */

static _Atomic int runs;
static void note(int signal)
{
    (void)signal;
    runs++;
}
static int look_around(void *argument)
{
    long *seen = shared->numbers;
    struct itimerval timer;
    struct tms times_now;
    struct rlimit limit;
    char *was = argument, now[300];
    getitimer(ITIMER_REAL, &timer);
    times(&times_now);
    getrlimit(RLIMIT_NOFILE, &limit);
    seen[0] = timer.it_value.tv_sec;
    seen[1] = times_now.tms_cutime + times_now.tms_cstime;
    seen[2] = (long)limit.rlim_cur;
    seen[3] = getcwd(now, sizeof now) && !strcmp(was, now);
    seen[4] = umask(0);
    seen[5] = getpgrp() == getppid() || getpgrp() == shared->words[5];
    seen[6] = getppid() == shared->words[6];
    seen[7] = getpid() == thread_id() && getpid() != getppid();
    seen[8] = (long)raw_pending();
    struct sigaction action;
    sigaction(SIGUSR1, NULL, &action);
    seen[9] = action.sa_handler == note;
    timer_t id = (timer_t)(long)shared->words[7];
    struct itimerspec left;
    seen[10] = syscall(SYS_timer_gettime, id, &left) < 0 ? errno : 0;
    return 0;
}
static void the_rest(void)
{
    char here[300] = "";
    int id = -1;
    struct sigevent quiet = { .sigev_notify = SIGEV_NONE };
    if (!getcwd(here, sizeof here)) give_up("here");
    umask(027);
    setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 200, 1024 });
    catch_with(SIGUSR1, note, 0);
    block(SIGUSR1);
    kill(getpid(), SIGUSR1);
    alarm(1000);
    syscall(SYS_timer_create, CLOCK_MONOTONIC, &quiet, &id);
    shared->words[5] = getpgrp();
    shared->words[6] = getpid();
    shared->words[7] = id;
    CHILD("a child looks around", look_around, here);
    static const char *const names[] = {
        "its alarm",       "what its children used", "its limit",  "its folder is ours",
        "its umask",       "its group is ours",      "its parent", "its numbers",
        "what is pending", "its handlers",           "a timer"
    };
    for (int i = 0; i < 11; i++) tell(names[i], i == 4 ? "%lo" : "%ld", shared->numbers[i]);
    HOLDS("our alarm goes on", alarm(0) > 0);
    unblock(SIGUSR1);
    tell("what was pending comes to us", "%d", runs);
    umask(022);
}

static long fork_in_thread(void *argument)
{
    (void)argument;
    pid_t pid = fork();
    if (pid == 0) {
        shared->numbers[0] = thread_id() == getpid();
        _exit(21);
    }
    return wait_soon(pid, 0);
}
static long sleep_in_thread(void *argument)
{
    (void)argument;
    return becomes(&shared->words[8], 1);
}
static int has_one_thread(void *argument)
{
    (void)argument;
    shared->words[9] = 0;
    return syscall(SYS_tgkill, getpid(), shared->words[10], 0) < 0 ? errno : 0;
}
static void threads(void)
{
    static struct worker worker;
    start_worker(&worker, fork_in_thread, NULL);
    tell("a thread forks", "%s", status_text((int)join_worker(&worker)));
    tell("its child's first thread", "%ld", shared->numbers[0]);
    start_worker(&worker, sleep_in_thread, NULL);
    shared->words[10] = worker.tid;
    int status = run_child(has_one_thread, NULL);
    tell("other threads are not there", "%s", error_name(WEXITSTATUS(status)));
    shared->words[8] = 1;
    join_worker(&worker);
}

static void vforks(void)
{
    shared->words[0] = 0;
    pid_t pid = vfork();
    if (pid == 0) {
        pause_ms(10);
        shared->words[0] = 1;
        _exit(33);
    }
    HOLDS("vfork returns after the child's end", shared->words[0] == 1);
    tell("it ended", "%s", status_text(wait_soon(pid, 0)));
    pid = vfork();
    if (pid == 0) {
        execl("/nowhere", "nowhere", NULL);
        _exit(errno);
    }
    tell("an exec that fails", "%s", error_name(WEXITSTATUS(wait_soon(pid, 0))));
    pid = vfork();
    if (pid == 0) kill(getpid(), SIGKILL); /* raise() knows the parent's number only */
    tell("a death", "%s", status_text(wait_soon(pid, 0)));
}

int main(int argc, char **argv)
{
    begin_cases(argc, argv);
    shared = map_shared(sizeof *shared);
    memory();
    more_memory();
    absent_memory();
    files();
    the_rest();
    threads();
    vforks();
    return end_cases();
}
