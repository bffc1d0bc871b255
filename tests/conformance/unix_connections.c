/* SPDX-License-Identifier: Apache-2.0 */
/* Connections of AF_UNIX: names, listeners, who waits for whom. */
#include "tests/conformance/sockets.h"

static void connections(void)
{
    begin_case("not connected");
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    SHOW(send_text(fd, "x", MSG_NOSIGNAL));
    take(fd, 1, 0);
    SHOW(listen(fd, 1));
    SHOW(accept(fd, NULL, NULL));
    SHOW(connect_to(fd, path_name("nothing")));
    SHOW(connect_to(fd, hidden_name("ck-nothing")));
    int plain = open("plain", O_CREAT | O_RDWR, 0644);
    SHOW(connect_to(fd, path_name("plain")));
    SHOW(connect_to(fd, path_name("plain/x")));
    SHOW(bind_to(fd, path_name("plain")));
    SHOW(bind_to(fd, path_name("none/x")));
    SHOW(bind_to(fd, path_name("/")));
    close(plain);
    struct name n = path_name("x");
    n.bytes = 0;
    SHOW(bind_to(fd, n));
    SHOW(connect_to(fd, n));
    n.bytes = 1;
    SHOW(bind_to(fd, n));
    n.bytes = 2;
    SHOW(connect_to(fd, n));
    n.bytes = 111;
    SHOW(bind_to(fd, n));
    n.bytes = 129;
    SHOW(bind_to(fd, n));
    SHOW(connect_to(fd, n));
    n.bytes = 4;
    n.un.sun_family = AF_INET;
    SHOW(bind_to(fd, n));
    SHOW(connect_to(fd, n));
    SHOW(bind(fd, NULL, 4));
    SHOW(connect(fd, NULL, 4));
    close(fd);
}

static int client, server;

static int by_path(void)
{
    begin_case("a listener by path");
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    SHOW(bind_to(listener, path_name("service")));
    SHOW(bind_to(listener, path_name("other")));
    SHOW(access("other", F_OK));
    show_name(listener);
    struct stat s;
    stat("service", &s);
    printf("mode %o\n", s.st_mode);
    SHOW(open("service", O_RDWR));
    client = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    SHOW(connect_to(client, path_name("service")));
    SHOW(accept(listener, NULL, NULL));
    SHOW(listen(listener, 0));
    SHOW(option(listener, SO_ACCEPTCONN));
    show_poll("listening", listener);
    SHOW(accept(listener, NULL, NULL));
    SHOW(connect_to(client, path_name("service")));
    show_poll("somebody came", listener);
    SHOW(send_text(client, "early", 0));
    show_peer(client);
    show_name(client);
    SHOW(connect_to(client, path_name("service")));
    int second = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    SHOW(connect_to(second, path_name("service")));
    struct sockaddr_un from;
    socklen_t bytes = sizeof from;
    server = accept4(listener, (struct sockaddr *)&from, &bytes, SOCK_NONBLOCK | SOCK_CLOEXEC);
    show_address("from", &from, bytes);
    printf("flags %o %d\n", fcntl(server, F_GETFL), fcntl(server, F_GETFD));
    show_name(server);
    show_peer(server);
    SHOW(option(server, SO_ACCEPTCONN));
    take(server, 20, 0);
    take(server, 20, 0);
    SHOW(send_text(server, "reply", 0));
    take(client, 20, 0);
    SHOW(connect_to(second, path_name("service")));
    close(second);
    show_poll("one left at once", listener);
    second = accept(listener, NULL, NULL);
    take(second, 20, 0);
    close(second);
    SHOW(send_text(listener, "x", MSG_NOSIGNAL));
    take(listener, 1, 0);
    SHOW(connect_to(listener, path_name("service")));
    SHOW(listen(client, 1));
    int value;
    SHOW(ioctl(listener, FIONREAD, &value));
    return listener;
}

/* Its client and its server are still there. */
static void listener_goes(int listener)
{
    begin_case("the listener goes");
    int second = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    SHOW(connect_to(second, path_name("service")));
    close(listener);
    show_poll("never accepted", second);
    take(second, 1, 0);
    take(second, 1, 0);
    close(second);
    second = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    SHOW(connect_to(second, path_name("service")));
    SHOW(bind_to(second, path_name("service")));
    SHOW(send_text(server, "still", 0));
    take(client, 20, 0);
    show_name(server);
    unlink("service");
    SHOW(bind_to(second, path_name("service")));
    close(second);
    close(server);
    close(client);
    unlink("service");
}

static void names(void)
{
    begin_case("abstract names");
    int one = socket(AF_UNIX, SOCK_STREAM, 0), two = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    int other = socket(AF_UNIX, SOCK_DGRAM, 0);
    SHOW(bind_to(one, hidden_name("ck-streams")));
    show_name(one);
    SHOW(bind_to(two, hidden_name("ck-streams")));
    SHOW(bind_to(other, hidden_name("ck-streams")));
    SHOW(bind_to(two, hidden_name("ck-stream")));
    SHOW(connect_to(two, hidden_name("ck-streams")));
    listen(one, 5);
    SHOW(connect_to(two, hidden_name("ck-streams")));
    SHOW(connect_to(other, hidden_name("ck-stream")));
    close(one);
    one = socket(AF_UNIX, SOCK_STREAM, 0);
    SHOW(bind_to(one, hidden_name("ck-streams")));
    close(one);
    close(two);
    close(other);
    begin_case("a name that is chosen");
    one = socket(AF_UNIX, SOCK_STREAM, 0);
    struct name none = { .un.sun_family = AF_UNIX, .bytes = 2 };
    SHOW(bind_to(one, none));
    struct sockaddr_un un;
    socklen_t bytes = sizeof un;
    SHOW(getsockname(one, (struct sockaddr *)&un, &bytes));
    printf("%d bytes, first %d\n", (int)bytes, un.sun_path[0]);
    SHOW(bind_to(one, none));
    SHOW(bind_to(one, path_name("late")));
    close(one);
}

static void paths_of_names(void)
{
    begin_case("the longest path");
    int two, one = socket(AF_UNIX, SOCK_STREAM, 0);
    struct name longest = { .un.sun_family = AF_UNIX, .bytes = 110 };
    memset(longest.un.sun_path, 'p', 108);
    SHOW(bind_to(one, longest));
    char room[120];
    socklen_t bytes = sizeof room;
    SHOW(getsockname(one, (struct sockaddr *)room, &bytes));
    printf("%d bytes\n", (int)bytes);
    bytes = 5;
    SHOW(getsockname(one, (struct sockaddr *)room, &bytes));
    printf("%d bytes\n", (int)bytes);
    bytes = (socklen_t)-1;
    SHOW(getsockname(one, (struct sockaddr *)room, &bytes));
    bytes = 0;
    SHOW(getsockname(one, NULL, &bytes));
    SHOW(getsockname(one, NULL, NULL));
    close(one);
    begin_case("renamed, linked, followed");
    one = socket(AF_UNIX, SOCK_STREAM, 0);
    bind_to(one, path_name("first"));
    listen(one, 9);
    rename("first", "second");
    SHOW(symlink("second", "third"));
    SHOW(link("second", "fourth"));
    static const char *const paths[] = { "first", "second", "third", "fourth", "./second", "second/" };
    for (int i = 0; i < 6; i++) {
        two = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
        SHOW(connect_to(two, path_name(paths[i])));
        if (i == 1) show_peer(two);
        close(two);
    }
    two = socket(AF_UNIX, SOCK_DGRAM, 0);
    SHOW(connect_to(two, path_name("second")));
    close(two);
    close(one);
    unlink("second");
    unlink("third");
    unlink("fourth");
}

static void waiting(void)
{
    begin_case("an accept that waits");
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    bind_to(listener, path_name("wait"));
    listen(listener, 1);
    bound(listener);
    pid_t child = fork();
    if (child == 0) {
        int fd = socket(AF_UNIX, SOCK_STREAM, 0);
        connect_to(fd, path_name("wait"));
        char c;
        _exit(recv(fd, &c, 1, 0) == 1 ? c : 1);
    }
    int server = accept(listener, NULL, NULL);
    struct ucred who;
    socklen_t bytes = sizeof who;
    SHOW(getsockopt(server, SOL_SOCKET, SO_PEERCRED, &who, &bytes));
    CHECK(who.pid == child);
    printf("%d %d\n", (int)who.uid, (int)who.gid);
    send(server, "\x2a", 1, 0);
    int status;
    wait(&status);
    printf("%d\n", WEXITSTATUS(status));
    close(server);
    begin_case("a connect that waits for a place");
    int first = socket(AF_UNIX, SOCK_STREAM, 0), second = socket(AF_UNIX, SOCK_STREAM, 0);
    listen(listener, 0);
    connect_to(first, path_name("wait"));
    if (fork() == 0) {
        int r = connect_to(second, path_name("wait"));
        send(second, "here", 4, 0);
        _exit(r);
    }
    server = accept(listener, NULL, NULL);
    close(server);
    server = accept(listener, NULL, NULL);
    bound(server);
    take(server, 4, MSG_WAITALL);
    wait(&status);
    printf("%d\n", WEXITSTATUS(status));
    close(server);
    close(first);
    close(second);
    close(listener);
    unlink("wait");
}

int main(int argc, char **argv)
{
    work_in(argc, argv);
    signal(SIGPIPE, SIG_IGN);
    connections();
    listener_goes(by_path());
    names();
    paths_of_names();
    waiting();
    finish();
    return 0;
}
