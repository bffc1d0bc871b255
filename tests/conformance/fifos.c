/* SPDX-License-Identifier: Apache-2.0 */
/* Pipes with names: who waits for whom when they open, and what an end sees of others that come and go. */
#include "tests/conformance/epolls.h"

static const char name[] = "fifo";

static int open_fifo(const char *what, int flags) { return (int)CASE(what, open(name, flags)); }

static void show_read(const char *what, int fd)
{
    char bytes[64] = { 0 };
    long count = CASE(what, read(fd, bytes, sizeof bytes - 1));
    if (count > 0) printf("%s\n", bytes);
}

static void making(void)
{
    struct stat s;
    CASE("made", mkfifo(name, 0640));
    CASE("made twice", mkfifo(name, 0640));
    CASE("mknod", mknod("other", S_IFIFO | 0600, 0));
    stat(name, &s);
    tell("stat", "%o %ld %ld", s.st_mode, (long)s.st_size, (long)s.st_nlink);
    CASE("renamed", rename("other", "third"));
    CASE("linked", link("third", "fourth"));
    CASE("unlinked", unlink("third"));
    CASE("truncate", truncate(name, 0));
    CASE("create over it", open(name, O_CREAT | O_EXCL | O_RDWR, 0600));
    CASE("as a directory", open(name, O_RDONLY | O_DIRECTORY));
    CASE("rmdir", rmdir(name));
}

static void without_waiting(void)
{
    CASE("a writer alone", open(name, O_WRONLY | O_NONBLOCK));
    int reader = open_fifo("a reader alone", O_RDONLY | O_NONBLOCK);
    show_poll("a reader before any writer", reader);
    show_read("read before any writer", reader);
    int writer = open_fifo("then a writer", O_WRONLY | O_NONBLOCK);
    show_poll("the reader", reader);
    show_poll("the writer", writer);
    show_read("nothing there", reader);
    CASE("write", write(writer, "hello", 5));
    show_poll("something there", reader);
    int other = open_fifo("a second reader", O_RDONLY);
    show_read("it gets it", other);
    show_read("the first does not", reader);
    CASE("wrong end", write(reader, "x", 1));
    CASE("wrong end", read(writer, &(char){ 0 }, 1));
    CASE("seek", lseek(reader, 0, SEEK_CUR));
    CASE("truncate", ftruncate(writer, 0));
    CASE("write", write(writer, "left", 4));
    close(writer);
    show_poll("the writer is gone", reader);
    show_read("what it left", reader);
    show_read("the end", reader);
    close(other);
    close(reader);
    reader = open_fifo("a new reader", O_RDONLY | O_NONBLOCK);
    show_poll("it sees no hang-up", reader);
    writer = open_fifo("a new writer", O_WRONLY);
    CASE("write", write(writer, "gone", 4));
    close(reader);
    show_poll("the reader is gone", writer);
    CASE("write to nobody", write(writer, "x", 1));
    reader = open_fifo("a reader again", O_RDONLY | O_NONBLOCK);
    show_read("what was written stays as long as somebody has it open", reader);
    close(writer);
    close(reader);
}

static void both_ways(void)
{
    int both = open_fifo("both", O_RDWR), other;
    show_poll("empty", both);
    CASE("write", write(both, "own", 3));
    show_poll("with something", both);
    show_read("its own", both);
    other = open_fifo("a writer does not wait", O_WRONLY);
    CASE("write", write(other, "more", 4));
    close(other);
    show_read("read", both);
    show_poll("it is a writer itself", both);
    other = open_fifo("a reader does not wait", O_RDONLY);
    CASE("append", write(both, "end", 3));
    close(both);
    show_read("the rest", other);
    show_read("the end", other);
    close(other);
    both = open_fifo("both again", O_RDWR | O_NONBLOCK);
    show_read("nothing was kept", both);
    CASE("size", fcntl(both, F_SETPIPE_SZ, 8192));
    CASE("size", fcntl(both, F_GETPIPE_SZ));
    close(both);
    both = open_fifo("and again", O_RDWR | O_NONBLOCK);
    CASE("the size was not kept", fcntl(both, F_GETPIPE_SZ));
    char text[80] = { 0 }, link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", both);
    CASE("has a name", readlink(link, text, sizeof text - 1) > 0 && strstr(text, "/fifo") != NULL);
    CASE("the last name is gone", unlink("fourth"));
    other = open(link, O_WRONLY);
    CASE("opened by its number", other >= 0);
    CASE("write", write(other, "num", 3));
    show_read("read", both);
    close(other);
    close(both);
}

static _Atomic int is_open;
static long open_in_thread(void *flags)
{
    int fd = open(name, (int)(intptr_t)flags);
    is_open++;
    if (fd < 0) return -errno;
    long result = 0;
    char bytes[8];
    if ((intptr_t)flags == O_WRONLY)
        result = write(fd, "abc", 3);
    else
        result = read(fd, bytes, sizeof bytes);
    close(fd);
    return result;
}

static void waiting(void)
{
    struct worker w;
    is_open = 0;
    start_worker(&w, open_in_thread, (void *)(intptr_t)O_WRONLY);
    pause_ms(5);
    HOLDS("a writer waits", !is_open);
    int reader = open_fifo("for a reader", O_RDONLY);
    CASE("and writes", join_worker(&w));
    show_read("which is read", reader);
    show_read("the end", reader);
    close(reader);

    is_open = 0;
    start_worker(&w, open_in_thread, (void *)(intptr_t)O_RDONLY);
    pause_ms(5);
    HOLDS("a reader waits", !is_open);
    int writer = open_fifo("for a writer", O_WRONLY);
    CASE("write", write(writer, "abcdef", 6));
    CASE("and reads", join_worker(&w));
    close(writer);

    is_open = 0;
    start_worker(&w, open_in_thread, (void *)(intptr_t)O_RDONLY);
    pause_ms(5);
    int both = open_fifo("both ends end a wait", O_RDWR);
    CASE("write", write(both, "a", 1));
    CASE("and reads", join_worker(&w));
    close(both);

    is_open = 0;
    start_worker(&w, open_in_thread, (void *)(intptr_t)O_RDONLY);
    pause_ms(5);
    writer = open_fifo("a writer that is gone at once", O_WRONLY);
    close(writer);
    CASE("it was there", join_worker(&w));
}

static _Atomic int caught, is_over;
static pid_t main_tid;
static void catch_it(int signal)
{
    (void)signal;
    caught++;
}
static long send_signals(void *unused)
{
    (void)unused;
    while (!is_over) {
        syscall(SYS_tgkill, getpid(), main_tid, SIGUSR1);
        pause_ms(1);
    }
    return 0;
}
static void interrupted(void)
{
    struct worker w;
    main_tid = thread_id();
    catch_with(SIGUSR1, catch_it, 0);
    for (int flags = O_RDONLY; flags <= O_WRONLY; flags++) {
        is_over = 0;
        start_worker(&w, send_signals, NULL);
        CASE("a signal ends the wait", open(name, flags));
        is_over = 1;
        join_worker(&w);
    }
    CASE("the reader was taken back", open(name, O_WRONLY | O_NONBLOCK));
}

static void watched(void)
{
    int ep = new_epoll(), reader = open(name, O_RDONLY | O_NONBLOCK), writer;
    watch(ep, reader, EPOLLIN | EPOLLET, 1);
    show_wait("nobody", ep);
    writer = open(name, O_WRONLY);
    show_wait("a writer", ep);
    CASE("write", write(writer, "x", 1));
    show_wait("a byte", ep);
    close(writer);
    show_wait("it went", ep);
    show_read("read", reader);
    writer = open(name, O_WRONLY);
    show_wait("it is back", ep);
    show_poll("back", reader);
    close(writer);
    show_wait("it went again", ep);
    close(reader);
    close(ep);
}

static int child_echoes(void *unused)
{
    (void)unused;
    char bytes[100];
    int in = open(name, O_RDONLY);
    long count, sum = 0;
    while ((count = read(in, bytes, sizeof bytes)) > 0) sum += count;
    return sum == 1000 ? 0 : 1;
}
static void processes(void)
{
    pid_t child = start_child(child_echoes, NULL);
    int out = open(name, O_WRONLY);
    for (int i = 0; i < 100; i++)
        if (write(out, "0123456789", 10) != 10) give_up("write");
    close(out);
    tell("a child reads all", "%s", status_text(wait_soon(child, 0)));
}

int main(int argc, char **argv)
{
    begin_cases(argc, argv);
    signal(SIGPIPE, SIG_IGN);
    making();
    without_waiting();
    both_ways();
    waiting();
    interrupted();
    watched();
    processes();
    return end_cases();
}
