/* SPDX-License-Identifier: Apache-2.0 */
/* Pseudo terminals: editing, echo, modes, what hangs up, and job control. */
#include "tests/conformance/conformance.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>

static int master, slave;

/* What there is to read, with its control characters visible. */
static void show_bytes(const char *what, const char *bytes, ssize_t count)
{
    printf("%s:", what);
    if (count < 0) printf(" %s", error_name(errno));
    for (ssize_t i = 0; i < count; i++) {
        unsigned char c = (unsigned char)bytes[i];
        if (c < ' ' || c >= 127)
            printf("\\%02x", c);
        else
            putchar(c);
    }
    printf(count < 0 ? "\n" : " (%zd)\n", count);
}

static void show_read(const char *what, int fd)
{
    char bytes[9000];
    struct pollfd ready = { .fd = fd, .events = POLLIN };
    poll(&ready, 1, 400); /* Linux processes what was typed a little later */
    usleep(20000);
    int flags = fcntl(fd, F_GETFL);
    fcntl(fd, F_SETFL, flags | O_NONBLOCK);
    ssize_t count = read(fd, bytes, sizeof bytes);
    int error = errno;
    fcntl(fd, F_SETFL, flags);
    errno = error;
    if (count > 200)
        printf("%s: %zd bytes\n", what, count);
    else
        show_bytes(what, bytes, count);
}

static void type(const char *keys)
{
    if (write(master, keys, strlen(keys)) != (ssize_t)strlen(keys)) printf("typing failed\n");
}

static void open_pair(void)
{
    unsigned number;
    int zero = 0;
    char path[32];
    master = open("/dev/ptmx", O_RDWR | O_NOCTTY);
    SHOW(ioctl(master, TIOCSPTLCK, &zero));
    SHOW(ioctl(master, TIOCGPTN, &number));
    snprintf(path, sizeof path, "/dev/pts/%u", number);
    slave = open(path, O_RDWR | O_NOCTTY);
    CHECK(slave >= 0);
}

static void close_pair(void)
{
    close(slave);
    close(master);
}

static void change(tcflag_t clear_local, tcflag_t set_local)
{
    struct termios t;
    tcgetattr(slave, &t);
    t.c_lflag &= ~clear_local;
    t.c_lflag |= set_local;
    tcsetattr(slave, TCSANOW, &t);
}

static void lines(void)
{
    open_pair();
    struct termios t;
    SHOW(tcgetattr(slave, &t));
    printf("modes %x %x %x %x\n", t.c_iflag, t.c_oflag, t.c_cflag, t.c_lflag);
    for (int i = 0; i < 17; i++) printf("%d ", t.c_cc[i]);
    printf("\n");
    type("hello\r");
    show_read("echo", master);
    show_read("line", slave);
    type("abc");
    show_read("no line yet", slave);
    type("\x7f\x7fxy\n");
    show_read("erased, echoed", master);
    show_read("erased", slave);
    type("one two  three\x17"
         "3\n");
    show_read("word erased, echoed", master);
    show_read("word erased", slave);
    type("to be killed\x15"
         "kept\n");
    show_read("killed, echoed", master);
    show_read("killed", slave);
    type("a\tb\x7f\x7f"
         "c\n");
    show_read("tab erased, echoed", master);
    show_read("tab erased", slave);
    type("x\x01y\x7f\x7f\n");
    show_read("control erased, echoed", master);
    show_read("control erased", slave);
    type("\x16\x03 literal\n");
    show_read("literal, echoed", master);
    show_read("literal", slave);
    type("ab\x12"
         "c\n");
    show_read("reprinted", master);
    show_read("after it", slave);
    type("part\x04"
         "rest\x04\x04");
    show_read("pushed", slave);
    show_read("pushed again", slave);
    show_read("end of file", slave);
    show_read("nothing", slave);
    type("two\nlines\n");
    show_read("first", slave);
    show_read("second", slave);
    char byte;
    type("abc\n");
    SHOW(read(slave, &byte, 1));
    show_read("the rest of a line", slave);
    show_read("all echoes", master);
    close_pair();
}

static void output(void)
{
    open_pair();
    struct termios t;
    SHOW(write(slave, "a\nb\tc\r\n", 7));
    show_read("processed", master);
    tcgetattr(slave, &t);
    t.c_oflag |= TABDLY;
    tcsetattr(slave, TCSANOW, &t);
    SHOW(write(slave, "ab\tc\n", 5));
    show_read("tabs", master);
    t.c_oflag &= ~(tcflag_t)OPOST;
    tcsetattr(slave, TCSADRAIN, &t);
    SHOW(write(slave, "a\n\tb", 4));
    show_read("raw", master);
    t.c_oflag = OPOST | OCRNL | ONOCR;
    tcsetattr(slave, TCSANOW, &t);
    SHOW(write(slave, "\rx\ry", 4));
    show_read("carriage returns", master);
    close_pair();
}

static void modes(void)
{
    open_pair();
    change(ECHO, 0);
    type("silent\n");
    show_read("no echo", master);
    show_read("read", slave);
    change(0, ECHONL);
    type("x\n");
    show_read("the newline alone", master);
    show_read("read", slave);
    change(ICANON | ECHO, 0);
    type("raw\x7f\x04\r");
    show_read("bytes", slave);
    struct termios t;
    tcgetattr(slave, &t);
    t.c_iflag = IGNCR;
    t.c_cc[VMIN] = 3;
    tcsetattr(slave, TCSANOW, &t);
    type("ab");
    struct pollfd ready = { .fd = slave, .events = POLLIN };
    printf("two of three are %d\n", poll(&ready, 1, 20));
    type("\rc");
    printf("three are %d\n", poll(&ready, 1, 1000));
    show_read("three", slave);
    t.c_cc[VMIN] = 0;
    t.c_cc[VTIME] = 1;
    tcsetattr(slave, TCSANOW, &t);
    char bytes[8];
    SHOW(read(slave, bytes, sizeof bytes));
    t.c_cc[VTIME] = 0;
    tcsetattr(slave, TCSANOW, &t);
    SHOW(read(slave, bytes, sizeof bytes));
    t.c_cc[VMIN] = 1;
    tcsetattr(slave, TCSANOW, &t);
    type("unfinished");
    usleep(20000);
    change(0, ICANON);
    show_read("what was there is a line", slave);
    type("flushed");
    usleep(20000);
    SHOW(tcflush(slave, TCIFLUSH));
    type("\n");
    show_read("after the flush", slave);
    int count = -1;
    type("count\n");
    poll(&ready, 1, 1000);
    SHOW(ioctl(slave, FIONREAD, &count));
    printf("%d bytes\n", count);
    SHOW(tcflush(slave, 7));
    SHOW(tcflow(slave, 7));
    SHOW(tcsendbreak(slave, 0));
    SHOW(tcdrain(slave));
    SHOW(isatty(master));
    SHOW(isatty(slave));
    close_pair();
}

static void flow(void)
{
    open_pair();
    change(ECHO, 0);
    SHOW(tcflow(slave, TCOOFF));
    int flags = fcntl(slave, F_GETFL);
    fcntl(slave, F_SETFL, flags | O_NONBLOCK);
    SHOW(write(slave, "x", 1));
    SHOW(tcflow(slave, TCOON));
    SHOW(write(slave, "y", 1));
    show_read("goes on", master);
    type("\x13");
    usleep(200000); /* Linux hands typed bytes over in a thread of its own, which may be late */
    SHOW(write(slave, "x", 1));
    type("\x11");
    usleep(200000);
    SHOW(write(slave, "z", 1));
    show_read("goes on", master);
    struct pollfd ready = { .fd = slave, .events = POLLIN | POLLOUT };
    SHOW(poll(&ready, 1, 0));
    printf("%x\n", ready.revents);
    close_pair();
}

static void sizes(void)
{
    open_pair();
    struct winsize w;
    SHOW(ioctl(slave, TIOCGWINSZ, &w));
    printf("%u %u\n", w.ws_row, w.ws_col);
    w.ws_row = 33;
    w.ws_col = 101;
    SHOW(ioctl(master, TIOCSWINSZ, &w));
    SHOW(ioctl(slave, TIOCGWINSZ, &w));
    printf("%u %u\n", w.ws_row, w.ws_col);
    int lock = -1, packet = 1;
    char kind = 'x';
    SHOW(ioctl(master, TIOCGPTLCK, &lock));
    printf("locked %d\n", lock);
    SHOW(ioctl(slave, TIOCSPTLCK, &lock));
    SHOW(ioctl(slave, TIOCGPTN, &lock));
    SHOW(ioctl(master, TIOCPKT, &packet));
    SHOW(write(slave, "data", 4));
    CHECK(read(master, &kind, 1) == 1 && kind == TIOCPKT_DATA); /* no room for data */
    show_read("packet", master);
    SHOW(ioctl(master, TIOCGPKT, &packet));
    printf("packets %d\n", packet);
    int peer = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY);
    CHECK(peer >= 0);
    SHOW(write(peer, "p", 1));
    show_read("from the peer", master);
    close(peer);
    struct stat s;
    SHOW(fstat(slave, &s));
    CHECK(S_ISCHR(s.st_mode) && s.st_rdev >> 8 == 136);
    CHECK(ttyname(slave) && !strncmp(ttyname(slave), "/dev/pts/", 9));
    SHOW(lseek(slave, 0, SEEK_SET));
    int fd = open("/dev/ptmx", O_RDWR | O_NOCTTY);
    unsigned number;
    ioctl(fd, TIOCGPTN, &number);
    char path[32];
    snprintf(path, sizeof path, "/dev/pts/%u", number);
    SHOW(open(path, O_RDWR | O_NOCTTY)); /* locked */
    close(fd);
    SHOW(open(path, O_RDWR | O_NOCTTY));
    close_pair();
}

static void hang_up(void)
{
    struct pollfd ready = { .events = POLLIN | POLLOUT };
    open_pair();
    SHOW(write(slave, "last words", 10));
    close(slave);
    ready.fd = master;
    SHOW(poll(&ready, 1, 100));
    printf("%x\n", ready.revents);
    show_read("what was written", master);
    show_read("then", master);
    close(master);

    open_pair();
    type("typed\n");
    usleep(20000);
    close(master);
    ready.fd = slave;
    SHOW(poll(&ready, 1, 100));
    printf("%x\n", ready.revents);
    char bytes[16];
    SHOW(read(slave, bytes, sizeof bytes));
    SHOW(write(slave, "x", 1));
    struct winsize w;
    SHOW(ioctl(slave, TIOCGWINSZ, &w));
    close(slave);
}

/* ---- job control ---- */

static volatile sig_atomic_t caught;
static void note(int number) { caught = number; }

static void catch (int number)
{
    struct sigaction action = { .sa_handler = note };
    sigaction(number, &action, NULL);
}

static void wait_for(int number)
{
    for (int i = 0; i < 200 && caught != number; i++) usleep(5000);
    printf("caught %d\n", (int)caught);
    caught = 0;
}

static int status_of(pid_t pid)
{
    int status = -1;
    waitpid(pid, &status, WUNTRACED);
    return status;
}

static void show_status(const char *what, int status)
{
    if (WIFSTOPPED(status))
        printf("%s: stopped by %d\n", what, WSTOPSIG(status));
    else if (WIFSIGNALED(status))
        printf("%s: ended by %d\n", what, WTERMSIG(status));
    else
        printf("%s: %d\n", what, WEXITSTATUS(status));
}

/* In the background of the terminal. */
static pid_t start_behind(void (*what)(void))
{
    pid_t pid = fork();
    if (pid) {
        setpgid(pid, pid);
        return pid;
    }
    setpgid(0, 0);
    signal(SIGTTIN, SIG_DFL);
    signal(SIGTTOU, SIG_DFL);
    what();
    _exit(errno);
}

static void read_behind(void)
{
    char byte;
    errno = 0;
    if (read(slave, &byte, 1) == 1) errno = 0;
}
static void read_deaf(void)
{
    signal(SIGTTIN, SIG_IGN);
    read_behind();
}
static void set_behind(void)
{
    struct termios t;
    tcgetattr(slave, &t);
    errno = 0;
    tcsetattr(slave, TCSANOW, &t);
}
static void write_behind(void)
{
    errno = 0;
    if (write(slave, "behind", 6) == 6) errno = 0;
}

static int lead(void)
{
    pid_t pgrp;
    int fd;
    SHOW(ioctl(slave, TIOCSCTTY, 0)); /* before the session is its own */
    setsid();
    SHOW(open("/dev/tty", O_RDWR));
    SHOW(tcgetpgrp(slave));
    SHOW(ioctl(slave, TIOCSCTTY, 0));
    SHOW(ioctl(slave, TIOCSCTTY, 0));
    CHECK(tcgetpgrp(slave) == getpgrp());
    CHECK(tcgetsid(slave) == getsid(0));
    SHOW(ioctl(master, TIOCGPGRP, &pgrp));
    CHECK(pgrp == getpgrp());
    fd = open("/dev/tty", O_RDWR);
    CHECK(fd >= 0);
    SHOW(write(fd, "own", 3));
    show_read("by /dev/tty", master);
    catch (SIGINT), catch (SIGQUIT), catch (SIGTSTP), catch (SIGWINCH), catch (SIGHUP), catch (SIGCONT);
    type("lost\x03");
    wait_for(SIGINT);
    show_read("the key is shown", master);
    type("\x1c");
    wait_for(SIGQUIT);
    show_read("and this one", master); /* before the next flushes it */
    type("\x1a"), wait_for(SIGTSTP);
    show_read("and this one", master);
    type("after\n");
    show_read("what came before a signal is gone", slave);
    struct winsize w = { .ws_row = 7, .ws_col = 8 };
    SHOW(ioctl(master, TIOCSWINSZ, &w));
    wait_for(SIGWINCH);

    pid_t pid = start_behind(read_behind);
    show_status("reads in the background", status_of(pid));
    SHOW(tcsetpgrp(slave, pid));
    CHECK(tcgetpgrp(slave) == pid);
    kill(pid, SIGCONT);
    type("z\n");
    show_status("and in the foreground", status_of(pid));
    signal(SIGTTOU, SIG_IGN);
    SHOW(tcsetpgrp(slave, getpgrp()));
    pid = start_behind(read_deaf);
    show_status("deaf", status_of(pid) == EIO << 8 ? 0 : 1 << 8);
    pid = start_behind(set_behind);
    show_status("sets modes", status_of(pid));
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    pid = start_behind(write_behind);
    show_status("writes", status_of(pid));
    change(0, TOSTOP);
    pid = start_behind(write_behind);
    show_status("writes where that stops", status_of(pid));
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    SHOW(tcsetpgrp(slave, 0x3fffffff));
    SHOW(tcsetpgrp(slave, -1));
    SHOW(tcsetpgrp(slave, getppid()));
    char key = 'x';
    CHECK(ioctl(master, TIOCGSID, &pgrp) == 0 && pgrp == getsid(0));
    (void)key;
    close(master);
    wait_for(SIGHUP);
    SHOW(open("/dev/tty", O_RDWR));
    SHOW(tcgetpgrp(slave));
    return 0;
}

static void jobs(void)
{
    open_pair();
    fflush(stdout);
    pid_t pid = fork();
    if (!pid) {
        int status = lead();
        fflush(stdout);
        _exit(status);
    }
    close(master);
    show_status("the leader", status_of(pid));
    close(slave);

    /* A leader that ends takes its terminal's foreground along. */
    open_pair();
    fflush(stdout);
    pid = fork();
    if (!pid) {
        setsid();
        ioctl(slave, TIOCSCTTY, 0);
        pid_t child = fork();
        if (!child) {
            setpgid(0, 0);
            pause();
        }
        setpgid(child, child);
        signal(SIGTTOU, SIG_IGN);
        tcsetpgrp(slave, child);
        _exit(3);
    }
    show_status("a leader that ends", status_of(pid));
    SHOW(tcgetpgrp(slave));
    close_pair();
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    lines();
    output();
    modes();
    flow();
    sizes();
    hang_up();
    jobs();
    return 0;
}
