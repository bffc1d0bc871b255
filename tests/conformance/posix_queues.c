/* SPDX-License-Identifier: Apache-2.0 */
/* POSIX message queues: names, sizes, order by priority, waiting, being told, refusals. */
#include "tests/conformance/tasks.h"

#include <mqueue.h>
#include <sys/resource.h>

static const char name[] = "conformance of queues"; /* to the kernel, without the slash */

static int q_open(const char *path, int flags, mode_t mode, const struct mq_attr *attr)
{
    return (int)syscall(SYS_mq_open, path, flags, mode, attr);
}
static long q_unlink(const char *path) { return syscall(SYS_mq_unlink, path); }

static void show(int q)
{
    struct mq_attr a;
    long result = mq_getattr(q, &a);
    tell("attributes", "%ld: %lo %ld %ld %ld", result, a.mq_flags, a.mq_maxmsg, a.mq_msgsize, a.mq_curmsgs);
}

static void next(int q)
{
    char text[64];
    unsigned priority = 99;
    long bytes = mq_receive(q, text, sizeof text, &priority);
    if (bytes < 0)
        tell("received", "%s", error_name(errno));
    else
        tell("received", "\"%.*s\" of %u", (int)bytes, text, priority);
}

static void names(void)
{
    struct mq_attr attr = { .mq_maxmsg = 4, .mq_msgsize = 64 };
    char longest[300];
    memset(longest, 'a', sizeof longest - 1);
    longest[sizeof longest - 1] = 0;
    q_unlink(name);
    CASE("not there", q_open(name, O_RDWR, 0, NULL));
    CASE("unlink", q_unlink(name));
    int q = (int)CASE("made", q_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &attr));
    CASE("closes with exec", fcntl(q, F_GETFD));
    CASE("made again", q_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &attr));
    int reader = (int)CASE("opened", q_open(name, O_RDONLY | O_CREAT | O_NONBLOCK, 0600, NULL));
    int writer = (int)CASE("to write", q_open(name, O_WRONLY, 0600, NULL));
    CASE("bad mode", q_open(name, O_ACCMODE, 0600, NULL));
    show(q);
    show(reader);
    CASE("write to a reader", mq_send(reader, "x", 1, 0));
    CASE("read from a writer", mq_receive(writer, longest, 64, NULL));
    CASE("unlink", q_unlink(name));
    CASE("unlink again", q_unlink(name));
    CASE("still there", mq_send(writer, "still", 5, 3));
    next(q);
    int other = (int)CASE("another of the name", q_open(name, O_RDWR | O_CREAT | O_NONBLOCK, 0, NULL));
    show(other);
    next(other);
    CASE("empty name", q_open("", O_RDWR, 0, NULL));
    CASE("slash", q_open("/x", O_RDWR, 0, NULL));
    CASE("slash inside", q_open("x/y", O_RDWR | O_CREAT, 0600, NULL));
    CASE("dots", q_open("..", O_RDWR, 0, NULL));
    CASE("long name", q_open(longest, O_RDWR, 0, NULL));
    CASE("bad name", q_open((char *)8, O_RDWR, 0, NULL));
    CASE("bad attributes", q_open("y", O_RDWR | O_CREAT, 0600, (struct mq_attr *)8));
    q_unlink(name);
    close(q);
    close(reader);
    close(writer);
    close(other);
}

static void sizes(void)
{
    static const struct {
        long messages, bytes;
    } of[] = { { 0, 8 }, { 8, 0 }, { -1, 8 }, { 65537, 8 }, { 1, (16 << 20) + 1 }, { 1, 1 }, { 10, 1000 } };
    for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
        struct mq_attr attr = { .mq_maxmsg = of[i].messages, .mq_msgsize = of[i].bytes };
        int q = q_open(name, O_RDWR | O_CREAT, 0600, &attr);
        tell("size", "%ld %ld: %s", of[i].messages, of[i].bytes, q < 0 ? error_name(errno) : "made");
        if (q >= 0) close(q);
        q_unlink(name);
    }
    struct rlimit limit = { 20000, 20000 }, was;
    getrlimit(RLIMIT_MSGQUEUE, &was);
    tell("limit", "%ld", (long)was.rlim_cur);
    if (fork() == 0) {
        struct mq_attr attr = { .mq_maxmsg = 10, .mq_msgsize = 500 };
        setrlimit(RLIMIT_MSGQUEUE, &limit);
        CASE("inside the limit", q_open(name, O_RDWR | O_CREAT, 0600, &attr));
        CASE("two", q_open("another", O_RDWR | O_CREAT, 0600, &attr));
        attr.mq_msgsize = 5000;
        CASE("beyond", q_open("a third", O_RDWR | O_CREAT, 0600, &attr));
        q_unlink("another");
        q_unlink(name);
        _exit(0);
    }
    wait(NULL);
}

static void order(void)
{
    struct mq_attr attr = { .mq_maxmsg = 6, .mq_msgsize = 64 };
    int q = q_open(name, O_RDWR | O_CREAT | O_NONBLOCK, 0600, &attr);
    next(q);
    mq_send(q, "low", 3, 1);
    mq_send(q, "high", 4, 9);
    mq_send(q, "low 2", 5, 1);
    mq_send(q, "highest", 7, 32767);
    mq_send(q, "", 0, 9);
    mq_send(q, "lowest", 6, 0);
    CASE("full", mq_send(q, "x", 1, 0));
    show(q);
    for (int i = 0; i < 7; i++) next(q);
    CASE("priority", mq_send(q, "x", 1, 32768));
    CASE("too long", mq_send(q, "", 65, 0));
    char small[63];
    CASE("too small", mq_receive(q, small, sizeof small, NULL));
    CASE("bad memory", syscall(SYS_mq_timedsend, q, (char *)8, 5L, 0, NULL));
    mq_send(q, "lost", 4, 0);
    CASE("bad memory", syscall(SYS_mq_timedreceive, q, (char *)8, 64L, NULL, NULL));
    next(q);
    struct mq_attr change = { .mq_flags = 0, .mq_maxmsg = 99 };
    CASE("blocks from now on", mq_setattr(q, &change, NULL));
    show(q);
    change.mq_flags = O_APPEND;
    CASE("other flags", mq_setattr(q, &change, NULL));
    struct timespec past = { 1, 0 }, bad = { 1, 1000000000 };
    char text[64];
    CASE("too late", mq_timedreceive(q, text, sizeof text, NULL, &past));
    CASE("bad time", mq_timedreceive(q, text, sizeof text, NULL, &bad));
    for (int i = 0; i < 6; i++) mq_send(q, "x", 1, 0);
    CASE("too late", mq_timedsend(q, "x", 1, 0, &past));
    close(q);
    q_unlink(name);
    CASE("not a queue", mq_send(1, "x", 1, 0));
    CASE("no descriptor", mq_send(99, "x", 1, 0));
    CASE("not a queue", mq_getattr(1, &change));
}

static void waiting(void)
{
    struct mq_attr attr = { .mq_maxmsg = 1, .mq_msgsize = 64 };
    int q = q_open(name, O_RDWR | O_CREAT, 0600, &attr);
    struct pollfd p = { q, POLLIN | POLLOUT, 0 };
    CASE("poll", poll(&p, 1, 0));
    CASE("can be written", p.revents);
    if (fork() == 0) {
        mq_send(q, "one", 3, 0);
        mq_send(q, "two", 3, 0);
        mq_send(q, "three", 5, 0);
        _exit(0);
    }
    for (int i = 0; i < 3; i++) next(q);
    wait(NULL);
    mq_send(q, "x", 1, 0);
    CASE("poll", poll(&p, 1, 0));
    CASE("can be read", p.revents);
    next(q);
    close(q);
    q_unlink(name);
}

static volatile int told_code, told_value;
static void on_message(int number, siginfo_t *info, void *context)
{
    (void)number, (void)context;
    told_code = info->si_code;
    told_value = info->si_value.sival_int;
}

static void notices(void)
{
    struct mq_attr attr = { .mq_maxmsg = 4, .mq_msgsize = 64 };
    struct sigaction action = { .sa_sigaction = on_message, .sa_flags = SA_SIGINFO };
    struct sigevent event = { .sigev_notify = SIGEV_SIGNAL,
                              .sigev_signo = SIGUSR1,
                              .sigev_value.sival_int = 7 };
    int q = q_open(name, O_RDWR | O_CREAT | O_NONBLOCK, 0600, &attr);
    sigaction(SIGUSR1, &action, NULL);
    CASE("nothing to take back", syscall(SYS_mq_notify, q, NULL));
    CASE("register", syscall(SYS_mq_notify, q, &event));
    CASE("twice", syscall(SYS_mq_notify, q, &event));
    mq_send(q, "x", 1, 0);
    tell("told", "%d %d", told_code == SI_MESGQ, told_value);
    told_value = 0;
    CASE("again", syscall(SYS_mq_notify, q, &event));
    mq_send(q, "y", 1, 0);
    tell("not empty", "%d", told_value);
    next(q);
    next(q);
    mq_send(q, "z", 1, 0);
    tell("empty", "%d", told_value);
    next(q);
    event.sigev_notify = SIGEV_NONE;
    CASE("for nothing", syscall(SYS_mq_notify, q, &event));
    if (fork() == 0) {
        CASE("another process", syscall(SYS_mq_notify, q, &event));
        CASE("takes nothing back", syscall(SYS_mq_notify, q, NULL));
        _exit(0);
    }
    wait(NULL);
    CASE("taken back", syscall(SYS_mq_notify, q, NULL));
    event.sigev_notify = 17;
    CASE("no such way", syscall(SYS_mq_notify, q, &event));
    event.sigev_notify = SIGEV_SIGNAL;
    event.sigev_signo = 65;
    CASE("no such signal", syscall(SYS_mq_notify, q, &event));
    event.sigev_signo = SIGUSR1;
    CASE("not a queue", syscall(SYS_mq_notify, 1, &event));
    CASE("bad memory", syscall(SYS_mq_notify, q, (void *)8));
    close(q);
    q_unlink(name);
}

static void owners(void)
{
    struct mq_attr attr = { .mq_maxmsg = 4, .mq_msgsize = 64 };
    int q = q_open(name, O_RDWR | O_CREAT, 0640, &attr);
    if (fork() == 0) {
        setgid(1000);
        setuid(1000);
        CASE("read", q_open(name, O_RDONLY, 0, NULL));
        CASE("unlink", q_unlink(name));
        attr.mq_maxmsg = 11;
        CASE("more than others may", q_open("mine", O_RDWR | O_CREAT, 0600, &attr));
        attr.mq_maxmsg = 10;
        CASE("as many as others may", q_open("mine", O_RDWR | O_CREAT, 0600, &attr));
        CASE("unlink", q_unlink("mine"));
        _exit(0);
    }
    wait(NULL);
    close(q);
    q_unlink(name);
}

int main(int argc, char **argv)
{
    begin_cases(argc, argv);
    names();
    sizes();
    order();
    waiting();
    notices();
    owners();
    return end_cases();
}
