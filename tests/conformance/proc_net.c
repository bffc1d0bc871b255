/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/net: the heads of its tables, and this program's own rows in them, without what differs from run to run. */
#include "tests/conformance/inet.h"

enum { ROW_MAX = 512 };

static void show_head(const char *path, int lines)
{
    char line[ROW_MAX];
    FILE *f = fopen(path, "r");
    printf("%s: %s\n", path, f ? "there" : error_name(errno));
    for (int i = 0; f && i < lines && fgets(line, sizeof line, f); i++) printf("%s", line);
    if (f) fclose(f);
}

static unsigned long inode_of(int fd)
{
    struct stat s;
    return fstat(fd, &s) == 0 ? (unsigned long)s.st_ino : 0;
}

/* Ports that the kernel chose are told as whose they are. */
static const char *port_name(unsigned port, unsigned own, unsigned other)
{
    static char number[8];
    if (port == own) return "own";
    if (port == other) return "other's";
    snprintf(number, sizeof number, "%04X", port);
    return number;
}

/* The row that has the inode. */
static void show_row(const char *path, int fd, unsigned own, unsigned other)
{
    char line[ROW_MAX], from[40], to[40], queues[20], timer[16];
    unsigned long wanted = inode_of(fd), inode;
    unsigned from_port, to_port, state, uid;
    bool is_padded = !strstr(path, "6") && !strstr(path, "raw");
    FILE *f = fopen(path, "r");
    while (f && fgets(line, sizeof line, f)) {
        int got = sscanf(line, " %*d: %39[^:]:%x %39[^:]:%x %x %19s %15s %*x %u %*d %lu", from, &from_port,
                         to, &to_port, &state, queues, timer, &uid, &inode);
        if (got != 9 || inode != wanted) continue;
        printf("%s: %s:%s ", path, from, port_name(from_port, own, other));
        printf("%s:%s state %02X queues %s timer %.2s uid %u, %zu bytes\n", to,
               port_name(to_port, own, other), state, queues, timer, uid, is_padded ? strlen(line) : 0);
    }
    if (f) fclose(f);
}

static void streams(int family, const char *path)
{
    begin_case("connections");
    int listener = socket(family, SOCK_STREAM, 0), client = socket(family, SOCK_STREAM, 0);
    bind_place(listener, here(family, 0));
    show_row(path, listener, 0, 0);
    listen(listener, 5);
    unsigned port = (unsigned)port_of(listener);
    show_row(path, listener, port, 0);
    connect_place(client, here(family, (int)port));
    unsigned own = (unsigned)port_of(client);
    show_row(path, listener, port, 0);
    int server = accept(listener, NULL, NULL);
    show_row(path, listener, port, 0);
    show_row(path, client, own, port);
    show_row(path, server, port, own);
    write(client, "hello", 5);
    show_row(path, server, port, own);
    close(server);
    close(client);
    close(listener);
}

static void datagrams(int family, const char *path, const char *raw_path)
{
    begin_case("datagrams");
    int a = socket(family, SOCK_DGRAM, 0), b = socket(family, SOCK_DGRAM, 0);
    show_row(path, a, 0, 0);
    bind_place(a, here(family, 0));
    bind_place(b, here(family, 0));
    unsigned own = (unsigned)port_of(a), other = (unsigned)port_of(b);
    show_row(path, a, own, other);
    connect_place(a, here(family, (int)other));
    show_row(path, a, own, other);
    int raw = socket(family, SOCK_RAW, 200);
    show_row(raw_path, raw, 0, 0);
    close(a);
    close(b);
    close(raw);
}

/* ---- AF_UNIX ---- */

static void show_unix(const char *what, int fd)
{
    char line[ROW_MAX];
    unsigned long wanted = inode_of(fd), inode;
    unsigned references, protocol, flags, type, state;
    int name_at = 0;
    FILE *f = fopen("/proc/net/unix", "r");
    while (f && fgets(line, sizeof line, f)) {
        int got = sscanf(line, "%*x: %x %x %x %x %x %lu%n", &references, &protocol, &flags, &type, &state,
                         &inode, &name_at);
        if (got != 6 || inode != wanted) continue;
        printf("%s: protocol %08X flags %08X type %04X state %02X name%s", what, protocol, flags, type, state,
               line + name_at);
    }
    if (f) fclose(f);
}

static void unix_sockets(void)
{
    begin_case("sockets of AF_UNIX");
    struct sockaddr_un path = { .sun_family = AF_UNIX, .sun_path = "proc_net.socket" },
                       abstract = { .sun_family = AF_UNIX };
    memcpy(abstract.sun_path, "\0proc_net\0x", 11);
    unlink(path.sun_path);
    int listener = socket(AF_UNIX, SOCK_STREAM, 0), client = socket(AF_UNIX, SOCK_STREAM, 0);
    int datagrams = socket(AF_UNIX, SOCK_DGRAM, 0), packets = socket(AF_UNIX, SOCK_SEQPACKET, 0);
    show_unix("new", listener);
    SHOW(bind(listener, (struct sockaddr *)&path, sizeof path));
    show_unix("bound", listener);
    SHOW(listen(listener, 5));
    show_unix("listens", listener);
    SHOW(connect(client, (struct sockaddr *)&path, sizeof path));
    show_unix("connected", client);
    int server = accept(listener, NULL, NULL);
    show_unix("accepted", server);
    SHOW(bind(datagrams, (struct sockaddr *)&abstract, offsetof(struct sockaddr_un, sun_path) + 11));
    show_unix("abstract", datagrams);
    show_unix("packets", packets);
    unlink(path.sun_path);
}

int main(int argc, char **argv)
{
    work_in(argc, argv);
    begin_case("heads");
    show_head("/proc/net/tcp6", 1);
    show_head("/proc/net/udp6", 1);
    show_head("/proc/net/tcp", 1);
    show_head("/proc/net/udp", 1);
    show_head("/proc/net/raw", 1);
    show_head("/proc/net/raw6", 1);
    show_head("/proc/net/unix", 1);
    show_head("/proc/net/dev", 2);
    show_head("/proc/net/route", 1);
    show_head("/proc/net/if_inet6", 0);
    show_head("/proc/net/nothing", 1);
    streams(AF_INET, "/proc/net/tcp");
    streams(AF_INET6, "/proc/net/tcp6");
    datagrams(AF_INET, "/proc/net/udp", "/proc/net/raw");
    datagrams(AF_INET6, "/proc/net/udp6", "/proc/net/raw6");
    unix_sockets();
    finish();
    return 0;
}
