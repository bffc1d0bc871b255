/* SPDX-License-Identifier: Apache-2.0 */
/* inotify: masks, reading and waiting, queues that are full, limits, refusals. */
#include "tests/conformance/inotifies.h"

/* ---- how it is watched ---- */

static void of_masks(void)
{
    begin("masks");
    put("d/f", "x");
    CASE("only opening", inotify_add_watch(in, "d/f", IN_OPEN));
    get("d/f");
    events("opening");
    CASE("more", inotify_add_watch(in, "d/f", IN_CLOSE | IN_MASK_ADD));
    get("d/f");
    events("opening and closing");
    CASE("others", inotify_add_watch(in, "d/f", IN_ACCESS));
    get("d/f");
    events("reading");
    CASE("only if it is new", inotify_add_watch(in, "d/f", IN_ACCESS | IN_MASK_CREATE));
    CASE("remove", inotify_rm_watch(in, 1));
    CASE("again", inotify_rm_watch(in, 1));
    events("ignored");
    CASE("once", inotify_add_watch(in, "d/f", IN_OPEN | IN_ONESHOT | IN_MASK_CREATE));
    get("d/f");
    get("d/f");
    events("once");
    CASE("a link", symlink("f", "d/s"));
    CASE("through a link", inotify_add_watch(in, "d/s", IN_OPEN));
    CASE("the link", inotify_add_watch(in, "d/s", IN_ALL_EVENTS | IN_DONT_FOLLOW));
    get("d/s");
    unlink("d/s");
    events("two of them");
    CASE("not a directory", inotify_add_watch(in, "d/f", IN_OPEN | IN_ONLYDIR));
    CASE("a directory", inotify_add_watch(in, "d", IN_OPEN | IN_ONLYDIR));
    end();
    begin("without what is unlinked");
    CASE("watch", inotify_add_watch(in, "d", IN_ALL_EVENTS | IN_EXCL_UNLINK));
    int fd = open("d/f", O_RDWR);
    unlink("d/f");
    write(fd, "x", 1);
    close(fd);
    events("quiet");
    end();
}

/* ---- the queue ---- */

static void of_reading(void)
{
    char buffer[256];
    int bytes = -1;
    begin("reading");
    show_result("flags", fcntl(in, F_GETFL) & ~0100000);
    CASE("nothing there", read(in, buffer, sizeof buffer));
    inotify_add_watch(in, "d", IN_CREATE | IN_DELETE);
    CASE("no room", read(in, buffer, 0));
    put("d/f", "x");
    unlink("d/f");
    put("d/a long name of thirty-two bytes", "x");
    CASE("so much is there", ioctl(in, FIONREAD, &bytes));
    printf("  %d\n", bytes);
    CASE("too little room", read(in, buffer, 16));
    CASE("room for one", read(in, buffer, 32));
    CASE("room for two but a half", read(in, buffer, 70));
    CASE("the last", read(in, buffer, sizeof buffer));
    CASE("nothing is left", ioctl(in, FIONREAD, &bytes));
    printf("  %d\n", bytes);
    put("d/f", "x");
    CASE("bad memory", syscall(SYS_read, in, NULL, 64));
    CASE("is lost", read(in, buffer, sizeof buffer));
    CASE("writing", write(in, buffer, 16));
    CASE("lseek", lseek(in, 5, SEEK_SET));
    CASE("pread", pread(in, buffer, 16, 0));
    CASE("other ioctl", ioctl(in, TIOCGWINSZ, buffer));
    unlink("d/f");
    unlink("d/a long name of thirty-two bytes");
    events("deleted");
    end();
}

static void of_same_events(void)
{
    begin("equal events");
    put("d/f", "x");
    inotify_add_watch(in, "d", IN_ALL_EVENTS);
    for (int i = 0; i < 3; i++) chmod("d/f", 0600);
    events("thrice the same");
    for (int i = 0; i < 2; i++) get("d/f");
    events("twice three");
    unlink("d/f");
    end();
}

static void of_waiting(void)
{
    struct pollfd p = { .events = POLLIN };
    struct epoll_event e = { .events = EPOLLIN | EPOLLET };
    begin("waiting");
    p.fd = in;
    inotify_add_watch(in, "d", IN_CREATE | IN_DELETE);
    int ep = epoll_create1(0);
    epoll_ctl(ep, EPOLL_CTL_ADD, in, &e);
    CASE("poll", poll(&p, 1, 0));
    CASE("epoll", epoll_wait(ep, &e, 1, 0));
    mkdir("d/x", 0755);
    CASE("poll", poll(&p, 1, 0));
    CASE("what", p.revents);
    CASE("epoll", epoll_wait(ep, &e, 1, 0));
    CASE("epoll again", epoll_wait(ep, &e, 1, 0));
    events("one");
    CASE("poll", poll(&p, 1, 0));
    if (fork() == 0) {
        rmdir("d/x");
        _exit(0);
    }
    CASE("poll until it is removed", poll(&p, 1, LONG_MS));
    wait(NULL);
    events("removed");
    close(ep);
    end();
}

static void of_overflow(void)
{
    enum { LIMIT = 16384, READ = 1 << 16 };
    static char buffer[READ] __attribute__((aligned(8)));
    char name[32];
    long count = 0;
    ssize_t got;
    uint32_t last = 0;
    begin("overflow");
    inotify_add_watch(in, "d", IN_OPEN);
    put("d/a", "");
    put("d/b", "");
    for (int i = 0; i < LIMIT; i++) {
        snprintf(name, sizeof name, "d/%c", i & 1 ? 'a' : 'b');
        close(open(name, O_RDONLY));
    }
    while ((got = read(in, buffer, READ)) > 0)
        for (char *at = buffer; at < buffer + got; count++) {
            const struct inotify_event *e = (const struct inotify_event *)at;
            last = e->mask;
            at += sizeof *e + e->len;
        }
    CASE("events", count);
    CASE("the last", last);
    get("d/a");
    events("and on");
    unlink("d/a");
    unlink("d/b");
    end();
}

/* ---- refusals ---- */

static void refusals(void)
{
    begin("refusals");
    CASE("flags", inotify_init1(1));
    CASE("no event", inotify_add_watch(in, "d", 0));
    CASE("unknown event", inotify_add_watch(in, "d", IN_OPEN | 0x1000));
    CASE("both", inotify_add_watch(in, "d", IN_OPEN | IN_MASK_ADD | IN_MASK_CREATE));
    CASE("no file", inotify_add_watch(in, "nowhere", IN_OPEN));
    CASE("no path", inotify_add_watch(in, "", IN_OPEN));
    CASE("no memory there", syscall(SYS_inotify_add_watch, in, NULL, IN_OPEN));
    CASE("no descriptor", inotify_add_watch(99, "d", IN_OPEN));
    CASE("not an inotify", inotify_add_watch(1, "d", IN_OPEN));
    CASE("unknown event first", syscall(SYS_inotify_add_watch, 99, NULL, 0x1000));
    CASE("remove: no descriptor", inotify_rm_watch(99, 1));
    CASE("remove: not an inotify", inotify_rm_watch(1, 1));
    CASE("remove: no watch", inotify_rm_watch(in, 1));
    CASE("remove: negative", inotify_rm_watch(in, -1));
    CASE("old call", syscall(SYS_inotify_init));
    end();
}

static void of_limits(void)
{
    enum { MANY = 200 };
    int fds[MANY], count = 0;
    printf("-- limits\n");
    while (count < MANY && (fds[count] = inotify_init1(0)) >= 0) count++;
    CASE("refused", count < MANY ? -1 : 0);
    HOLDS("about as many as Linux allows a user", count > 64 && count <= 128);
    while (count > 0) close(fds[--count]);
    CASE("again", inotify_init1(0));
}

int main(int argc, char **argv)
{
    begin_cases(argc, argv);
    mkdir("d", 0755);
    of_masks();
    of_reading();
    of_same_events();
    of_waiting();
    of_overflow();
    refusals();
    of_limits();
    return end_cases();
}
