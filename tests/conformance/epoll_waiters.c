/* SPDX-License-Identifier: Apache-2.0 */
/* epoll between threads and processes: who is woken, who sees what, and what ends a wait. */
#include "tests/conformance/epolls.h"

static struct shared_things {
    int epoll, other, fd;
} things;
static _Atomic int woken, waiting;

static long wait_once(void *timeout)
{
    struct epoll_event event = { 0 };
    waiting++;
    long count = epoll_wait(things.epoll, &event, 1, (int)(intptr_t)timeout);
    if (count == 1) woken++;
    return count < 0 ? -errno : count;
}
static long take_when_told(void *rounds)
{
    long taken = 0;
    while (taken < (intptr_t)rounds) {
        struct epoll_event events[2];
        if (epoll_wait(things.epoll, events, 2, LONG_MS) <= 0) break;
        taken += (long)take_event(things.fd);
    }
    return taken;
}
static long add_later(void *ms)
{
    pause_ms((intptr_t)ms);
    return add_event(things.fd, 1);
}
static long poll_the_epoll(void *unused)
{
    struct pollfd list = { things.epoll, POLLIN, 0 };
    (void)unused;
    waiting++;
    return poll(&list, 1, LONG_MS) * 100 + list.revents;
}
static long select_on_it(void *unused)
{
    fd_set in;
    struct timeval limit = { LONG_MS / 1000, 0 };
    (void)unused;
    FD_ZERO(&in);
    FD_SET(things.fd, &in);
    waiting++;
    return select(things.fd + 1, &in, NULL, NULL, &limit);
}

static void start_things(uint32_t events)
{
    things.epoll = new_epoll();
    things.other = new_epoll();
    things.fd = new_event(0);
    woken = waiting = 0;
    if (events) watch(things.epoll, things.fd, events, 1);
}
static void end_things(void)
{
    close(things.fd);
    close(things.other);
    close(things.epoll);
}

static void one_waiter(void)
{
    struct worker w;
    start_things(EPOLLIN);
    start_worker(&w, add_later, (void *)5);
    show_wait_for("a write ends the wait", things.epoll, 1, LONG_MS);
    join_worker(&w);
    take_event(things.fd);
    start_worker(&w, wait_once, (void *)LONG_MS);
    becomes(&waiting, 1);
    pause_ms(2);
    add_event(things.fd, 1);
    CASE("a thread that waits", join_worker(&w));
    take_event(things.fd);
    end_things();

    start_things(0);
    waiting = 0;
    start_worker(&w, wait_once, (void *)LONG_MS);
    becomes(&waiting, 1);
    pause_ms(2);
    add_event(things.fd, 1);
    CASE("ready when added, while a thread waits", watch(things.epoll, things.fd, EPOLLIN, 1));
    CASE("it is woken", join_worker(&w));
    CASE("nothing wanted", control(things.epoll, EPOLL_CTL_MOD, things.fd, 0, 1));
    waiting = 0;
    start_worker(&w, wait_once, (void *)LONG_MS);
    becomes(&waiting, 1);
    pause_ms(2);
    CASE("wanted from now on", control(things.epoll, EPOLL_CTL_MOD, things.fd, EPOLLIN, 1));
    CASE("it is woken", join_worker(&w));
    end_things();
}

static void several_waiters(const char *what, uint32_t events, bool takes_all)
{
    struct worker w[4];
    start_things(events);
    for (int i = 0; i < 4; i++) start_worker(&w[i], wait_once, (void *)(intptr_t)(takes_all ? LONG_MS : 60));
    becomes(&waiting, 4);
    pause_ms(10);
    add_event(things.fd, 1);
    long sum = 0;
    for (int i = 0; i < 4; i++) sum += join_worker(&w[i]);
    CASE(what, sum);
    end_things();
}

static void takers(void)
{
    struct worker w[2];
    start_things(EPOLLIN);
    start_worker(&w[0], take_when_told, (void *)500);
    for (int i = 0; i < 500; i++) add_event(things.fd, 1);
    CASE("nothing is lost", join_worker(&w[0]));
    control(things.epoll, EPOLL_CTL_MOD, things.fd, EPOLLIN | EPOLLET, 1);
    start_worker(&w[0], take_when_told, (void *)500);
    for (int i = 0; i < 500; i++) {
        add_event(things.fd, 1);
        if (i % 50 == 0) sched_yield();
    }
    CASE("nor of edges", join_worker(&w[0]));
    end_things();
}

static void other_ways_to_wait(void)
{
    struct worker w;
    start_things(EPOLLIN);
    start_worker(&w, poll_the_epoll, NULL);
    becomes(&waiting, 1);
    pause_ms(2);
    add_event(things.fd, 1);
    CASE("poll of an epoll", join_worker(&w));
    take_event(things.fd);
    waiting = 0;
    start_worker(&w, select_on_it, NULL);
    becomes(&waiting, 1);
    pause_ms(2);
    add_event(things.fd, 1);
    CASE("select", join_worker(&w));
    take_event(things.fd);
    CASE("an epoll in another", watch(things.other, things.epoll, EPOLLIN, 9));
    start_worker(&w, add_later, (void *)5);
    show_wait_for("is ready in time", things.other, 1, LONG_MS);
    join_worker(&w);
    end_things();
}

static void exclusive_waiters(void)
{
    struct worker w;
    start_things(EPOLLIN | EPOLLEXCLUSIVE);
    CASE("two epolls share it", watch(things.other, things.fd, EPOLLIN | EPOLLEXCLUSIVE | EPOLLET, 2));
    start_worker(&w, wait_once, (void *)LONG_MS);
    becomes(&waiting, 1);
    pause_ms(10);
    add_event(things.fd, 1);
    CASE("the one who waits is woken", join_worker(&w));
    end_things();
}

/* ---- processes ---- */

static int child_looks(void *unused)
{
    (void)unused;
    show_wait("the child", things.epoll);
    take_event(things.fd);
    show_wait("the child, when it has taken it", things.epoll);
    int own = new_event(1);
    CASE("the child adds its own", watch(things.epoll, own, EPOLLIN, 5));
    show_wait("the child, then", things.epoll);
    fflush(stdout);
    return 0;
}
static int child_closes(void *unused)
{
    (void)unused;
    close(things.fd);
    show_wait("closed in the child alone", things.epoll);
    CASE("deleted by a number that is closed here", epoll_ctl(things.epoll, EPOLL_CTL_DEL, things.fd, NULL));
    fflush(stdout);
    return 0;
}
static void children(void)
{
    start_things(EPOLLIN);
    add_event(things.fd, 1);
    CHILD("a child", child_looks, NULL);
    show_wait("the parent: the child's own file is gone", things.epoll);
    add_event(things.fd, 1);
    CHILD("another", child_closes, NULL);
    show_wait("the parent", things.epoll);
    end_things();
}

/* ---- what ends a wait ---- */

static _Atomic int caught;
static void catch_it(int signal)
{
    (void)signal;
    caught++;
}
static pid_t main_tid;
static _Atomic int is_over;
static long send_signals(void *signal)
{
    while (!is_over) {
        syscall(SYS_tgkill, getpid(), main_tid, (int)(intptr_t)signal);
        pause_ms(1);
    }
    return 0;
}
static void signals(void)
{
    struct worker w;
    struct epoll_event event;
    sigset_t empty = set_of(0), full;
    sigfillset(&full);
    start_things(EPOLLIN);
    main_tid = thread_id();
    for (int flags = 0; flags <= SA_RESTART; flags += SA_RESTART) {
        catch_with(SIGUSR1, catch_it, flags);
        is_over = 0;
        start_worker(&w, send_signals, (void *)SIGUSR1);
        CASE("a signal ends it", epoll_wait(things.epoll, &event, 1, LONG_MS));
        is_over = 1;
        join_worker(&w);
    }
    block(SIGUSR1);
    caught = 0;
    kill(getpid(), SIGUSR1);
    CASE("a mask lets it through", epoll_pwait(things.epoll, &event, 1, LONG_MS, &empty));
    CASE("caught", caught);
    kill(getpid(), SIGUSR1);
    CASE("a mask that does not", epoll_pwait(things.epoll, &event, 1, 5, &full));
    CASE("not caught", caught);
    add_event(things.fd, 1);
    CASE("ready, and a signal", epoll_pwait(things.epoll, &event, 1, LONG_MS, &empty));
    CASE("caught", caught);
    unblock(SIGUSR1);
    CASE("caught in the end", caught);
    end_things();
}

static long close_later(void *unused)
{
    (void)unused;
    pause_ms(5);
    close(things.fd);
    return 0;
}
static void closing(void)
{
    struct worker w;
    start_things(EPOLLIN);
    start_worker(&w, close_later, NULL);
    show_wait_for("what is watched closes", things.epoll, 1, 20);
    join_worker(&w);
    things.fd = new_event(0);
    end_things();
}

int main(int argc, char **argv)
{
    begin_cases(argc, argv);
    one_waiter();
    several_waiters("one of four gets an edge", EPOLLIN | EPOLLET, false);
    several_waiters("one of four gets a shot", EPOLLIN | EPOLLONESHOT, false);
    several_waiters("four get a level", EPOLLIN, true);
    takers();
    other_ways_to_wait();
    exclusive_waiters();
    children();
    signals();
    closing();
    return end_cases();
}
